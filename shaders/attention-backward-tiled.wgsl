// Gradients of causal attention for real GPUs: the method of attention-backward-plain.wgsl in the tiles of
// attention-tiled.wgsl. `queries`: a workgroup owns 32 query rows of a head and loops over tiles of keys. `keysAndValues`:
// it owns 32 key rows and loops over tiles of queries of every head of its group. Scores and dp are matrix products with
// 4 × 4 sums per invocation; dq, dk and dv are sums weighted by ds or p, which pass through workgroup memory.

override accumulate: u32; // 1 adds to dqkv

@group(0) @binding(0) var<storage, read> qkv: array<f32>;          // [batch · time, rowStride]
@group(0) @binding(1) var<storage, read> dy: array<f32>;           // [batch · time, heads · valueSize]
@group(0) @binding(2) var<storage, read> logSumExp: array<f32>;    // [batch, heads, time]
@group(0) @binding(3) var<storage, read> delta: array<f32>;        // [batch, heads, time]
@group(0) @binding(4) var<storage, read_write> dqkv: array<f32>;   // [batch · time, rowStride]

const parts = (max(keySize, valueSize) + 31u) / 32u;
const threads = 64u;   // 8 × 8: invocation t owns rows 4 (t / 8) … and columns 4 (t % 8) … of a tile
const tile = 32u;
const slabSize = 32u;  // inner dimensions staged at once
const pitch = 9u;      // vec4s between staged lines of 32 numbers: the ninth turns the memory banks
var<workgroup> stage: array<vec4<f32>, 2u * slabSize * pitch>;
var<workgroup> weights: array<vec4<f32>, tile * pitch>;

/// 32 rows of a matrix from firstRow; rows past the sequence's end repeat its last.
struct Rows {
  source: u32, // 0 is qkv, 1 is dy
  base: u32,   // address of the sequence's first row
  stride: u32,
  firstRow: u32,
}

fn load(rows: Rows, row: u32, column: u32, size: u32) -> f32 {
  let index = rows.base + min(rows.firstRow + row, time - 1u) * rows.stride + min(column, size - 1u);
  if (rows.source == 1u) { return select(0.0, dy[index], column < size); }
  return select(0.0, qkv[index], column < size);
}

/// Products of this invocation's four own rows with its four other rows, one vec4 per own row.
fn products(own: Rows, other: Rows, size: u32, thread: u32) -> array<vec4<f32>, 4> {
  var sums = array<vec4<f32>, 4>();
  for (var slab = 0u; slab < 16u; slab++) {
    if (slab * slabSize >= size) { break; }
    workgroupBarrier();
    for (var i = 0u; i < tile * slabSize / threads; i++) {
      let block = 2u * i + thread / 32u % 2u; // of 4 rows × 8 dimensions: whole sectors in, no bank twice out
      let row = block / 4u * 4u + thread / 8u % 4u;
      let d = block % 4u * 8u + thread % 8u;
      stage[d * pitch + row / 4u][row % 4u] = load(own, row, slab * slabSize + d, size);
      stage[(slabSize + d) * pitch + row / 4u][row % 4u] = load(other, row, slab * slabSize + d, size);
    }
    workgroupBarrier();
    for (var d = 0u; d < slabSize; d++) {
      let a = stage[d * pitch + thread / 8u % 8u];
      let b = stage[(slabSize + d) * pitch + thread % 8u];
      for (var r = 0u; r < 4u; r++) {
        sums[r] = fma(vec4<f32>(a[r]), b, sums[r]);
      }
    }
  }
  return sums;
}

/// Hands this invocation's 4 × 4 weights (one vec4 per own row) to the workgroup, other rows outermost.
fn shareWeights(w: array<vec4<f32>, 4>, thread: u32) {
  workgroupBarrier();
  for (var c = 0u; c < 4u; c++) {
    weights[(thread % 8u * 4u + c) * pitch + thread / 8u % 8u] = vec4<f32>(w[0][c], w[1][c], w[2][c], w[3][c]);
  }
}

/// sums += weights · matrix: own rows of this invocation × its four columns of every 32.
fn addWeighted(sums: ptr<function, array<vec4<f32>, 4u * parts>>, matrix: Rows, size: u32, thread: u32) {
  for (var part = 0u; part < parts; part++) {
    workgroupBarrier();
    for (var i = 0u; i < tile * tile / threads; i++) {
      let row = 2u * i + thread / tile % 2u;
      let column = thread % tile;
      stage[row * 8u + column / 4u][column % 4u] = load(matrix, row, part * tile + column, size);
    }
    workgroupBarrier();
    for (var row = 0u; row < tile; row++) {
      let w = weights[row * pitch + thread / 8u % 8u];
      let columns = stage[row * 8u + thread % 8u];
      for (var r = 0u; r < 4u; r++) {
        sums[part * 4u + r] = fma(vec4<f32>(w[r]), columns, sums[part * 4u + r]);
      }
    }
  }
}

/// Writes own rows of a gradient into the columns from `start` of dqkv, or adds them.
fn store(sums: ptr<function, array<vec4<f32>, 4u * parts>>, start: u32, row: vec4<u32>, size: u32, thread: u32) {
  for (var c = 0u; c < 4u * parts; c++) {
    let column = c / 4u * tile + thread % 8u * 4u + c % 4u;
    for (var r = 0u; r < 4u; r++) {
      if (column < size && row[r] < time) {
        let index = start + row[r] * rowStride + column;
        dqkv[index] = sums[c / 4u * 4u + r][c % 4u] + select(0.0, dqkv[index], accumulate == 1u);
      }
    }
  }
}

