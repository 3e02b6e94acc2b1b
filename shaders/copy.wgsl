// y = x, one vec4 per invocation: measures bandwidth by working-set size, and with one workgroup the launch cost.
// Every element is read once and written once.

override vectors: u32; // number of vec4

@group(0) @binding(0) var<storage, read> x: array<vec4<f32>>;       // [vectors]
@group(0) @binding(1) var<storage, read_write> y: array<vec4<f32>>; // [vectors]

@compute @workgroup_size(64)
fn forward(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) invocation: u32) {
  let workgroup = linearWorkgroup(group);
  if (workgroup >= launch.endWorkgroup) {
    return;
  }
  let index = workgroup * 64u + invocation;
  if (index < vectors) {
    // Sixteen bytes a load and a store: the widest that WGSL has.
    y[index] = x[index];
  }
}
