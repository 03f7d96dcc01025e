// Bicrystals side by side, before and after, in parallel projection. atoms.js, without its own component, is put in
// front of this file: library(), hasWebGL(), describe() and onKey() come from there.

const HALF = Math.SQRT1_2
// Quaternions of the camera. 3Dmol looks along -z with y up: edge-on looks along y with z up, plan looks down z.
const VIEWS = { edge: [-HALF, 0, 0, HALF], plan: [0, 0, 0, 1], free: [-0.52, -0.17, -0.1, 0.83] }
const ROOM = 0.92  // of the panel that the structure fills

// Corners of the box around all that is drawn: the atoms, which may be several cells, and the cell's edges.
function cornersOf(scene) {
  const low = [Infinity, Infinity, Infinity], high = [-Infinity, -Infinity, -Infinity]
  for (const point of [...scene.xyz, ...scene.edges.flat()]) {
    point.forEach((value, axis) => {
      low[axis] = Math.min(low[axis], value)
      high[axis] = Math.max(high[axis], value)
    })
  }
  const ends = [0, 1, 2].map((axis) => [low[axis], high[axis]])
  return ends[0].flatMap((x) => ends[1].flatMap((y) => ends[2].map((z) => ({ x, y, z }))))
}

// What a step of 1 Å along x, y and z is on the screen, in pixels; and pixels an Å.
function compass(viewer, scene) {
  const start = viewer.modelToScreen({ x: 0, y: 0, z: 0 })
  const axes = [[1, 0, 0], [0, 1, 0], [0, 0, 1]].map(([x, y, z]) => {
    const end = viewer.modelToScreen({ x, y, z })
    return [end.x - start.x, end.y - start.y]
  })
  return { axes, scale: Math.hypot(...axes.map(([dx]) => dx)) }
}

// Axis triad and scale bar over the atoms.
function overlay(panel) {
  const { canvas, viewer, scene, root } = panel
  const width = canvas.clientWidth, height = canvas.clientHeight, ratio = window.devicePixelRatio || 1
  canvas.width = width * ratio
  canvas.height = height * ratio
  const context = canvas.getContext("2d")
  context.scale(ratio, ratio)
  const ink = getComputedStyle(root).getPropertyValue("--st-text-color").trim() || "#222"
  const { axes, scale } = compass(viewer, scene)
  if (!(scale > 0)) return
  root.dataset.scale = scale.toFixed(3)
  context.font = "12px sans-serif"
  context.textAlign = "center"
  context.textBaseline = "middle"
  const origin = [34, height - 34]
  axes.forEach(([dx, dy], axis) => {
    const [x, y] = [dx / scale, dy / scale].map((part) => 20 * part)
    context.strokeStyle = context.fillStyle = ["#D1500B", "#1E9E77", "#3A8DC8"][axis]
    context.lineWidth = 2
    context.beginPath(); context.moveTo(...origin); context.lineTo(origin[0] + x, origin[1] + y); context.stroke()
    if (Math.hypot(x, y) > 6) context.fillText("xyz"[axis], origin[0] + 1.45 * x, origin[1] + 1.45 * y)
    else context.fillText("xyz"[axis], origin[0] - 9, origin[1] + 9)
  })
  const length = [1, 2, 5, 10, 20, 50, 100].filter((one) => one * scale < 0.3 * width).pop() ?? 1
  const [from, to, y] = [width - 14 - length * scale, width - 14, height - 16]
  context.strokeStyle = context.fillStyle = ink
  context.lineWidth = 2
  context.beginPath(); context.moveTo(from, y - 4); context.lineTo(from, y); context.lineTo(to, y); context.lineTo(to, y - 4)
  context.stroke()
  context.fillText(`${length} Å`, (from + to) / 2, y - 10)
}

// Fit what is drawn into the panel, seen from where the camera is.
function fit(panel) {
  const { viewer, scene, stage } = panel
  for (let round = 0; round < 2; round++) {
    const places = cornersOf(scene).map((corner) => viewer.modelToScreen(corner))
    const span = (axis) => Math.max(...places.map((p) => p[axis])) - Math.min(...places.map((p) => p[axis]))
    const reach = 2 * scene.radius * compass(viewer, scene).scale  // atoms stand out over the cell
    const room = Math.min(stage.clientWidth / (span("x") + reach), stage.clientHeight / (span("y") + reach))
    if (Number.isFinite(room) && room > 0) viewer.zoom(ROOM * room)
  }
}

function look(panel, quaternion) {
  const view = panel.viewer.getView()
  panel.viewer.setView([...view.slice(0, 4), ...quaternion], true)
  panel.viewer.zoomTo()
  const centred = panel.viewer.getView()
  panel.viewer.setView([...centred.slice(0, 4), ...quaternion], true)
  fit(panel)
  panel.viewer.render()
  overlay(panel)
}

