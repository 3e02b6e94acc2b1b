// y = x·w (+ bias) (+ residual) (+ y) for real GPUs: tiles of x and w in workgroup memory, sums in registers.
// One workgroup = one tile of 4·blockRows·threadsDown × 4·blockColumns·threadsAcross; each invocation holds
// blockRows × blockColumns blocks of 4 × 4, whose rows lie threadsDown blocks apart (no bank conflicts). A stage is
// tileInner of the inner size, both tiles with the inner index outermost, so that operands are read as vec4s.
// The layouts of x, w and of the slices of y are those of matmul-plain.wgsl. Any device; no subgroups.

override rows: u32;
override columns: u32;
override inner: u32;
override xStride: u32;
override wStride: u32;
override yStride: u32;
override slices: u32;
override hasBias: u32;
override hasResidual: u32;
override accumulate: u32;

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> w: array<f32>;
@group(0) @binding(2) var<storage, read> bias: array<f32>;
@group(0) @binding(3) var<storage, read> residual: array<f32>;
@group(0) @binding(4) var<storage, read_write> y: array<f32>;

const threads = threadsAcross * threadsDown;
const tileRows = 4u * blockRows * threadsDown;
const tileColumns = 4u * blockColumns * threadsAcross;
const xPitch = tileRows / 4u + 1u; // one spare vec4 turns the banks between rows
const wPitch = tileColumns / 4u + 1u;

var<workgroup> xTile: array<vec4<f32>, tileInner * xPitch>;
var<workgroup> wTile: array<vec4<f32>, tileInner * wPitch>;

@compute @workgroup_size(threads)
fn main(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let group = linearWorkgroup(id);
  if (group >= launch.endWorkgroup) {
    return;
  }
  let tilesAcross = (columns + tileColumns - 1u) / tileColumns;
  let tilesDown = (rows + tileRows - 1u) / tileRows;
  let slice = group / (tilesAcross * tilesDown);
  let firstRow = group / tilesAcross % tilesDown * tileRows;
  let firstColumn = group % tilesAcross * tileColumns;
  let slicedInner = (inner + slices - 1u) / slices;
  let start = min(slice * slicedInner, inner);
  let end = min(start + slicedInner, inner);
  let across = thread % threadsAcross;
  let down = thread / threadsAcross;

  var sums: array<vec4<f32>, 4u * blockRows * blockColumns>;
  for (var stage = 0u; stage < 0x1000000u; stage++) { // a constant bound with a break costs no loop guard
    let firstInner = start + stage * tileInner;
    if (firstInner >= end) {
      break;
    }
    // Neighbours read neighbouring addresses: along the inner index, or along rows where x is transposed. The
    // indices are not by select(), which would hide their range and cost a clamp.
    for (var i = 0u; i < tileRows * tileInner / threads; i++) {
      let e = i * threads + thread;
      let k = e % tileInner * (1u - xTransposed) + e / tileRows * xTransposed;
      let r = e / tileInner * (1u - xTransposed) + e % tileRows * xTransposed;
      let row = min(firstRow + r, rows - 1u);
      let innerIndex = min(firstInner + k, inner - 1u);
      let value = x[select(row * xStride + innerIndex, innerIndex * xStride + row, xTransposed == 1u)];
      xTile[k * xPitch + r / 4u][r % 4u] = select(0.0, value, firstInner + k < end);
    }
    for (var i = 0u; i < tileColumns * tileInner / threads; i++) {
      let e = i * threads + thread;
      let k = e / tileColumns * (1u - wTransposed) + e % tileInner * wTransposed;
      let c = e % tileColumns * (1u - wTransposed) + e / tileInner * wTransposed;
      let column = min(firstColumn + c, columns - 1u);
      let innerIndex = min(firstInner + k, inner - 1u);
      wTile[k * wPitch + c / 4u][c % 4u] =
        w[select(innerIndex * wStride + column, column * wStride + innerIndex, wTransposed == 1u)];
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

  for (var i = 0u; i < blockRows * 4u; i++) {
    let row = firstRow + (i / 4u * threadsDown + down) * 4u + i % 4u;
    for (var j = 0u; j < blockColumns * 4u; j++) {
      let column = firstColumn + (j / 4u * threadsAcross + across) * 4u + j % 4u;
      if (row < rows && column < columns) {
        let index = (slice * rows + row) * yStride + column;
        var sum = sums[(i / 4u * blockColumns + j / 4u) * 4u + i % 4u][j % 4u];
        if (hasBias == 1u) {
          sum += bias[column];
        }
        if (hasResidual == 1u) {
          sum += residual[row * columns + column];
        }
        if (accumulate == 1u) {
          sum += y[index];
        }
        y[index] = sum;
      }
    }
  }
}
