// The matrix products of all experts at once by pairs of the inner size, for subgroups of 8: matmul-pairs.wgsl says why,
// grouped-matmul-plain.wgsl what. One workgroup = one subgroup = one tile of 32 rows
// of one expert, or of one y[e] for tn, × 4·columnVectors·lanes columns.
//
// From matmul-pair-sums.wgsl: Tile, Steps, Columns, stepsOf, addTile.

override lanes: u32; // of a subgroup
override columnVectors: u32; // 1 or 2: vec4s of columns per lane
override rows: u32;
override columns: u32;
override inner: u32;
override experts: u32;
override tileRows: u32;  // 32
override tileBound: u32;
override perToken: u32;
override accumulate: u32;

// Two names of the same memory: neighbours along the inner size, or across it.
@group(0) @binding(0) var<storage, read> x: array<vec2<f32>>;       // nn, nt: [rows or tokens, inner]
@group(0) @binding(0) var<storage, read> xAcross: array<vec4<f32>>; // tn: [inner or tokens, rows]
@group(0) @binding(1) var<storage, read> w: array<vec2<f32>>;       // nt: [experts, columns, inner]
@group(0) @binding(1) var<storage, read> wAcross: array<vec4<f32>>; // nn: [experts, inner, columns]; tn: [inner, columns]
@group(0) @binding(2) var<storage, read> offsets: array<u32>;
@group(0) @binding(3) var<storage, read> tiles: array<u32>;
@group(0) @binding(4) var<storage, read> assignments: array<u32>;
@group(0) @binding(5) var<storage, read_write> y: array<vec4<f32>>;

const maximumSteps = 0x1000000u; // loops break before: a constant bound with a break costs no loop guard
const tileHeight = 4u * lanes;
const tileWidth = 4u * columnVectors * lanes;

/// Row of x that belongs to a row of the experts.
fn sourceRow(row: u32) -> u32 {
  if (perToken == 0u) {
    return row;
  }
  return assignments[row] / max(perToken, 1u);
}

/// Four rows of x of a tile, as pairs.
/// Looked up once a tile: rows of x by token cost a load a lane, and nothing in the loop.
fn rowsOf(firstRow: u32, endRow: u32, lane: u32) -> vec4<u32> {
  let row = min(firstRow + vec4<u32>(0u, 1u, 2u, 3u) * lanes + lane, vec4<u32>(endRow - 1u));
  return vec4<u32>(sourceRow(row.x), sourceRow(row.y), sourceRow(row.z), sourceRow(row.w)) * (inner / 2u);
}

/// Where this lane's vectors of columns begin in a row, in vectors.
fn vectorsOf(firstColumn: u32, lane: u32) -> vec2<u32> {
  return min(firstColumn + vec2<u32>(0u, 4u * lanes) + 4u * lane, vec2<u32>(columns - 4u)) / 4u;
}

/// This lane's columns of two rows of w, which begin at `first` and `second`, in vectors.
fn columnsAcross(vectors: vec2<u32>, first: u32, second: u32) -> Columns {
  var right: Steps;
  if (columnVectors > 1u) {
    right = Steps(wAcross[first + vectors.y], wAcross[second + vectors.y]);
  }
  return Columns(Steps(wAcross[first + vectors.x], wAcross[second + vectors.x]), right);
}

/// Writes a tile whose row r is in slot r or, `across`, in slot r % 4 · 8 + r / 4.
/// Rows past `height` are another expert's, or none.
fn store(tile: ptr<function, Tile>, firstOut: u32, height: u32, firstColumn: u32, lane: u32, across: bool) {
  for (var v = 0u; v < maximumSteps; v++) {
    let column = firstColumn / 4u + v * lanes + lane; // in vectors
    if (v >= columnVectors * min(height, 1u) || column >= columns / 4u) {
      break;
    }
    for (var r = 0u; r < maximumSteps; r++) { // rolled: stores would take most of the compile time
      if (r >= height) {
        break;
      }
      let index = (firstOut + r) * (columns / 4u) + column;
      var sum = tile[2u * select(r, r % 4u * 8u + r / 4u, across) + v];
      if (accumulate == 1u) {
        sum += y[index];
      }
      y[index] = sum;
    }
  }
}

