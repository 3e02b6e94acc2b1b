// What decode-attention.wgsl computes, of a cache in int8 (src/plan/quantised-cache.ts): a quarter of the bytes are read. A
// key's score is its scale times the product with its bytes, a word of four at a time; the scale of its value goes into its
// weight. One workgroup per slot and query head: each invocation scores four keys of a chunk; then columnLanes invocations,
// a word of values each, sum every slices-th key's. Latents with shared rows have two scales, one for the part behind them.
//
// From attention-cap.wgsl: capped. From cache-ring.wgsl: sightFrom, rowsOfKeys. From workgroup-sums.wgsl: workgroupMaximum, workgroupSum.

override keySize: u32;    // of a head of queries and keys
override valueSize: u32;  // of a head of values
override sharedRows: u32; // 1: values are the first part of the key (latents), and the rest has a scale of its own
override threads: u32;    // invocations of a workgroup
override slots: u32;      // sequences that are decoded together
override heads: u32;
override keyValueHeads: u32;
override rowStride: u32;  // of qkv
override qOffset: u32;
override rowWords: u32;   // of the cache, scales included
override scale: f32;
override hasSinks: u32;

@group(0) @binding(0) var<storage, read> qkv: array<f32>;        // [slots, rowStride]
@group(0) @binding(1) var<storage, read> cache: array<u32>;      // [slots, context, rowWords]
@group(0) @binding(2) var<storage, read> state: array<u32>;      // [slots, 4], a row's first is the position of its query
@group(0) @binding(3) var<storage, read> sinks: array<f32>;      // [heads], or unused
@group(0) @binding(4) var<storage, read_write> y: array<f32>;    // [slots, heads · valueSize]

// Numbers and words of a key's first part and of what is behind it.
// Latents are keys and values at once: what follows them, the rotated key, has other magnitudes, and would spoil
// their scale.
const firstSize = select(keySize, valueSize, sharedRows == 1u);
const secondSize = keySize - firstSize;
const firstWords = (firstSize + 3u) / 4u;
const keyWords = firstWords + (secondSize + 3u) / 4u;
const valueWords = (valueSize + 3u) / 4u;
const columnLanes = min(threads, valueWords); // invocations that share a key
const slices = threads / columnLanes;
const chunkKeys = 4u * threads;
const lowest = -1.0e30; // stands for −∞, which WGSL may assume never to happen
var<workgroup> scaledQuery: array<vec4<f32>, keyWords>;
var<workgroup> weights: array<f32, chunkKeys>;
var<workgroup> sliceSums: array<vec4<f32>, threads>;

/// The four numbers of a word, without their scale.
/// Each byte is moved to the top of a word and shifted back with its sign.
fn bytesOf(word: u32) -> vec4<f32> {
  return vec4<f32>(bitcast<vec4<i32>>(vec4<u32>(word) << vec4<u32>(24u, 16u, 8u, 0u)) >> vec4<u32>(24u));
}

/// Products of four numbers of the query with a word of four keys each.
/// Four keys at a time, since their words are under way together; dots of vectors, which compilers know.
fn products(query: vec4<f32>, words: vec4<u32>) -> vec4<f32> {
  return vec4<f32>(
    dot(query, bytesOf(words.x)),
    dot(query, bytesOf(words.y)),
    dot(query, bytesOf(words.z)),
    dot(query, bytesOf(words.w)),
  );
}

/// A word of each of four keys.
fn wordsAt(places: vec4<u32>) -> vec4<u32> {
  return vec4<u32>(cache[places.x], cache[places.y], cache[places.z], cache[places.w]);
}

