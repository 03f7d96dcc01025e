// A recording of denoising: scrub, play, cut, turn. All frames are here, and a frame is drawn in the event that asks for it.

const HOT = [[2, 1, 10], [28, 16, 68], [79, 18, 123], [129, 37, 129], [181, 54, 122], [229, 80, 100], [251, 135, 97],
  [254, 194, 135], [251, 252, 191]]
const SIGNED = [[33, 102, 172], [146, 197, 222], [244, 244, 240], [253, 184, 99], [180, 83, 10]]

function palette(stops) {
  const packed = new Uint8ClampedArray(4 * 256)
  for (let i = 0; i < 256; i++) {
    const place = (i / 255) * (stops.length - 1)
    const k = Math.min(Math.floor(place), stops.length - 2)
    packed.set([...stops[k].map((c, n) => c + (place - k) * (stops[k + 1][n] - c)), 255], 4 * i)
  }
  return new Uint32Array(packed.buffer)
}
const PALETTES = { estimate: palette(HOT), state: palette(SIGNED) }

function frame(state, kind, step) {
  const size = state.shape[0] * state.shape[1] * state.shape[2]
  return state[kind].subarray(step * size, (step + 1) * size)
}

function drawSlices(state) {
  const values = frame(state, state.kind, state.step)
  const [nx, ny, nz] = state.shape
  const at = (x, y, z) => values[(x * ny + y) * nz + z]
  const [lx, ly, lz] = state.layers.map((input) => Number(input.value))
  const cuts = [[ny, nz, (i, j) => at(lx, i, j)], [nx, nz, (i, j) => at(i, ly, j)], [nx, ny, (i, j) => at(i, j, lz)]]
  state.cuts.forEach((canvas, n) => {
    const [width, height, value] = cuts[n]
    if (canvas.width !== width) canvas.width = width
    if (canvas.height !== height) canvas.height = height
    const image = new ImageData(width, height)
    const pixels = new Uint32Array(image.data.buffer)
    const colours = PALETTES[state.kind === "state" && state.signed ? "state" : "estimate"]
    for (let j = 0; j < height; j++) {
      for (let i = 0; i < width; i++) pixels[j * width + i] = colours[value(i, height - 1 - j)]
    }
    canvas.getContext("2d").putImageData(image, 0, 0)
    canvas.setAttribute("aria-label", `voxels cut across ${state.axes[n]} at layer ${[lx, ly, lz][n]}, step ${state.step}`)
  })
}

function drawSolid(state) {
  const level = Number(state.level.value) / 100
  const name = `${state.step} ${level}`
  if (!state.meshes.has(name)) {
    if (state.meshes.size > 80) state.meshes.clear()
    const reached = (255 * level) / state.top
    state.meshes.set(name, reached < 255 ? surfaceNets(frame(state, state.solidKind, state.step), state.shape, reached, state.periodic) : null)
  }
  paintSolid(state.solid, {
    shape: state.shape, mesh: state.meshes.get(name), look: state.look, edge: state.edge, sizes: state.sizes,
    atoms: state.showAtoms.checked ? [...state.known, ...state.atoms[state.step]] : [], given: state.known.length,
  })
}

