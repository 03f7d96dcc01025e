// A boundary being painted: voxel planes lying on their side, the painted region between two marks.

const MAGMA = [[2, 1, 10], [28, 16, 68], [79, 18, 123], [129, 37, 129], [181, 54, 122], [229, 80, 100],
  [251, 135, 97], [254, 194, 135], [252, 253, 191]]

const TABLE = new Uint32Array(256)
for (let i = 0; i < 256; i++) {
  const place = (i / 255) * (MAGMA.length - 1)
  const k = Math.min(Math.floor(place), MAGMA.length - 2)
  const [r, g, b] = MAGMA[k].map((channel, c) => Math.round(channel + (place - k) * (MAGMA[k + 1][c] - channel)))
  TABLE[i] = (255 << 24) | (b << 16) | (g << 8) | r
}

function bytesOf(strip) {
  const text = atob(strip.data)
  const bytes = new Uint8Array(text.length)
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i)
  return bytes
}

function paint(canvas, strip, values) {
  if (canvas.width !== strip.width) canvas.width = strip.width
  if (canvas.height !== strip.height) canvas.height = strip.height
  const image = new ImageData(strip.width, strip.height)
  const pixels = new Uint32Array(image.data.buffer)
  for (let i = 0; i < pixels.length; i++) pixels[i] = TABLE[Math.round(values[i])]
  canvas.getContext("2d").putImageData(image, 0, 0)
}

// Glide from one estimate to the next, so that the voxels are seen to condense.
function glide(state) {
  state.request = requestAnimationFrame((now) => {
    const pace = 1 - Math.exp(-Math.min(now - state.drawn, 400) / 120)
    state.drawn = now
    let moved = false
    state.views.forEach((view) => {
      for (let i = 0; i < view.target.length; i++) {
        const gap = view.target[i] - view.values[i]
        if (gap > 0.5 || gap < -0.5) {
          view.values[i] += pace * gap
          moved = true
        }
      }
      paint(view.canvas, view.strip, view.values)
    })
    if (moved) glide(state)
  })
}

export default function (component) {
  const { data, parentElement } = component
  const root = parentElement.querySelector(".painting")
  const state = (root.gcdState ??= { views: [], drawn: 0, seen: "" })
  root.setAttribute("aria-label", data.name)
  root.querySelector(".label").textContent = data.label
  const [low, high] = data.painted.map((part) => `${100 * part}%`)
  root.style.setProperty("--low", low)
  root.style.setProperty("--high", high)
  if (window.gcdPainting !== data.run) {
    window.gcdPainting = data.run
    const { top, bottom } = root.getBoundingClientRect()
    if (top < 0 || bottom > innerHeight) root.scrollIntoView({ block: "center", behavior: "smooth" })
  }
  if (state.seen !== data.id) {
    state.seen = data.id
    const figures = [...root.querySelectorAll("figure")]
    state.views = data.strips.map((strip, i) => {
      const bytes = bytesOf(strip)
      const before = state.views[i]
      const same = before && before.target.length === bytes.length
      figures[i].querySelector("figcaption").textContent = strip.title
      return { strip, target: bytes, canvas: figures[i].querySelector("canvas"),
        values: same ? before.values : Float32Array.from(bytes) }
    })
    root.dataset.painted = data.id
    cancelAnimationFrame(state.request)
    state.drawn = performance.now()
    glide(state)
  }
  return () => cancelAnimationFrame(state.request)
}
