// y = x[length − 1]: the last real row of a padded prompt, which alone becomes logits.
// One invocation per column; `length` comes from the step record.

override rows: u32;
override columns: u32;

@group(0) @binding(0) var<storage, read> x: array<f32>;       // [rows, columns]
@group(0) @binding(1) var<storage, read_write> y: array<f32>; // [columns]

@compute @workgroup_size(64)
fn forward(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) invocation: u32) {
  let workgroup = linearWorkgroup(group);
  if (workgroup >= launch.endWorkgroup) {
    return;
  }
  // Logits of all positions of a prompt would be T times the work, for rows that nobody draws from.
  let column = workgroup * 64u + invocation;
  if (column < columns) {
    y[column] = x[(clamp(step.length, 1u, rows) - 1u) * columns + column];
  }
}
