// Causal attention o[i] = Σ_{j ≤ i} softmax_j(scale · q[i]·k[j]) v[j], and logSumExp[i], without a T × T matrix.
// One invocation owns one query row: q and the running o in private memory, keys in chunks, and the running maximum and
// sum that rescale o whenever the maximum grows (Milakov and Gimelshein 2018; Dao et al. 2022, FlashAttention).
// Query head h attends with key/value head h / (heads / keyValueHeads). The teacher of the faster variants.

override batch: u32;
override time: u32;
override heads: u32;
override keyValueHeads: u32;
override rowStride: u32;
override qOffset: u32;
override kOffset: u32;
override vOffset: u32;
override scale: f32;
override dropout: f32;
override operation: u32;

@group(0) @binding(0) var<storage, read> qkv: array<f32>;              // [batch · time, rowStride]
@group(0) @binding(1) var<storage, read_write> y: array<f32>;          // [batch · time, heads · valueSize]
@group(0) @binding(2) var<storage, read_write> logSumExp: array<f32>;  // [batch, heads, time]

const workgroupSize = 64u;
const chunkKeys = 8u;
const lowest = -1.0e30; // stands for −∞, which WGSL may assume never to happen

/// 0 for a dropped probability, 1 / (1 − dropout) for a kept one.
fn keepFactor(sample: u32, head: u32, query: u32, key: u32) -> f32 {
  let element = (head * time + query) * time + key;
  let uniform01 = randomUniform(step.dropoutSeed, step.step, step.sampleOffset + sample, operation, element);
  return select(0.0, 1.0 / (1.0 - dropout), uniform01 >= dropout);
}

@compute @workgroup_size(workgroupSize)
fn forward(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) invocation: u32) {
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
  let keyBase = firstRow * rowStride + kOffset + keyValueHead * keySize;
  let valueBase = firstRow * rowStride + vOffset + keyValueHead * valueSize;

  var q: array<f32, keySize>;
  for (var d = 0u; d < 0x10000u; d++) {
    if (d >= keySteps) {
      break;
    }
    q[d] = qkv[queryBase + d] * scale;
  }
  var o: array<f32, valueSize>;
  var largest = lowest;
  var sum = 0.0;
  for (var first = 0u; first < 0x1000000u; first++) { // a constant bound with a break costs no loop guard
    let chunk = first * chunkKeys;
    if (chunk > query) {
      break;
    }
    var p: array<f32, chunkKeys>;
    var newLargest = largest;
    for (var c = 0u; c < chunkKeys; c++) {
      let base = keyBase + min(chunk + c, query) * rowStride;
      var score = 0.0;
      for (var d = 0u; d < 0x10000u; d++) {
        if (d >= keySteps) {
          break;
        }
        score = fma(q[d], qkv[base + d], score);
      }
      p[c] = select(score, lowest, chunk + c > query);
      newLargest = max(newLargest, p[c]);
    }
    let rescale = exp(largest - newLargest);
    largest = newLargest;
    sum *= rescale;
    for (var d = 0u; d < 0x10000u; d++) {
      if (d >= valueSteps) {
        break;
      }
      o[d] *= rescale;
    }
    for (var c = 0u; c < chunkKeys; c++) {
      if (chunk + c > query) {
        break;
      }
      var probability = exp(p[c] - largest);
      sum += probability;
      if (dropout > 0.0) {
        probability *= keepFactor(sample, head, query, chunk + c);
      }
      let base = valueBase + (chunk + c) * rowStride;
      for (var d = 0u; d < 0x10000u; d++) {
        if (d >= valueSteps) {
          break;
        }
        o[d] = fma(probability, qkv[base + d], o[d]);
      }
    }
  }
  let outBase = (firstRow + query) * heads * valueSize + head * valueSize;
  for (var d = 0u; d < 0x10000u; d++) {
    if (d >= valueSteps) {
      break;
    }
    y[outBase + d] = o[d] / sum;
  }
  logSumExp[(sample * heads + head) * time + query] = largest + log(sum);
}
