// y = x ∘ mask ÷ (1 − dropout) (+ residual) (+ y): forward and backward are one kernel. An invocation computes `steps`
// elements, 128 apart.
//
// From dropout-mask.wgsl: dropped.

override steps: u32; // elements per invocation
override rows: u32;
override columns: u32;
override hasResidual: u32;
override accumulate: u32;

@group(0) @binding(0) var<storage, read> x: array<f32>;       // [rows, columns]
@group(0) @binding(1) var<storage, read> residual: array<f32>; // [rows, columns], or unused
@group(0) @binding(2) var<storage, read_write> y: array<f32>; // [rows, columns]

const threads = 128u;
// loops break before: a constant bound costs no guard, a near one would be unrolled
const maximumSteps = 0x1000000u;

@compute @workgroup_size(threads)
fn main(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let group = linearWorkgroup(id);
  if (group >= launch.endWorkgroup) {
    return;
  }
  let start = group * steps * threads + thread;
  let end = min(start + steps * threads, rows * columns);
  for (var i = 0u; i < maximumSteps; i++) {
    let element = start + i * threads;
    if (element >= end) {
      break;
    }
    // Backward with dy for x: the mask is drawn again from the same counter, and never stored.
    var value = dropped(x[element], element / columns, element % columns, columns);
    if (hasResidual == 1u) {
      value += residual[element];
    }
    if (accumulate == 1u) {
      value += y[element];
    }
    y[element] = value;
  }
}
