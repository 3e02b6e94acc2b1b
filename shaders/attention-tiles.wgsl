// What attention in tiles of 32 or 64 own × 32 other rows shares, forward and backward: two invocations an own row, which
// stage rows through workgroup memory and hold 4 × 4 of a tile's products each. Stands before those shaders, after
// matmul-block.wgsl and attention-mask.wgsl. Invocations store whole vectors, as in matmul-tiles.wgsl.
//
// From attention-mask.wgsl: time.
// From matmul-block.wgsl: Block, addOuter.
// From the shader that follows: element (a number of matrix `source`).

override ownTile: u32;   // own rows of a workgroup: 32, or 64 where the device has memory for them
/// Slabs of own rows that stay in memory for the whole loop; 0 stages the one that is needed, again for each tile.
override keptSlabs: u32;

const ownQuads = ownTile / 4u;
const threads = ownTile * 2u; // ownQuads × 8: invocation t owns rows 4 (t / 8) … and columns 4 (t % 8) … of a tile
// 32: with as many own rows, two staged slabs and the weights take 13.5 KiB of the 16 KiB that every device has, and 16 sums
// an invocation leave registers for the sums of values.
const tile = 32u;
const slabSize = 32u;  // inner dimensions staged at once
const pitch = 9u;      // vec4s between staged lines of 32 numbers: the ninth turns the memory banks
// What is staged once may meet its banks in a row.
const ownPitch = ownQuads + select(1u, 0u, keptSlabs > 0u);
const weightPitch = ownQuads + 1u;
// Indices are written modulo their range (`thread / 8u % ownQuads`) because bounds are not proved across calls.
// `attentionTileBytes` in src/kernels/attention-shape.ts says what these take.
var<workgroup> own: array<vec4<f32>, max(keptSlabs, 1u) * slabSize * ownPitch>;
var<workgroup> stage: array<vec4<f32>, slabSize * pitch>;
var<workgroup> weights: array<vec4<f32>, tile * weightPitch>;

/// 32 rows of a matrix from firstRow; rows past the sequence's end repeat its last.
struct Rows {
  source: u32, // the matrix, for `element`
  base: u32,   // address of the sequence's first row
  stride: u32,
  firstRow: u32,
}

/// Repeated and not skipped, so that loads are in bounds and take the same way in all invocations; what they bring is
/// masked (keys) or not stored (queries).
fn addressOf(rows: Rows, row: u32) -> u32 {
  return rows.base + min(rows.firstRow + row, time - 1u) * rows.stride;
}

/// One column of four neighbouring rows, 0 past `size` columns.
fn loadDown(rows: Rows, row: u32, column: u32, size: u32) -> vec4<f32> {
  let c = min(column, size - 1u);
  let values = vec4<f32>(
    element(rows.source, addressOf(rows, row) + c),
    element(rows.source, addressOf(rows, row + 1u) + c),
    element(rows.source, addressOf(rows, row + 2u) + c),
    element(rows.source, addressOf(rows, row + 3u) + c),
  );
  return select(vec4<f32>(), values, column < size);
}

/// Four neighbouring columns of one row, 0 past `size` columns.
fn loadAcross(rows: Rows, row: u32, column: u32, size: u32) -> vec4<f32> {
  let columns = column + vec4<u32>(0u, 1u, 2u, 3u);
  let i = addressOf(rows, row) + min(columns, vec4<u32>(size - 1u));
  let values = vec4<f32>(
    element(rows.source, i.x),
    element(rows.source, i.y),
    element(rows.source, i.z),
    element(rows.source, i.w),
  );
  return select(vec4<f32>(), values, columns < vec4<u32>(size));
}

/// Puts a slab of own rows into its place; a barrier must follow.
fn stageOwn(rows: Rows, slab: u32, place: u32, size: u32, thread: u32) {
  for (var i = 0u; i < ownQuads * slabSize / threads; i++) {
    let quad = threads / slabSize * i + thread / slabSize % (threads / slabSize); // of rows; neighbours read neighbouring columns
    let d = thread % slabSize;
    own[(place * slabSize + d) * ownPitch + quad] = loadDown(rows, 4u * quad, slab * slabSize + d, size);
  }
}

