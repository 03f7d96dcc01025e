// A surface where voxels reach a level, and atoms, turned by hand, on a plain 2D canvas: no WebGL needed.
// values: bytes (X, Y, Z) on a periodic or open box; coordinates are in voxels, voxel i at i.

function bytesOf(text) {
  const raw = atob(text)
  const bytes = new Uint8Array(raw.length)
  for (let i = 0; i < raw.length; i++) bytes[i] = raw.charCodeAt(i)
  return bytes
}

// Surface nets: one point in every cell of eight voxels that the level passes through, one square across every edge.
function surfaceNets(values, shape, level, periodic) {
  const [nx, ny, nz] = shape
  // A periodic axis has its last layer once more in front and its first one once more behind: faces cut no blob.
  const [ox, oy, oz] = periodic.map((wraps) => (wraps ? 1 : 0))
  const [mx, my, mz] = [nx + 2 * ox, ny + 2 * oy, nz + 2 * oz]
  const at = (i, j, k) => values[(((i - ox + nx) % nx) * ny + ((j - oy + ny) % ny)) * nz + ((k - oz + nz) % nz)] - level
  const number = new Int32Array((mx - 1) * (my - 1) * (mz - 1)).fill(-1)
  const cell = (i, j, k) => (i * (my - 1) + j) * (mz - 1) + k
  const points = []
  const corner = new Float32Array(8)
  for (let i = 0; i < mx - 1; i++) {
    for (let j = 0; j < my - 1; j++) {
      for (let k = 0; k < mz - 1; k++) {
        let inside = 0
        for (let c = 0; c < 8; c++) {
          corner[c] = at(i + (c & 1), j + ((c >> 1) & 1), k + (c >> 2))
          if (corner[c] > 0) inside++
        }
        if (inside === 0 || inside === 8) continue
        let x = 0, y = 0, z = 0, crossings = 0
        for (let a = 0; a < 8; a++) {
          for (let bit = 1; bit < 8; bit <<= 1) {
            const b = a | bit
            if (b === a || corner[a] > 0 === corner[b] > 0) continue
            const f = corner[a] / (corner[a] - corner[b])
            x += (a & 1) + (bit === 1 ? f : 0)
            y += ((a >> 1) & 1) + (bit === 2 ? f : 0)
            z += (a >> 2) + (bit === 4 ? f : 0)
            crossings++
          }
        }
        number[cell(i, j, k)] = points.length / 3
        points.push(i - ox + x / crossings, j - oy + y / crossings, k - oz + z / crossings)
      }
    }
  }
  const squares = []
  for (let i = 0; i < mx; i++) {
    for (let j = 0; j < my; j++) {
      for (let k = 0; k < mz; k++) {
        const here = at(i, j, k) > 0
        if (i < mx - 1 && j > 0 && j < my - 1 && k > 0 && k < mz - 1 && here !== at(i + 1, j, k) > 0) {
          squares.push(cell(i, j - 1, k - 1), cell(i, j, k - 1), cell(i, j, k), cell(i, j - 1, k))
        }
        if (j < my - 1 && i > 0 && i < mx - 1 && k > 0 && k < mz - 1 && here !== at(i, j + 1, k) > 0) {
          squares.push(cell(i - 1, j, k - 1), cell(i, j, k - 1), cell(i, j, k), cell(i - 1, j, k))
        }
        if (k < mz - 1 && i > 0 && i < mx - 1 && j > 0 && j < my - 1 && here !== at(i, j, k + 1) > 0) {
          squares.push(cell(i - 1, j - 1, k), cell(i, j - 1, k), cell(i, j, k), cell(i - 1, j, k))
        }
      }
    }
  }
  return { points: Float32Array.from(points), squares: Int32Array.from(squares, (c) => number[c]) }
}

const BOX_EDGES = [[0, 1], [0, 2], [0, 4], [1, 3], [1, 5], [2, 3], [2, 6], [3, 7], [4, 5], [4, 6], [5, 7], [6, 7]]
const SHADES = Array.from({ length: 33 }, (_, i) => {
  const light = 0.42 + 0.58 * (i / 32)
  return `rgba(${[63, 172, 178].map((c) => Math.round(Math.min(255, c * light + 40 * (i / 32) ** 4))).join(",")},0.62)`
})

