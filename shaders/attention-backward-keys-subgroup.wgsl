// dk and dv of causal attention for narrow subgroups: the method of attention-backward-plain.wgsl in the tiles of
// attention-subgroup.wgsl. One workgroup = one subgroup of `lanes` = 4 · lanes key rows of one key/value head in registers,
// against chunks of as many queries of every query head of its group: no two workgroups write the same row.
//
// From attention-mask.wgsl: time, heads, keyValueHeads, rowStride, qOffset, kOffset, vOffset, scale, endOfViewers,
//   isHidden, keepFactors.
// From attention-cap.wgsl: capped, capSlope.
// From attention-strips.wgsl: lanes, Chunk, Strips, Pair, pairOf, addProducts, plusWeighted, chunkRows.
// From attention-backward-strips.wgsl: keySize, valueSize, logSumExp, delta, strips, gradientStrips, storeFour.

@compute @workgroup_size(lanes)
fn keysAndValues(@builtin(workgroup_id) id: vec3<u32>, @builtin(subgroup_invocation_id) lane: u32) {
  let group = linearWorkgroup(id);
  if (group >= launch.endWorkgroup) {
    return;
  }
  let keySteps = select(keySize / 2u, 0u, launch.gridWidth == 0u);
  let valueSteps = select(valueSize / 2u, 0u, launch.gridWidth == 0u);
  let tiles = (time + 4u * lanes - 1u) / (4u * lanes);
  let firstKey = group % tiles * 4u * lanes;
  let keyValueHead = group / tiles % keyValueHeads;
  let sample = group / tiles / keyValueHeads;
  let groupHeads = heads / keyValueHeads;
  // Four keys a lane, `lanes` apart, as components of a vector: p and ds are vectors over keys.
  let keys = firstKey + vec4<u32>(0u, 1u, 2u, 3u) * lanes + lane;
  let rows = chunkRows(sample, firstKey, lane) * rowStride;
  let keyBase = (rows + kOffset + keyValueHead * keySize) / 2u;
  let valueBase = (rows + vOffset + keyValueHead * valueSize) / 2u;

  var k: array<Pair, keySize / 2u>;
  var dk: array<Pair, keySize / 2u>;
  var v: array<Pair, valueSize / 2u>;
  var dv: array<Pair, valueSize / 2u>;
  for (var d = 0u; d < 0x10000u; d++) {
    if (d >= keySteps) {
      break;
    }
    k[d] = pairOf(strips(keyBase + d), scale);
  }
  for (var d = 0u; d < 0x10000u; d++) {
    if (d >= valueSteps) {
      break;
    }
    v[d] = pairOf(strips(valueBase + d), 1.0);
  }
  // A key is seen by the queries from its own place on, up to the end of its window.
  let viewers = endOfViewers(firstKey + 4u * lanes - 1u) - firstKey; // from the tile's first key on
  // The same number for every head of the group, so that one loop counts through both.
  let chunks = (viewers + 4u * lanes - 1u) / (4u * lanes);
  for (var i = 0u; i < 0x1000000u; i++) {
    if (i >= groupHeads * chunks) {
      break;
    }
    let head = keyValueHead * groupHeads + i / chunks;
    let firstQuery = firstKey + i % chunks * 4u * lanes;
    let queries = chunkRows(sample, firstQuery, lane);
    let queryBase = (queries * rowStride + qOffset + head * keySize) / 2u;
    let outBase = (queries * heads + head) * (valueSize / 2u);
    let l = queries + (sample * (heads - 1u) + head) * time; // [sample, head, query]
    var p = Chunk();
    for (var d = 0u; d < 0x10000u; d++) {
      if (d >= keySteps) {
        break;
      }
      addProducts(&p, k[d], strips(queryBase + d));
    }
    var ds = Chunk();
    for (var d = 0u; d < 0x10000u; d++) {
      if (d >= valueSteps) {
        break;
      }
      addProducts(&ds, v[d], gradientStrips(outBase + d));
    }
    var statistics = Chunk(); // the rows' log-sum-exps in x and their deltas in y, in every lane
    let sums = vec4<f32>(logSumExp[l.x], logSumExp[l.y], logSumExp[l.z], logSumExp[l.w]);
    let deltas = vec4<f32>(delta[l.x], delta[l.y], delta[l.z], delta[l.w]);
    // The other side's rows lie one a lane, as rows of a pair of dimensions do: a product with the unit vectors hands
    // both numbers of each row to all lanes, with the broadcasts that are there already.
    let unit = Pair(vec4<f32>(1.0, 0.0, 0.0, 0.0), vec4<f32>(0.0, 1.0, 0.0, 0.0));
    let rowStatistics = Strips(
      vec2<f32>(sums.x, deltas.x),
      vec2<f32>(sums.y, deltas.y),
      vec2<f32>(sums.z, deltas.z),
      vec2<f32>(sums.w, deltas.w),
    );
    addProducts(&statistics, unit, rowStatistics);
    for (var j = 0u; j < 4u * lanes; j++) {
      let row = vec4<u32>(firstQuery + j);
      let score = capped(p[j]);
      // Rows past the end repeat the last query, and would count it again.
      let isUnseen = isHidden(row, keys) | (row >= vec4<u32>(time));
      let probability = select(exp(score - statistics[j].x), vec4<f32>(), isUnseen);
      let keep = keepFactors(sample, head, row, keys);
      // dv wants p as dropout left it, ds the p that softmax made.
      p[j] = probability * keep;
      ds[j] = probability * (ds[j] * keep - statistics[j].y) * capSlope(score) * scale;
    }
    for (var d = 0u; d < 0x10000u; d++) {
      if (d >= valueSteps) {
        break;
      }
      dv[d] = plusWeighted(dv[d], &p, gradientStrips(outBase + d));
    }
    for (var d = 0u; d < 0x10000u; d++) {
      if (d >= keySteps) {
        break;
      }
      dk[d] = plusWeighted(dk[d], &ds, strips(queryBase + d));
    }
  }
  // How many of the lane's four keys, `lanes` apart, are inside the sequence.
  let count = min(4u, (time - min(time, firstKey + lane) + lanes - 1u) / lanes);
  for (var d = 0u; d < 0x10000u; d++) {
    if (d >= keySteps) {
      break;
    }
    storeFour(keyBase + d, dk[d], count);
  }
  for (var d = 0u; d < 0x10000u; d++) {
    if (d >= valueSteps) {
      break;
    }
    storeFour(valueBase + d, dv[d], count);
  }
}
