// Structures as marks on a plane of two quantities. The mark nearest to the pointer is the one that is picked, whatever
// is drawn over it. Drawn on one canvas, so that ten thousand marks stay quick.

const PAD = { left: 52, right: 12, top: 10, bottom: 40 }
const REACH = 30  // px: farther from every mark, a click picks nothing
const GRID = 24  // px: marks are kept by squares of this size, to find the nearest at once

const number = (value, digits = 3) => (Number.isFinite(value) ? value.toFixed(digits) : "none")

function ticksOf(low, high, wanted) {
  const step = 10 ** Math.floor(Math.log10((high - low) / wanted || 1))
  const unit = [1, 2, 5, 10].map((k) => k * step).find((u) => (high - low) / u <= wanted) ?? 10 * step
  const ticks = []
  for (let k = Math.ceil(low / unit); k * unit <= high + 1e-9; k++) ticks.push(k * unit)
  return ticks.map((value) => ({ value, text: String(Number(value.toPrecision(6))) }))
}

function shape(context, kind, x, y, size) {
  context.beginPath()
  if (kind === "diamond") {
    const s = 1.25 * size
    context.moveTo(x, y - s); context.lineTo(x + s, y); context.lineTo(x, y + s); context.lineTo(x - s, y)
    context.closePath()
  } else context.arc(x, y, size, 0, 2 * Math.PI)
}

// What is drawn: every mark of the groups that are not hidden, with its place in pixels.
function marksOf(state) {
  const { data, hidden, axes } = state
  const marks = []
  data.groups.forEach((group, g) => {
    if (hidden.has(group.label)) return
    const xs = group.columns[axes.x], ys = group.columns[axes.y]
    if (!xs || !ys) return
    for (let i = 0; i < group.index.length; i++) {
      if (xs[i] === null || ys[i] === null) continue
      marks.push({ g, i, kind: group.kind, index: group.index[i], x: xs[i], y: ys[i] })
    }
  })
  return marks
}

function rangeOf(values, margin) {
  let low = Infinity, high = -Infinity
  for (const value of values) { if (value < low) low = value; if (value > high) high = value }
  if (low > high) return [0, 1]
  const room = margin * (high - low) || 0.05 * Math.abs(high) || 0.5
  return [low - room, high + room]
}

function place(state) {
  const { canvas } = state
  const width = canvas.clientWidth, height = canvas.clientHeight
  const [x0, x1] = state.view.x, [y0, y1] = state.view.y
  const w = Math.max(1, width - PAD.left - PAD.right), h = Math.max(1, height - PAD.top - PAD.bottom)
  state.toX = (value) => PAD.left + ((value - x0) / (x1 - x0)) * w
  state.toY = (value) => PAD.top + (1 - (value - y0) / (y1 - y0)) * h
  state.fromX = (px) => x0 + ((px - PAD.left) / w) * (x1 - x0)
  state.fromY = (py) => y0 + (1 - (py - PAD.top) / h) * (y1 - y0)
  state.squares = new Map()
  for (const mark of state.marks) {
    mark.px = state.toX(mark.x)
    mark.py = state.toY(mark.y)
    const key = `${Math.floor(mark.px / GRID)},${Math.floor(mark.py / GRID)}`
    if (!state.squares.has(key)) state.squares.set(key, [])
    state.squares.get(key).push(mark)
  }
}

// The mark nearest to a pixel; of two at one place the one that is drawn later, on top.
function nearest(state, px, py) {
  const reach = Math.ceil(REACH / GRID)
  const cx = Math.floor(px / GRID), cy = Math.floor(py / GRID)
  let best = null, least = REACH
  for (let a = cx - reach; a <= cx + reach; a++) {
    for (let b = cy - reach; b <= cy + reach; b++) {
      for (const mark of state.squares.get(`${a},${b}`) ?? []) {
        const far = Math.hypot(mark.px - px, mark.py - py)
        if (far < least || (far === least && best && mark.g >= best.g)) { best = mark; least = far }
      }
    }
  }
  return best
}

