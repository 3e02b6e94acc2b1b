// Attention of one new query of each slot, at the position in its state, against the slot's cached positions, linear in their
// number. One workgroup per slot and query head. Keys come in chunks: each invocation scores four of them; then columnLanes invocations, four
// value columns each, sum every slices-th key's values, weighted. The chunks' maxima rescale the sums as in
// attention-plain.wgsl, and slices are added in a fixed order.
//
// From attention-cap.wgsl: capped. From cache-ring.wgsl: sightFrom, rowsOfKeys. From workgroup-sums.wgsl: workgroupMaximum, workgroupSum.

override keySize: u32; // of a head of queries and keys
override valueSize: u32; // of a head of values
override threads: u32; // invocations of a workgroup
override slots: u32; // sequences that are decoded together
override heads: u32;
override keyValueHeads: u32;
override rowStride: u32;   // of qkv
override qOffset: u32;
override rowWidth: u32;    // of the cache
override valueOffset: u32; // of the value heads in a row; 0 where values are the first columns of the key
override scale: f32;
override hasSinks: u32;

@group(0) @binding(0) var<storage, read> qkv: array<f32>;        // [slots, rowStride]
@group(0) @binding(1) var<storage, read> cache: array<f32>;      // [slots, context, rowWidth]
@group(0) @binding(2) var<storage, read> state: array<u32>;      // [slots, 4], a row's first is the position of its query
@group(0) @binding(3) var<storage, read> sinks: array<f32>;      // [heads], or unused
@group(0) @binding(4) var<storage, read_write> y: array<f32>;    // [slots, heads · valueSize]

const columnLanes = min(threads, (valueSize + 3u) / 4u); // invocations that share a key: four value columns each
const slices = threads / columnLanes;
// A key's score wants all of its dimensions, a column of values wants all of its keys: a chunk is passed over twice,
// with work shared out by keys and then by columns, and the weights of a chunk pass through workgroup memory between.
const chunkKeys = 4u * threads; // four keys of each invocation
const lowest = -1.0e30;         // stands for −∞, which WGSL may assume never to happen
// All invocations read the same element of the query at a time; a private array with a running index would spill.
var<workgroup> scaledQuery: array<f32, keySize>;
// One chunk's scores are shared by everybody: invocations score keys, and then sum columns over all keys of the
// chunk.
var<workgroup> weights: array<f32, chunkKeys>;
var<workgroup> sliceSums: array<vec4<f32>, threads>;

@compute @workgroup_size(threads)
fn main(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) invocation: u32) {
  let group = linearWorkgroup(id);
  if (group >= launch.endWorkgroup) {
    return;
  }
  let slot = group / heads;
  let head = group % heads;
  // Zero never happens: it hides the loop count from drivers that would unroll out of the instruction cache.
  let keySteps = select(keySize, 0u, launch.gridWidth == 0u);
  // What a token sees depends on its position, which only the GPU knows: loops end by it, and no plan per length is
  // needed.
  let sight = sightFrom(slot, state[4u * slot]);
  let keyCount = sight.count;
  let query = slot * rowStride + qOffset + head * keySize;
  let keyValueHead = head / (heads / keyValueHeads);
  let slice = invocation / columnLanes;
  // columnLanes apart, so that neighbours read neighbouring columns of a key's values.
  let columns = invocation % columnLanes + vec4<u32>(0u, 1u, 2u, 3u) * columnLanes;
  let valueBase = valueOffset + keyValueHead * valueSize + min(columns, vec4<u32>(valueSize - 1u));

  for (var i = 0u; i < (keySize + threads - 1u) / threads; i++) {
    let d = i * threads + invocation;
    if (d < keySize) {
      scaledQuery[d] = qkv[query + d] * scale;
    }
  }
  workgroupBarrier();
  var o = vec4<f32>();
  var largest = lowest;
  var sum = 0.0;
  if (hasSinks == 1u) { // a key whose score is learned and whose value is 0: the sums start with it
    largest = sinks[head];
    sum = select(0.0, 1.0, invocation == 0u);
  }
  for (var chunk = 0u; chunk < 0x1000000u; chunk++) { // a constant bound with a break costs no loop guard
    let firstKey = chunk * chunkKeys;
    if (firstKey >= keyCount) {
      break;
    }
    let key = firstKey + vec4<u32>(0u, 1u, 2u, 3u) * threads + invocation;
    // Clamped, and masked after the product.
    let k = rowsOfKeys(sight, min(key, vec4<u32>(keyCount - 1u))) * rowWidth + keyValueHead * keySize;
    var scores = vec4<f32>();
    for (var d = 0u; d < 0x10000u; d++) {
      if (d >= keySteps || key.x >= keyCount) { // invocations without keys are idle
        break;
      }
      scores = fma(vec4<f32>(scaledQuery[d]), vec4<f32>(cache[k.x + d], cache[k.y + d], cache[k.z + d], cache[k.w + d]), scores);
    }
    scores = select(vec4<f32>(lowest), capped(scores), key < vec4<u32>(keyCount));
    let own = max(max(scores.x, scores.y), max(scores.z, scores.w));
    let newLargest = workgroupMaximum(max(largest, own), invocation);
    let rescale = exp(largest - newLargest);
    largest = newLargest;
    let p = exp(scores - largest);
    // Of this invocation's keys alone: added over the workgroup once, at the end.
    sum = sum * rescale + p.x + p.y + p.z + p.w;
    weights[invocation] = p.x;
    weights[threads + invocation] = p.y;
    weights[2u * threads + invocation] = p.z;
    weights[3u * threads + invocation] = p.w;
    // The weights are there for all …
    workgroupBarrier();
    o *= rescale;
    for (var i = 0u; i < chunkKeys; i++) {
      let index = i * slices + slice;
      if (slice >= slices || index >= min(keyCount - firstKey, chunkKeys)) {
        break;
      }
      let v = rowsOfKeys(sight, vec4<u32>(firstKey + index)).x * rowWidth + valueBase;
      o = fma(vec4<f32>(weights[index]), vec4<f32>(cache[v.x], cache[v.y], cache[v.z], cache[v.w]), o);
    }
    // … and are read by all, before the next chunk's take their places.
    workgroupBarrier();
  }
  let scaleOut = 1.0 / workgroupSum(sum, invocation);
  // Slices summed different keys of the same columns.
  sliceSums[invocation] = o;
  workgroupBarrier();
  if (slice == 0u) {
    var total = vec4<f32>();
    for (var i = 0u; i < slices; i++) {
      total += sliceSums[i * columnLanes + invocation];
    }
    for (var c = 0u; c < 4u; c++) {
      if (columns[c] < valueSize) {
        y[group * valueSize + columns[c]] = total[c] * scaleOut;
      }
    }
  }
}
