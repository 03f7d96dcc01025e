// Voxels condensing: a slowly turning cloud and three slices, on plain 2D canvases (no WebGL needed).
// data.mode: "noise" (nothing has happened yet), "live" (data.frames holds the latest estimate), or "replay" (all).

const MAGMA = [[0, 0, 4], [28, 16, 68], [79, 18, 123], [129, 37, 129], [181, 54, 122], [229, 80, 100],
  [251, 135, 97], [254, 194, 135], [252, 253, 191]]
// Light goes from paper to deep blue-green, dark from night to pale yellow: thick is always far from the ground.
const LIGHT = [[255, 255, 255], [189, 222, 220], [96, 176, 180], [27, 124, 134], [9, 78, 96], [16, 38, 66]]
const DARK = [[14, 20, 21], [20, 66, 78], [26, 122, 130], [70, 178, 160], [172, 222, 158], [253, 247, 196]]

function colour(scale, value) {
  const place = Math.min(Math.max(value, 0), 1) * (scale.length - 1)
  const i = Math.min(Math.floor(place), scale.length - 2)
  return scale[i].map((channel, c) => channel + (place - i) * (scale[i + 1][c] - channel))
}

// 256 colours as packed pixels.
function table(scale, alpha) {
  const bytes = new Uint8ClampedArray(4 * 256)
  for (let i = 0; i < 256; i++) bytes.set([...colour(scale, i / 255), 255 * alpha(i / 255)], 4 * i)
  return new Uint32Array(bytes.buffer)
}

const SLICES = table(MAGMA, () => 1)
const SIDE = 264 // pixels of the cloud's buffer; the page scales it
// Edges of a cube whose corners are numbered by the bits x, y, z.
const EDGES = [[0, 1], [0, 2], [0, 4], [1, 3], [1, 5], [2, 3], [2, 6], [3, 7], [4, 5], [4, 6], [5, 7], [6, 7]]
const WEIGHT = Float32Array.from({ length: 256 }, (_, level) => (level / 255) ** 1.5)
const THICKNESS = Uint8Array.from({ length: 1024 }, (_, i) => Math.round(255 * (1 - Math.exp((-0.55 * i) / 128))))

function decode(frame) {
  const text = atob(frame.data)
  const bytes = new Uint8Array(text.length)
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i)
  return { shape: frame.shape, bytes, label: frame.label ?? "" }
}

function noise(shape) {
  const bytes = new Uint8Array(shape[0] * shape[1] * shape[2])
  for (let i = 0; i < bytes.length; i++) {
    const gaussian = Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random())
    bytes[i] = Math.min(255, Math.max(0, 60 + 60 * gaussian))
  }
  return { shape, bytes, label: "" }
}

// Across each axis the layer that holds most: one through the middle may pass between the atoms.
function fullestLayers({ shape, bytes }) {
  const strides = [shape[1] * shape[2], shape[2], 1]
  return shape.map((count, axis) => {
    const sums = new Float64Array(count)
    for (let i = 0; i < bytes.length; i++) sums[Math.floor(i / strides[axis]) % count] += bytes[i]
    return sums.indexOf(Math.max(...sums))
  })
}

// Three slices, as pixels.
function drawSlices(state, values) {
  const [nx, ny, nz] = state.shape
  const at = (x, y, z) => values[(x * ny + y) * nz + z]
  const [mx, my, mz] = state.layers
  const cuts = [
    [ny, nz, (i, j) => at(mx, i, j)],
    [nx, nz, (i, j) => at(i, my, j)],
    [nx, ny, (i, j) => at(i, j, mz)],
  ]
  state.slices.forEach((canvas, n) => {
    const [width, height, value] = cuts[n]
    if (canvas.width !== width) canvas.width = width
    if (canvas.height !== height) canvas.height = height
    const image = new ImageData(width, height)
    const pixels = new Uint32Array(image.data.buffer)
    for (let j = 0; j < height; j++) {
      for (let i = 0; i < width; i++) pixels[j * width + i] = SLICES[Math.round(value(i, height - 1 - j))]
    }
    canvas.getContext("2d").putImageData(image, 0, 0)
  })
}

