// Attention of one new query of each slot against its cached positions for narrow subgroups, where barriers and idle
// invocations are dear: what decode-attention.wgsl computes, without workgroup memory. One workgroup = one subgroup = one slot
// and query head. Keys come in chunks of four for each lane, which scores its own; then each lane sums its columns of the
// values of four keys at a time, whose weights it is handed. The chunks' maxima rescale the sums. The order is fixed.
//
// From attention-cap.wgsl: capped. From cache-ring.wgsl: sightFrom, rowsOfKeys.

override lanes: u32; // of a subgroup
override keySize: u32; // of a head of queries and keys
override valueSize: u32; // of a head of values
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

const valueSteps = (valueSize + lanes - 1u) / lanes; // value columns of a lane
const chunkKeys = 4u * lanes;
const lowest = -1.0e30; // stands for −∞, which WGSL may assume never to happen

@compute @workgroup_size(lanes)
fn main(@builtin(workgroup_id) id: vec3<u32>, @builtin(subgroup_invocation_id) lane: u32) {
  let group = linearWorkgroup(id);
  if (group >= launch.endWorkgroup) {
    return;
  }
  // Always 1, but drivers do not know: they would unroll the loops out of the instruction cache.
  let one = select(1u, 0u, launch.gridWidth == 0u);
  let slot = group / heads;
  let head = group % heads;
  let keyValueHead = head / (heads / keyValueHeads);
  let sight = sightFrom(slot, state[4u * slot]);
  let keyCount = sight.count;
  let query = slot * rowStride + qOffset + head * keySize;

  var o: array<f32, valueSteps>;
  var largest = lowest;
  var sum = 0.0;
  if (hasSinks == 1u) { // a key whose score is learned and whose value is 0: the sums start with it
    largest = sinks[head];
    sum = select(0.0, 1.0, lane == 0u);
  }
  for (var chunk = 0u; chunk < 0x1000000u; chunk++) { // a constant bound with a break costs no loop guard
    let firstKey = chunk * chunkKeys;
    if (firstKey >= keyCount) {
      break;
    }
    // lanes apart: neighbours have neighbouring keys, whose rows of the cache follow each other.
    let key = firstKey + vec4<u32>(0u, 1u, 2u, 3u) * lanes + lane;
    let k = rowsOfKeys(sight, min(key, vec4<u32>(keyCount - 1u))) * rowWidth + keyValueHead * keySize;
    var scores = vec4<f32>();
    for (var d = 0u; d < 0x10000u; d++) {
      if (d >= keySize * one) {
        break;
      }
      let keys = vec4<f32>(cache[k.x + d], cache[k.y + d], cache[k.z + d], cache[k.w + d]);
      // The query is read again for each key: all lanes want the same number, which is one load for the subgroup.
      scores = fma(vec4<f32>(qkv[query + d]), keys, scores);
    }
    scores = select(vec4<f32>(lowest), capped(scores * scale), key < vec4<u32>(keyCount));
    let own = max(max(scores.x, scores.y), max(scores.z, scores.w));
    let newLargest = max(largest, subgroupMax(own));
    let rescale = exp(largest - newLargest);
    largest = newLargest;
    let p = exp(scores - largest);
    sum = sum * rescale + p.x + p.y + p.z + p.w;
    for (var j = 0u; j < valueSteps; j++) {
      // A rescaling a chunk: a lane's columns are few, keys many.
      o[j] *= rescale;
    }
    for (var quad = 0u; quad < lanes; quad++) { // of four keys
      let first = firstKey + 4u * quad;
      if (first >= keyCount) {
        break;
      }
      // Keys 4·quad … 4·quad + 3 lie in one component of p, in neighbouring lanes. subgroupShuffle, because the lane
      // varies with the loop: a broadcast takes constants.
      let ofLanes = p[4u * quad / lanes];
      let lowLane = 4u * quad % lanes;
      let weights = vec4<f32>(
        subgroupShuffle(ofLanes, lowLane),
        subgroupShuffle(ofLanes, lowLane + 1u),
        subgroupShuffle(ofLanes, lowLane + 2u),
        subgroupShuffle(ofLanes, lowLane + 3u),
      );
      let row = rowsOfKeys(sight, min(first + vec4<u32>(0u, 1u, 2u, 3u), vec4<u32>(keyCount - 1u)));
      let v = row * rowWidth + valueOffset + keyValueHead * valueSize;
      for (var j = 0u; j < 0x10000u; j++) {
        if (j >= valueSteps * one) {
          break;
        }
        let at = v + min(j * lanes + lane, valueSize - 1u);
        o[j] += dot(weights, vec4<f32>(cache[at.x], cache[at.y], cache[at.z], cache[at.w]));
      }
    }
  }
  // Each lane has summed its own keys' weights: added once here, not in every chunk.
  let scaleOut = 1.0 / subgroupAdd(sum);
  for (var j = 0u; j < 0x10000u; j++) {
    let column = j * lanes + lane;
    if (j >= valueSteps * one) {
      break;
    }
    if (column < valueSize) {
      y[group * valueSize + column] = o[j] * scaleOut;
    }
  }
}
