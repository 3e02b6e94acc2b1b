// dk and dv of causal attention for narrow subgroups: the method of attention-backward-plain.wgsl in the tiles of
// attention-subgroup.wgsl. One workgroup = one subgroup of `lanes` = 4 · lanes key rows of one key/value head in
// registers, against chunks of 8 queries of every query head of its group: no two workgroups write the same row.

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
override accumulate: u32; // 1 adds to dqkv

@group(0) @binding(0) var<storage, read> qkv: array<f32>;          // [batch · time, rowStride]
@group(0) @binding(1) var<storage, read> dy: array<f32>;           // [batch · time, heads · valueSize]
@group(0) @binding(2) var<storage, read> logSumExp: array<f32>;    // [batch, heads, time]
@group(0) @binding(3) var<storage, read> delta: array<f32>;        // [batch, heads, time]
@group(0) @binding(4) var<storage, read_write> dqkv: array<f32>;   // [batch · time, rowStride]

alias Chunk = array<vec4<f32>, 8>; // 8 rows of the other side × 4 rows of one lane

/// Per pair, 0 for a dropped probability and 1 / (1 − dropout) for a kept one.
fn keepFactors(sample: u32, head: u32, queries: vec4<u32>, keys: vec4<u32>) -> vec4<f32> {
  if (dropout == 0.0) {
    return vec4<f32>(1.0);
  }
  var factors: vec4<f32>;
  for (var r = 0u; r < 4u; r++) {
    let element = (head * time + queries[r]) * time + keys[r];
    let uniform01 = randomUniform(step.dropoutSeed, step.step, step.sampleOffset + sample, operation, element);
    factors[r] = select(0.0, 1.0 / (1.0 - dropout), uniform01 >= dropout);
  }
  return factors;
}

/// One column of the 8 rows at this lane's addresses; the second component serves subgroups of 4.
fn column(addresses: vec2<u32>) -> vec2<f32> {
  var values = vec2<f32>(qkv[addresses.x]);
  if (lanes < 8u) {
    values.y = qkv[addresses.y];
  }
  return values;
}

/// The same of dy.
fn gradientColumn(addresses: vec2<u32>) -> vec2<f32> {
  var values = vec2<f32>(dy[addresses.x]);
  if (lanes < 8u) {
    values.y = dy[addresses.y];
  }
  return values;
}

/// sums[j] += a · (row j of the column).
fn addProducts(sums: ptr<function, Chunk>, a: vec4<f32>, values: vec2<f32>) {
  sums[0] = fma(a, vec4<f32>(subgroupBroadcast(values[0u / lanes], 0u % lanes)), sums[0]);
  sums[1] = fma(a, vec4<f32>(subgroupBroadcast(values[1u / lanes], 1u % lanes)), sums[1]);
  sums[2] = fma(a, vec4<f32>(subgroupBroadcast(values[2u / lanes], 2u % lanes)), sums[2]);
  sums[3] = fma(a, vec4<f32>(subgroupBroadcast(values[3u / lanes], 3u % lanes)), sums[3]);
  sums[4] = fma(a, vec4<f32>(subgroupBroadcast(values[4u / lanes], 4u % lanes)), sums[4]);
  sums[5] = fma(a, vec4<f32>(subgroupBroadcast(values[5u / lanes], 5u % lanes)), sums[5]);
  sums[6] = fma(a, vec4<f32>(subgroupBroadcast(values[6u / lanes], 6u % lanes)), sums[6]);
  sums[7] = fma(a, vec4<f32>(subgroupBroadcast(values[7u / lanes], 7u % lanes)), sums[7]);
}

/// start + Σ_j weights[j] · (row j of the column).
fn weightedSum(start: vec4<f32>, weights: ptr<function, Chunk>, values: vec2<f32>) -> vec4<f32> {
  var sum = fma(weights[0], vec4<f32>(subgroupBroadcast(values[0u / lanes], 0u % lanes)), start);
  sum = fma(weights[1], vec4<f32>(subgroupBroadcast(values[1u / lanes], 1u % lanes)), sum);
  sum = fma(weights[2], vec4<f32>(subgroupBroadcast(values[2u / lanes], 2u % lanes)), sum);
  sum = fma(weights[3], vec4<f32>(subgroupBroadcast(values[3u / lanes], 3u % lanes)), sum);
  sum = fma(weights[4], vec4<f32>(subgroupBroadcast(values[4u / lanes], 4u % lanes)), sum);
  sum = fma(weights[5], vec4<f32>(subgroupBroadcast(values[5u / lanes], 5u % lanes)), sum);
  sum = fma(weights[6], vec4<f32>(subgroupBroadcast(values[6u / lanes], 6u % lanes)), sum);
  return fma(weights[7], vec4<f32>(subgroupBroadcast(values[7u / lanes], 7u % lanes)), sum);
}

