// Gradients of causal attention, recomputing p = exp(scale · q·k − logSumExp) tile by tile instead of storing it:
// ds = p ∘ (dp − delta) with dp = dy·v and delta = dy·y; dq = scale · ds k; dk = scale · dsᵀ q; dv = pᵀ dy.
// dQ: one invocation per query row. dKV: one per key row, over all query heads of its group, so that no two write the
// same element and no atomics are needed (Dao 2023, FlashAttention-2, with dq apart for determinism).
//
// From attention-mask.wgsl: time, heads, keyValueHeads, rowStride, qOffset, kOffset, vOffset, scale, firstVisible,
//   endOfViewers, keepFactor.
// From attention-cap.wgsl: capped, capSlope.

override keySize: u32; // of a head of queries and keys
override valueSize: u32; // of a head of values
override accumulate: u32; // 1 adds to dqkv

@group(0) @binding(0) var<storage, read> qkv: array<f32>;          // [batch · time, rowStride]
@group(0) @binding(1) var<storage, read> dy: array<f32>;           // [batch · time, heads · valueSize]
@group(0) @binding(2) var<storage, read> logSumExp: array<f32>;    // [batch, heads, time]
@group(0) @binding(3) var<storage, read> delta: array<f32>;        // [batch, heads, time]
@group(0) @binding(4) var<storage, read_write> dqkv: array<f32>;   // [batch · time, rowStride]

const workgroupSize = 64u;

@compute @workgroup_size(workgroupSize)
// dq apart from dk and dv: each pass recomputes the scores, 7 products where 5 would do, and in return every sum is
// written by one invocation, in one order. FlashAttention-2 adds dq with atomics instead, whose order changes from
// run to run.
fn queries(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) invocation: u32) {
  let group = linearWorkgroup(id);
  if (group >= launch.endWorkgroup) {
    return;
  }
  // Zero never happens: it hides the loop counts from drivers that would unroll out of the instruction cache.
  let keySteps = select(keySize, 0u, launch.gridWidth == 0u);
  let valueSteps = select(valueSize, 0u, launch.gridWidth == 0u);
  let tiles = (time + workgroupSize - 1u) / workgroupSize;
  let query = group % tiles * workgroupSize + invocation;
  if (query >= time) {
    return;
  }
  let head = group / tiles % heads;
  let sample = group / tiles / heads;
  let keyValueHead = head / (heads / keyValueHeads);
  let firstRow = sample * time;
  let queryBase = (firstRow + query) * rowStride + qOffset + head * keySize;
  let outBase = ((firstRow + query) * heads + head) * valueSize;
  let rowSum = logSumExp[(sample * heads + head) * time + query];
  let rowDelta = delta[(sample * heads + head) * time + query];
  var q: array<f32, keySize>;
  for (var d = 0u; d < 0x10000u; d++) {
    if (d >= keySteps) {
      break;
    }
    q[d] = qkv[queryBase + d] * scale;
  }
  // Summed in private memory over all keys, and written once.
  var dq: array<f32, keySize>;
  for (var i = 0u; i < 0x1000000u; i++) {
    let key = firstVisible(query) + i;
    if (key > query) {
      break;
    }
    let keyBase = (firstRow + key) * rowStride + kOffset + keyValueHead * keySize;
    let valueBase = (firstRow + key) * rowStride + vOffset + keyValueHead * valueSize;
    var score = 0.0;
    for (var d = 0u; d < 0x10000u; d++) {
      if (d >= keySteps) {
        break;
      }
      score = fma(q[d], qkv[keyBase + d], score);
    }
    var dp = 0.0;
    for (var d = 0u; d < 0x10000u; d++) {
      if (d >= valueSteps) {
        break;
      }
      dp = fma(dy[outBase + d], qkv[valueBase + d], dp);
    }
    // The cap acts between product and softmax: its slope multiplies ds, by the chain rule.
    score = capped(vec4<f32>(score)).x;
    let slope = capSlope(vec4<f32>(score)).x * scale;
    // Softmax's gradient is p ∘ (dp − Σ p · dp) over the row's keys, and that sum is y · dy, as y = Σ p · v: delta has it
    // for the whole row before any key is visited. Dropout is in y as in dp.
    let ds = exp(score - rowSum) * (dp * keepFactor(sample, head, query, key) - rowDelta) * slope;
    for (var d = 0u; d < 0x10000u; d++) {
      if (d >= keySteps) {
        break;
      }
      dq[d] = fma(ds, qkv[keyBase + d], dq[d]);
    }
  }
  for (var d = 0u; d < 0x10000u; d++) {
    if (d >= keySteps) {
      break;
    }
    // In the packed row's own layout: the projection's gradient reads it as it is.
    dqkv[queryBase + d] = dq[d] + select(0.0, dqkv[queryBase + d], accumulate == 1u);
  }
}