// Three curves against t from noise (left) to the end (right), each on its own scale, and where the film stands.
function drawCurves(state) {
  const canvas = state.curves
  const ratio = Math.min(devicePixelRatio || 1, 2)
  const [width, height] = [Math.round(canvas.clientWidth * ratio), Math.round(canvas.clientHeight * ratio)]
  if (!width || !height) return
  if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height]
  const context = canvas.getContext("2d")
  context.clearRect(0, 0, width, height)
  const [left, right, top, bottom] = [44 * ratio, 40 * ratio, 12 * ratio, 34 * ratio]
  const across = (t) => left + (1 - t) * (width - left - right)
  const up = (share) => height - bottom - share * (height - top - bottom)
  const most = Math.max(1, ...state.atoms.map((one) => one.length))
  context.font = `${11 * ratio}px ${state.font}`
  context.strokeStyle = state.edge
  context.fillStyle = state.text
  context.lineWidth = ratio
  context.globalAlpha = 0.35
  for (const share of [0, 0.5, 1]) {
    context.beginPath()
    context.moveTo(left, up(share))
    context.lineTo(width - right, up(share))
    context.stroke()
  }
  context.globalAlpha = 0.9
  context.textAlign = "right"
  context.textBaseline = "middle"
  for (const share of [0, 0.5, 1]) context.fillText(String(Math.round(share * most)), left - 6 * ratio, up(share))
  context.textAlign = "left"
  for (const share of [0, 0.5, 1]) context.fillText(`${100 * share} %`, width - right + 5 * ratio, up(share))
  context.textAlign = "center"
  context.textBaseline = "top"
  for (const t of [1, 0.75, 0.5, 0.25, 0]) context.fillText(String(t), across(t), height - bottom + 5 * ratio)
  context.fillText("time t: from noise to structure", (left + width - right) / 2, height - bottom + 18 * ratio)
  context.globalAlpha = 1
  const series = [[state.atoms.map((one) => one.length / most), state.colours[0]], [state.occupied.map((p) => p / state.fullest), state.colours[1]],
    [state.matched.map((p) => p / 100), state.colours[2]]]
  for (const [values, colour] of series) {
    context.strokeStyle = context.fillStyle = colour
    context.lineWidth = 2 * ratio
    context.beginPath()
    values.forEach((value, n) => context[n ? "lineTo" : "moveTo"](across(state.t[n]), up(value)))
    context.stroke()
    context.beginPath()
    context.arc(across(state.t[state.step]), up(values[state.step]), 4.5 * ratio, 0, 7)
    context.fill()
  }
  context.strokeStyle = state.text
  context.lineWidth = ratio
  context.beginPath()
  context.moveTo(across(state.t[state.step]), up(1.04))
  context.lineTo(across(state.t[state.step]), up(0))
  context.stroke()
}

function draw(state) {
  drawSlices(state)
  drawSolid(state)
  drawCurves(state)
  const { step } = state
  const atoms = state.atoms[step].length
  state.said.textContent = `t = ${state.t[step].toFixed(3)} · ${atoms} atoms · ${state.occupied[step].toFixed(1)} % occupied`
    + ` · ${state.matched[step].toFixed(0)} % in place`
  state.solid.setAttribute("aria-label", `surface and ${atoms} atoms at t = ${state.t[step].toFixed(3)}`)
  state.curves.setAttribute("aria-label", `number of atoms, share of occupied voxels and of atoms in place against t; now ${state.said.textContent}`)
  state.root.dataset.step = step
}

function go(state, step, tell = true) {
  state.step = Math.min(Math.max(step, 0), state.t.length - 1)
  state.scrub.value = state.step
  draw(state)
  if (tell) touched(state, "step")
}

// What the reader has moved goes into the address bar, when they have come to rest.
function touched(state, ...names) {
  names.forEach((name) => state.moved.add(name))
  clearTimeout(state.telling)
  state.telling = setTimeout(() => {
    const all = {
      step: state.step, level: Number(state.level.value), atoms: state.showAtoms.checked, slices: state.kind,
      layer_1: Number(state.layers[0].value), layer_2: Number(state.layers[1].value), layer_3: Number(state.layers[2].value),
      turned: Number((state.look.angle % (2 * Math.PI)).toFixed(2)), tilted: Number(state.look.tilt.toFixed(2)),
    }
    state.setStateValue("view", Object.fromEntries([...state.moved].map((name) => [name, all[name]])))
  }, 400)
}

function play(state, on) {
  clearInterval(state.playing)
  state.playing = 0
  state.play.textContent = on ? "❚❚" : "▶"
  state.play.setAttribute("aria-label", on ? "pause" : "play")
  if (!on) return
  if (state.step === state.t.length - 1) go(state, 0, false)
  state.playing = setInterval(() => {
    if (!state.root.isConnected) return play(state, false)
    go(state, state.step + 1, false)
    if (state.step === state.t.length - 1) {
      play(state, false)
      go(state, state.step)
    }
  }, 180)
}

function listen(state) {
  state.play.onclick = () => play(state, !state.playing)
  state.scrub.oninput = () => { play(state, false); go(state, Number(state.scrub.value)) }
  state.level.oninput = () => {
    state.levelSaid.textContent = (state.level.value / 100).toFixed(2)
    drawSolid(state)
    touched(state, "level")
  }
  state.showAtoms.onchange = () => { drawSolid(state); touched(state, "atoms") }
  state.layers.forEach((input, n) => { input.oninput = () => { drawSlices(state); touched(state, `layer_${n + 1}`) } })
  for (const radio of state.root.querySelectorAll("input[name=kind]")) {
    radio.onchange = () => { state.kind = radio.value; drawSlices(state); touched(state, "slices") }
  }
  const along = (event) => {
    const box = state.curves.getBoundingClientRect()
    const t = 1 - (event.clientX - box.left - 44) / (box.width - 84)
    const away = state.t.map((one) => Math.abs(one - t))
    play(state, false)
    go(state, away.indexOf(Math.min(...away)))
  }
  state.curves.onpointerdown = (event) => { state.curves.setPointerCapture(event.pointerId); along(event) }
  state.curves.onpointermove = (event) => { if (event.buttons) along(event) }
  turnable(state.solid, state.look, () => { drawSolid(state); touched(state, "turned", "tilted") })
}

