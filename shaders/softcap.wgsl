// logits = softcap · tanh(logits ÷ softcap) in place (Gemma 2, 2024); an invocation takes `steps` elements, 128 apart.
// The argument is clamped where tanh is 1 in f32: implementations that divide exponentials overflow.

override steps: u32; // elements per invocation
override elements: u32;
override softcap: f32;

@group(0) @binding(0) var<storage, read_write> logits: array<f32>;

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
    // Nearly the identity near 0, and never past ±softcap.
    logits[element] = softcap * tanh(clamp(logits[element] / softcap, -15.0, 15.0));
  }
}
