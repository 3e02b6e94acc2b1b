// Causal attention for narrow subgroups (software adapters): one workgroup = one subgroup of `lanes` = a tile of 4 · lanes
// query rows of one head in registers, against chunks of as many keys. Softmax is
// rescaled per chunk (see attention-plain.wgsl for the method). Head sizes, offsets and row lengths are even.
//
// From attention-mask.wgsl: time, heads, keyValueHeads, rowStride, qOffset, kOffset, vOffset, scale, lowest,
//   firstVisible, isHidden, keepFactors.
// From attention-cap.wgsl: capped.
// From attention-strips.wgsl: lanes, Chunk, Strips, Pair, pairOf, addProducts, plusWeighted, chunkRows.

override keySize: u32; // of a head of queries and keys
override valueSize: u32; // of a head of values
override hasSinks: u32;

@group(0) @binding(0) var<storage, read> qkv: array<vec2<f32>>;        // [batch · time, rowStride]
@group(0) @binding(1) var<storage, read> sinks: array<f32>;            // [heads], or unused
@group(0) @binding(2) var<storage, read_write> y: array<f32>;          // [batch · time, heads · valueSize]
@group(0) @binding(3) var<storage, read_write> logSumExp: array<f32>;  // [batch, heads, time]

/// A pair of dimensions of one row in each strip.
fn strips(i: vec4<u32>) -> Strips {
  return Strips(qkv[i.x], qkv[i.y], qkv[i.z], qkv[i.w]);
}

@compute @workgroup_size(lanes)
fn forward(@builtin(workgroup_id) id: vec3<u32>, @builtin(subgroup_invocation_id) lane: u32) {
  let group = linearWorkgroup(id);
  if (group >= launch.endWorkgroup) {
    return;
  }
  // Zero never happens: it hides the loop counts from drivers that would unroll out of the instruction cache.
  let keySteps = select(keySize / 2u, 0u, launch.gridWidth == 0u);
  let valueSteps = select(valueSize / 2u, 0u, launch.gridWidth == 0u);
  let tiles = (time + 4u * lanes - 1u) / (4u * lanes);
  let firstQuery = (tiles - 1u - group % tiles) * 4u * lanes; // the longest rows first
  let head = group / tiles % heads;
  let sample = group / tiles / heads;
  let keyValueHead = head / (heads / keyValueHeads);
  let queries = firstQuery + vec4<u32>(0u, 1u, 2u, 3u) * lanes + lane;
  // Queries past the end repeat the last one: their lanes must take part in every broadcast, and store nothing.
  let rows = sample * time + min(queries, vec4<u32>(time - 1u));

  // Kept for all chunks: 4 rows of a head in vectors, as pairs of dimensions.
  var q: array<Pair, keySize / 2u>;
  let queryBase = (rows * rowStride + qOffset + head * keySize) / 2u;
  for (var d = 0u; d < 0x10000u; d++) {
    if (d >= keySteps) {
      break;
    }
    q[d] = pairOf(strips(queryBase + d), scale);
  }
  var o: array<Pair, valueSize / 2u>;
  var largest = vec4<f32>(lowest);
  var sum = vec4<f32>();
  if (hasSinks == 1u) { // a key whose score is learned and whose value is 0: the sums start with it
    largest = vec4<f32>(sinks[head]);
    sum = vec4<f32>(1.0);
  }
  let skipped = firstVisible(firstQuery) / (4u * lanes);
  let keyCount = min(time, firstQuery + 4u * lanes);
  for (var chunk = 0u; chunk < 0x1000000u; chunk++) {
    let firstKey = (skipped + chunk) * 4u * lanes;
    if (firstKey >= keyCount) {
      break;
    }
    let keyRows = chunkRows(sample, firstKey, lane) * rowStride;
    let keyBase = (keyRows + kOffset + keyValueHead * keySize) / 2u;
    // A lane's four queries against all 4 · lanes keys of the chunk.
    var p = Chunk();
    for (var d = 0u; d < 0x10000u; d++) {
      if (d >= keySteps) {
        break;
      }
      // A key's numbers reach all lanes by broadcast, and meet four queries in each.
      addProducts(&p, q[d], strips(keyBase + d));
    }
    var newLargest = largest;
    // Maximum and sum of a row are within one lane, components apart: softmax needs no exchange between lanes.
    for (var j = 0u; j < 4u * lanes; j++) {
      p[j] = select(capped(p[j]), vec4<f32>(lowest), isHidden(queries, vec4<u32>(firstKey + j)));
      newLargest = max(newLargest, p[j]);
    }
    let rescale = exp(largest - newLargest);
    largest = newLargest;
    sum *= rescale;
    for (var j = 0u; j < 4u * lanes; j++) {
      p[j] = exp(p[j] - largest);
      sum += p[j];
      p[j] *= keepFactors(sample, head, queries, vec4<u32>(firstKey + j));
    }
    let valueBase = (keyRows + vOffset + keyValueHead * valueSize) / 2u;
    for (var d = 0u; d < 0x10000u; d++) {
      if (d >= valueSteps) {
        break;
      }
      // Rescaled on the way to the next sum: o is read and written once a chunk, which costs more here than the
      // product.
      let start = Pair(o[d].first * rescale, o[d].second * rescale);
      o[d] = plusWeighted(start, &p, strips(valueBase + d));
    }
  }

  let logSums = largest + log(sum);
  let outBase = (rows * heads + head) * valueSize;
  for (var r = 0u; r < 4u; r++) {
    if (queries[r] >= time) {
      break;
    }
    logSumExp[(sample * heads + head) * time + queries[r]] = logSums[r];
    for (var d = 0u; d < 0x10000u; d++) {
      if (d >= valueSteps) {
        break;
      }
      y[outBase[r] + 2u * d] = o[d].first[r] / sum[r];
      y[outBase[r] + 2u * d + 1u] = o[d].second[r] / sum[r];
    }
  }
}