// A soft dot, (2 reach + 1)^2 weights.
function dot(radius) {
  const reach = Math.ceil(1.5 * radius)
  const width = 2 * reach + 1
  const weights = new Float32Array(width * width)
  for (let dy = -reach, n = 0; dy <= reach; dy++) {
    for (let dx = -reach; dx <= reach; dx++, n++) {
      weights[n] = Math.max(0, 1 - (dx * dx + dy * dy) / (2.5 * radius * radius)) ** 2
    }
  }
  return { reach, width, weights }
}

// The cloud: every voxel adds a soft dot to a small buffer, which is then coloured by its thickness.
function drawCloud(state, values, angle) {
  const side = SIDE
  if (!state.buffer) {
    state.buffer = new Float32Array(side * side)
    state.image = new ImageData(side, side)
    state.small = document.createElement("canvas")
    state.small.width = state.small.height = side
  }
  const { buffer, image } = state
  buffer.fill(0)
  const [nx, ny, nz] = state.shape
  const span = Math.max(nx, ny, nz)
  const scale = (0.64 * side) / span
  const tilt = 0.42
  const [ca, sa, ct, st] = [Math.cos(angle), Math.sin(angle), Math.cos(tilt), Math.sin(tilt)]
  const half = [(nx - 1) / 2, (ny - 1) / 2, (nz - 1) / 2]
  const project = (x, y, z) => {
    const [u, v, w] = [x - half[0], y - half[1], z - half[2]]
    const depth = u * sa + v * ca
    return [side / 2 + scale * (u * ca - v * sa), side / 2 - scale * (w * ct - depth * st)]
  }
  const radius = Math.max(1.2, 0.62 * scale)
  if (state.radius !== radius) Object.assign(state, { radius, dot: dot(radius) })
  const { reach, width, weights } = state.dot
  for (let x = 0, n = 0; x < nx; x++) {
    for (let y = 0; y < ny; y++) {
      const depth = (x - half[0]) * sa + (y - half[1]) * ca
      const left = Math.round(side / 2 + scale * ((x - half[0]) * ca - (y - half[1]) * sa)) - reach
      const near = 1 - (0.5 * depth * ct) / span
      for (let z = 0; z < nz; z++, n++) {
        const level = values[n]
        if (level < 8) continue
        const top = Math.round(side / 2 - scale * ((z - half[2]) * ct - depth * st)) - reach
        if (left < 0 || top < 0 || left + width > side || top + width > side) continue
        const weight = WEIGHT[level | 0] * near
        for (let row = 0, k = 0; row < width; row++) {
          for (let i = (top + row) * side + left, end = i + width; i < end; i++, k++) buffer[i] += weight * weights[k]
        }
      }
    }
  }
  const pixels = new Uint32Array(image.data.buffer)
  for (let i = 0; i < buffer.length; i++) {
    pixels[i] = state.lut[THICKNESS[Math.min(1023, (buffer[i] * 128) | 0)]]
  }
  state.small.getContext("2d").putImageData(image, 0, 0)
  // Soft dots may be scaled up; lines are drawn sharp.
  const canvas = state.cloud
  const wide = Math.round(canvas.clientWidth * Math.min(devicePixelRatio || 1, 2))
  if (canvas.width !== wide) canvas.width = canvas.height = wide
  const context = canvas.getContext("2d")
  context.clearRect(0, 0, wide, wide)
  context.drawImage(state.small, 0, 0, wide, wide)
  const zoom = wide / side
  context.strokeStyle = state.edge
  context.globalAlpha = 0.45
  context.lineWidth = wide / canvas.clientWidth
  const corner = (a, b, c) =>
    project(a ? nx - 0.5 : -0.5, b ? ny - 0.5 : -0.5, c ? nz - 0.5 : -0.5).map((value) => zoom * value)
  context.beginPath()
  for (const [from, to] of EDGES) {
    context.moveTo(...corner(from & 1, from & 2, from & 4))
    context.lineTo(...corner(to & 1, to & 2, to & 4))
  }
  context.stroke()
  context.globalAlpha = 1
}

