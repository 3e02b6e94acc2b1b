// Causal attention for real GPUs: the method of attention-plain.wgsl in tiles of 32 or 64 queries × 32 keys of one head.
// One workgroup = one tile of queries, looping over tiles of keys up to the diagonal. Scores are a small matrix product
// staged through workgroup memory, 4 × 4 per invocation in registers; so is the sum of values weighted by them, whose
// columns are cut into parts of 32 (attention-tiles.wgsl, which stands before). Any device; no subgroups; tiles of 32
// queries take 15 KiB of workgroup memory. Queries stay there for the whole loop, where `keptSlabs` says so.
//
// From attention-mask.wgsl: time, heads, keyValueHeads, rowStride, qOffset, kOffset, vOffset, scale, dropout, lowest,
//   firstVisible, isHidden, keepFactors.
// From attention-cap.wgsl: capped.
// From matmul-block.wgsl: Block.
// From attention-tiles.wgsl: threads, ownTile, tile, Rows, keepOwn, products, shareWeights, Parts, addWeighted.

override keySize: u32; // of a head of queries and keys
override valueSize: u32; // of a head of values
override hasSinks: u32;

@group(0) @binding(0) var<storage, read> qkv: array<f32>;              // [batch · time, rowStride]
@group(0) @binding(1) var<storage, read> sinks: array<f32>;            // [heads], or unused
@group(0) @binding(2) var<storage, read_write> y: array<f32>;          // [batch · time, heads · valueSize]
@group(0) @binding(3) var<storage, read_write> logSumExp: array<f32>;  // [batch, heads, time]

const valueParts = (valueSize + 31u) / 32u; // 1 to 4
var<workgroup> rowValues: array<vec4<f32>, threads>;

/// All of queries, keys and values lie in one buffer: `source`, which tells buffers apart in the backward pass, is
/// not needed.
fn element(source: u32, index: u32) -> f32 {
  return qkv[index];
}

/// Scores of a query with four keys, or the lowest number for what it does not see.
fn scoresOf(dots: vec4<f32>, query: u32, key: vec4<u32>) -> vec4<f32> {
  return select(capped(dots * scale), vec4<f32>(lowest), isHidden(vec4<u32>(query), key));
}

fn largestOf(p: Block) -> vec4<f32> {
  let first = vec4<f32>(max(p.a.x, p.a.y), max(p.b.x, p.b.y), max(p.c.x, p.c.y), max(p.d.x, p.d.y));
  let last = vec4<f32>(max(p.a.z, p.a.w), max(p.b.z, p.b.w), max(p.c.z, p.c.w), max(p.d.z, p.d.w));
  return max(first, last);
}

fn scaledRows(sums: Block, factors: vec4<f32>) -> Block {
  return Block(sums.a * factors.x, sums.b * factors.y, sums.c * factors.z, sums.d * factors.w);
}

/// Writes 4 × 4 weighted sums of values over the rows' sums of weights.
fn storePart(part: u32, o: Block, sum: vec4<f32>, rows: u32, firstQuery: u32, thread: u32) {
  var copy = array<vec4<f32>, 4>(o.a / sum.x, o.b / sum.y, o.c / sum.z, o.d / sum.w); // of which loops may make memory
  for (var i = 0u; i < 16u; i++) {
    let query = firstQuery + i / 4u;
    let column = part * tile + thread % 8u * 4u + i % 4u;
    if (query < time && column < valueSize) {
      y[rows + query * heads * valueSize + column] = copy[i / 4u][i % 4u];
    }
  }
}