/// dqkv at four addresses becomes `values`, or grows by them.
fn storeFour(addresses: vec4<u32>, values: vec4<f32>, count: u32) {
  for (var r = 0u; r < 4u; r++) {
    if (r < count) {
      dqkv[addresses[r]] = values[r] + select(0.0, dqkv[addresses[r]], accumulate == 1u);
    }
  }
}

@compute @workgroup_size(lanes)
fn keysAndValues(@builtin(workgroup_id) id: vec3<u32>, @builtin(subgroup_invocation_id) lane: u32) {
  let group = linearWorkgroup(id);
  if (group >= launch.endWorkgroup) {
    return;
  }
  let keySteps = select(keySize, 0u, launch.gridWidth == 0u);
  let valueSteps = select(valueSize, 0u, launch.gridWidth == 0u);
  let tiles = (time + 4u * lanes - 1u) / (4u * lanes);
  let firstKey = group % tiles * 4u * lanes;
  let keyValueHead = group / tiles % keyValueHeads;
  let sample = group / tiles / keyValueHeads;
  let groupHeads = heads / keyValueHeads;
  let keys = firstKey + vec4<u32>(0u, 1u, 2u, 3u) * lanes + lane;
  let rows = sample * time + min(keys, vec4<u32>(time - 1u));
  let keyBase = rows * rowStride + kOffset + keyValueHead * keySize;
  let valueBase = rows * rowStride + vOffset + keyValueHead * valueSize;

  var k: array<vec4<f32>, keySize>;
  var dk: array<vec4<f32>, keySize>;
  var v: array<vec4<f32>, valueSize>;
  var dv: array<vec4<f32>, valueSize>;
  for (var d = 0u; d < 0x10000u; d++) {
    if (d >= keySteps) {
      break;
    }
    let i = keyBase + d;
    k[d] = scale * vec4<f32>(qkv[i.x], qkv[i.y], qkv[i.z], qkv[i.w]);
  }
  for (var d = 0u; d < 0x10000u; d++) {
    if (d >= valueSteps) {
      break;
    }
    let i = valueBase + d;
    v[d] = vec4<f32>(qkv[i.x], qkv[i.y], qkv[i.z], qkv[i.w]);
  }
  let chunks = (time - firstKey + 7u) / 8u; // of queries at or after the tile's first key
  for (var i = 0u; i < 0x1000000u; i++) {
    if (i >= groupHeads * chunks) {
      break;
    }
    let head = keyValueHead * groupHeads + i / chunks;
    let firstQuery = firstKey + i % chunks * 8u;
    let query = min(firstQuery + lane + vec2<u32>(0u, lanes), vec2<u32>(time - 1u));
    let queryBase = (sample * time + query) * rowStride + qOffset + head * keySize;
    let outBase = ((sample * time + query) * heads + head) * valueSize;
    let l = (sample * heads + head) * time + query;
    var sums = vec2<f32>(logSumExp[l.x], logSumExp[l.y]);
    var deltas = vec2<f32>(delta[l.x], delta[l.y]);
    var p = Chunk();
    var ds = Chunk();
    addProducts(&p, vec4<f32>(-1.0), sums);
    for (var d = 0u; d < 0x10000u; d++) {
      if (d >= keySteps) {
        break;
      }
      addProducts(&p, k[d], column(queryBase + d));
    }
    for (var d = 0u; d < 0x10000u; d++) {
      if (d >= valueSteps) {
        break;
      }
      addProducts(&ds, v[d], gradientColumn(outBase + d));
    }
    var rowDeltas = Chunk();
    addProducts(&rowDeltas, vec4<f32>(1.0), deltas);
    for (var j = 0u; j < 8u; j++) {
      let row = vec4<u32>(firstQuery + j);
      let attended = (keys <= row) & (row < vec4<u32>(time));
      let probability = select(vec4<f32>(), exp(p[j]), attended);
      let keep = keepFactors(sample, head, row, keys);
      p[j] = probability * keep;
      ds[j] = probability * (ds[j] * keep - rowDeltas[j]) * scale;
    }
    for (var d = 0u; d < 0x10000u; d++) {
      if (d >= valueSteps) {
        break;
      }
      dv[d] = weightedSum(dv[d], &p, gradientColumn(outBase + d));
    }
    for (var d = 0u; d < 0x10000u; d++) {
      if (d >= keySteps) {
        break;
      }
      dk[d] = weightedSum(dk[d], &ds, column(queryBase + d));
    }
  }
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