@compute @workgroup_size(workgroupSize)
fn keysAndValues(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) invocation: u32) {
  let group = linearWorkgroup(id);
  if (group >= launch.endWorkgroup) {
    return;
  }
  // Zero never happens: it hides the loop counts from drivers that would unroll out of the instruction cache.
  let keySteps = select(keySize, 0u, launch.gridWidth == 0u);
  let valueSteps = select(valueSize, 0u, launch.gridWidth == 0u);
  let tiles = (time + workgroupSize - 1u) / workgroupSize;
  let key = group % tiles * workgroupSize + invocation;
  if (key >= time) {
    return;
  }
  let keyValueHead = group / tiles % keyValueHeads;
  let sample = group / tiles / keyValueHeads;
  let groupHeads = heads / keyValueHeads;
  let firstRow = sample * time;
  let keyBase = (firstRow + key) * rowStride + kOffset + keyValueHead * keySize;
  let valueBase = (firstRow + key) * rowStride + vOffset + keyValueHead * valueSize;
  var k: array<f32, keySize>;
  for (var d = 0u; d < 0x10000u; d++) {
    if (d >= keySteps) {
      break;
    }
    k[d] = qkv[keyBase + d] * scale;
  }
  // dk and dv together, since both want p: the scores are computed once for both.
  var dk: array<f32, keySize>;
  var dv: array<f32, valueSize>;
  // Query heads of a group share this key head: their gradients add up here, in the order of the heads.
  // Causal: a key is seen from its own position on.
  let viewers = endOfViewers(key) - key;
  for (var i = 0u; i < 0x1000000u; i++) { // every (query head of the group, query that sees the key)
    if (i >= groupHeads * viewers) {
      break;
    }
    let head = keyValueHead * groupHeads + i / viewers;
    let query = key + i % viewers;
    let queryBase = (firstRow + query) * rowStride + qOffset + head * keySize;
    let outBase = ((firstRow + query) * heads + head) * valueSize;
    var score = 0.0;
    for (var d = 0u; d < 0x10000u; d++) {
      if (d >= keySteps) {
        break;
      }
      score = fma(k[d], qkv[queryBase + d], score);
    }
    var dp = 0.0;
    for (var d = 0u; d < 0x10000u; d++) {
      if (d >= valueSteps) {
        break;
      }
      dp = fma(qkv[valueBase + d], dy[outBase + d], dp);
    }
    // Where dropout took a pair out of y it takes it out of dv and dp alike: the mask is drawn again from the same counter.
    let rowIndex = (sample * heads + head) * time + query;
    let keep = keepFactor(sample, head, query, key);
    score = capped(vec4<f32>(score)).x;
    let p = exp(score - logSumExp[rowIndex]);
    let ds = p * (dp * keep - delta[rowIndex]) * capSlope(vec4<f32>(score)).x * scale;
    for (var d = 0u; d < 0x10000u; d++) {
      if (d >= valueSteps) {
        break;
      }
      dv[d] = fma(p * keep, dy[outBase + d], dv[d]);
    }
    for (var d = 0u; d < 0x10000u; d++) {
      if (d >= keySteps) {
        break;
      }
      dk[d] = fma(ds, qkv[queryBase + d], dk[d]);
    }
  }
  for (var d = 0u; d < 0x10000u; d++) {
    if (d >= keySteps) {
      break;
    }
    dqkv[keyBase + d] = dk[d] + select(0.0, dqkv[keyBase + d], accumulate == 1u);
  }
  for (var d = 0u; d < 0x10000u; d++) {
    if (d >= valueSteps) {
      break;
    }
    dqkv[valueBase + d] = dv[d] + select(0.0, dqkv[valueBase + d], accumulate == 1u);
  }
}
