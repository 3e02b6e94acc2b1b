// A sample's part of the gradient of a head's sink, −Σ_t exp(sink − logSumExp[t]) · delta[t]: the sink's probability in
// each row times what softmax's gradient subtracts, since the sink's value is 0 (Xiao et al. 2023; gpt-oss 2025).
// One workgroup per (sample, head): invocations stride over the rows and meet in a tree, in a fixed order.
//
// From workgroup-sums.wgsl: workgroupSum.

override batch: u32;
override time: u32;
override heads: u32;

@group(0) @binding(0) var<storage, read> sinks: array<f32>;        // [heads]
@group(0) @binding(1) var<storage, read> logSumExp: array<f32>;    // [batch, heads, time], sink included
@group(0) @binding(2) var<storage, read> delta: array<f32>;        // [batch, heads, time]
@group(0) @binding(3) var<storage, read_write> sums: array<f32>;   // [batch, heads]

const threads = 64u;
override steps: u32 = (time + threads - 1u) / threads;

@compute @workgroup_size(threads)
fn main(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) invocation: u32) {
  let index = linearWorkgroup(id);
  if (index >= min(launch.endWorkgroup, batch * heads)) {
    return;
  }
  // ds = p · (dp − delta) with dp = 0, since the sink's value is 0; p = exp(sink − logSumExp), for logSumExp counts
  // the sink.
  let sink = sinks[index % heads];
  var sum = 0.0;
  for (var i = 0u; i < steps; i++) {
    let row = i * threads + invocation;
    if (row < time) {
      sum -= exp(sink - logSumExp[index * time + row]) * delta[index * time + row];
    }
  }
  let total = workgroupSum(sum, invocation);
  if (invocation == 0u) {
    // One number a sample: a column sum adds the samples afterwards, in a fixed order.
    sums[index] = total;
  }
}
