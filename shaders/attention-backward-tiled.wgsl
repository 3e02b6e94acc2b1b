// Gradients of causal attention for real GPUs: the method of attention-backward-plain.wgsl in the tiles of
// attention-tiles.wgsl, which stands before. `queries`: a workgroup owns 32 query rows of a head and loops over tiles of keys. `keysAndValues`:
// it owns 32 key rows and loops over tiles of queries of every head of its group. Scores and dp are matrix products with
// 4 × 4 sums per invocation; dq, dk and dv are sums weighted by ds or p, which pass through workgroup memory.
//
// From attention-mask.wgsl: time, heads, keyValueHeads, rowStride, qOffset, kOffset, vOffset, scale, firstVisible,
//   endOfViewers, isHidden, keepFactors.
// From attention-cap.wgsl: capped, capSlope.
// From matmul-block.wgsl: Block.
// From attention-tiles.wgsl: threads, ownTile, tile, Rows, keepOwn, products, shareWeights, Parts, addWeighted.

override keySize: u32; // of a head of queries and keys
override valueSize: u32; // of a head of values
override accumulate: u32; // 1 adds to dqkv

@group(0) @binding(0) var<storage, read> qkv: array<f32>;          // [batch · time, rowStride]
@group(0) @binding(1) var<storage, read> dy: array<f32>;           // [batch · time, heads · valueSize]
@group(0) @binding(2) var<storage, read> logSumExp: array<f32>;    // [batch, heads, time]
@group(0) @binding(3) var<storage, read> delta: array<f32>;        // [batch, heads, time]
@group(0) @binding(4) var<storage, read_write> dqkv: array<f32>;   // [batch · time, rowStride]

const keyParts = (keySize + 31u) / 32u; // 1 to 4, and as many slabs, which are kept before those of values
const valueParts = (valueSize + 31u) / 32u;

/// Two buffers behind one set of tiles: `source` is constant where it is called, and the branch vanishes.
fn element(source: u32, index: u32) -> f32 {
  if (source == 1u) {
    return dy[index];
  }
  return qkv[index];
}

/// Of one own row and four others: probabilities that dropout keeps, and gradients of scores.
/// Probabilities are not stored by the forward pass: T × T of them would be read and written once each, which takes
/// longer than to compute them again from q, k and one number a row.
struct Gradients {
  p: vec4<f32>,
  ds: vec4<f32>,
}

/// From four products q·k and dy·v, of one query with four keys or of one key with four queries.
fn gradientsOf(
  dots: vec4<f32>,     // q·k
  dp: vec4<f32>,
  logSum: vec4<f32>,   // of each query
  rowDelta: vec4<f32>,
  row: vec2<u32>,      // sample and head
  query: vec4<u32>,
  key: vec4<u32>,
) -> Gradients {
  let scores = capped(dots * scale);
  // Rows past the end repeat the last one when they are read; as queries they would count it again for each key.
  let p = select(exp(scores - logSum), vec4<f32>(), isHidden(query, key) | (query >= vec4<u32>(time)));
  let keep = keepFactors(row.x, row.y, query, key);
  return Gradients(p * keep, p * (dp * keep - rowDelta) * capSlope(scores) * scale);
}

/// Writes 4 × 4 sums into dqkv, or adds them: own rows from `row` on, of a matrix of `size` columns from `start` on.
fn storePart(sums: Block, part: u32, start: u32, row: u32, size: u32, thread: u32) {
  var copy = array<vec4<f32>, 4>(sums.a, sums.b, sums.c, sums.d); // of which loops may make memory
  for (var i = 0u; i < 16u; i++) {
    let column = part * tile + thread % 8u * 4u + i % 4u;
    if (column < size && row + i / 4u < time) {
      let index = start + (row + i / 4u) * rowStride + column;
      dqkv[index] = copy[i / 4u][i % 4u] + select(0.0, dqkv[index], accumulate == 1u);
    }
  }
}

fn storeParts(sums: Parts, parts: u32, start: u32, row: u32, size: u32, thread: u32) {
  storePart(sums.first, 0u, start, row, size, thread);
  if (parts > 1u) {
    storePart(sums.second, 1u, start, row, size, thread);
  }
  if (parts > 2u) {
    storePart(sums.third, 2u, start, row, size, thread);
  }
  if (parts > 3u) {
    storePart(sums.fourth, 3u, start, row, size, thread);
  }
}