// Size of the atoms, and what lies in front of the slice plane left out.
function dress(panel, { size, slice }) {
  const { viewer, scene } = panel
  const ys = cornersOf(scene).map((corner) => corner.y)
  const back = Math.max(...ys), deep = back - Math.min(...ys)
  const colorfunc = (atom) => atom.properties.colour
  const style = { sphere: { radius: size * scene.radius, colorfunc } }
  if (scene.bonds.length) style.stick = { radius: scene.stick, colorfunc }
  viewer.setStyle({}, style)
  // edge-on looks along +y: what lies at smaller y is in front
  if (slice < 1) viewer.setStyle({ predicate: (atom) => atom.y < back - slice * deep }, {})
  viewer.render()
}

function build($3Dmol, panel, theme) {
  const { stage, scene } = panel
  if (!panel.viewer) {
    panel.viewer = $3Dmol.createViewer(stage, { backgroundAlpha: 0, antialias: true, disableFog: true, orthographic: true })
    panel.viewer.setProjection("orthographic")
  }
  const { viewer } = panel
  viewer.setBackgroundColor(theme.background, 0)
  viewer.removeAllModels()
  viewer.removeAllShapes()
  const neighbours = scene.xyz.map(() => [])
  for (const [i, j] of scene.bonds) { neighbours[i].push(j); neighbours[j].push(i) }
  viewer.addModel().addAtoms(scene.xyz.map(([x, y, z], i) => ({
    elem: scene.symbols[i], x, y, z, serial: i, bonds: neighbours[i], bondOrder: neighbours[i].map(() => 1),
    properties: { colour: scene.colours[i] },
  })))
  const line = (edges, color, radius) => {
    for (const [from, to] of edges) {
      const [start, end] = [from, to].map(([x, y, z]) => ({ x, y, z }))
      viewer.addCylinder({ start, end, color, radius, fromCap: 1, toCap: 1 })
    }
  }
  line(scene.edges, theme.edge, 0.07)
  line(scene.region?.edges ?? [], scene.region?.colour, 0.25)
}

function legends(root, panels) {
  const box = root.querySelector(".legend")
  const scene = panels.find((panel) => panel.scene.legend)?.scene
  const key = panels.find((panel) => panel.scene.key)?.scene.key ?? []
  box.hidden = !scene && !key.length
  box.querySelector(".scale").hidden = !scene
  if (scene) {
    const { label, low, high, colours } = scene.legend
    box.querySelector(".low").textContent = Number(low.toPrecision(2))
    box.querySelector(".high").textContent = Number(high.toPrecision(2))
    box.querySelector(".what").textContent = label
    box.querySelector(".bar").style.background = `linear-gradient(to right, ${colours.join(", ")})`
  }
  box.querySelector(".key").replaceChildren(...key.map(({ colour, words }) => {
    const item = document.createElement("span")
    item.textContent = words
    item.style.setProperty("--mark", colour)
    return item
  }))
}

function save(state) {
  const shown = state.panels.filter((panel) => panel.viewer)
  Promise.all(shown.map((panel) => new Promise((resolve) => {
    const picture = new Image()
    picture.onload = () => resolve([picture, panel.canvas])
    picture.src = panel.viewer.pngURI()
  }))).then((pictures) => {
    const sheet = document.createElement("canvas")
    sheet.width = pictures.reduce((sum, [picture]) => sum + picture.width, 0)
    sheet.height = Math.max(...pictures.map(([picture]) => picture.height))
    const context = sheet.getContext("2d")
    context.fillStyle = state.theme.background
    context.fillRect(0, 0, sheet.width, sheet.height)
    let x = 0
    for (const [picture, over] of pictures) {
      context.drawImage(picture, x, 0)
      context.drawImage(over, x, 0, picture.width, picture.height)
      x += picture.width
    }
    const link = document.createElement("a")
    link.download = `${state.data.file}.png`
    link.href = sheet.toDataURL("image/png")
    link.click()
  })
}

function tools(state) {
  const { root } = state
  const all = (action) => state.panels.forEach((panel) => panel.viewer && action(panel))
  for (const button of root.querySelectorAll("[data-view]")) {
    button.setAttribute("aria-pressed", String(button.dataset.view === state.view))
    button.onclick = () => {
      state.view = button.dataset.view
      all((panel) => look(panel, VIEWS[state.view]))
      tools(state)
    }
  }
  for (const name of ["size", "slice"]) {
    const slider = root.querySelector(`.${name}`)
    slider.value = state[name]
    slider.oninput = () => { state[name] = Number(slider.value); all((panel) => dress(panel, state)) }
  }
  root.querySelector(".save").onclick = () => save(state)
  root.querySelector(".full").onclick = () => (document.fullscreenElement ? document.exitFullscreen() : root.requestFullscreen())
}

// Panels turn together; overlays follow.
function link(state) {
  for (const panel of state.panels) {
    panel.viewer.setViewChangeCallback((view) => {
      if (state.turning) return
      state.turning = true
      for (const other of state.panels) {
        if (other !== panel && other.viewer) other.viewer.setView(view, true)
        if (other.viewer) overlay(other)
      }
      state.turning = false
    })
  }
}

