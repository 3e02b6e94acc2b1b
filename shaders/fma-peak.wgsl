// Multiply-adds and nothing else: the arithmetic ceiling of a device, as vkpeak measures it.
// Each invocation runs eight independent chains a = a·m + c, long enough to hide latency; one store keeps them alive.
// |m| < 1 keeps every value finite. Scalars and vec4 are separate entry points because devices prefer one or the other.

override steps: u32; // rounds of 8 chains × 8 multiply-adds per invocation

@group(0) @binding(0) var<storage, read> x: array<f32>;       // [2]: m, c
@group(0) @binding(1) var<storage, read_write> y: array<f32>; // [workgroups · 64]

override workgroups: u32;

/// Eight chains of scalars: what devices with scalar registers like best.
@compute @workgroup_size(64)
fn scalar(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) invocation: u32) {
  let workgroup = linearWorkgroup(group);
  if (workgroup >= launch.endWorkgroup) {
    return;
  }
  // From memory: constants would be folded, and the loop computed while compiling.
  let m = x[0];
  let c = x[1];
  let start = f32(invocation) * 0.015625;
  // Eight chains: a multiply-add waits some four cycles for the one before it in its chain.
  var a0 = start; var a1 = start + 1.0; var a2 = start + 2.0; var a3 = start + 3.0;
  var a4 = start + 4.0; var a5 = start + 5.0; var a6 = start + 6.0; var a7 = start + 7.0;
  for (var i = 0u; i < steps; i++) {
    a0 = fma(a0, m, c); a1 = fma(a1, m, c); a2 = fma(a2, m, c); a3 = fma(a3, m, c);
    a4 = fma(a4, m, c); a5 = fma(a5, m, c); a6 = fma(a6, m, c); a7 = fma(a7, m, c);
    a0 = fma(a0, m, c); a1 = fma(a1, m, c); a2 = fma(a2, m, c); a3 = fma(a3, m, c);
    a4 = fma(a4, m, c); a5 = fma(a5, m, c); a6 = fma(a6, m, c); a7 = fma(a7, m, c);
    a0 = fma(a0, m, c); a1 = fma(a1, m, c); a2 = fma(a2, m, c); a3 = fma(a3, m, c);
    a4 = fma(a4, m, c); a5 = fma(a5, m, c); a6 = fma(a6, m, c); a7 = fma(a7, m, c);
    a0 = fma(a0, m, c); a1 = fma(a1, m, c); a2 = fma(a2, m, c); a3 = fma(a3, m, c);
    a4 = fma(a4, m, c); a5 = fma(a5, m, c); a6 = fma(a6, m, c); a7 = fma(a7, m, c);
  }
  y[workgroup * 64u + invocation] = (a0 + a1) + (a2 + a3) + ((a4 + a5) + (a6 + a7));
}

/// Two chains of vec4s: what devices with vector registers like best.
@compute @workgroup_size(64)
fn vector(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) invocation: u32) {
  let workgroup = linearWorkgroup(group);
  if (workgroup >= launch.endWorkgroup) {
    return;
  }
  let m = vec4<f32>(x[0]);
  let c = vec4<f32>(x[1]);
  let start = f32(invocation) * 0.015625;
  // Two chains of four are as many numbers as eight scalar ones.
  var a0 = vec4<f32>(start, start + 1.0, start + 2.0, start + 3.0);
  var a1 = vec4<f32>(start + 4.0, start + 5.0, start + 6.0, start + 7.0);
  for (var i = 0u; i < steps; i++) {
    a0 = fma(a0, m, c); a1 = fma(a1, m, c); a0 = fma(a0, m, c); a1 = fma(a1, m, c);
    a0 = fma(a0, m, c); a1 = fma(a1, m, c); a0 = fma(a0, m, c); a1 = fma(a1, m, c);
  }
  let sum = a0 + a1;
  y[workgroup * 64u + invocation] = (sum.x + sum.y) + (sum.z + sum.w);
}
