// Two trajectories of atoms in one linked 3Dmol grid, played together (gcd/views/trajectory.py).
// atoms.js, without its own component, is put in front of this file: library() and hasWebGL() come from there.

function themeOf(root) {
  const style = getComputedStyle(root)
  return {
    background: style.getPropertyValue("--st-background-color").trim() || "#ffffff",
    edge: style.getPropertyValue("--st-gray-color").trim() || "#808c8c",
  }
}

function drawPanel(viewer, film, frame, theme) {
  viewer.setBackgroundColor(theme.background, 0)
  viewer.removeAllModels()
  viewer.removeAllShapes()
  const atoms = frame.shades.map((shade, i) => ({
    elem: "C", serial: i, bonds: [], bondOrder: [],
    x: frame.xyz[3 * i], y: frame.xyz[3 * i + 1], z: frame.xyz[3 * i + 2],
    properties: { colour: film.palette[shade] },
  }))
  const model = viewer.addModel()
  model.addAtoms(atoms)
  model.setStyle({}, { sphere: { radius: film.radius, colorfunc: (atom) => atom.properties.colour } })
  for (const [from, to] of film.edges) {
    const [start, end] = [from, to].map(([x, y, z]) => ({ x, y, z }))
    viewer.addCylinder({ start, end, color: theme.edge, radius: 0.08 * film.radius })
  }
  viewer.render()
}

// One camera for all panels: it frames the cell, whatever atoms there are as yet.
function place(grid, film) {
  for (const viewer of grid[0]) {  // each, for its fog
    const corners = viewer.addModel()
    corners.addAtoms(film.edges.flat().map(([x, y, z], serial) => (
      { elem: "C", serial, bonds: [], bondOrder: [], x, y, z })))
    corners.setStyle({}, {})
    viewer.zoomTo({ model: corners })
    viewer.removeModel(corners)
  }
  const [first, ...others] = grid[0]
  first.rotate(-62, "x")
  first.rotate(24, "vy")
  first.rotate(14, "vx")
  const stage = first.getCanvas()
  const shape = stage.clientWidth / Math.max(1, stage.clientHeight) / film.panels.length
  first.zoom(Math.min(1, shape))  // the fit is to the height
  for (const viewer of others) viewer.setView(first.getView())
}

function show(root) {
  const { film, grid, theme, step } = root.gcdDuet
  film.panels.forEach((panel, k) => {
    const frame = panel.frames[Math.min(step, panel.frames.length - 1)]
    const caption = root.querySelectorAll(".caption")[k]
    caption.querySelector(".title").textContent = panel.title
    caption.querySelector(".count").textContent = frame ? `${frame.shades.length} atoms · ${frame.label}` : "waiting"
    if (frame) drawPanel(grid[0][k], film, frame, theme)
  })
  const cell = JSON.stringify(film.edges)
  if (root.gcdPlaced !== cell) place(grid, film)
  root.gcdPlaced = cell
  const last = Math.max(...film.panels.map((panel) => panel.frames.length)) - 1
  const scrub = root.querySelector(".scrub")
  scrub.max = Math.max(last, 0)
  scrub.value = Math.min(step, last)
  root.querySelector(".controls").hidden = last < 1
  root.dataset.step = step
}

function play(root, on) {
  clearInterval(root.gcdTimer)
  root.gcdTimer = 0
  const button = root.querySelector(".play")
  button.textContent = on ? "❚❚" : "▶"
  button.setAttribute("aria-label", on ? "pause" : "play")
  if (!on) return
  const scrub = root.querySelector(".scrub")
  if (Number(scrub.value) >= Number(scrub.max)) root.gcdDuet.step = -1
  root.gcdTimer = setInterval(() => {
    root.gcdDuet.step += 1
    show(root)
    if (root.gcdDuet.step >= Number(scrub.max)) play(root, false)
  }, 250)
}

export default function (component) {
  const { data, parentElement, setStateValue } = component
  const root = parentElement.querySelector(".duet")
  const stage = root.querySelector(".stage")
  const theme = themeOf(root)
  root.style.setProperty("--height", `${data.height}px`)
  const { low, high, label } = data.film.legend
  root.querySelector(".low").textContent = low
  root.querySelector(".high").textContent = `${high} or more`
  root.querySelector(".what").textContent = label
  root.querySelector(".bar").style.background = `linear-gradient(to right, ${data.film.palette.join(", ")})`
  stage.setAttribute("aria-label", data.film.panels.map((panel) => panel.title).join(" beside "))

  stage.tabIndex = 0
  stage.onkeydown = (event) => {
    const [first, ...others] = root.gcdDuet?.grid[0] ?? []
    onKey(event, first)
    for (const viewer of others) viewer.setView(first.getView())
  }

  root.onpointerdown = () => { root.dataset.held = "yes" }
  root.onpointerleave = () => { delete root.dataset.held }
  if (!root.gcdWheel) {
    root.gcdWheel = (event) => { if (!root.dataset.held && !event.ctrlKey) event.stopPropagation() }
    root.addEventListener("wheel", root.gcdWheel, { capture: true, passive: true })
  }
  root.querySelector(".play").onclick = () => play(root, !root.gcdTimer)
  root.querySelector(".scrub").oninput = (event) => {
    play(root, false)
    root.gcdDuet.step = Number(event.target.value)
    show(root)
  }

  const wanted = `${data.film.id} ${theme.background} ${theme.edge}`
  root.gcdWanted = wanted
  if (root.gcdShown !== wanted && !root.dataset.problem) {  // what is missing is asked for once, not at every run
    const start = hasWebGL() ? library(data.libraries) : Promise.reject(new Error("webgl"))
    start.then(($3Dmol) => {
      if (root.gcdWanted !== wanted || !root.isConnected) return
      const grid = root.gcdDuet?.grid ?? $3Dmol.createViewerGrid(
        stage, { rows: 1, cols: data.film.panels.length, control_all: true }, { backgroundAlpha: 0, antialias: true })
      play(root, false)
      const longest = Math.max(...data.film.panels.map((panel) => panel.frames.length))
      root.gcdDuet = { film: data.film, grid, theme, step: longest - 1 }
      show(root)
      root.gcdShown = wanted
      root.dataset.drawn = data.film.id
      window.gcdDuetGrid = grid
      if (!root.gcdObserver) {
        root.gcdObserver = new ResizeObserver(() => { for (const v of grid[0]) { v.resize(); v.render() } })
        root.gcdObserver.observe(stage)
      }
    }).catch((error) => {
      const problem = error.message === "webgl" ? "webgl" : "library"
      root.dataset.problem = problem
      setStateValue("problem", problem)
    })
  }

  return () => {
    play(root, false)
    root.gcdObserver?.disconnect()
    for (const canvas of stage.querySelectorAll("canvas")) {
      const context = canvas.getContext("webgl2") || canvas.getContext("webgl")
      context?.getExtension("WEBGL_lose_context")?.loseContext()  // browsers keep only a few of them
    }
  }
}
