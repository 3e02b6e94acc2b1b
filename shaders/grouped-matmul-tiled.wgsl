// The matrix products of all experts at once for real GPUs; matmul-tiled.wgsl says how, grouped-matmul-plain.wgsl what.
// One workgroup = one tile of 4·blocks·threadsDown × 4·blocks·threadsAcross (matmul-tiles.wgsl, which stands before) of
// the rows of one expert, or of one y[e] if x is transposed. Tokens of rows are looked up once per tile, or once per stage
// if x is transposed.
//
// From matmul-block.wgsl: Block.
// From matmul-tiles.wgsl: threadsDown, threadsAcross, blocks, tileInner, threads, tileHeight, tileWidth, rowQuads,
//   columnQuads, xPitch, wPitch, xTile, wTile, addStage.

override xTransposed: u32; // 1: x is [inner, rows]
override wTransposed: u32; // 1: w is [columns, inner]
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

const lookups = max(tileHeight, tileInner);
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

/// Writes, or adds, what a block has inside y: rows below endRow, which lie firstOut rows further down.
/// A row past endRow is another expert's, which another workgroup writes: a store there would be a race.
fn storeBlock(firstOut: u32, firstRow: u32, endRow: u32, firstColumn: u32, block: Block) {
  var copy = array<vec4<f32>, 4>(block.a, block.b, block.c, block.d); // of which loops may make memory
  for (var i = 0u; i < 16u; i++) {
    let row = firstRow + i / 4u;
    let column = firstColumn + i % 4u;
    if (row < endRow && column < columns) {
      let index = (firstOut + row) * columns + column;
      var sum = copy[i / 4u][i % 4u];
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
  // Tiles beside each other share rows of x and their look-ups; those below each other share an expert's matrix.
  let tilesAcross = (columns + tileWidth - 1u) / tileWidth;
  let firstColumn = group % tilesAcross * tileWidth;
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
    // As many tiles as the placement made: an expert without rows has none, and costs nothing.
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
  // The matrix of the tile's expert; xᵀ·w has rows of w in its place, which `start` counts.
  let wStart = select(expert * inner * columns, 0u, xTransposed == 1u);

  var topLeft: Block;
  var topRight: Block;
  var bottomLeft: Block;
  var bottomRight: Block;
  for (var stage = 0u; stage < 0x1000000u; stage++) { // a constant bound with a break costs no loop guard
    let firstInner = start + stage * tileInner;
    if (firstInner >= end) {
      break;
    }
    if (xTransposed == 1u) {
      lookUp(firstInner, tileInner, end, thread);
    }
    // Sources are written by some and read by others. Where x is not transposed they hold for all stages.
    if (xTransposed == 1u || stage == 0u) {
      workgroupBarrier();
    }
    // innerIndex is never a row of another expert: 0 · NaN is not 0.
    for (var i = 0u; i < rowQuads * tileInner / threads; i++) {
      let e = i * threads + thread;
      let k = e % tileInner * (1u - xTransposed) + e / rowQuads * xTransposed;
      let quad = e / tileInner * (1u - xTransposed) + e % rowQuads * xTransposed;
      let innerIndex = min(firstInner + k, end - 1u);
      var at = sources[k * xTransposed] * rows + min(firstRow + 4u * quad + vec4<u32>(0u, 1u, 2u, 3u), vec4<u32>(rows - 1u));
      if (xTransposed == 0u) {
        at = vec4<u32>(sources[4u * quad], sources[4u * quad + 1u], sources[4u * quad + 2u], sources[4u * quad + 3u]);
        at = at * inner + innerIndex;
      }
      let value = vec4<f32>(x[at.x], x[at.y], x[at.z], x[at.w]);
      xTile[k * xPitch + quad] = select(vec4<f32>(), value, firstInner + k < end);
    }
    for (var i = 0u; i < columnQuads * tileInner / threads; i++) {
      let e = i * threads + thread;
      let k = e / columnQuads * (1u - wTransposed) + e % tileInner * wTransposed;
      let quad = e % columnQuads * (1u - wTransposed) + e / tileInner * wTransposed;
      let column = min(firstColumn + 4u * quad + vec4<u32>(0u, 1u, 2u, 3u), vec4<u32>(columns - 1u));
      let innerIndex = min(firstInner + k, end - 1u);
      let at = wStart +
        select(innerIndex * columns + column, column * inner + innerIndex, vec4<bool>(wTransposed == 1u));
      wTile[k * wPitch + quad] = vec4<f32>(w[at.x], w[at.y], w[at.z], w[at.w]);
    }
    workgroupBarrier();
    addStage(&topLeft, &topRight, &bottomLeft, &bottomRight, down, across);
    workgroupBarrier();
  }

  let outRow = firstRow + 4u * down;
  let outColumn = firstColumn + 4u * across;
  // Rows lie where their expert's do; of xᵀ·w each expert has a matrix of its own.
  let firstOut = select(0u, expert * rows, xTransposed == 1u);
  storeBlock(firstOut, outRow, endRow, outColumn, topLeft);
  if (blocks > 1u) {
    storeBlock(firstOut, outRow, endRow, outColumn + 4u * threadsAcross, topRight);
    storeBlock(firstOut, outRow + 4u * threadsDown, endRow, outColumn, bottomLeft);
    storeBlock(firstOut, outRow + 4u * threadsDown, endRow, outColumn + 4u * threadsAcross, bottomRight);
  }
}
