// y = factor · x (+ residual) (+ y), element by element; an invocation takes `steps` elements, 128 apart.

override steps: u32; // elements per invocation
override elements: u32;
override factor: f32;
override hasResidual: u32;
override accumulate: u32;

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> residual: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;

// A multiply-add for three loads: bound by memory, whatever else the kernel does.
const threads = 128u;
const maximumSteps = 0x1000000u; // loops break before: a constant bound costs no guard, a near one would be unrolled

@compute @workgroup_size(threads)
fn main(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let group = linearWorkgroup(id);
  if (group >= launch.endWorkgroup) {
    return;
  }
  // As in add.wgsl: neighbours read neighbours, and several loads are under way.
  let start = group * steps * threads + thread;
  let end = min(start + steps * threads, elements);
  for (var i = 0u; i < maximumSteps; i++) {
    let element = start + i * threads;
    if (element >= end) {
      break;
    }
    // Embeddings times √C (Gemma), or residual streams of published models: one pass, where a product and a sum would
    // be two.
    var scaled = factor * x[element];
    if (hasResidual == 1u) {
      scaled += residual[element];
    }
    if (accumulate == 1u) {
      scaled += y[element];
    }
    y[element] = scaled;
  }
}