@compute @workgroup_size(threads)
fn main(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) invocation: u32) {
  let group = linearWorkgroup(id);
  if (group >= launch.endWorkgroup) {
    return;
  }
  let slot = group / heads;
  let head = group % heads;
  let sight = sightFrom(slot, state[4u * slot]);
  let keyCount = sight.count;
  let query = slot * rowStride + qOffset + head * keySize;
  let keyValueHead = head / (heads / keyValueHeads);
  let slice = invocation / columnLanes;
  let lane = invocation % columnLanes;
  // Places in a row.
  // Heads' keys, heads' values, then two scales a head; of shared rows the latent, what is behind it, and their
  // scales.
  var valueAt = keyValueHeads * keyWords + keyValueHead * valueWords + lane;
  var keyScaleAt = rowWords - 2u * keyValueHeads + keyValueHead;
  var valueScaleAt = keyScaleAt + keyValueHeads;
  if (sharedRows == 1u) {
    valueAt = lane;
    keyScaleAt = rowWords - select(2u, 1u, secondSize == 0u);
    valueScaleAt = keyScaleAt;
  }
  // Zero never happens: it hides the loop count from drivers that would unroll out of the instruction cache.
  let hidden = select(1u, 0u, launch.gridWidth == 0u);

  for (var i = 0u; i < (keyWords + threads - 1u) / threads; i++) {
    let word = i * threads + invocation;
    if (word < keyWords) {
      let isFirst = word < firstWords;
      let d = 4u * (word - select(firstWords, 0u, isFirst));
      // The query is laid out as the cache is, a vec4 a word, so that both are read by the same index.
      let left = select(secondSize, firstSize, isFirst) - d; // numbers from here on: what fills up a word is 0
      let place = query + select(firstSize, 0u, isFirst) + d + min(vec4<u32>(0u, 1u, 2u, 3u), vec4<u32>(left - 1u));
      let four = vec4<f32>(qkv[place.x], qkv[place.y], qkv[place.z], qkv[place.w]);
      scaledQuery[word] = select(vec4<f32>(), four * scale, vec4<u32>(0u, 1u, 2u, 3u) < vec4<u32>(left));
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
    let row = rowsOfKeys(sight, min(key, vec4<u32>(keyCount - 1u))) * rowWords;
    let k = row + keyValueHead * keyWords;
    var scores = vec4<f32>();
    var p = vec4<f32>(); // weights of the values, their scale included
    if (key.x < keyCount) { // invocations without keys are idle
      for (var w = 0u; w < 0x10000u; w++) {
        if (w >= firstWords * hidden) {
          break;
        }
        scores += products(scaledQuery[w], wordsAt(k + w));
      }
      scores *= bitcast<vec4<f32>>(wordsAt(row + keyScaleAt));
      if (secondSize > 0u) {
        var rest = vec4<f32>();
        for (var w = firstWords; w < 0x10000u; w++) {
          if (w >= keyWords * hidden) {
            break;
          }
          rest += products(scaledQuery[w], wordsAt(k + w));
        }
        scores = fma(rest, bitcast<vec4<f32>>(wordsAt(row + keyScaleAt + 1u)), scores);
      }
      p = bitcast<vec4<f32>>(wordsAt(row + valueScaleAt));
    }
    scores = select(vec4<f32>(lowest), capped(scores), key < vec4<u32>(keyCount));
    let own = max(max(scores.x, scores.y), max(scores.z, scores.w));
    let newLargest = workgroupMaximum(max(largest, own), invocation);
    let rescale = exp(largest - newLargest);
    largest = newLargest;
    let exponentials = exp(scores - largest);
    sum = sum * rescale + exponentials.x + exponentials.y + exponentials.z + exponentials.w;
    // The scale of a value meets its weight once, not each of its columns.
    p *= exponentials;
    weights[invocation] = p.x;
    weights[threads + invocation] = p.y;
    weights[2u * threads + invocation] = p.z;
    weights[3u * threads + invocation] = p.w;
    workgroupBarrier();
    o *= rescale;
    for (var i = 0u; i < chunkKeys; i++) {
      let index = i * slices + slice;
      if (slice >= slices || index >= min(keyCount - firstKey, chunkKeys)) {
        break;
      }
      // Four columns a load: a lane has a word, and neighbours have its neighbours.
      let word = cache[rowsOfKeys(sight, vec4<u32>(firstKey + index)).x * rowWords + valueAt];
      o = fma(vec4<f32>(weights[index]), bytesOf(word), o);
    }
    workgroupBarrier();
  }
  let scaleOut = 1.0 / workgroupSum(sum, invocation);
  sliceSums[invocation] = o;
  workgroupBarrier();
  if (slice == 0u) {
    var total = vec4<f32>();
    for (var i = 0u; i < slices; i++) {
      total += sliceSums[i * columnLanes + invocation];
    }
    for (var c = 0u; c < 4u; c++) {
      if (4u * lane + c < valueSize) {
        y[group * valueSize + 4u * lane + c] = total[c] * scaleOut;
      }
    }
  }
}