function draw(state) {
  const { canvas, data } = state
  const ratio = window.devicePixelRatio || 1
  const width = canvas.clientWidth, height = canvas.clientHeight
  if (!width || !height) return
  canvas.width = Math.round(width * ratio)
  canvas.height = Math.round(height * ratio)
  place(state)
  const context = canvas.getContext("2d")
  context.scale(ratio, ratio)
  const style = getComputedStyle(state.root)
  const ink = style.getPropertyValue("--st-text-color").trim() || "#222"
  const line = style.getPropertyValue("--st-border-color").trim() || "#ccc"
  const paper = style.getPropertyValue("--st-background-color").trim() || "#fff"
  const { toX, toY } = state
  const right = width - PAD.right, bottom = height - PAD.bottom
  context.font = `12px ${style.fontFamily}`
  context.fillStyle = ink
  context.strokeStyle = line
  context.lineWidth = 1
  const across = data.quantities[state.axes.x], up = data.quantities[state.axes.y]
  const inside = (ticks, [low, high]) => ticks.filter(({ value }) => value >= low && value <= high)
  const xTicks = inside(across.ticks ?? [], state.view.x)
  const shownX = xTicks.length ? xTicks : ticksOf(...state.view.x, Math.max(3, width / 80))
  const shownY = ticksOf(...state.view.y, Math.max(3, height / 55))
  context.textAlign = "center"; context.textBaseline = "top"
  let last = -Infinity
  for (const { value, text } of shownX) {
    const x = Math.round(toX(value)) + 0.5
    context.beginPath(); context.moveTo(x, PAD.top); context.lineTo(x, bottom); context.stroke()
    if (x - last > context.measureText(text).width + 6) { context.fillText(text, x, bottom + 5); last = x }
  }
  context.textAlign = "right"; context.textBaseline = "middle"
  for (const { value, text } of shownY) {
    const y = Math.round(toY(value)) + 0.5
    context.beginPath(); context.moveTo(PAD.left, y); context.lineTo(right, y); context.stroke()
    context.fillText(text, PAD.left - 6, y)
  }
  context.textAlign = "center"; context.textBaseline = "bottom"
  context.fillText(across.label, (PAD.left + right) / 2, height - 2)
  context.save()
  context.translate(12, (PAD.top + bottom) / 2); context.rotate(-Math.PI / 2); context.textBaseline = "middle"
  context.fillText(up.label, 0, 0)
  context.restore()

  context.save()
  context.beginPath(); context.rect(PAD.left - 8, PAD.top - 8, right - PAD.left + 16, bottom - PAD.top + 16); context.clip()
  if (data.window && state.axes.y === "egb") {
    context.globalAlpha = 0.14; context.fillStyle = data.window.colour
    context.fillRect(PAD.left, toY(data.window.high), right - PAD.left, toY(data.window.low) - toY(data.window.high))
    context.globalAlpha = 1
  }
  const own = state.marks.some((mark) => data.groups[mark.g].kind !== "search")
  const lowest = new Map()  // of each group at each x, to be written beside its mark
  for (const mark of state.marks) {
    const group = data.groups[mark.g]
    const size = group.shape === "diamond" ? 5.5 : 4
    context.globalAlpha = group.kind === "search" && own ? 0.55 : 1
    context.strokeStyle = context.fillStyle = group.colour
    shape(context, group.shape, mark.px, mark.py, size)
    if (!group.filled || group.filled[mark.i]) context.fill()
    context.lineWidth = 1.2
    context.stroke()
    if (state.axes.y === "egb" && state.axes.x === "n") {
      const key = `${mark.g} ${mark.x.toFixed(3)}`
      if (!lowest.has(key) || lowest.get(key).y > mark.y) lowest.set(key, mark)
    }
  }
  context.globalAlpha = 1
  context.textBaseline = "top"
  for (const mark of lowest.values()) {
    const group = data.groups[mark.g]
    if (group.kind === "search") {
      context.strokeStyle = data.lowest; context.lineWidth = 2.5
      context.beginPath(); context.moveTo(mark.px - 10, mark.py); context.lineTo(mark.px + 10, mark.py); context.stroke()
    } else {
      context.lineWidth = 3; context.strokeStyle = paper; context.fillStyle = ink
      context.strokeText(mark.y.toFixed(3), mark.px, mark.py + 8)
      context.fillText(mark.y.toFixed(3), mark.px, mark.py + 8)
    }
  }
  const ring = (mark, dash, radius) => {
    context.setLineDash(dash); context.lineWidth = 2.5; context.strokeStyle = data.ring
    context.beginPath(); context.arc(mark.px, mark.py, radius, 0, 2 * Math.PI); context.stroke(); context.setLineDash([])
  }
  const shown = state.marks.find((mark) => data.shown && mark.kind === data.shown[0] && mark.index === data.shown[1])
  if (shown) ring(shown, [], 10)
  if (state.over && state.over !== shown) ring(state.over, [3, 3], 9)
  context.restore()
  if (state.box) {
    context.strokeStyle = ink; context.setLineDash([4, 3])
    const [a, b] = state.box
    context.strokeRect(a.x, a.y, b.x - a.x, b.y - a.y)
    context.setLineDash([])
  }
}

function words(state, mark) {
  if (!mark) return state.data.hint
  const group = state.data.groups[mark.g]
  const parts = Object.entries(state.data.quantities)
    .filter(([key]) => group.columns[key] && group.columns[key][mark.i] !== null)
    .map(([key, { label, ticks, digits }]) => {
      const value = group.columns[key][mark.i]
      const tick = ticks?.find((one) => Math.abs(one.value - value) < 1e-3)
      return `${label.replace(/,.*| \(.*/, "")} ${tick ? tick.text : number(value, digits)}`
    })
  return `${group.label} ${mark.index}: ${parts.join(", ")}`
}

function point(state, mark) {
  state.over = mark
  state.root.querySelector(".said").textContent = words(state, mark)
  draw(state)
}

