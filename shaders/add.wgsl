// y = a (+ b) (+ y), element by element; an invocation takes `steps` elements, 128 apart.
// Without b and y it is a copy.

override steps: u32; // elements per invocation
override elements: u32;
override hasB: u32;
override accumulate: u32;

@group(0) @binding(0) var<storage, read> a: array<f32>;
@group(0) @binding(1) var<storage, read> b: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;

const threads = 128u;
const maximumSteps = 0x1000000u; // loops break before: a constant bound costs no guard, a near one would be unrolled

@compute @workgroup_size(threads)
fn main(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let group = linearWorkgroup(id);
  if (group >= launch.endWorkgroup) {
    return;
  }
  // Steps are 128 apart, not side by side: neighbours in a workgroup read neighbours in memory at each of them.
  let start = group * steps * threads + thread;
  // A run of elements a workgroup: all of its invocations are busy until the last workgroup of the grid.
  let end = min(start + steps * threads, elements);
  for (var i = 0u; i < maximumSteps; i++) {
    let element = start + i * threads;
    if (element >= end) {
      break;
    }
    var sum = a[element];
    // Constants of the pipeline: what is not asked for is compiled away.
    if (hasB == 1u) {
      sum += b[element];
    }
    if (accumulate == 1u) {
      sum += y[element];
    }
    y[element] = sum;
  }
}
