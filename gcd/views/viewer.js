// Draws a scene of gcd/views/atoms.py with 3Dmol.js. Used by the app's viewer and by pages of its own.

// Diagonal of the box around all that is drawn, in Å.
function extentOf(scene) {
  const points = [...scene.xyz, ...scene.edges.flat()]
  const spans = [0, 1, 2].map((axis) => {
    const along = points.map((point) => point[axis])
    return along.reduce((a, b) => Math.max(a, b), -Infinity) - along.reduce((a, b) => Math.min(a, b), Infinity)
  })
  return Math.max(Math.hypot(...spans), 1)
}

// Fills the viewer kept in `element`, making it first if need be. The camera stays where the reader put it, as long as
// what is drawn has about the same size; else it keeps its direction and frames all.
export function drawScene($3Dmol, element, scene, theme) {
  let viewer = element.gcdViewer
  if (!viewer) {
    viewer = $3Dmol.createViewer(element, { backgroundAlpha: 0, antialias: true, disableFog: false })
    element.gcdViewer = viewer
  }
  viewer.setBackgroundColor(theme.background, 0)
  viewer.removeAllModels()
  viewer.removeAllShapes()
  const neighbours = scene.xyz.map(() => [])
  for (const [i, j] of scene.bonds) {
    neighbours[i].push(j)
    neighbours[j].push(i)
  }
  const atoms = scene.xyz.map(([x, y, z], i) => ({
    elem: scene.symbols[i],
    x, y, z,
    serial: i,
    bonds: neighbours[i],
    bondOrder: neighbours[i].map(() => 1),
    properties: { colour: scene.colours[i], value: scene.values ? scene.values[i] : null },
  }))
  const model = viewer.addModel()
  model.addAtoms(atoms)
  const colorfunc = (atom) => atom.properties.colour
  const style = { sphere: { radius: scene.radius, colorfunc } }
  if (scene.bonds.length) style.stick = { radius: scene.stick, colorfunc }
  model.setStyle({}, style)
  for (const [from, to] of scene.edges) {
    const [start, end] = [from, to].map(([x, y, z]) => ({ x, y, z }))
    viewer.addCylinder({ start, end, color: theme.edge, radius: 0.08 * scene.radius })
  }
  for (const [from, to] of scene.region?.edges ?? []) {
    const [start, end] = [from, to].map(([x, y, z]) => ({ x, y, z }))
    viewer.addCylinder({ start, end, color: scene.region.colour, radius: 0.3 * scene.radius, fromCap: 1, toCap: 1 })
  }
  const extent = extentOf(scene)
  const before = element.gcdExtent
  if (!before) {
    viewer.rotate(-62, "x")
    viewer.rotate(24, "vy")
    viewer.rotate(14, "vx")
  }
  if (!before || extent > 1.1 * before || extent < 0.9 * before) {  // more cells, or a whole slab, would not fit
    viewer.zoomTo()
    const shape = element.clientWidth / Math.max(1, element.clientHeight)
    viewer.zoom(0.9 * Math.min(1, 1.3 * shape))  // the fit is to the height and the atoms; the cell reaches farther
    element.gcdExtent = extent
  }
  viewer.render()
  return viewer
}
