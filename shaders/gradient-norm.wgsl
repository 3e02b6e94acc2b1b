// Norm of all gradients: each workgroup sums the squares of its stride of a flat buffer, then one workgroup adds the sums.
// Both orders are fixed by the shape. finish also finds the clip factor of torch.nn.utils.clip_grad_norm_ and, by a bit test
// (WGSL may assume that no NaN exists), whether the norm is a finite number.

override elements: u32 = 0u;
override groups: u32 = 0u; // workgroups of sumSquares; for finish the number of sums
override clip: f32 = 0.0;  // 0 clips nothing

@group(0) @binding(0) var<storage, read> gradients: array<f32>;     // [elements]
@group(0) @binding(1) var<storage, read_write> squares: array<f32>; // [groups]
@group(0) @binding(2) var<storage, read> sums: array<f32>;          // [groups], squares of all buffers
@group(0) @binding(3) var<storage, read_write> metrics: array<f32>; // [loss, norm, 1 if finite, clip factor, …]

const threads = 128u;
const maximumSteps = 0x1000000u; // loops break before: a constant bound costs no guard
var<workgroup> partial: array<f32, threads>;

fn workgroupSum(value: f32, thread: u32) -> f32 {
  partial[thread] = value;
  for (var level = 0u; level < 7u; level++) { // 2⁷ = threads
    let half = threads >> (level + 1u);
    workgroupBarrier();
    if (thread < half) {
      partial[thread] += partial[thread + half];
    }
  }
  workgroupBarrier();
  return partial[0];
}

@compute @workgroup_size(threads)
fn sumSquares(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let group = linearWorkgroup(id);
  if (group >= launch.endWorkgroup) {
    return;
  }
  var sum = 0.0;
  for (var i = 0u; i < maximumSteps; i++) {
    let element = (i * groups + group) * threads + thread;
    if (element >= elements) {
      break;
    }
    let value = gradients[element];
    sum += value * value;
  }
  let total = workgroupSum(sum, thread);
  if (thread == 0u) {
    squares[group] = total;
  }
}

@compute @workgroup_size(threads)
fn finish(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  if (linearWorkgroup(id) >= launch.endWorkgroup) {
    return;
  }
  var sum = 0.0;
  for (var i = 0u; i < maximumSteps; i++) {
    let index = i * threads + thread;
    if (index >= groups) {
      break;
    }
    sum += sums[index];
  }
  let total = workgroupSum(sum, thread);
  if (thread > 0u) {
    return;
  }
  let norm = sqrt(total);
  let isFinite = (bitcast<u32>(total) & 0x7f800000u) != 0x7f800000u;
  metrics[1] = norm;
  metrics[2] = select(0.0, 1.0, isFinite);
  metrics[3] = select(1.0, min(1.0, clip / (norm + 1e-6)), clip > 0.0 && isFinite);
}