export default function (component) {
  const { data, parentElement, setStateValue } = component
  const root = parentElement.querySelector(".film")
  const find = (selector) => root.querySelector(selector)
  let state = root.gcdState
  if (!state) {
    state = root.gcdState = {
      root, play: find(".play"), scrub: find(".scrub"), said: find(".said"), solid: find(".solid"), curves: find(".curves"),
      level: find(".level"), levelSaid: find(".levelsaid"), showAtoms: find(".atoms"), kind: "estimate",
      cuts: [...root.querySelectorAll(".slices canvas")], layers: [...root.querySelectorAll(".slices input")],
      look: {}, meshes: new Map(), moved: new Set(),
    }
    listen(state)
    state.observer = new ResizeObserver(() => { if (state.t) draw(state) })
  }
  state.observer.observe(state.solid)
  state.setStateValue = setStateValue
  const style = getComputedStyle(root)
  const colour = (name, otherwise) => style.getPropertyValue(name).trim() || otherwise
  state.edge = colour("--st-gray-color", "#808c8c")
  state.text = colour("--st-text-color", "#333333")
  state.font = colour("--st-font", "sans-serif")
  state.colours = [colour("--st-blue-color", "#0072b2"), colour("--st-orange-color", "#b45f00"), colour("--st-green-color", "#00845f")]
  if (state.seen !== data.id) {
    state.seen = data.id
    Object.assign(state, { shape: data.shape, sizes: data.sizes, periodic: data.periodic, axes: data.axes, t: data.t, top: data.top,
      atoms: data.atoms, known: data.known, occupied: data.occupied, matched: data.matched, signed: data.signed,
      solidKind: data.solid, estimate: bytesOf(data.estimate), state: bytesOf(data.state),
      fullest: Math.max(...data.occupied) || 1 })
    state.meshes.clear()
    name(state, data.words)
    look(state, data.view)
    root.classList.toggle("long", data.shape[0] > 2 * data.shape[1])
    root.setAttribute("aria-label", data.name)
    play(state, false)
    go(state, data.view.step ?? 0, false)
  } else {
    draw(state)
  }
  return () => { clearInterval(state.playing); clearTimeout(state.telling); state.observer.disconnect() }
}

// What the parts of this film are called.
function name(state, words) {
  const say = (selector, text) => { state.root.querySelector(selector).textContent = text }
  say(".options .atoms + span", words.atoms)
  say("input[value=estimate] + span", words.estimate)
  say("input[value=state] + span", words.state)
  say(".legend .a", words.number)
  say(".legend .o", `voxels occupied (top: ${state.fullest.toFixed(1)} %)`)
  state.layers.forEach((input, n) => {
    input.setAttribute("aria-label", `layer across ${state.axes[n]}`)
    input.previousElementSibling.textContent = `across ${state.axes[n]}`
  })
}

// How the address asks the film to be looked at; the rest is as it comes.
function look(state, view) {
  state.moved = new Set(Object.keys(view))
  state.scrub.max = state.t.length - 1
  state.level.value = view.level ?? 6
  state.levelSaid.textContent = (state.level.value / 100).toFixed(2)
  state.showAtoms.checked = view.atoms ?? true
  state.kind = view.slices ?? "estimate"
  for (const radio of state.root.querySelectorAll("input[name=kind]")) radio.checked = radio.value === state.kind
  Object.assign(state.look, { angle: view.turned ?? 0.5, tilt: view.tilted ?? 0.35 })
  const last = frame(state, state.solidKind, state.t.length - 1)
  state.layers.forEach((input, axis) => {
    input.max = state.shape[axis] - 1
    input.value = view[`layer_${axis + 1}`] ?? fullest(last, state.shape, axis)
  })
}

// The layer across an axis that holds most of the crystal.
function fullest(values, shape, axis) {
  const sums = new Float64Array(shape[axis])
  const steps = [shape[1] * shape[2], shape[2], 1]
  for (let i = 0; i < values.length; i++) sums[Math.floor(i / steps[axis]) % shape[axis]] += values[i]
  return sums.indexOf(Math.max(...sums))
}
