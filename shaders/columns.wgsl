// y[n, yColumn + c] = factor · x[n, xColumn + c] (+ y): columns of one matrix scaled into columns of another; an invocation takes
// `steps` of their elements, 128 apart.

override steps: u32; // elements per invocation
override rows: u32;
override columns: u32;
override xStride: u32;
override xColumn: u32;
override yStride: u32;
override yColumn: u32;
override factor: f32;
override accumulate: u32;

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;

const threads = 128u;
const maximumSteps = 0x1000000u; // loops break before: a constant bound costs no guard, a near one would be unrolled

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
    // Columns of a packed projection start at any number, bindings at multiples of 64 alone: so they are found here.
    let row = element / columns;
    let column = element - row * columns;
    let place = row * yStride + yColumn + column;
    var scaled = factor * x[row * xStride + xColumn + column];
    if (accumulate == 1u) {
      scaled += y[place];
    }
    y[place] = scaled;
  }
}
