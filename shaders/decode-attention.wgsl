// Attention of one new query against the cached positions 0 … state[0], linear in their number.
// One workgroup per query head. Keys come in chunks: invocations take every threads-th key of a chunk for the scores, then
// every slices-th key of one value column for the weighted sum; the chunks' maxima rescale it as in attention-plain.wgsl.
// Slices are added in a fixed order.

override heads: u32;
override keyValueHeads: u32;
override qOffset: u32;
override context: u32;
override scale: f32;

@group(0) @binding(0) var<storage, read> qkv: array<f32>;        // [1, rowStride]
@group(0) @binding(1) var<storage, read> cache: array<f32>;      // [context, keyValueHeads · (keySize + valueSize)]
@group(0) @binding(2) var<storage, read> state: array<u32>;      // [0] is the position of the query
@group(0) @binding(3) var<storage, read_write> y: array<f32>;    // [1, heads · valueSize]

const rounds = 8u;               // keys of one invocation per chunk
const chunkKeys = rounds * threads;
const columnLanes = min(threads, valueSize);
const columnSteps = (valueSize + threads - 1u) / threads;
const slices = threads / columnLanes;
const lowest = -1.0e30;          // stands for −∞, which WGSL may assume never to happen
var<workgroup> weights: array<f32, chunkKeys>;
var<workgroup> partial: array<f32, threads>;

/// Largest of the workgroup's values, in every invocation.
fn workgroupMaximum(value: f32, invocation: u32) -> f32 {
  partial[invocation] = value;
  workgroupBarrier();
  for (var width = threads / 2u; width > 0u; width = width / 2u) {
    if (invocation < width) {
      partial[invocation] = max(partial[invocation], partial[invocation + width]);
    }
    workgroupBarrier();
  }
  let result = partial[0];
  workgroupBarrier();
  return result;
}

/// Sum of the workgroup's values in a fixed order, in every invocation.
fn workgroupSum(value: f32, invocation: u32) -> f32 {
  partial[invocation] = value;
  workgroupBarrier();
  for (var width = threads / 2u; width > 0u; width = width / 2u) {
    if (invocation < width) {
      partial[invocation] += partial[invocation + width];
    }
    workgroupBarrier();
  }
  let result = partial[0];
  workgroupBarrier();
  return result;
}

@compute @workgroup_size(threads)
fn main(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) invocation: u32) {
  let head = linearWorkgroup(id);
  if (head >= launch.endWorkgroup) {
    return;
  }
  // Zero never happens: it hides the loop count from drivers that would unroll out of the instruction cache.
  let keySteps = select(keySize, 0u, launch.gridWidth == 0u);
  let keyCount = min(state[0], context - 1u) + 1u;
  let keyValueHead = head / (heads / keyValueHeads);
  let rowStride = keyValueHeads * (keySize + valueSize);
  let keyBase = keyValueHead * keySize;
  let slice = invocation / columnLanes;
  let column = invocation % columnLanes;
  let valueBase = keyValueHeads * keySize + keyValueHead * valueSize + column;

  var q: array<f32, keySize>;
  for (var d = 0u; d < 0x10000u; d++) {
    if (d >= keySteps) {
      break;
    }
    q[d] = qkv[qOffset + head * keySize + d] * scale;
  }
  var o: array<f32, columnSteps>;
  var largest = lowest;
  var sum = 0.0;
  for (var chunk = 0u; chunk < 0x1000000u; chunk++) { // a constant bound with a break costs no loop guard
    let firstKey = chunk * chunkKeys;
    if (firstKey >= keyCount) {
      break;
    }
    var scores: array<f32, rounds>;
    var newLargest = largest;
    for (var i = 0u; i < rounds; i++) {
      let key = firstKey + i * threads + invocation;
      scores[i] = lowest;
      if (key < keyCount) {
        var score = 0.0;
        for (var d = 0u; d < 0x10000u; d++) {
          if (d >= keySteps) {
            break;
          }
          score = fma(q[d], cache[key * rowStride + keyBase + d], score);
        }
        scores[i] = score;
        newLargest = max(newLargest, score);
      }
    }
    newLargest = workgroupMaximum(newLargest, invocation);
    let rescale = exp(largest - newLargest);
    largest = newLargest;
    sum *= rescale;
    for (var i = 0u; i < rounds; i++) {
      let weight = exp(scores[i] - largest);
      weights[i * threads + invocation] = weight;
      sum += weight;
    }
    workgroupBarrier();
    let count = min(keyCount - firstKey, chunkKeys);
    for (var c = 0u; c < columnSteps; c++) {
      var weighted = o[c] * rescale;
      if (slice < slices && c * threads + column < valueSize) {
        for (var i = 0u; i < chunkKeys; i++) {
          let key = i * slices + slice;
          if (key >= count) {
            break;
          }
          weighted = fma(weights[key], cache[(firstKey + key) * rowStride + valueBase + c * threads], weighted);
        }
      }
      o[c] = weighted;
    }
    workgroupBarrier();
  }
  let scaleOut = 1.0 / workgroupSum(sum, invocation);
  for (var c = 0u; c < columnSteps; c++) {
    partial[invocation] = o[c];
    workgroupBarrier();
    if (slice == 0u && c * threads + column < valueSize) {
      var total = 0.0;
      for (var i = 0u; i < slices; i++) {
        total += partial[i * columnLanes + column];
      }
      y[head * valueSize + c * threads + column] = total * scaleOut;
    }
    workgroupBarrier();
  }
}