@compute @workgroup_size(threads)
fn queries(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let group = linearWorkgroup(id);
  if (group >= launch.endWorkgroup) { return; }
  let tiles = (time + tile - 1u) / tile;
  let firstQuery = (tiles - 1u - group % tiles) * tile; // the longest rows first
  let head = group / tiles % heads;
  let sample = group / tiles / heads;
  let keyValueHead = head / (heads / keyValueHeads);
  let base = sample * time * rowStride;
  let q = Rows(0u, base + qOffset + head * keySize, rowStride, firstQuery);
  let dout = Rows(1u, (sample * time * heads + head) * valueSize, heads * valueSize, firstQuery);
  let query = firstQuery + thread / 8u * 4u + vec4<u32>(0u, 1u, 2u, 3u);
  let l = (sample * heads + head) * time + min(query, vec4<u32>(time - 1u));
  let rowSums = vec4<f32>(logSumExp[l.x], logSumExp[l.y], logSumExp[l.z], logSumExp[l.w]);
  let rowDeltas = vec4<f32>(delta[l.x], delta[l.y], delta[l.z], delta[l.w]);
  var dq = array<vec4<f32>, 4u * parts>();
  let skipped = firstVisible(firstQuery) / tile;
  for (var i = 0u; i < 0x1000000u; i++) { // a constant bound with a break costs no loop guard
    let firstKey = (skipped + i) * tile;
    if (firstKey > firstQuery) { break; }
    let k = Rows(0u, base + kOffset + keyValueHead * keySize, rowStride, firstKey);
    let v = Rows(0u, base + vOffset + keyValueHead * valueSize, rowStride, firstKey);
    let key = firstKey + thread % 8u * 4u + vec4<u32>(0u, 1u, 2u, 3u);
    let scores = products(q, k, keySize, thread);
    var ds = products(dout, v, valueSize, thread);
    for (var r = 0u; r < 4u; r++) {
      let s = capped(scores[r] * scale);
      let p = select(exp(s - rowSums[r]), vec4<f32>(), isHidden(vec4<u32>(query[r]), key)) * capSlope(s);
      for (var c = 0u; c < 4u; c++) {
        ds[r][c] = p[c] * (ds[r][c] * keepFactor(sample, head, query[r], key[c]) - rowDeltas[r]) * scale;
      }
    }
    shareWeights(ds, thread);
    addWeighted(&dq, k, keySize, thread);
  }
  store(&dq, base + qOffset + head * keySize, query, keySize, thread);
}

@compute @workgroup_size(threads)
fn keysAndValues(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let group = linearWorkgroup(id);
  if (group >= launch.endWorkgroup) { return; }
  let tiles = (time + tile - 1u) / tile;
  let firstKey = group % tiles * tile;
  let keyValueHead = group / tiles % keyValueHeads;
  let sample = group / tiles / keyValueHeads;
  let base = sample * time * rowStride;
  let k = Rows(0u, base + kOffset + keyValueHead * keySize, rowStride, firstKey);
  let v = Rows(0u, base + vOffset + keyValueHead * valueSize, rowStride, firstKey);
  let key = firstKey + thread / 8u * 4u + vec4<u32>(0u, 1u, 2u, 3u);
  let queryTiles = (endOfViewers(firstKey + tile - 1u) - firstKey + tile - 1u) / tile; // from the tile's first key
  var dk = array<vec4<f32>, 4u * parts>();
  var dv = array<vec4<f32>, 4u * parts>();
  for (var i = 0u; i < 0x1000000u; i++) {
    if (i >= heads / keyValueHeads * queryTiles) { break; }
    let head = keyValueHead * (heads / keyValueHeads) + i / queryTiles;
    let firstQuery = firstKey + i % queryTiles * tile;
    let q = Rows(0u, base + qOffset + head * keySize, rowStride, firstQuery);
    let dout = Rows(1u, (sample * time * heads + head) * valueSize, heads * valueSize, firstQuery);
    let query = firstQuery + thread % 8u * 4u + vec4<u32>(0u, 1u, 2u, 3u);
    let l = (sample * heads + head) * time + min(query, vec4<u32>(time - 1u));
    var p = products(k, q, keySize, thread);
    var ds = products(v, dout, valueSize, thread);
    for (var c = 0u; c < 4u; c++) {
      let rowSum = logSumExp[l[c]];
      let rowDelta = delta[l[c]];
      let scores = capped(vec4<f32>(p[0][c], p[1][c], p[2][c], p[3][c]) * scale);
      let isUnseen = isHidden(vec4<u32>(query[c]), key) | vec4<bool>(query[c] >= time);
      let probability = select(exp(scores - rowSum), vec4<f32>(), isUnseen);
      let slope = capSlope(scores) * scale;
      for (var r = 0u; r < 4u; r++) {
        let keep = keepFactor(sample, head, query[c], key[r]);
        p[r][c] = probability[r] * keep;
        ds[r][c] = probability[r] * (ds[r][c] * keep - rowDelta) * slope[r];
      }
    }
    shareWeights(p, thread);
    addWeighted(&dv, dout, valueSize, thread);
    shareWeights(ds, thread);
    addWeighted(&dk, q, keySize, thread);
  }
  store(&dk, base + kOffset + keyValueHead * keySize, key, keySize, thread);
  store(&dv, base + vOffset + keyValueHead * valueSize, key, valueSize, thread);
}
