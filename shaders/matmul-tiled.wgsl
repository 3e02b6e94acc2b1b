// y = x·w (+ bias) (+ residual) (+ y) for real GPUs: tiles of x and w in workgroup memory, sums in registers.
// One workgroup = one tile of 4·blocks·threadsDown × 4·blocks·threadsAcross (matmul-tiles.wgsl, which stands before). The
// layouts of x, w and of the slices of y are those of matmul-plain.wgsl. Any device; no subgroups.
//
// From matmul-block.wgsl: Block.
// From matmul-tiles.wgsl: threadsDown, threadsAcross, blocks, tileInner, threads, tileHeight, tileWidth, rowQuads,
//   columnQuads, xPitch, wPitch, xTile, wTile, addStage.
// From the shader that follows: fourColumns (numbers of w as vec4s), shaped (what is made of a sum).

override xTransposed: u32; // 1: x is [inner, rows]
override wTransposed: u32; // 1: the inner index of w is contiguous
override hasBias: u32;
override hasResidual: u32;
override accumulate: u32;

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> bias: array<f32>;
@group(0) @binding(3) var<storage, read> residual: array<f32>;
@group(0) @binding(4) var<storage, read_write> y: array<f32>;

/// Elements of four neighbouring rows of x at one inner index, the last row repeated past the end.
fn fourRows(first: u32, innerIndex: u32) -> vec4<f32> {
  let row = min(first + vec4<u32>(0u, 1u, 2u, 3u), vec4<u32>(launch.rows - 1u));
  let i = select(row * launch.xStride + innerIndex, innerIndex * launch.xStride + row, vec4<bool>(xTransposed == 1u));
  return vec4<f32>(x[i.x], x[i.y], x[i.z], x[i.w]);
}

/// Writes what a block has inside y, with bias, residual and what y held.
/// Epilogue and residual are applied while the sum is in a register: y is written once.
fn storeBlock(slice: u32, firstRow: u32, firstColumn: u32, block: Block) {
  var copy = array<vec4<f32>, 4>(block.a, block.b, block.c, block.d); // of which loops may make memory
  for (var i = 0u; i < 16u; i++) {
    let row = firstRow + i / 4u;
    let column = firstColumn + i % 4u;
    if (row < launch.rows && column < launch.columns) {
      let index = (slice * launch.rows + row) * launch.yStride + column;
      var sum = copy[i / 4u][i % 4u];
      if (hasBias == 1u) {
        sum += bias[column];
      }
      sum = shaped(sum, row, column, launch.columns);
      if (hasResidual == 1u) {
        sum += residual[row * launch.columns + column];
      }
      if (accumulate == 1u) {
        sum += y[index];
      }
      y[index] = sum;
    }
  }
}

@compute @workgroup_size(threads)
fn main(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let group = linearWorkgroup(id);
  if (group >= launch.endWorkgroup) {
    return;
  }
  // A workgroup finds its tile by arithmetic from a linear grid, which the governor may have cut anywhere.
  // Tiles beside each other come first: they share rows of x, which caches then hold.
  let tilesAcross = (launch.columns + tileWidth - 1u) / tileWidth;
  let tilesDown = (launch.rows + tileHeight - 1u) / tileHeight;
  let slice = group / (tilesAcross * tilesDown);
  let firstRow = group / tilesAcross % tilesDown * tileHeight;
  let firstColumn = group % tilesAcross * tileWidth;
  let slices = max(launch.slices, 1u); // 0 in the record of a kernel that has no such dim
  let slicedInner = (launch.inner + slices - 1u) / slices;
  let start = min(slice * slicedInner, launch.inner);
  let end = min(start + slicedInner, launch.inner);
  let across = thread % threadsAcross;
  let down = thread / threadsAcross;

  var topLeft: Block;
  var topRight: Block;
  var bottomLeft: Block;
  var bottomRight: Block;
  // Stages of tileInner, with one pair of tiles in memory: a workgroup waits for its loads, and others of the same
  // core compute meanwhile.
  for (var stage = 0u; stage < 0x1000000u; stage++) { // a constant bound with a break costs no loop guard
    let firstInner = start + stage * tileInner;
    if (firstInner >= end) {
      break;
    }
    // Neighbours read neighbouring addresses: along the inner index, or along rows where x is transposed. The
    // indices are not by select(), which would hide their range and cost a clamp.
    for (var i = 0u; i < rowQuads * tileInner / threads; i++) {
      let e = i * threads + thread;
      let k = e % tileInner * (1u - xTransposed) + e / rowQuads * xTransposed;
      let quad = e / tileInner * (1u - xTransposed) + e % rowQuads * xTransposed;
      let value = fourRows(firstRow + 4u * quad, min(firstInner + k, launch.inner - 1u));
      // Past the slice x is 0, so that a product adds nothing whatever w is there: w is clamped, and not masked as
      // well.
      xTile[k * xPitch + quad] = select(vec4<f32>(), value, firstInner + k < end);
    }
    for (var i = 0u; i < columnQuads * tileInner / threads; i++) {
      let e = i * threads + thread;
      let k = e / columnQuads * (1u - wTransposed) + e % tileInner * wTransposed;
      let quad = e % columnQuads * (1u - wTransposed) + e / tileInner * wTransposed;
      wTile[k * wPitch + quad] = fourColumns(firstColumn + 4u * quad, min(firstInner + k, launch.inner - 1u));
    }
    // All of both tiles is written before anybody reads what others wrote …
    workgroupBarrier();
    addStage(&topLeft, &topRight, &bottomLeft, &bottomRight, down, across);
    // … and read by all before anybody writes the next stage over it.
    workgroupBarrier();
  }

  let row = firstRow + 4u * down;
  let column = firstColumn + 4u * across;
  storeBlock(slice, row, column, topLeft);
  if (blocks > 1u) {
    storeBlock(slice, row, column + 4u * threadsAcross, topRight);
    storeBlock(slice, row + 4u * threadsDown, column, bottomLeft);
    storeBlock(slice, row + 4u * threadsDown, column + 4u * threadsAcross, bottomRight);
  }
}
