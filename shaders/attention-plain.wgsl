// Causal attention o[i] = Σ_{j ≤ i} softmax_j(scale · q[i]·k[j]) v[j], and logSumExp[i], without a T × T matrix.
// One invocation owns one query row: q and the running o in private memory, keys in chunks, and the running maximum and
// sum that rescale o whenever the maximum grows (Milakov and Gimelshein 2018; Dao et al. 2022, FlashAttention).
// Query head h attends with key/value head h / (heads / keyValueHeads). The teacher of the faster variants.
//
// From attention-mask.wgsl: time, heads, keyValueHeads, rowStride, qOffset, kOffset, vOffset, scale, lowest,
//   firstVisible, isHidden, keepFactor.
// From attention-cap.wgsl: capped.

override keySize: u32; // of a head of queries and keys
override valueSize: u32; // of a head of values
override hasSinks: u32;

@group(0) @binding(0) var<storage, read> qkv: array<f32>;              // [batch · time, rowStride]
@group(0) @binding(1) var<storage, read> sinks: array<f32>;            // [heads], or unused
@group(0) @binding(2) var<storage, read_write> y: array<f32>;          // [batch · time, heads · valueSize]
@group(0) @binding(3) var<storage, read_write> logSumExp: array<f32>;  // [batch, heads, time]

const workgroupSize = 64u;
// Eight keys share one rescaling of o; more would take registers that o needs.
const chunkKeys = 8u;

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
  // The last tile of a sequence has fewer queries. Nobody waits at a barrier here, so that invocations may end.
  if (query >= time) {
    return;
  }
  let head = group / tiles % heads;
  let sample = group / tiles / heads;
  // Grouped queries (Ainslie et al. 2023): neighbouring query heads share keys and values, which lie once in memory.
  let keyValueHead = head / (heads / keyValueHeads);
  let firstRow = sample * time;
  let queryBase = (firstRow + query) * rowStride + qOffset + head * keySize;
  let keyBase = firstRow * rowStride + kOffset + keyValueHead * keySize;
  let valueBase = firstRow * rowStride + vOffset + keyValueHead * valueSize;

  // Scaled once here instead of once a key.
  var q: array<f32, keySize>;
  for (var d = 0u; d < 0x10000u; d++) {
    if (d >= keySteps) {
      break;
    }
    q[d] = qkv[queryBase + d] * scale;
  }
  var o: array<f32, valueSize>;
  // A sink is a key whose score is learned and whose value is 0: the sums start with it.
  var largest = lowest;
  var sum = 0.0;
  if (hasSinks == 1u) {
    largest = sinks[head];
    sum = 1.0;
  }
  // With a window whole chunks are never seen.
  let skipped = firstVisible(query) / chunkKeys;
  for (var first = 0u; first < 0x1000000u; first++) { // a constant bound with a break costs no loop guard
    let chunk = (skipped + first) * chunkKeys;
    if (chunk > query) {
      break;
    }
    var p: array<f32, chunkKeys>;
    var newLargest = largest;
    for (var c = 0u; c < chunkKeys; c++) {
      // Keys past the query are read as its own and masked below: reading must stay in bounds, and needs no branch.
      let base = keyBase + min(chunk + c, query) * rowStride;
      var score = 0.0;
      for (var d = 0u; d < 0x10000u; d++) {
        if (d >= keySteps) {
          break;
        }
        score = fma(q[d], qkv[base + d], score);
      }
      let isHere = !isHidden(vec4<u32>(query), vec4<u32>(chunk + c)).x;
      p[c] = select(lowest, capped(vec4<f32>(score)).x, isHere);
      newLargest = max(newLargest, p[c]);
    }
    // What was summed until now was shifted by the old maximum: exp(s − old) · exp(old − new) = exp(s − new). Once a chunk,
    // not once a key, since all of o is multiplied. Before the first chunk o is 0, and the factor does not matter.
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
      // After the sum: dropout acts on probabilities, which are divided by the sum of all.
      probability *= keepFactor(sample, head, query, chunk + c);
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
    // Divided once a row, at the end: until then o is a sum of exp(score − maximum) · v, and no key needs to know the
    // sum of all.
    y[outBase + d] = o[d] / sum;
  }
  // All that the backward pass needs to get p = exp(score − logSumExp) back from a score.
  logSumExp[(sample * heads + head) * time + query] = largest + log(sum);
}