/// Stages own rows for the whole loop, if they are kept, from place `first` on; `products` has the barrier.
fn keepOwn(rows: Rows, first: u32, size: u32, thread: u32) {
  for (var slab = 0u; slab < keptSlabs; slab++) {
    if (slab * slabSize >= size) {
      break;
    }
    stageOwn(rows, slab, first + slab, size, thread);
  }
}

/// Products of this invocation's four own rows, kept from place `first` on if at all, with its four other rows.
fn products(rows: Rows, first: u32, other: Rows, size: u32, thread: u32) -> Block {
  // Dimensions come in slabs of 32, so that heads of any size pass through the same memory.
  var sums: Block;
  for (var slab = 0u; slab < 16u; slab++) {
    if (slab * slabSize >= size) {
      break;
    }
    // All have read the slab before: it may be overwritten.
    workgroupBarrier();
    for (var i = 0u; i < tile / 4u * slabSize / threads; i++) {
      let quad = threads / slabSize * i + thread / slabSize % (threads / slabSize);
      let d = thread % slabSize;
      stage[d * pitch + quad] = loadDown(other, 4u * quad, slab * slabSize + d, size);
    }
    var place = first + slab;
    if (keptSlabs == 0u) {
      stageOwn(rows, slab, 0u, size, thread);
      place = 0u;
    }
    workgroupBarrier();
    // An outer product a dimension: 8 numbers are loaded for 16 multiply-adds.
    for (var d = 0u; d < slabSize; d++) {
      addOuter(&sums, own[(place * slabSize + d) * ownPitch + thread / 8u % ownQuads], stage[d * pitch + thread % 8u]);
    }
  }
  return sums;
}

/// Hands this invocation's weights of own rows to the workgroup, other rows outermost.
/// Through memory, because an invocation has the weights of 4 of 32 other rows and needs those of all.
fn shareWeights(w: Block, thread: u32) {
  workgroupBarrier();
  // Transposed on the way: whoever sums values wants the weights of four own rows for one other row as one vector.
  let first = thread % 8u * 4u * weightPitch + thread / 8u % ownQuads;
  weights[first] = vec4<f32>(w.a.x, w.b.x, w.c.x, w.d.x);
  weights[first + weightPitch] = vec4<f32>(w.a.y, w.b.y, w.c.y, w.d.y);
  weights[first + 2u * weightPitch] = vec4<f32>(w.a.z, w.b.z, w.c.z, w.d.z);
  weights[first + 3u * weightPitch] = vec4<f32>(w.a.w, w.b.w, w.c.w, w.d.w);
}

/// Sums of four own rows in up to four parts of 32 columns: four neighbours of each. Parts have names, as rows of blocks.
/// Up to 128 value columns: 4 parts × 16 sums are 64 registers, as many as an invocation should have.
struct Parts {
  first: Block,
  second: Block,
  third: Block,
  fourth: Block,
}

/// sums + weights · columns of a matrix from 32 · part on.
fn plusWeighted(start: Block, matrix: Rows, part: u32, size: u32, thread: u32) -> Block {
  workgroupBarrier();
  for (var i = 0u; i < tile * tile / 4u / threads; i++) {
    let row = ownQuads * i + thread / 8u % ownQuads;
    stage[row * 8u + thread % 8u] = loadAcross(matrix, row, part * tile + thread % 8u * 4u, size);
  }
  workgroupBarrier();
  // shareWeights wrote the weights before the barriers above, so that they stand in memory for all.
  var sums = start;
  for (var row = 0u; row < tile; row++) {
    addOuter(&sums, weights[row * weightPitch + thread / 8u % ownQuads], stage[row * 8u + thread % 8u]);
  }
  return sums;
}

/// sums += weights · matrix, whose `size` columns take so many parts.
/// `parts` is constant: branches that are not taken vanish, and with them the registers of their sums.
fn addWeighted(sums: ptr<function, Parts>, matrix: Rows, parts: u32, size: u32, thread: u32) {
  sums.first = plusWeighted(sums.first, matrix, 0u, size, thread);
  if (parts > 1u) {
    sums.second = plusWeighted(sums.second, matrix, 1u, size, thread);
  }
  if (parts > 2u) {
    sums.third = plusWeighted(sums.third, matrix, 2u, size, thread);
  }
  if (parts > 3u) {
    sums.fourth = plusWeighted(sums.fourth, matrix, 3u, size, thread);
  }
}
