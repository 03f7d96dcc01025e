// The encoder's playground. What is drawn in the cells comes from Python's encoder; here particles are only moved.

const SVG = "http://www.w3.org/2000/svg"
const MAGMA = [[2, 1, 10], [28, 16, 68], [79, 18, 123], [129, 37, 129], [181, 54, 122], [229, 80, 100],
  [251, 135, 97], [254, 194, 135], [251, 252, 191]]

function colour(value) {
  const place = Math.min(Math.max(value, 0), 1) * (MAGMA.length - 1)
  const i = Math.min(Math.floor(place), MAGMA.length - 2)
  return `rgb(${MAGMA[i].map((c, k) => Math.round(c + (place - i) * (MAGMA[i + 1][k] - c))).join(",")})`
}

function make(name, attributes, parent, text) {
  const element = document.createElementNS(SVG, name)
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value)
  if (text !== undefined) element.textContent = text
  parent.appendChild(element)
  return element
}

const wrap = (value, length) => ((value % length) + length) % length

// Board coordinates: one cell is one unit, cell i is centred at i + 0.5, y points up.
function place(state, point) {
  const L = state.data.box / state.n
  return [point[0] / L + 0.5, state.n - (point[1] / L + 0.5)]
}

function legal(state, point) {
  const { box, periodic } = state.data
  if (periodic) return point.map((c) => wrap(c, box))
  const last = box - box / state.n
  return point.map((c) => Math.min(Math.max(c, 0), last))
}

function drawCells(state) {
  const { cells } = state.data
  const n = cells.length
  const group = state.cells
  if (state.n !== n || !group.firstChild) {
    state.n = n
    state.board.setAttribute("viewBox", `0 0 ${n} ${n}`)
    group.replaceChildren()
    state.texts.replaceChildren()
    state.rects = []
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < n; j++) {
        const rect = make("rect", { x: i + 0.01, y: n - 1 - j + 0.01, width: 0.98, height: 0.98, rx: 0.04 }, group)
        const text = make("text", { x: i + 0.5, y: n - 1 - j + 0.82, "font-size": n > 10 ? 0.36 : 0.31 }, state.texts)
        state.rects.push([rect, text])
      }
    }
  }
  state.rects.forEach(([rect, text], k) => {
    const value = cells[Math.floor(k / n)][k % n]
    rect.setAttribute("fill", value > 0 ? colour(0.08 + 0.92 * value) : "#120d24")
    text.setAttribute("style", value > 0.62 ? "" : "stroke: #1c1044; stroke-width: 0.06; paint-order: stroke")
    text.setAttribute("fill", value > 0.62 ? "#1b0d2e" : value > 0 ? "#ffffff" : "#5b5670")
    text.textContent = value > 0.004 ? (n > 10 ? value.toFixed(2).replace(/^0/, "") : value.toFixed(2)) : "0"
  })
}

function drawPoints(state) {
  const { n } = state
  const { periodic, box } = state.data
  const last = box - box / n + 1e-6
  state.cubes.replaceChildren()
  while (state.dots.children.length > state.points.length) state.dots.lastChild.remove()
  state.points.forEach((point, index) => {
    const outside = !periodic && point.some((c) => c < -1e-6 || c > last)
    const [x, y] = place(state, periodic ? point.map((c) => wrap(c, box)) : point)
    const shifts = periodic ? [-n, 0, n] : [0]
    for (const dx of shifts) {
      for (const dy of shifts) {
        if (outside || x + dx < -0.5 || x + dx > n + 0.5 || y + dy < -0.5 || y + dy > n + 0.5) continue
        make("rect", { class: "cube", x: x + dx - 0.5, y: y + dy - 0.5, width: 1, height: 1 }, state.cubes)
      }
    }
    let dot = state.dots.children[index]
    if (!dot) {
      dot = make("circle", { r: 0.17, tabindex: 0, role: "button" }, state.dots)
      dot.onpointerdown = (event) => grab(state, index, event)
      dot.onfocus = () => choose(state, index)
      dot.onkeydown = (event) => key(state, index, event)
    }
    // A particle in the outer half of cell 0 is drawn there, not beyond the last cell.
    const [cx, cy] = periodic ? [wrap(x, n), wrap(y, n)] : [Math.min(Math.max(x, 0.1), n - 0.1), Math.min(Math.max(y, 0.1), n - 0.1)]
    dot.setAttribute("cx", cx)
    dot.setAttribute("cy", cy)
    dot.setAttribute("r", Math.max(0.17, n / 60))
    dot.setAttribute("class", `particle${outside ? " outside" : ""}${index === state.chosen ? " chosen" : ""}`)
    dot.setAttribute("aria-label", `particle ${index + 1} at x ${point[0].toFixed(2)}, y ${point[1].toFixed(2)} ångström;`
      + " arrow keys move it, Delete removes it")
  })
  const chosen = state.points[state.chosen]
  state.said.textContent = chosen ? `particle ${state.chosen + 1}: x = ${chosen[0].toFixed(2)} Å, y = ${chosen[1].toFixed(2)} Å` : ""
  state.remove.disabled = !chosen
  state.add.disabled = state.points.length >= state.data.most
}

