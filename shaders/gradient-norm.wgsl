// Norm of all gradients: each workgroup sums the squares of its stride of a flat buffer, then one workgroup
// adds the sums. Both orders are fixed by the shape. finish also finds the clip factor of
// torch.nn.utils.clip_grad_norm_ and, by a bit test (WGSL may assume that no NaN exists), whether norm and loss
// are finite numbers, and leaves the step's number as a mark that the work was done.
//
// From corner-sums.wgsl: cornerSum.

override clip: f32 = 0.0; // 0 clips nothing

@group(0) @binding(0) var<storage, read> gradients: array<f32>;     // [elements]
@group(0) @binding(1) var<storage, read_write> squares: array<f32>; // [groups]
@group(0) @binding(2) var<storage, read> sums: array<f32>;          // [groups], squares of all buffers
// [loss, norm, 1 if finite, clip factor, step, …]
@group(0) @binding(3) var<storage, read_write> metrics: array<f32>;

const threads = 128u;
const maximumSteps = 0x1000000u; // loops break before: a constant bound costs no guard

/// As many workgroups as fill the device, each with a stride of the buffer.
@compute @workgroup_size(threads)
fn sumSquares(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let group = linearWorkgroup(id);
  if (group >= launch.endWorkgroup) {
    return;
  }
  // Four at a time, those past the end as zeros: four loads are under way before the first is needed. Neighbouring
  // invocations read neighbouring numbers, which the memory delivers together.
  let elements = launch.elements;
  let groups = launch.groups;
  var sum = vec4<f32>();
  for (var i = 0u; i < maximumSteps; i++) {
    let first = (i * groups + group) * (4u * threads) + thread;
    if (first >= elements) {
      break;
    }
    let index = vec4(first) + vec4(0u, threads, 2u * threads, 3u * threads);
    let safe = min(index, vec4(elements - 1u));
    let values = vec4(gradients[safe.x], gradients[safe.y], gradients[safe.z], gradients[safe.w]);
    let value = select(vec4<f32>(), values, index < vec4(elements));
    sum += value * value;
  }
  let total = cornerSum(sum.x + sum.y + sum.z + sum.w, thread);
  if (thread == 0u) {
    squares[group] = total;
  }
}

/// False for infinities and NaN, whose exponent has all bits set.
fn isNumber(value: f32) -> bool {
  return (bitcast<u32>(value) & 0x7f800000u) != 0x7f800000u;
}

/// One workgroup: norm, flag and factor, which every optimizer reads. They stay on the GPU: no step waits for a
/// readback.
@compute @workgroup_size(threads)
fn finish(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  if (linearWorkgroup(id) >= launch.endWorkgroup) {
    return;
  }
  let groups = launch.groups;
  var sum = 0.0;
  for (var i = 0u; i < maximumSteps; i++) {
    let index = i * threads + thread;
    if (index >= groups) {
      break;
    }
    sum += sums[index];
  }
  let total = cornerSum(sum, thread);
  if (thread > 0u) {
    return;
  }
  // The squares of finite gradients may overflow: then the sum is infinite, and the step is dropped as well.
  let norm = sqrt(total);
  let isFinite = isNumber(total) && isNumber(metrics[0]);
  metrics[1] = norm;
  metrics[2] = select(0.0, 1.0, isFinite);
  // 1e-6 as PyTorch has it. The factor is 1 where nothing is to be clipped or nothing is finite.
  metrics[3] = select(1.0, min(1.0, clip / (norm + 1e-6)), clip > 0.0 && isFinite);
  metrics[4] = f32(step.step & 0xffffffu); // as many bits as a float counts exactly
}
