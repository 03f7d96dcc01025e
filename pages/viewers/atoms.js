// Streamlit component around drawScene (gcd/views/viewer.js, put in front of this file).
// Loads 3Dmol.js from the app itself or its CDN, draws in place, and says so when it cannot.

const LOADING = (window.gcdLibraries ??= new Map())

function load(address) {
  if (!LOADING.has(address)) {
    LOADING.set(address, new Promise((resolve, reject) => {
      const script = document.createElement("script")
      script.src = address
      script.onload = () => (window.$3Dmol ? resolve(window.$3Dmol) : reject(new Error("not 3Dmol")))
      script.onerror = () => reject(new Error("not found"))
      document.head.appendChild(script)
      // The app's own file comes in the end, however busy the machine; a network that swallows requests says nothing.
      const patience = address.startsWith(location.origin) ? 90000 : 15000
      setTimeout(() => reject(new Error("too slow")), patience)
    }))
  }
  return LOADING.get(address)
}

async function library(addresses) {
  for (const address of addresses) {
    // A page's address may end in its name, so the app's own files are looked for beside it and one level up.
    const places = /^https?:/.test(address) ? [address] : ["./", "../"].map((up) => new URL(up + address, document.baseURI).href)
    for (const place of new Set(places)) {
      if (window.$3Dmol) return window.$3Dmol
      try {
        return await load(place)
      } catch {
        LOADING.delete(place)
      }
    }
  }
  throw new Error("library")
}

// Asked once a page: a context that is only asked for still counts among the few that browsers keep.
function hasWebGL() {
  if (window.gcdWebGL === undefined) {
    const canvas = document.createElement("canvas")
    const context = canvas.getContext("webgl2") || canvas.getContext("webgl")
    context?.getExtension("WEBGL_lose_context")?.loseContext()
    window.gcdWebGL = Boolean(context)
  }
  return window.gcdWebGL
}

function describe(scene, i) {
  const [x, y, z] = scene.xyz[i].map((value) => value.toFixed(3))
  const value = scene.values?.[i]
  const extra = scene.values ? ` · ${scene.legend.label}: ${value === null ? "none" : value.toPrecision(3)}` : ""
  return `${scene.symbols[i]} at ${x}, ${y}, ${z} Å${extra}`
}

function legend(root, scene) {
  const box = root.querySelector(".legend")
  box.hidden = !scene.legend
  if (!scene.legend) return
  const { label, low, high, colours } = scene.legend
  const number = (value) => Number(value.toPrecision(3)).toString()
  box.querySelector(".low").textContent = number(low)
  box.querySelector(".high").textContent = number(high)
  box.querySelector(".what").textContent = label
  box.querySelector(".bar").style.background = `linear-gradient(to right, ${colours.join(", ")})`
}

// Arrow keys turn, + and - zoom.
function onKey(event, viewer) {
  const turn = { ArrowLeft: [-8, "y"], ArrowRight: [8, "y"], ArrowUp: [-8, "x"], ArrowDown: [8, "x"] }[event.key]
  const zoom = { "+": 1.2, "-": 1 / 1.2 }[event.key]
  if (!viewer || event.ctrlKey || event.metaKey || !(turn || zoom)) return
  event.preventDefault()
  if (turn) viewer.rotate(...turn)
  else viewer.zoom(zoom)
  viewer.render()
}

// Viewers of one group turn together; a new one takes the view that the others have.
const GROUPS = (window.gcdGroups ??= new Map())

function join(group, viewer) {
  if (!GROUPS.has(group)) GROUPS.set(group, new Set())
  const members = GROUPS.get(group)
  if (members.has(viewer)) return
  for (const other of members) viewer.setView(other.getView(), true)
  members.add(viewer)
  viewer.setViewChangeCallback((view) => {
    if (members.turning) return  // the others answer with their own change
    members.turning = true
    for (const other of members) if (other !== viewer) other.setView(view, true)
    members.turning = false
  })
}

export default function (component) {
  const { data, parentElement, setStateValue } = component
  const root = parentElement.querySelector(".viewer")
  const stage = root.querySelector(".stage")
  const note = root.querySelector(".note")
  const style = getComputedStyle(root)
  const theme = {
    background: style.getPropertyValue("--st-background-color").trim() || "#ffffff",
    edge: style.getPropertyValue("--st-gray-color").trim() || "#808c8c",
  }
  root.style.setProperty("--height", `${data.height}px`)
  stage.setAttribute("aria-label", data.scene.name)
  stage.tabIndex = 0
  stage.onkeydown = (event) => onKey(event, stage.gcdViewer)
  legend(root, data.scene)

  // The page scrolls as usual until the reader takes hold of the atoms.
  root.onpointerdown = () => { root.dataset.held = "yes" }
  root.onpointerleave = () => { delete root.dataset.held }
  if (!root.gcdWheel) {
    root.gcdWheel = (event) => { if (!root.dataset.held && !event.ctrlKey) event.stopPropagation() }
    root.addEventListener("wheel", root.gcdWheel, { capture: true, passive: true })
  }

  const wanted = `${data.scene.id} ${theme.background} ${theme.edge}`
  root.gcdWanted = wanted
  if (root.gcdShown !== wanted && !root.dataset.problem) {  // what is missing is asked for once, not at every run
    const start = hasWebGL() ? library(data.libraries) : Promise.reject(new Error("webgl"))
    start.then(($3Dmol) => {
      if (root.gcdWanted !== wanted || !root.isConnected) return
      const viewer = drawScene($3Dmol, stage, data.scene, theme)
      viewer.setClickable({}, true, (atom) => { note.textContent = describe(data.scene, atom.serial) })
      viewer.render()
      if (data.group) join(data.group, viewer)
      note.textContent = ""
      root.gcdShown = wanted
      root.dataset.drawn = data.scene.id
      if (!root.gcdObserver) {
        root.gcdObserver = new ResizeObserver(() => { stage.gcdViewer.resize(); stage.gcdViewer.render() })
        root.gcdObserver.observe(stage)
      }
    }).catch((error) => {
      const problem = error.message === "webgl" ? "webgl" : "library"
      root.dataset.problem = problem  // hides this view; the page shows another
      setStateValue("problem", problem)
    })
  }

  return () => {
    root.gcdObserver?.disconnect()
    GROUPS.get(data.group)?.delete(stage.gcdViewer)
    const canvas = stage.querySelector("canvas")
    const context = canvas?.getContext("webgl2") || canvas?.getContext("webgl")
    context?.getExtension("WEBGL_lose_context")?.loseContext()  // browsers keep only a few of them
  }
}
