// dq of causal attention for narrow subgroups: the method of attention-backward-plain.wgsl in the tiles of
// attention-subgroup.wgsl. One workgroup = one subgroup of `lanes` = 4 · lanes query rows of one head in registers,
// against chunks of 8 keys: lane l loads row l of a chunk, and subgroupBroadcast hands it to the others.

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
fn queries(@builtin(workgroup_id) id: vec3<u32>, @builtin(subgroup_invocation_id) lane: u32) {
  let group = linearWorkgroup(id);
  if (group >= launch.endWorkgroup) {
    return;
  }
  // Zero never happens: it hides the loop counts from drivers that would unroll out of the instruction cache.
  let keySteps = select(keySize, 0u, launch.gridWidth == 0u);
  let valueSteps = select(valueSize, 0u, launch.gridWidth == 0u);
  let tiles = (time + 4u * lanes - 1u) / (4u * lanes);
  let firstQuery = (tiles - 1u - group % tiles) * 4u * lanes; // the longest rows first
  let head = group / tiles % heads;
  let sample = group / tiles / heads;
  let keyValueHead = head / (heads / keyValueHeads);
  let query = firstQuery + vec4<u32>(0u, 1u, 2u, 3u) * lanes + lane;
  let inside = min(query, vec4<u32>(time - 1u));
  let rows = sample * time + inside;
  let queryBase = rows * rowStride + qOffset + head * keySize;
  let outBase = (rows * heads + head) * valueSize;
  let l = (sample * heads + head) * time + inside;
  let rowSums = vec4<f32>(logSumExp[l.x], logSumExp[l.y], logSumExp[l.z], logSumExp[l.w]);
  let rowDeltas = vec4<f32>(delta[l.x], delta[l.y], delta[l.z], delta[l.w]);

  var q: array<vec4<f32>, keySize>;
  var dq: array<vec4<f32>, keySize>;
  var dout: array<vec4<f32>, valueSize>;
  for (var d = 0u; d < 0x10000u; d++) {
    if (d >= keySteps) {
      break;
    }
    let i = queryBase + d;
    q[d] = scale * vec4<f32>(qkv[i.x], qkv[i.y], qkv[i.z], qkv[i.w]);
  }
  for (var d = 0u; d < 0x10000u; d++) {
    if (d >= valueSteps) {
      break;
    }
    let i = outBase + d;
    dout[d] = vec4<f32>(dy[i.x], dy[i.y], dy[i.z], dy[i.w]);
  }
  let keyCount = min(time, firstQuery + 4u * lanes);
  for (var chunk = 0u; chunk < 0x1000000u; chunk++) {
    let firstKey = chunk * 8u;
    if (firstKey >= keyCount) {
      break;
    }
    let keyRows = sample * time + min(firstKey + lane + vec2<u32>(0u, lanes), vec2<u32>(time - 1u));
    let keyBase = keyRows * rowStride + kOffset + keyValueHead * keySize;
    let valueBase = keyRows * rowStride + vOffset + keyValueHead * valueSize;
    var p = Chunk();
    var ds = Chunk();
    for (var d = 0u; d < 0x10000u; d++) {
      if (d >= keySteps) {
        break;
      }
      addProducts(&p, q[d], column(keyBase + d));
    }
    for (var d = 0u; d < 0x10000u; d++) {
      if (d >= valueSteps) {
        break;
      }
      addProducts(&ds, dout[d], column(valueBase + d));
    }
    for (var j = 0u; j < 8u; j++) {
      let key = vec4<u32>(firstKey + j);
      let probability = select(exp(p[j] - rowSums), vec4<f32>(), key > query);
      ds[j] = probability * (ds[j] * keepFactors(sample, head, query, key) - rowDeltas) * scale;
    }
    for (var d = 0u; d < 0x10000u; d++) {
      if (d >= keySteps) {
        break;
      }
      dq[d] = weightedSum(dq[d], &ds, column(keyBase + d));
    }
  }
  let count = min(4u, (time - min(time, firstQuery + lane) + lanes - 1u) / lanes);
  for (var d = 0u; d < 0x10000u; d++) {
    if (d >= keySteps) {
      break;
    }
    storeFour(queryBase + d, dq[d], count);
  }
}