// What is loaded is the same in all lanes; drivers that are not told so keep the loops' bounds and addresses by lane.
@compute @workgroup_size(lanes)
fn nn(@builtin(workgroup_id) id: vec3<u32>, @builtin(subgroup_invocation_id) lane: u32) {
  let group = linearWorkgroup(id);
  if (group >= launch.endWorkgroup) {
    return;
  }
  let tilesAcross = (columns + tileWidth - 1u) / tileWidth;
  let expert = subgroupBroadcastFirst(tiles[2u * (group / tilesAcross)]);
  if (expert >= experts) {
    return;
  }
  let firstRow = subgroupBroadcastFirst(tiles[2u * (group / tilesAcross) + 1u]);
  let endRow = subgroupBroadcastFirst(offsets[expert + 1u]);
  let firstColumn = group % tilesAcross * tileWidth;
  // Zero never happens: it hides the loop count from drivers that would unroll out of the instruction cache.
  let pairs = select(inner / 2u, 0u, launch.gridWidth == 0u);
  let i = rowsOf(firstRow, endRow, lane);
  let vectors = vectorsOf(firstColumn, lane);
  let base = expert * inner * (columns / 4u);
  var tile: Tile;
  for (var k = 0u; k < maximumSteps; k++) {
    if (k >= pairs) {
      break;
    }
    let r = i + k;
    let first = base + k * (columns / 2u);
    addTile(&tile, stepsOf(x[r.x], x[r.y], x[r.z], x[r.w]), columnsAcross(vectors, first, first + columns / 4u));
  }
  store(&tile, firstRow, min(tileHeight, endRow - firstRow) * min(pairs, 1u), firstColumn, lane, false);
}

@compute @workgroup_size(lanes)
// The gradient of x reads the same matrices the other way: pairs lie together.
fn nt(@builtin(workgroup_id) id: vec3<u32>, @builtin(subgroup_invocation_id) lane: u32) {
  let group = linearWorkgroup(id);
  if (group >= launch.endWorkgroup) {
    return;
  }
  let tilesAcross = (columns + tileWidth - 1u) / tileWidth;
  let expert = subgroupBroadcastFirst(tiles[2u * (group / tilesAcross)]);
  if (expert >= experts) {
    return;
  }
  let firstRow = subgroupBroadcastFirst(tiles[2u * (group / tilesAcross) + 1u]);
  let endRow = subgroupBroadcastFirst(offsets[expert + 1u]);
  let firstColumn = group % tilesAcross * tileWidth;
  let pairs = select(inner / 2u, 0u, launch.gridWidth == 0u);
  let i = rowsOf(firstRow, endRow, lane);
  let column = firstColumn + 4u * lane + vec4<u32>(0u, 1u, 2u, 3u);
  let base = expert * columns;
  let left = (base + min(column, vec4<u32>(columns - 1u))) * (inner / 2u);
  let right = (base + min(column + 4u * lanes, vec4<u32>(columns - 1u))) * (inner / 2u);
  var tile: Tile;
  for (var k = 0u; k < maximumSteps; k++) {
    if (k >= pairs) {
      break;
    }
    let r = i + k;
    let a = left + k;
    var c = Columns(stepsOf(w[a.x], w[a.y], w[a.z], w[a.w]), Steps());
    if (columnVectors > 1u) {
      let b = right + k;
      c.right = stepsOf(w[b.x], w[b.y], w[b.z], w[b.w]);
    }
    addTile(&tile, stepsOf(x[r.x], x[r.y], x[r.z], x[r.w]), c);
  }
  store(&tile, firstRow, min(tileHeight, endRow - firstRow) * min(pairs, 1u), firstColumn, lane, false);
}

@compute @workgroup_size(lanes)
fn tn(@builtin(workgroup_id) id: vec3<u32>, @builtin(subgroup_invocation_id) lane: u32) {
  let group = linearWorkgroup(id);
  if (group >= launch.endWorkgroup) {
    return;
  }
  let tilesAcross = (columns + tileWidth - 1u) / tileWidth;
  let tilesDown = (rows + tileHeight - 1u) / tileHeight;
  let expert = group / (tilesAcross * tilesDown);
  let firstRow = group / tilesAcross % tilesDown * tileHeight;
  let firstColumn = group % tilesAcross * tileWidth;
  let start = subgroupBroadcastFirst(offsets[expert]);
  let count = subgroupBroadcastFirst(offsets[expert + 1u]) - start;
  let one = select(1u, 0u, launch.gridWidth == 0u);
  // As many as the expert has rows, odd or even, which the GPU alone knows.
  let pairs = one * (count + 1u) / 2u;
  let i = min(firstRow + 4u * lane, rows - 4u) / 4u;
  let vectors = vectorsOf(firstColumn, lane);
  var tile: Tile;
  for (var k = 0u; k < maximumSteps; k++) {
    if (k >= pairs) {
      break;
    }
    // The last row of an odd count is its own partner, which adds nothing.
    let first = start + 2u * k;
    let second = min(first + 1u, start + count - 1u);
    // Two rows of x side by side in the sum, of which each lane reads four columns.
    let partner = xAcross[sourceRow(second) * (rows / 4u) + i];
    let r = Steps(xAcross[sourceRow(first) * (rows / 4u) + i], select(vec4<f32>(), partner, second > first));
    addTile(&tile, r, columnsAcross(vectors, first * (columns / 4u), second * (columns / 4u)));
  }
  let height = one * min(tileHeight, rows - firstRow);
  store(&tile, expert * rows + firstRow, height, firstColumn, lane, true);
}
