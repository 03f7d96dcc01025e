// Streamlit component around paintSolid (surface.js, put in front of this file): one array, its surface and its atoms.

export default function (component) {
  const { data, parentElement } = component
  const root = parentElement.querySelector(".solid")
  const canvas = root.querySelector("canvas")
  const state = (root.gcdState ??= { look: { angle: 0.5, tilt: 0.35 } })
  state.edge = getComputedStyle(root).getPropertyValue("--st-gray-color").trim() || "#808c8c"
  state.draw = () => paintSolid(canvas, { ...state.scene, look: state.look, edge: state.edge })
  if (state.seen !== data.id) {
    state.seen = data.id
    const mesh = surfaceNets(bytesOf(data.data), data.shape, data.level, data.periodic)
    state.scene = { shape: data.shape, mesh, atoms: data.atoms, sizes: data.sizes }
  }
  canvas.setAttribute("aria-label", data.name)
  root.style.setProperty("--height", `${data.height}px`)
  turnable(canvas, state.look, state.draw)
  state.observer ??= new ResizeObserver(() => state.draw())
  state.observer.observe(canvas)
  state.draw()
  root.dataset.drawn = data.id
  return () => state.observer.disconnect()
}
