// delta[b, h, t] = Σ_d y[b, t, h, d] · dy[b, t, h, d], which the gradient of softmax subtracts from dp in each row.
// One invocation per (sample, head, time). Equal to Σ_j p_ij dp_ij, without the T × T matrices (Dao et al. 2022, B.4).

override valueSize: u32; // of a head of values
override batch: u32;
override time: u32;
override heads: u32;

@group(0) @binding(0) var<storage, read> y: array<f32>;            // [batch · time, heads · valueSize]
@group(0) @binding(1) var<storage, read> dy: array<f32>;           // [batch · time, heads · valueSize]
@group(0) @binding(2) var<storage, read_write> delta: array<f32>;  // [batch, heads, time]

const workgroupSize = 64u;

@compute @workgroup_size(workgroupSize)
fn main(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) invocation: u32) {
  let group = linearWorkgroup(id);
  // In the order of delta, so that neighbours write neighbouring addresses.
  let index = group * workgroupSize + invocation;
  if (group >= launch.endWorkgroup || index >= batch * heads * time) {
    return;
  }
  // From [batch, heads, time] to the row of [batch · time, heads · valueSize].
  let row = index / time / heads * time + index % time;
  let base = (row * heads + index / time % heads) * valueSize;
  let valueSteps = select(valueSize, 0u, launch.gridWidth == 0u); // never 0: hides the loop count from unrolling
  var sum = 0.0;
  for (var d = 0u; d < 0x10000u; d++) {
    if (d >= valueSteps) {
      break;
    }
    sum = fma(y[base + d], dy[base + d], sum);
  }
  delta[index] = sum;
}
