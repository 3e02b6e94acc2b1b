// y = x·w (+ bias) (+ residual) (+ y) for narrow subgroups, where a load costs as much as 20 multiply-adds.
// One workgroup = one subgroup of `lanes` = one tile of tileRows × 4·columnVectors·lanes. Each lane owns every
// lanes-th column and all rows of the tile in registers; lane l loads x of rows l, l + lanes … and broadcasts it, so
// tileRows / lanes + 4·columnVectors loads feed tileRows · 4·columnVectors multiply-adds. No workgroup memory.
// The layouts of x, w and of the slices of y are those of matmul-plain.wgsl.
//
// From matmul-epilogue.wgsl: shaped.
// From matmul-products.wgsl: lanes, Block, addProducts.

override tileRows: u32; // rows of a tile, 16 or 32
override columnVectors: u32; // 1 or 2: vec4s of columns per lane
override xTransposed: u32; // 1: x is [inner, rows]
override wTransposed: u32; // 1: w is [columns, inner]
override hasBias: u32;
override hasResidual: u32;
override accumulate: u32;

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> w: array<f32>;
@group(0) @binding(2) var<storage, read> bias: array<f32>;
@group(0) @binding(3) var<storage, read> residual: array<f32>;
@group(0) @binding(4) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(lanes)
fn main(@builtin(workgroup_id) id: vec3<u32>, @builtin(subgroup_invocation_id) lane: u32) {
  let group = linearWorkgroup(id);
  if (group >= launch.endWorkgroup) {
    return;
  }
  // Read once: in the loops below each would be a load a time.
  let rows = launch.rows;
  let columns = launch.columns;
  let yStride = launch.yStride;
  const tileColumns = 4u * columnVectors * lanes;
  let tilesAcross = (columns + tileColumns - 1u) / tileColumns;
  let tilesDown = (rows + tileRows - 1u) / tileRows;
  let slice = group / (tilesAcross * tilesDown);
  let firstRow = group / tilesAcross % tilesDown * tileRows;
  let firstColumn = group % tilesAcross * tileColumns;
  let slicedInner = (launch.inner + launch.slices - 1u) / launch.slices;
  let start = min(slice * slicedInner, launch.inner);
  // Always 1, but drivers do not know: they would unroll the loops out of the instruction cache.
  let one = select(1u, 0u, launch.gridWidth == 0u);
  let count = one * min(slicedInner, launch.inner - start);

  let xRowStep = select(launch.xStride, 1u, xTransposed == 1u);
  let xInnerStep = select(1u, launch.xStride, xTransposed == 1u);
  let wColumnStep = select(1u, launch.wStride, wTransposed == 1u);
  let wInnerStep = select(launch.wStride, 1u, wTransposed == 1u);
  // Lane l owns columns l, l + lanes …: neighbours load neighbouring addresses of w, one vector a step for the
  // subgroup.
  let strip = vec4<u32>(0u, 1u, 2u, 3u) * lanes + lane;
  // Rows and columns past the ends are clamped: every lane must take part in the broadcasts, which are defined in
  // uniform control flow only. The stores leave out what was computed for nothing.
  let xTop = min(firstRow + strip, vec4<u32>(rows - 1u)) * xRowStep;
  let xBottom = min(firstRow + 16u + strip, vec4<u32>(rows - 1u)) * xRowStep;
  let wLeft = min(firstColumn + strip, vec4<u32>(columns - 1u)) * wColumnStep;
  let wRight = min(firstColumn + 4u * lanes + strip, vec4<u32>(columns - 1u)) * wColumnStep;
  var xOffset = start * xInnerStep;
  var wOffset = start * wInnerStep;
  var topLeft: Block;
  var topRight: Block;
  var bottomLeft: Block;
  var bottomRight: Block;
  // Offsets advance by additions: a product for each of the addresses would cost as much as the loads.
  for (var k = 0u; k < 0x1000000u; k++) { // a constant bound with a break costs no loop guard
    if (k >= count) {
      break;
    }
    let i = xTop + xOffset;
    let top = vec4<f32>(x[i.x], x[i.y], x[i.z], x[i.w]); // components past 16 / lanes are never used
    let j = wLeft + wOffset;
    let left = vec4<f32>(w[j.x], w[j.y], w[j.z], w[j.w]);
    var right = vec4<f32>();
    if (columnVectors > 1u) {
      let r = wRight + wOffset;
      right = vec4<f32>(w[r.x], w[r.y], w[r.z], w[r.w]);
    }
    addProducts(&topLeft, &topRight, top, left, right);
    if (tileRows > 16u) {
      let b = xBottom + xOffset;
      addProducts(&bottomLeft, &bottomRight, vec4<f32>(x[b.x], x[b.y], x[b.z], x[b.w]), left, right);
    }
    xOffset += xInnerStep;
    wOffset += wInnerStep;
  }

  // A rolled loop over a copy keeps the sums in registers; unrolled stores would take most of the compile time.
  let top = array<Block, 2>(topLeft, topRight);
  var tile = array<array<Block, 2>, 2>(top, array<Block, 2>(bottomLeft, bottomRight));
  let tileHeight = min(tileRows, rows - firstRow);
  for (var c = 0u; c < 8u; c++) {
    let column = firstColumn + c * lanes + lane;
    if (c >= 4u * columnVectors * one || column >= columns) {
      break;
    }
    var offset = 0.0;
    if (hasBias == 1u) {
      offset = bias[column];
    }
    for (var r = 0u; r < tileRows; r++) {
      if (r >= tileHeight) {
        break;
      }
      let row = firstRow + r;
      let index = (slice * rows + row) * yStride + column;
      // r / 16 and the like are constants of the layout: a tile of 32 rows is two Blocks above each other.
      var sum = tile[r / 16u][c / 4u][r % 16u][c % 4u] + offset;
      sum = shaped(sum, row, column, columns);
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
