// The matrix products of all experts at once for real GPUs; matmul-tiled.wgsl says how, grouped-matmul-plain.wgsl what.
// One workgroup = one tile of 4·blockRows·threadsDown × 4·blockColumns·threadsAcross of the rows of one expert, or of
// one y[e] if x is transposed. Tokens of rows are looked up once per tile, or once per stage if x is transposed.

override rows: u32;
override columns: u32;
override inner: u32;
override experts: u32;
override tileRows: u32;
override tileBound: u32;
override perToken: u32;
override accumulate: u32;

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> w: array<f32>;
@group(0) @binding(2) var<storage, read> offsets: array<u32>;
@group(0) @binding(3) var<storage, read> tiles: array<u32>;
@group(0) @binding(4) var<storage, read> assignments: array<u32>;
@group(0) @binding(5) var<storage, read_write> y: array<f32>;

const threads = threadsAcross * threadsDown;
const tileHeight = 4u * blockRows * threadsDown;
const tileColumns = 4u * blockColumns * threadsAcross;
const xPitch = tileHeight / 4u + 1u; // one spare vec4 turns the banks between rows
const wPitch = tileColumns / 4u + 1u;
const lookups = max(tileHeight, tileInner);

var<workgroup> xTile: array<vec4<f32>, tileInner * xPitch>;
var<workgroup> wTile: array<vec4<f32>, tileInner * wPitch>;
var<workgroup> sources: array<u32, lookups>; // rows of x of the tile's rows, or of the stage's

/// Looks up the rows of x that `size` rows of the experts from `firstRow` take.
fn lookUp(firstRow: u32, size: u32, endRow: u32, thread: u32) {
  for (var i = 0u; i < (size + threads - 1u) / threads; i++) {
    let r = i * threads + thread;
    if (r < size) {
      let row = min(firstRow + r, endRow - 1u);
      if (perToken == 0u) {
        sources[r] = row;
      } else {
        sources[r] = assignments[row] / max(perToken, 1u);
      }
    }
  }
}

@compute @workgroup_size(threads)
fn main(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let group = linearWorkgroup(id);
  if (group >= launch.endWorkgroup) {
    return;
  }
  let tilesAcross = (columns + tileColumns - 1u) / tileColumns;
  let firstColumn = group % tilesAcross * tileColumns;
  var expert = 0u;
  var firstRow = 0u;
  var endRow = rows;
  var start = 0u;
  var end = inner;
  if (xTransposed == 1u) {
    let tilesDown = (rows + tileHeight - 1u) / tileHeight;
    expert = group / (tilesAcross * tilesDown);
    firstRow = group / tilesAcross % tilesDown * tileHeight;
    start = offsets[expert];
    end = offsets[expert + 1u];
  } else {
    let tile = group / tilesAcross;
    expert = tiles[2u * tile];
    if (expert >= experts) {
      return;
    }
    firstRow = tiles[2u * tile + 1u];
    endRow = offsets[expert + 1u];
    lookUp(firstRow, tileHeight, endRow, thread);
  }
  let across = thread % threadsAcross;
  let down = thread / threadsAcross;
  let wStart = select(expert * inner * columns, 0u, xTransposed == 1u);

  var sums: array<vec4<f32>, 4u * blockRows * blockColumns>;
  for (var stage = 0u; stage < 0x1000000u; stage++) { // a constant bound with a break costs no loop guard
    let firstInner = start + stage * tileInner;
    if (firstInner >= end) {
      break;
    }
    if (xTransposed == 1u) {
      lookUp(firstInner, tileInner, end, thread);
    }
    if (xTransposed == 1u || stage == 0u) {
      workgroupBarrier();
    }
    for (var i = 0u; i < tileHeight * tileInner / threads; i++) {
      let e = i * threads + thread;
      let k = e % tileInner * (1u - xTransposed) + e / tileHeight * xTransposed;
      let r = e / tileInner * (1u - xTransposed) + e % tileHeight * xTransposed;
      let innerIndex = min(firstInner + k, end - 1u); // never a row of another expert: 0 · NaN is not 0
      let byRow = sources[r * (1u - xTransposed)] * inner + innerIndex;
      let byInner = sources[k * xTransposed] * rows + min(firstRow + r, rows - 1u);
      let value = x[select(byRow, byInner, xTransposed == 1u)];
      xTile[k * xPitch + r / 4u][r % 4u] = select(0.0, value, firstInner + k < end);
    }
    for (var i = 0u; i < tileColumns * tileInner / threads; i++) {
      let e = i * threads + thread;
      let k = e / tileColumns * (1u - wTransposed) + e % tileInner * wTransposed;
      let c = e % tileColumns * (1u - wTransposed) + e / tileInner * wTransposed;
      let column = min(firstColumn + c, columns - 1u);
      let innerIndex = min(firstInner + k, end - 1u); // never a row of another expert: 0 · NaN is not 0
      wTile[k * wPitch + c / 4u][c % 4u] =
        w[wStart + select(innerIndex * columns + column, column * inner + innerIndex, wTransposed == 1u)];
    }
    workgroupBarrier();
    for (var k = 0u; k < tileInner; k++) {
      var ws: array<vec4<f32>, blockColumns>;
      for (var j = 0u; j < blockColumns; j++) {
        ws[j] = wTile[k * wPitch + j * threadsAcross + across];
      }
      for (var i = 0u; i < blockRows; i++) {
        let xs = xTile[k * xPitch + i * threadsDown + down];
        for (var j = 0u; j < blockColumns; j++) {
          let block = (i * blockColumns + j) * 4u;
          sums[block] = fma(vec4<f32>(xs.x), ws[j], sums[block]);
          sums[block + 1u] = fma(vec4<f32>(xs.y), ws[j], sums[block + 1u]);
          sums[block + 2u] = fma(vec4<f32>(xs.z), ws[j], sums[block + 2u]);
          sums[block + 3u] = fma(vec4<f32>(xs.w), ws[j], sums[block + 3u]);
        }
      }
    }
    workgroupBarrier();
  }

  let firstOut = select(0u, expert * rows, xTransposed == 1u);
  for (var i = 0u; i < blockRows * 4u; i++) {
    let row = firstRow + (i / 4u * threadsDown + down) * 4u + i % 4u;
    for (var j = 0u; j < blockColumns * 4u; j++) {
      let column = firstColumn + (j / 4u * threadsAcross + across) * 4u + j % 4u;
      if (row < endRow && column < columns) {
        let index = (firstOut + row) * columns + column;
        var sum = sums[(i / 4u * blockColumns + j / 4u) * 4u + i % 4u][j % 4u];
        if (accumulate == 1u) {
          sum += y[index];
        }
        y[index] = sum;
      }
    }
  }
}
