// dq of causal attention for narrow subgroups: the method of attention-backward-plain.wgsl in the tiles of
// attention-subgroup.wgsl. One workgroup = one subgroup of `lanes` = 4 · lanes query rows of one head in registers,
// against chunks of as many keys.
//
// From attention-mask.wgsl: time, heads, keyValueHeads, rowStride, qOffset, kOffset, vOffset, scale, firstVisible,
//   isHidden, keepFactors.
// From attention-cap.wgsl: capped, capSlope.
// From attention-strips.wgsl: lanes, Chunk, Pair, pairOf, addProducts, plusWeighted, chunkRows.
// From attention-backward-strips.wgsl: keySize, valueSize, logSumExp, delta, strips, gradientStrips, storeFour.

@compute @workgroup_size(lanes)
fn queries(@builtin(workgroup_id) id: vec3<u32>, @builtin(subgroup_invocation_id) lane: u32) {
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
  let query = firstQuery + vec4<u32>(0u, 1u, 2u, 3u) * lanes + lane;
  let inside = min(query, vec4<u32>(time - 1u));
  let rows = sample * time + inside;
  let queryBase = (rows * rowStride + qOffset + head * keySize) / 2u;
  let outBase = (rows * heads + head) * (valueSize / 2u);
  let l = (sample * heads + head) * time + inside;
  let rowSums = vec4<f32>(logSumExp[l.x], logSumExp[l.y], logSumExp[l.z], logSumExp[l.w]);
  let rowDeltas = vec4<f32>(delta[l.x], delta[l.y], delta[l.z], delta[l.w]);

  var q: array<Pair, keySize / 2u>;
  // dq, like q, stays in registers over all chunks and is written once.
  var dq: array<Pair, keySize / 2u>;
  var dout: array<Pair, valueSize / 2u>;
  for (var d = 0u; d < 0x10000u; d++) {
    if (d >= keySteps) {
      break;
    }
    q[d] = pairOf(strips(queryBase + d), scale);
  }
  for (var d = 0u; d < 0x10000u; d++) {
    if (d >= valueSteps) {
      break;
    }
    dout[d] = pairOf(gradientStrips(outBase + d), 1.0);
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
    let valueBase = (keyRows + vOffset + keyValueHead * valueSize) / 2u;
    // q·k and dy·v of the lane's four queries with each key of the chunk; ds takes the place of the second.
    var p = Chunk();
    var ds = Chunk();
    for (var d = 0u; d < 0x10000u; d++) {
      if (d >= keySteps) {
        break;
      }
      addProducts(&p, q[d], strips(keyBase + d));
    }
    for (var d = 0u; d < 0x10000u; d++) {
      if (d >= valueSteps) {
        break;
      }
      addProducts(&ds, dout[d], strips(valueBase + d));
    }
    for (var j = 0u; j < 4u * lanes; j++) {
      let key = vec4<u32>(firstKey + j);
      let score = capped(p[j]);
      // Made again from its score: exp(score − logSumExp) is the forward pass's probability, up to rounding.
      let probability = select(exp(score - rowSums), vec4<f32>(), isHidden(query, key));
      ds[j] = probability * (ds[j] * keepFactors(sample, head, query, key) - rowDeltas) * capSlope(score) * scale;
    }
    for (var d = 0u; d < 0x10000u; d++) {
      if (d >= keySteps) {
        break;
      }
      dq[d] = plusWeighted(dq[d], &ds, strips(keyBase + d));
    }
  }
  // How many of the lane's four queries, `lanes` apart, are inside the sequence.
  let count = min(4u, (time - min(time, firstQuery + lane) + lanes - 1u) / lanes);
  for (var d = 0u; d < 0x10000u; d++) {
    if (d >= keySteps) {
      break;
    }
    storeFour(queryBase + d, dq[d], count);
  }
}