/// dq of 32 queries: own rows are queries, the loop goes over tiles of keys.
@compute @workgroup_size(threads)
fn queries(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let group = linearWorkgroup(id);
  if (group >= launch.endWorkgroup) {
    return;
  }
  let tiles = (time + ownTile - 1u) / ownTile;
  let firstQuery = (tiles - 1u - group % tiles) * ownTile; // the longest rows first
  let head = group / tiles % heads;
  let sample = group / tiles / heads;
  let keyValueHead = head / (heads / keyValueHeads);
  let base = sample * time * rowStride;
  let q = Rows(0u, base + qOffset + head * keySize, rowStride, firstQuery);
  let dout = Rows(1u, (sample * time * heads + head) * valueSize, heads * valueSize, firstQuery);
  let query = firstQuery + thread / 8u * 4u + vec4<u32>(0u, 1u, 2u, 3u);
  // Four numbers an own row for the whole loop: all that the forward pass left, and delta.
  let l = (sample * heads + head) * time + min(query, vec4<u32>(time - 1u));
  let logSums = vec4<f32>(logSumExp[l.x], logSumExp[l.y], logSumExp[l.z], logSumExp[l.w]);
  let deltas = vec4<f32>(delta[l.x], delta[l.y], delta[l.z], delta[l.w]);
  keepOwn(q, 0u, keySize, thread);
  keepOwn(dout, keyParts, valueSize, thread);
  var dq: Parts;
  let skipped = firstVisible(firstQuery) / tile;
  for (var i = 0u; i < 0x1000000u; i++) { // a constant bound with a break costs no loop guard
    let firstKey = (skipped + i) * tile;
    if (firstKey >= min(firstQuery + ownTile, time)) {
      break;
    }
    let k = Rows(0u, base + kOffset + keyValueHead * keySize, rowStride, firstKey);
    let v = Rows(0u, base + vOffset + keyValueHead * valueSize, rowStride, firstKey);
    let key = firstKey + thread % 8u * 4u + vec4<u32>(0u, 1u, 2u, 3u);
    // Both products share the stage of memory, one after the other.
    let scores = products(q, 0u, k, keySize, thread);
    let dp = products(dout, keyParts, v, valueSize, thread);
    let row = vec2<u32>(sample, head);
    let a = gradientsOf(scores.a, dp.a, logSums.xxxx, deltas.xxxx, row, query.xxxx, key);
    let b = gradientsOf(scores.b, dp.b, logSums.yyyy, deltas.yyyy, row, query.yyyy, key);
    let c = gradientsOf(scores.c, dp.c, logSums.zzzz, deltas.zzzz, row, query.zzzz, key);
    let d = gradientsOf(scores.d, dp.d, logSums.wwww, deltas.wwww, row, query.wwww, key);
    shareWeights(Block(a.ds, b.ds, c.ds, d.ds), thread);
    addWeighted(&dq, k, keyParts, keySize, thread);
  }
  storeParts(dq, keyParts, base + qOffset + head * keySize, query.x, keySize, thread);
}

/// dk and dv of 32 keys: own rows are keys, the loop goes over tiles of queries.
@compute @workgroup_size(threads)
fn keysAndValues(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let group = linearWorkgroup(id);
  if (group >= launch.endWorkgroup) {
    return;
  }
  let tiles = (time + ownTile - 1u) / ownTile;
  let firstKey = group % tiles * ownTile;
  let keyValueHead = group / tiles % keyValueHeads;
  let sample = group / tiles / keyValueHeads;
  let base = sample * time * rowStride;
  let k = Rows(0u, base + kOffset + keyValueHead * keySize, rowStride, firstKey);
  let v = Rows(0u, base + vOffset + keyValueHead * valueSize, rowStride, firstKey);
  let key = firstKey + thread / 8u * 4u + vec4<u32>(0u, 1u, 2u, 3u);
  // With a window the queries that see this tile of keys end early, too.
  let queryTiles = (endOfViewers(firstKey + ownTile - 1u) - firstKey + tile - 1u) / tile; // from the tile's first key
  keepOwn(k, 0u, keySize, thread);
  keepOwn(v, keyParts, valueSize, thread);
  var dk: Parts;
  var dv: Parts;
  for (var i = 0u; i < 0x1000000u; i++) {
    if (i >= heads / keyValueHeads * queryTiles) {
      break;
    }
    let head = keyValueHead * (heads / keyValueHeads) + i / queryTiles;
    let firstQuery = firstKey + i % queryTiles * tile;
    let q = Rows(0u, base + qOffset + head * keySize, rowStride, firstQuery);
    let dout = Rows(1u, (sample * time * heads + head) * valueSize, heads * valueSize, firstQuery);
    let query = firstQuery + thread % 8u * 4u + vec4<u32>(0u, 1u, 2u, 3u);
    let l = (sample * heads + head) * time + min(query, vec4<u32>(time - 1u));
    let logSums = vec4<f32>(logSumExp[l.x], logSumExp[l.y], logSumExp[l.z], logSumExp[l.w]);
    let deltas = vec4<f32>(delta[l.x], delta[l.y], delta[l.z], delta[l.w]);
    let scores = products(k, 0u, q, keySize, thread);
    let dp = products(v, keyParts, dout, valueSize, thread);
    let row = vec2<u32>(sample, head);
    let a = gradientsOf(scores.a, dp.a, logSums, deltas, row, query, key.xxxx);
    let b = gradientsOf(scores.b, dp.b, logSums, deltas, row, query, key.yyyy);
    let c = gradientsOf(scores.c, dp.c, logSums, deltas, row, query, key.zzzz);
    let d = gradientsOf(scores.d, dp.d, logSums, deltas, row, query, key.wwww);
    // One array serves p and then ds: shareWeights waits until all have read what was there.
    shareWeights(Block(a.p, b.p, c.p, d.p), thread);
    addWeighted(&dv, dout, valueParts, valueSize, thread);
    shareWeights(Block(a.ds, b.ds, c.ds, d.ds), thread);
    addWeighted(&dk, q, keyParts, keySize, thread);
  }
  storeParts(dk, keyParts, base + kOffset + keyValueHead * keySize, key.x, keySize, thread);
  storeParts(dv, valueParts, base + vOffset + keyValueHead * valueSize, key.x, valueSize, thread);
}