function show(state, target) {
  if (!target || target === state.target) return
  state.target = target
  if (!state.values || state.shape.join() !== target.shape.join()) state.values = Float32Array.from(target.bytes)
  state.shape = target.shape
  state.layers = fullestLayers(state.frames.at(-1) ?? target)
  state.label.textContent = target.label
}

function tick(state, now) {
  state.request = requestAnimationFrame((time) => tick(state, time))
  // At most 30 pictures a second, and never more than a third of a slow machine's time.
  if (now - state.drawn < Math.max(33, 3 * state.cost) || !state.target || !state.cloud.clientWidth) return
  const place = state.cloud.getBoundingClientRect()
  if (place.bottom < 0 || place.top > innerHeight) return
  const elapsed = Math.min(now - state.drawn, 400)
  state.drawn = now
  if (state.mode === "noise" && now - state.advanced > 240 && !state.still) {
    state.advanced = now
    show(state, noise(state.shape))
  }
  if (state.mode === "replay" && state.playing && now - state.advanced > (state.index === state.frames.length - 1 ? 2600 : 280)) {
    state.advanced = now
    state.index = (state.index + 1) % state.frames.length
    state.scrub.value = state.index
    show(state, state.frames[state.index])
  }
  if (!state.still) state.angle += elapsed * 0.00022
  // Glide from one estimate to the next.
  const pace = 1 - Math.exp(-elapsed / 110)
  let moved = false
  for (let i = 0; i < state.values.length; i++) {
    const gap = state.target.bytes[i] - state.values[i]
    if (gap > 0.5 || gap < -0.5) {
      state.values[i] += pace * gap
      moved = true
    }
  }
  const begun = performance.now()
  if (moved || !state.still || !state.painted) {
    drawCloud(state, state.values, state.angle)
    if (moved || !state.painted) drawSlices(state, state.values)
    state.painted = true
  }
  state.cost = 0.7 * state.cost + 0.3 * (performance.now() - begun)
}

export default function (component) {
  const { data, parentElement } = component
  const root = parentElement.querySelector(".condense")
  const style = getComputedStyle(root)
  let state = root.gcdState
  if (!state) {
    state = root.gcdState = {
      cloud: root.querySelector(".cloud"), slices: [...root.querySelectorAll(".slices canvas")],
      label: root.querySelector(".label"), scrub: root.querySelector(".scrub"), play: root.querySelector(".play"),
      angle: 0.7, cost: 0, drawn: 0, advanced: 0, index: 0, frames: [], playing: true, shape: [20, 20, 20],
    }
    state.still = matchMedia("(prefers-reduced-motion: reduce)").matches
    state.play.onclick = () => {
      state.playing = !state.playing
      state.play.textContent = state.playing ? "❚❚" : "▶"
      state.play.setAttribute("aria-label", state.playing ? "pause" : "play")
    }
    state.scrub.oninput = () => {
      if (state.playing) state.play.onclick()
      state.index = Number(state.scrub.value)
      show(state, state.frames[state.index])
    }
    state.request = requestAnimationFrame((time) => tick(state, time))
  }
  const ground = style.getPropertyValue("--st-background-color").trim()
  const channels = ground.match(/[0-9a-f]{2}/gi)?.map((pair) => parseInt(pair, 16)) ?? [255, 255, 255]
  const dark = channels[0] + channels[1] + channels[2] < 384
  state.lut = table(dark ? DARK : LIGHT, (value) => Math.min(1, 1.6 * value))
  state.edge = style.getPropertyValue("--st-text-color").trim() || "#808080"
  state.painted = false
  state.mode = data.mode
  root.dataset.mode = data.mode
  root.querySelector(".scene").setAttribute("aria-label", data.name)

  if (state.seen !== data.id) {
    state.seen = data.id
    state.frames = data.frames.map(decode)
    if (data.mode === "noise") {
      state.shape = data.shape
      show(state, noise(data.shape))
    } else if (data.mode === "live") {
      show(state, state.frames.at(-1))
    } else {
      state.index = state.playing ? 0 : state.frames.length - 1
      state.scrub.max = state.frames.length - 1
      state.scrub.value = state.index
      show(state, state.frames[state.index])
    }
  }
  return () => cancelAnimationFrame(state.request)
}