function choose(state, index) {
  state.chosen = index
  drawPoints(state)
}

// One message at a time: the next goes out when Python has answered, or has had half a second.
function send(state) {
  if (state.waiting) {
    state.unsent = true
    return
  }
  state.unsent = false
  state.waiting = setTimeout(() => answered(state), 500)
  state.setStateValue("points", state.points.map((point) => legal(state, point).map((c) => Math.round(1e4 * c) / 1e4)))
}

function answered(state) {
  clearTimeout(state.waiting)
  state.waiting = 0
  if (state.unsent) send(state)
}

function where(state, event) {
  const rect = state.board.getBoundingClientRect()
  const L = state.data.box / state.n
  const x = ((event.clientX - rect.left) / rect.width) * state.n - 0.5
  const y = (1 - (event.clientY - rect.top) / rect.height) * state.n - 0.5
  return [x * L, y * L]
}

function grab(state, index, event) {
  event.preventDefault()
  const dot = state.dots.children[index]
  dot.focus()
  choose(state, index)
  dot.setPointerCapture(event.pointerId)
  state.held = true
  dot.onpointermove = (move) => {
    state.points[index] = legal(state, where(state, move))
    drawPoints(state)
    send(state)
  }
  dot.onpointerup = dot.onpointercancel = () => {
    state.held = false
    dot.onpointermove = dot.onpointerup = dot.onpointercancel = null
    send(state)
  }
}

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }

function key(state, index, event) {
  if (event.key === "Delete" || event.key === "Backspace") {
    event.preventDefault()
    discard(state, index)
  } else if (ARROWS[event.key]) {
    event.preventDefault()
    const step = (state.data.box / state.n) * (event.shiftKey ? 0.5 : 0.1)
    state.points[index] = legal(state, state.points[index].map((c, a) => c + step * ARROWS[event.key][a]))
    choose(state, index)
    send(state)
  }
}

function discard(state, index) {
  state.points.splice(index, 1)
  state.chosen = Math.min(index, state.points.length - 1)
  drawPoints(state)
  send(state)
}

export default function (component) {
  const { data, parentElement, setStateValue } = component
  const root = parentElement.querySelector(".playground")
  let state = root.gcdState
  if (!state) {
    const board = root.querySelector(".board")
    state = root.gcdState = { board, chosen: 0, waiting: 0, said: root.querySelector(".said"),
      add: root.querySelector(".add"), remove: root.querySelector(".remove") }
    for (const part of ["cells", "cubes", "dots", "texts"]) state[part] = make("g", {}, board)
    state.add.onclick = () => {
      // The emptiest of a few places, so that a new particle is not put on top of another.
      const { box } = state.data
      const tries = Array.from({ length: 24 }, () => legal(state, [Math.random() * box, Math.random() * box]))
      const room = (p) => Math.min(...state.points.map((q) => Math.hypot(p[0] - q[0], p[1] - q[1])), Infinity)
      state.points.push(tries.reduce((best, next) => (room(next) > room(best) ? next : best)))
      choose(state, state.points.length - 1)
      send(state)
    }
    state.remove.onclick = () => { if (state.points[state.chosen]) discard(state, state.chosen) }
  }
  state.data = data
  state.setStateValue = setStateValue
  drawCells(state)
  if (!state.held && !state.unsent) state.points = data.points.map((point) => [...point])
  drawPoints(state)
  const total = data.cells.flat().reduce((sum, value) => sum + value, 0)
  state.board.setAttribute("aria-label", `${data.points.length} particles on ${state.n} by ${state.n} cells that sum to ${total.toFixed(2)}`)
  answered(state)
}