function panelFor(root, data, number) {
  const box = root.querySelectorAll(".viewer")[number]
  const panel = (box.gcdPanel ??= { root: box, stage: box.querySelector(".stage"), canvas: box.querySelector("canvas.over") })
  const given = data.panels[number]
  box.hidden = !given
  if (!given) { delete box.dataset.drawn; return null }
  panel.scene = given.scene
  box.querySelector(".title").textContent = given.title
  panel.stage.setAttribute("aria-label", given.scene.name)
  panel.stage.tabIndex = 0
  panel.stage.onkeydown = (event) => onKey(event, panel.viewer)
  return panel
}

function told(state, panel, atom) {
  const words = describe(panel.scene, atom.serial)
  const last = state.clicked
  state.clicked = { panel, atom }
  const apart = last && last.panel === panel && last.atom.serial !== atom.serial
    ? ` · ${Math.hypot(atom.x - last.atom.x, atom.y - last.atom.y, atom.z - last.atom.z).toFixed(3)} Å from the one before` : ""
  state.root.querySelector(".note").textContent = words + apart
}

export default function (component) {
  const { data, parentElement, setStateValue } = component
  const root = parentElement.querySelector(".bench")
  const state = (root.gcdState ??= { root, view: "edge", size: 1, slice: 1 })
  const style = getComputedStyle(root)
  state.data = data
  state.theme = {
    background: style.getPropertyValue("--st-background-color").trim() || "#ffffff",
    edge: style.getPropertyValue("--st-gray-color").trim() || "#808c8c",
  }
  root.style.setProperty("--height", data.height)
  state.panels = [0, 1].map((number) => panelFor(root, data, number)).filter(Boolean)
  root.querySelector(".panels").dataset.count = String(state.panels.length)
  legends(root, state.panels)
  tools(state)

  // The page scrolls as usual until the reader takes hold of the atoms.
  root.onpointerdown = (event) => { if (event.target.closest(".stage")) root.dataset.held = "yes" }
  root.onpointerleave = () => { delete root.dataset.held }
  if (!root.gcdWheel) {
    root.gcdWheel = (event) => { if (!root.dataset.held && !event.ctrlKey) event.stopPropagation() }
    root.addEventListener("wheel", root.gcdWheel, { capture: true, passive: true })
  }

  // One finger scrolls the page: 3Dmol would take the swipe for a turn. Two fingers turn and zoom; a tap still picks.
  if (!root.gcdTouch) {
    root.gcdTouch = (event) => { if (event.touches.length === 1 && event.target.closest(".stage")) event.stopPropagation() }
    for (const kind of ["touchstart", "touchmove"]) root.addEventListener(kind, root.gcdTouch, { capture: true, passive: true })
  }

  const wanted = state.panels.map((panel) => panel.scene.id).join(" ") + state.theme.background
  root.gcdWanted = wanted
  if (root.gcdShown !== wanted && !root.dataset.problem) {
    const start = hasWebGL() ? library(data.libraries) : Promise.reject(new Error("webgl"))
    start.then(($3Dmol) => {
      if (root.gcdWanted !== wanted || !root.isConnected) return
      for (const panel of state.panels) {
        const fresh = !panel.viewer
        const before = panel.frame
        build($3Dmol, panel, state.theme)
        dress(panel, state)
        panel.viewer.setClickable({}, true, (atom) => told(state, panel, atom))
        panel.frame = JSON.stringify([panel.scene.edges, panel.stage.clientWidth])
        if (fresh || before !== panel.frame) look(panel, VIEWS[state.view])  // another size: the camera fits it anew
        panel.viewer.render()
        overlay(panel)
        panel.root.dataset.drawn = panel.scene.id
      }
      link(state)
      root.querySelector(".note").textContent = ""
      root.gcdShown = wanted
      window.gcdDrawn = wanted  // for whoever measures
      if (!root.gcdObserver) {
        root.gcdObserver = new ResizeObserver(() => {
          for (const panel of state.panels) {
            if (!panel.viewer) continue
            panel.viewer.resize()
            fit(panel)
            panel.viewer.render()
            overlay(panel)
          }
        })
        root.gcdObserver.observe(root.querySelector(".panels"))
      }
    }).catch((error) => {
      const problem = error.message === "webgl" ? "webgl" : "library"
      root.dataset.problem = problem
      root.dataset.why = String(error)
      setStateValue("problem", problem)
    })
  }
  return () => {
    root.gcdObserver?.disconnect()
    for (const canvas of root.querySelectorAll(".stage canvas")) {
      const context = canvas.getContext("webgl2") || canvas.getContext("webgl")
      context?.getExtension("WEBGL_lose_context")?.loseContext()  // browsers keep only a few of them
    }
  }
}