function fill(select, data, chosen) {
  const keys = Object.keys(data.quantities)
  if (select.dataset.keys !== keys.join()) {
    select.dataset.keys = keys.join()
    select.replaceChildren(...keys.map((key) => new Option(data.quantities[key].label.replace(/, .*/, ""), key)))
  }
  select.value = chosen
}

function everything(state) {
  state.marks = marksOf(state)
  const { quantities } = state.data
  const along = (axis) => {
    const range = rangeOf(state.marks.map((mark) => mark[axis]), 0.06)
    const wished = quantities[state.axes[axis]].range
    return wished ? [Math.min(range[0], wished[0]), Math.max(range[1], wished[1])] : range
  }
  if (!state.zoomed) state.view = { x: along("x"), y: along("y") }
}

function controls(state) {
  const { root, data } = state
  const legend = root.querySelector(".legend")
  legend.replaceChildren(...data.groups.map((group) => {
    const button = document.createElement("button")
    button.type = "button"
    button.textContent = `${group.label} (${group.index.length})`
    button.style.setProperty("--mark", group.colour)
    button.className = group.shape
    button.setAttribute("aria-pressed", String(!state.hidden.has(group.label)))
    button.title = "Show or hide"
    button.onclick = () => {
      if (!state.hidden.delete(group.label)) state.hidden.add(group.label)
      button.setAttribute("aria-pressed", String(!state.hidden.has(group.label)))
      everything(state)
      point(state, null)
    }
    return button
  }))
  for (const axis of ["x", "y"]) {
    const select = root.querySelector(`select.${axis}`)
    if (!data.quantities[state.axes[axis]]) state.axes[axis] = axis === "x" ? "n" : "egb"
    fill(select, data, state.axes[axis])
    select.onchange = () => { state.axes[axis] = select.value; state.zoomed = false; everything(state); point(state, null) }
  }
  root.querySelector(".reset").onclick = () => { state.zoomed = false; everything(state); point(state, null) }
}

export default function (component) {
  const { data, parentElement, setTriggerValue } = component
  const root = parentElement.querySelector(".map")
  const canvas = root.querySelector("canvas")
  const state = (root.gcdState ??= {
    root, canvas, hidden: new Set(), axes: { x: "n", y: "egb" }, zoomed: false, over: null, box: null, marks: [],
  })
  state.data = data
  state.over = null
  root.style.setProperty("--height", data.height)
  canvas.setAttribute("aria-label", data.name)
  controls(state)
  everything(state)
  point(state, null)
  window.gcdMap = state  // for whoever measures

  const pick = (mark) => { if (mark) setTriggerValue("picked", { kind: mark.kind, index: mark.index }) }
  const at = (event) => {
    const box = canvas.getBoundingClientRect()
    return { x: event.clientX - box.left, y: event.clientY - box.top }
  }
  canvas.onpointerdown = (event) => { state.from = at(event); if (event.pointerType === "mouse") canvas.setPointerCapture(event.pointerId) }
  canvas.onpointermove = (event) => {
    const here = at(event)
    const dragging = state.from && event.pointerType === "mouse" && Math.hypot(here.x - state.from.x, here.y - state.from.y) > 6
    state.box = dragging ? [state.from, here] : null
    if (dragging) draw(state)
    else point(state, nearest(state, here.x, here.y))
  }
  canvas.onpointerup = (event) => {
    const here = at(event), { from, box } = state
    state.from = state.box = null
    if (box) {
      state.view = {
        x: [box[0].x, box[1].x].map(state.fromX).sort((a, b) => a - b),
        y: [box[0].y, box[1].y].map(state.fromY).sort((a, b) => a - b),
      }
      state.zoomed = true
      point(state, null)
    } else if (from) {
      const mark = nearest(state, here.x, here.y)
      point(state, mark)
      pick(mark)
    }
  }
  canvas.onpointercancel = () => { state.from = state.box = null }
  canvas.onpointerleave = () => { if (!state.from) point(state, null) }
  canvas.ondblclick = () => { state.zoomed = false; everything(state); point(state, null) }
  // Left and right go from mark to mark along x, up and down along y; Enter picks.
  canvas.onkeydown = (event) => {
    const step = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1 }[event.key]
    if (event.key === "Enter" || event.key === " ") pick(state.over)
    else if (!step || !state.marks.length) return
    else {
      const axis = event.key.endsWith("Right") || event.key.endsWith("Left") ? "x" : "y"
      const other = axis === "x" ? "y" : "x"
      const order = [...state.marks].sort((a, b) => a[axis] - b[axis] || a[other] - b[other] || a.index - b.index)
      const shown = (mark) => data.shown && mark.kind === data.shown[0] && mark.index === data.shown[1]
      const now = order.findIndex((mark) => (state.over ? mark === state.over : shown(mark)))
      point(state, order[Math.min(order.length - 1, Math.max(0, now + step))])
    }
    event.preventDefault()
  }
  if (!root.gcdObserver) {
    root.gcdObserver = new ResizeObserver(() => draw(state))
    root.gcdObserver.observe(canvas)
  }
  root.dataset.marks = String(state.marks.length)
  return () => { root.gcdObserver?.disconnect(); delete root.gcdObserver }
}
