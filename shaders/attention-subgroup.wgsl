// Causal attention for narrow subgroups (software adapters), where a load costs as much as twenty multiply-adds.
// One workgroup = one subgroup of `lanes` = a tile of 4 · lanes query rows of one head; each lane owns every lanes-th of
// them as one vec4 per dimension. Keys come in chunks of 8: lane l loads the l-th, and subgroupBroadcast hands it to the
// others, so a load feeds 4 · lanes rows. Softmax is rescaled per chunk (see attention-plain.wgsl for the method).

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

@group(0) @binding(0) var<storage, read> qkv: array<f32>;              // [batch · time, rowStride]
@group(0) @binding(1) var<storage, read_write> y: array<f32>;          // [batch · time, heads · valueSize]
@group(0) @binding(2) var<storage, read_write> logSumExp: array<f32>;  // [batch, heads, time]

const lowest = -1.0e30; // stands for −∞, which WGSL may assume never to happen
alias Chunk = array<vec4<f32>, 8>; // 8 keys × 4 query rows of one lane

/// Per row, 0 for a dropped probability and 1 / (1 − dropout) for a kept one.
fn keepFactors(sample: u32, head: u32, queries: vec4<u32>, key: u32) -> vec4<f32> {
  var factors: vec4<f32>;
  for (var r = 0u; r < 4u; r++) {
    let element = (head * time + queries[r]) * time + key;
    let uniform01 = randomUniform(step.dropoutSeed, step.step, step.sampleOffset + sample, operation, element);
    factors[r] = select(0.0, 1.0 / (1.0 - dropout), uniform01 >= dropout);
  }
  return factors;
}

/// Column d of the 8 rows at this lane's addresses; the second component serves subgroups of 4.
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

@compute @workgroup_size(lanes)
fn forward(@builtin(workgroup_id) id: vec3<u32>, @builtin(subgroup_invocation_id) lane: u32) {
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
  let queries = firstQuery + vec4<u32>(0u, 1u, 2u, 3u) * lanes + lane;
  let rows = sample * time + min(queries, vec4<u32>(time - 1u));

  var q: array<vec4<f32>, keySize>;
  let queryBase = rows * rowStride + qOffset + head * keySize;
  for (var d = 0u; d < 0x10000u; d++) {
    if (d >= keySteps) {
      break;
    }
    let i = queryBase + d;
    q[d] = scale * vec4<f32>(qkv[i.x], qkv[i.y], qkv[i.z], qkv[i.w]);
  }
  var o: array<vec4<f32>, valueSize>;
  var largest = vec4<f32>(lowest);
  var sum = vec4<f32>();
  let keyCount = min(time, firstQuery + 4u * lanes);
  for (var chunk = 0u; chunk < 0x1000000u; chunk++) {
    let firstKey = chunk * 8u;
    if (firstKey >= keyCount) {
      break;
    }
    let keyRows = sample * time + min(firstKey + lane + vec2<u32>(0u, lanes), vec2<u32>(time - 1u));
    let keyBase = keyRows * rowStride + kOffset + keyValueHead * keySize;
    var p = Chunk();
    for (var d = 0u; d < 0x10000u; d++) {
      if (d >= keySteps) {
        break;
      }
      addProducts(&p, q[d], column(keyBase + d));
    }
    var newLargest = largest;
    for (var j = 0u; j < 8u; j++) {
      p[j] = select(p[j], vec4<f32>(lowest), vec4<u32>(firstKey + j) > queries);
      newLargest = max(newLargest, p[j]);
    }
    let rescale = exp(largest - newLargest);
    largest = newLargest;
    sum *= rescale;
    for (var j = 0u; j < 8u; j++) {
      p[j] = exp(p[j] - largest);
      sum += p[j];
      if (dropout > 0.0) {
        p[j] *= keepFactors(sample, head, queries, firstKey + j);
      }
    }
    let valueBase = keyRows * rowStride + vOffset + keyValueHead * valueSize;
    for (var d = 0u; d < 0x10000u; d++) {
      if (d >= valueSteps) {
        break;
      }
      o[d] = weightedSum(o[d] * rescale, &p, column(valueBase + d));
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
      y[outBase[r] + d] = o[d][r] / sum[r];
    }
  }
}
