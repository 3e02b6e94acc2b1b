// The matrix products of all experts at once for narrow subgroups; matmul-subgroup.wgsl says why, and
// grouped-matmul-plain.wgsl what. One workgroup = one subgroup of `lanes` = one tile of tileHeight × 4·columnVectors·lanes
// of the rows of one expert, or of one y[e] if x is transposed. Rows of x by token cost nothing in the loop: the lanes
// look theirs up before; if x is transposed, one more load per step.
//
// From matmul-products.wgsl: lanes, Block, addProducts.

override tileHeight: u32; // rows of a tile, 16 or 32
override columnVectors: u32; // 1 or 2: vec4s of columns per lane
override xTransposed: u32; // 1: x is [inner, rows]
override wTransposed: u32; // 1: w is [columns, inner]
override rows: u32;
override columns: u32;
override inner: u32;
override experts: u32;
// tileHeight is the kernel's own; tileRows is the placement's, by which tiles are counted: a variant is taken where
// both are equal.
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

/// Row of x that belongs to a row of the experts.
fn sourceRow(row: u32) -> u32 {
  if (perToken == 0u) {
    return row;
  }
  return assignments[row] / max(perToken, 1u);
}

/// Where the rows of x begin that four rows of a tile take, or which columns if x is transposed.
/// Clamped to the expert's last row: lanes past it must take part in the broadcasts, and store nothing.
fn sourceOffsets(strip: vec4<u32>, last: u32) -> vec4<u32> {
  let row = min(strip, vec4<u32>(last));
  if (xTransposed == 1u) {
    return row;
  }
  return vec4<u32>(sourceRow(row.x), sourceRow(row.y), sourceRow(row.z), sourceRow(row.w)) * inner;
}

@compute @workgroup_size(lanes)
fn main(@builtin(workgroup_id) id: vec3<u32>, @builtin(subgroup_invocation_id) lane: u32) {
  let group = linearWorkgroup(id);
  if (group >= launch.endWorkgroup) {
    return;
  }
  const tileColumns = 4u * columnVectors * lanes;
  let tilesAcross = (columns + tileColumns - 1u) / tileColumns;
  let firstColumn = group % tilesAcross * tileColumns;
  var expert = 0u;
  var firstRow = 0u;
  var endRow = rows;
  var first = 0u;
  var count = inner;
  // What is loaded is the same in all lanes; drivers that are not told so keep the loops' bounds and addresses by lane.
  if (xTransposed == 1u) {
    let tilesDown = (rows + tileHeight - 1u) / tileHeight;
    expert = group / (tilesAcross * tilesDown);
    firstRow = group / tilesAcross % tilesDown * tileHeight;
    first = subgroupBroadcastFirst(offsets[expert]);
    count = subgroupBroadcastFirst(offsets[expert + 1u]) - first;
  } else {
    let tile = group / tilesAcross;
    expert = subgroupBroadcastFirst(tiles[2u * tile]);
    if (expert >= experts) {
      return;
    }
    firstRow = subgroupBroadcastFirst(tiles[2u * tile + 1u]);
    endRow = subgroupBroadcastFirst(offsets[expert + 1u]);
  }
  // Always 1, but drivers do not know: they would unroll the loops out of the instruction cache.
  let one = select(1u, 0u, launch.gridWidth == 0u);
  count *= one;

  // As in matmul-subgroup.wgsl from here on: only the offsets know of experts.
  let wColumnStep = select(1u, inner, wTransposed == 1u);
  let wInnerStep = select(columns, 1u, wTransposed == 1u);
  let strip = vec4<u32>(0u, 1u, 2u, 3u) * lanes + lane;
  let xTop = sourceOffsets(firstRow + strip, endRow - 1u);
  var xBottom = xTop;
  if (tileHeight > 16u) {
    xBottom = sourceOffsets(firstRow + 16u + strip, endRow - 1u);
  }
  let wLeft = min(firstColumn + strip, vec4<u32>(columns - 1u)) * wColumnStep;
  let wRight = min(firstColumn + 4u * lanes + strip, vec4<u32>(columns - 1u)) * wColumnStep;
  var xOffset = select(0u, first * rows, xTransposed == 1u);
  var wOffset = select(expert * inner, first, xTransposed == 1u) * columns;
  var topLeft: Block;
  var topRight: Block;
  var bottomLeft: Block;
  var bottomRight: Block;
  for (var k = 0u; k < 0x1000000u; k++) { // a constant bound with a break costs no loop guard
    if (k >= count) {
      break;
    }
    if (xTransposed == 1u && perToken > 0u) {
      xOffset = sourceRow(first + k) * rows;
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
    if (tileHeight > 16u) {
      let b = xBottom + xOffset;
      addProducts(&bottomLeft, &bottomRight, vec4<f32>(x[b.x], x[b.y], x[b.z], x[b.w]), left, right);
    }
    xOffset += select(1u, rows, xTransposed == 1u);
    wOffset += wInnerStep;
  }

  // A rolled loop over a copy keeps the sums in registers; unrolled stores would take most of the compile time.
  let top = array<Block, 2>(topLeft, topRight);
  var tile = array<array<Block, 2>, 2>(top, array<Block, 2>(bottomLeft, bottomRight));
  let height = min(tileHeight, endRow - firstRow);
  // A tile of y[e] lies behind the e matrices before it; one of the rows lies where its rows do.
  let firstOut = select(firstRow, expert * rows + firstRow, xTransposed == 1u);
  for (var c = 0u; c < 8u; c++) {
    let column = firstColumn + c * lanes + lane;
    if (c >= 4u * columnVectors * one || column >= columns) {
      break;
    }
    for (var r = 0u; r < tileHeight; r++) {
      if (r >= height) {
        break;
      }
      let index = (firstOut + r) * columns + column;
      var sum = tile[r / 16u][c / 4u][r % 16u][c % 4u];
      if (accumulate == 1u) {
        sum += y[index];
      }
      y[index] = sum;
    }
  }
}
