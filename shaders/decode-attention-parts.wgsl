// Attention of one new query of each slot against a part of its cached positions: the first half of flash decoding, for a
// wide device that a workgroup for each head would leave idle. A slot's keys, as many as its position says, are shared out
// evenly over `parts` workgroups a head. Keys come in chunks of one an invocation, read in vec4s; then `lanes` invocations, a
// vec4 of columns each, sum every slices-th key's values, four keys under way at a time. A part leaves its sums of weighted
// values, unscaled, then (largest score, sum of weights, 0, 0), all 0 where it had no key. Orders of sums are fixed.
//
// From attention-cap.wgsl: capped. From cache-ring.wgsl: sightFrom, rowsOfKeys.

override keySize: u32; // of a head of queries and keys, as all sizes here a multiple of 4
override valueSize: u32; // of a head of values
override slots: u32; // sequences that are decoded together
override heads: u32;
override keyValueHeads: u32;
override rowStride: u32;   // of qkv
override qOffset: u32;
override rowWidth: u32;    // of the cache
override valueOffset: u32; // of the value heads in a row; 0 where values are the first columns of the key
override scale: f32;
override parts: u32;       // of the keys of a head

@group(0) @binding(0) var<storage, read> qkv: array<vec4<f32>>;          // [slots, rowStride ÷ 4]
@group(0) @binding(1) var<storage, read> cache: array<vec4<f32>>;        // [slots, context, rowWidth ÷ 4]
@group(0) @binding(2) var<storage, read> state: array<u32>;              // [slots, 4], a row's first is the position of its query
@group(0) @binding(3) var<storage, read_write> partial: array<vec4<f32>>; // [slots, heads, parts, valueSize ÷ 4 + 1]

// 64: one key an invocation and chunk, few enough that a part of a short text is not mostly idle.
const threads = 64u;
const keyVectors = keySize / 4u;
const valueVectors = valueSize / 4u;
const lanes = min(threads, valueVectors);               // invocations that share the values of a key
const turns = (valueVectors + lanes - 1u) / lanes;      // vec4s of columns of a lane
const slices = threads / lanes;
const lowest = -1.0e30; // stands for −∞, which WGSL may assume never to happen
var<workgroup> scaledQuery: array<vec4<f32>, keyVectors>;
var<workgroup> weights: array<f32, threads>; // scores first
var<workgroup> sliceSums: array<vec4<f32>, threads>;

@compute @workgroup_size(threads)
fn main(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) invocation: u32) {
  let group = linearWorkgroup(id);
  if (group >= launch.endWorkgroup) {
    return;
  }
  let head = group / parts % heads;
  let slot = group / parts / heads;
  let keyValueHead = head / (heads / keyValueHeads);
  let sight = sightFrom(slot, state[4u * slot]);
  let keyCount = sight.count;
  // By the position, which the GPU alone knows when a token is replayed: parts are always as many, and their shares
  // grow.
  let share = (keyCount + parts - 1u) / parts;
  let partStart = group % parts * share;
  let partEnd = min(keyCount, partStart + share);
  let query = (slot * rowStride + qOffset + head * keySize) / 4u;
  let slice = invocation / lanes;

  for (var i = 0u; i < (keyVectors + threads - 1u) / threads; i++) {
    let d = i * threads + invocation;
    if (d < keyVectors) {
      scaledQuery[d] = qkv[query + d] * scale;
    }
  }
  var o: array<vec4<f32>, turns>;
  // Some parts have no key while the text is short: their loop ends at once, in all invocations alike, as barriers
  // want.
  var largest = lowest;
  var sum = 0.0; // of this invocation's keys alone
  for (var chunk = 0u; chunk < 0x1000000u; chunk++) { // a constant bound with a break costs no loop guard
    let firstKey = partStart + chunk * threads;
    if (firstKey >= partEnd) {
      break;
    }
    workgroupBarrier(); // the query is there, and the last chunk's weights are read
    let key = firstKey + invocation;
    let k = (rowsOfKeys(sight, vec4<u32>(min(key, partEnd - 1u))).x * rowWidth + keyValueHead * keySize) / 4u;
    var dots = vec4<f32>();
    for (var d = 0u; d < keyVectors; d++) {
      // Four sums, one a component, are added at the end: none waits for another.
      dots = fma(scaledQuery[d], cache[k + d], dots);
    }
    let score = select(lowest, capped(vec4<f32>(dots.x + dots.y + dots.z + dots.w)).x, key < partEnd);
    weights[invocation] = score;
    workgroupBarrier();
    var newLargest = largest;
    // All read the same number at a time, which costs one access for all: a tree would cost six barriers.
    for (var i = 0u; i < threads; i++) {
      newLargest = max(newLargest, weights[i]);
    }
    workgroupBarrier();
    let rescale = exp(largest - newLargest);
    // Sums are relative to the largest score so far, as in attention-plain.wgsl.
    largest = newLargest;
    let weight = exp(score - largest); // 0 past the end
    sum = sum * rescale + weight;
    weights[invocation] = weight;
    workgroupBarrier();
    for (var turn = 0u; turn < turns; turn++) {
      o[turn] *= rescale;
    }
    for (var i = 0u; i < threads; i++) {
      let four = (4u * i + vec4<u32>(0u, 1u, 2u, 3u)) * slices + slice; // of the chunk's keys
      if (slice >= slices || four.x >= min(partEnd - firstKey, threads)) {
        break;
      }
      // A slice's last four may go past the chunk: their weights are 0.
      let within = min(four, vec4<u32>(threads - 1u));
      let w = select(
        vec4<f32>(),
        vec4<f32>(weights[within.x], weights[within.y], weights[within.z], weights[within.w]),
        four < vec4<u32>(threads),
      );
      let row = rowsOfKeys(sight, min(firstKey + four, vec4<u32>(partEnd - 1u)));
      let v = (row * rowWidth + valueOffset + keyValueHead * valueSize) / 4u;
      // Four keys' values are under way together.
      for (var turn = 0u; turn < turns; turn++) {
        let at = v + min(turn * lanes + invocation % lanes, valueVectors - 1u);
        let low = fma(vec4<f32>(w.y), cache[at.y], w.x * cache[at.x]);
        o[turn] += fma(vec4<f32>(w.w), cache[at.w], fma(vec4<f32>(w.z), cache[at.z], low));
      }
    }
  }

  // Slices are added a vector of columns at a time, through memory for one vector an invocation.
  let out = group * (valueVectors + 1u);
  for (var turn = 0u; turn < turns; turn++) {
    workgroupBarrier();
    sliceSums[invocation] = o[turn];
    workgroupBarrier();
    let column = turn * lanes + invocation;
    if (invocation < lanes && column < valueVectors) {
      var total = sliceSums[invocation];
      for (var i = 1u; i < slices; i++) {
        total += sliceSums[i * lanes + invocation];
      }
      partial[out + column] = total;
    }
  }
  workgroupBarrier();
  weights[invocation] = sum;
  workgroupBarrier();
  if (invocation == 0u) {
    var total = 0.0;
    for (var i = 0u; i < threads; i++) {
      total += weights[i];
    }
    partial[out + valueVectors] = vec4<f32>(select(0.0, largest, total > 0.0), total, 0.0, 0.0);
  }
}