// mesh: of surfaceNets, or null; atoms: [[x, y, z], ...] in voxels, the first few of them given and so grey;
// look: { angle, tilt }.
function paintSolid(canvas, { shape, mesh, atoms, look, edge, sizes, given = 0 }) {
  const side = Math.round(canvas.clientWidth * Math.min(devicePixelRatio || 1, 2))
  const tall = Math.round(canvas.clientHeight * Math.min(devicePixelRatio || 1, 2))
  if (!side || !tall) return
  if (canvas.width !== side || canvas.height !== tall) [canvas.width, canvas.height] = [side, tall]
  // Thousands of small squares: the processor draws them at once, a graphics processor that is only pretended one by one.
  const context = canvas.getContext("2d", { willReadFrequently: true })
  context.clearRect(0, 0, side, tall)
  const real = shape.map((n, axis) => n * sizes[axis]) // unequal voxels keep the cell's true proportions
  const reach = Math.hypot(...real)
  const scale = Math.min((1.1 * Math.min(side, tall)) / reach, (0.97 * side) / Math.hypot(real[0], real[1]))
  const [ca, sa, ct, st] = [Math.cos(look.angle), Math.sin(look.angle), Math.cos(look.tilt), Math.sin(look.tilt)]
  const project = (x, y, z) => {
    const u = x * sizes[0] - real[0] / 2, v = y * sizes[1] - real[1] / 2, w = z * sizes[2] - real[2] / 2
    const inward = u * sa + v * ca
    return [side / 2 + scale * (u * ca - v * sa), tall / 2 - scale * (w * ct + inward * st), inward * ct - w * st]
  }
  context.strokeStyle = edge
  context.globalAlpha = 0.5
  context.lineWidth = side / canvas.clientWidth
  context.beginPath()
  for (const [from, to] of BOX_EDGES) {
    for (const [corner, draw] of [[from, "moveTo"], [to, "lineTo"]]) {
      const [x, y] = project(corner & 1 ? shape[0] : 0, corner & 2 ? shape[1] : 0, corner & 4 ? shape[2] : 0)
      context[draw](x, y)
    }
  }
  context.stroke()
  context.globalAlpha = 1

  const items = [] // [depth, kind, index], the farthest first
  const count = mesh ? mesh.points.length / 3 : 0
  const flat = new Float32Array(3 * count)
  for (let n = 0; n < count; n++) flat.set(project(mesh.points[3 * n], mesh.points[3 * n + 1], mesh.points[3 * n + 2]), 3 * n)
  const squares = mesh ? mesh.squares : []
  for (let s = 0; s < squares.length; s += 4) {
    let depth = 0
    for (let c = 0; c < 4; c++) depth += flat[3 * squares[s + c] + 2]
    items.push([depth / 4, s])
  }
  const dots = atoms.map((atom) => project(...atom))
  dots.forEach((dot, n) => items.push([dot[2], -1 - n]))
  items.sort((a, b) => b[0] - a[0])
  const radius = Math.max(2.2, 0.24 * scale * Math.min(...sizes) * 2.2)
  for (const [depth, which] of items) {
    if (which < 0) {
      const [x, y] = dots[-1 - which]
      const near = 1 - depth / (2.6 * reach)
      context.beginPath()
      context.arc(x, y, radius * near, 0, 7)
      context.fillStyle = -1 - which < given ? "#8d9797" : depth > 0 ? "#c27a06" : "#e9930d"
      context.fill()
      context.lineWidth = Math.max(1, 0.14 * radius)
      context.strokeStyle = -1 - which < given ? "rgba(40, 48, 48, 0.7)" : "rgba(70, 38, 0, 0.75)"
      context.stroke()
      continue
    }
    const [a, b, c, d] = [squares[which], squares[which + 1], squares[which + 2], squares[which + 3]].map((n) => 3 * n)
    // The square's normal in view: how much it faces the light from above the reader's left shoulder.
    const [ux, uy, uz] = [flat[c] - flat[a], flat[c + 1] - flat[a + 1], scale * (flat[c + 2] - flat[a + 2])]
    const [vx, vy, vz] = [flat[d] - flat[b], flat[d + 1] - flat[b + 1], scale * (flat[d + 2] - flat[b + 2])]
    let [x, y, z] = [uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx]
    const length = Math.hypot(x, y, z) || 1
    if (z > 0) [x, y, z] = [-x, -y, -z]
    const light = Math.max(0, (-0.35 * x - 0.55 * y - 0.76 * z) / length)
    context.fillStyle = SHADES[Math.round(32 * Math.min(1, light))]
    context.beginPath()
    context.moveTo(flat[a], flat[a + 1])
    context.lineTo(flat[b], flat[b + 1])
    context.lineTo(flat[c], flat[c + 1])
    context.lineTo(flat[d], flat[d + 1])
    context.fill()
  }
}

// Drag, or arrow keys, turn what is drawn on a canvas.
function turnable(canvas, look, redraw) {
  canvas.tabIndex = 0
  canvas.style.touchAction = "pan-y"
  canvas.onpointerdown = (event) => {
    canvas.setPointerCapture(event.pointerId)
    let [x, y] = [event.clientX, event.clientY]
    canvas.onpointermove = (move) => {
      look.angle -= (move.clientX - x) * 0.01
      look.tilt = Math.min(1.5, Math.max(-1.5, look.tilt + (move.clientY - y) * 0.01))
      ;[x, y] = [move.clientX, move.clientY]
      redraw()
    }
    canvas.onpointerup = canvas.onpointercancel = () => { canvas.onpointermove = null }
  }
  canvas.onkeydown = (event) => {
    const turn = { ArrowLeft: [0.12, 0], ArrowRight: [-0.12, 0], ArrowUp: [0, 0.12], ArrowDown: [0, -0.12] }[event.key]
    if (!turn) return
    event.preventDefault()
    look.angle += turn[0]
    look.tilt = Math.min(1.5, Math.max(-1.5, look.tilt + turn[1]))
    redraw()
  }
}