@compute @workgroup_size(threads)
fn forward(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let group = linearWorkgroup(id);
  if (group >= launch.endWorkgroup) {
    return;
  }
  let tiles = (time + ownTile - 1u) / ownTile;
  // A causal tile of queries meets as many tiles of keys as lie before it: begun last, the longest would keep one
  // core busy while the others wait.
  let firstQuery = (tiles - 1u - group % tiles) * ownTile; // the longest rows first
  let head = group / tiles % heads;
  let sample = group / tiles / heads;
  let keyValueHead = head / (heads / keyValueHeads);
  // All of one row of qkv: queries, keys and values are columns of it.
  let base = sample * time * rowStride;
  let queries = Rows(0u, base + qOffset + head * keySize, rowStride, firstQuery);
  let query = firstQuery + thread / 8u * 4u + vec4<u32>(0u, 1u, 2u, 3u);

  var o: Parts;
  var largest = vec4<f32>(lowest); // one component per own row, as sum
  var sum = vec4<f32>();           // of this invocation's columns alone
  if (hasSinks == 1u) { // a key whose score is learned and whose value is 0: the sums start with it
    largest = vec4<f32>(sinks[head]);
    sum = vec4<f32>(select(0.0, 1.0, thread % 8u == 0u));
  }
  keepOwn(queries, 0u, keySize, thread);
  // Tiles before the window of the tile's first query are seen by none of its queries.
  let skipped = firstVisible(firstQuery) / tile;
  for (var i = 0u; i < 0x1000000u; i++) { // a constant bound with a break costs no loop guard
    let firstKey = (skipped + i) * tile;
    if (firstKey >= min(firstQuery + ownTile, time)) {
      break;
    }
    let keys = Rows(0u, base + kOffset + keyValueHead * keySize, rowStride, firstKey);
    let key = firstKey + thread % 8u * 4u + vec4<u32>(0u, 1u, 2u, 3u);
    var p = products(queries, 0u, keys, keySize, thread);
    // Tiles on the diagonal are computed whole and masked: half of one tile a row is lost, and no branch is taken in
    // the loop.
    p = Block(
      scoresOf(p.a, query.x, key),
      scoresOf(p.b, query.y, key),
      scoresOf(p.c, query.z, key),
      scoresOf(p.d, query.w, key),
    );
    var newLargest = max(largest, largestOf(p));
    // Eight invocations hold a row's 32 scores, four each. That all have read the last tile's maxima is sure: shareWeights has
    // had its barrier since.
    rowValues[thread] = newLargest;
    workgroupBarrier();
    for (var c = 0u; c < 8u; c++) {
      newLargest = max(newLargest, rowValues[thread / 8u * 8u + c]);
    }
    // A row that saw no key yet (its window begins in a later tile) has the maximum `lowest`, and weights exp(0) = 1
    // of hidden keys: the first key that it sees multiplies them by exp(lowest − score) = 0.
    let rescale = exp(largest - newLargest);
    largest = newLargest;
    p = Block(exp(p.a - largest.x), exp(p.b - largest.y), exp(p.c - largest.z), exp(p.d - largest.w));
    // Of this invocation's four keys only; the eight parts are added once, at the end.
    sum = sum * rescale + vec4<f32>(p.a.x, p.b.x, p.c.x, p.d.x) + vec4<f32>(p.a.y, p.b.y, p.c.y, p.d.y) +
      vec4<f32>(p.a.z, p.b.z, p.c.z, p.d.z) + vec4<f32>(p.a.w, p.b.w, p.c.w, p.d.w);
    if (dropout > 0.0) {
      p = Block(
        p.a * keepFactors(sample, head, vec4<u32>(query.x), key),
        p.b * keepFactors(sample, head, vec4<u32>(query.y), key),
        p.c * keepFactors(sample, head, vec4<u32>(query.z), key),
        p.d * keepFactors(sample, head, vec4<u32>(query.w), key),
      );
    }
    shareWeights(p, thread);
    let values = Rows(0u, base + vOffset + keyValueHead * valueSize, rowStride, firstKey);
    o = Parts(
      scaledRows(o.first, rescale),
      scaledRows(o.second, rescale),
      scaledRows(o.third, rescale),
      scaledRows(o.fourth, rescale),
    );
    addWeighted(&o, values, valueParts, valueSize, thread);
  }

  rowValues[thread] = sum;
  workgroupBarrier();
  sum = vec4<f32>();
  for (var c = 0u; c < 8u; c++) {
    sum += rowValues[thread / 8u * 8u + c];
  }
  // One of the eight writes what all of them now have.
  if (thread % 8u == 0u) {
    var logSums = largest + log(sum);
    for (var r = 0u; r < 4u; r++) {
      if (query.x + r < time) {
        logSumExp[(sample * heads + head) * time + query.x + r] = logSums[r];
      }
    }
  }
  let rows = (sample * time * heads + head) * valueSize;
  storePart(0u, o.first, sum, rows, query.x, thread);
  if (valueParts > 1u) {
    storePart(1u, o.second, sum, rows, query.x, thread);
  }
  if (valueParts > 2u) {
    storePart(2u, o.third, sum, rows, query.x, thread);
  }
  if (valueParts > 3u) {
    storePart(3u, o.fourth, sum, rows, query.x, thread);
  }
}
