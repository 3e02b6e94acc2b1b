// The probabilities of one attention head, p[i][j] = softmax_j(cap(scale · q[i]·k[j])) over i − window < j ≤ i, and 0 for
// every other j: what the flash kernels never store. A sink takes its part of each row and has no column.
// To look at, for one short sequence: no training plan has it.
// One workgroup computes one row (query i); invocations stride over the keys and meet in a tree in workgroup memory.
//
// From attention-cap.wgsl: capped. From workgroup-sums.wgsl: workgroupMaximum, workgroupSum.

override time: u32;
override keySize: u32;
override rowStride: u32;
override qOffset: u32; // of this head within a row of qkv
override kOffset: u32;
override scale: f32;
override window: u32; // `time` where every earlier key is seen
override hasSinks: u32;
override head: u32;   // whose sink it is

@group(0) @binding(0) var<storage, read> qkv: array<f32>;                  // [time, rowStride]
@group(0) @binding(1) var<storage, read> sinks: array<f32>;                // one a head, or unused
@group(0) @binding(2) var<storage, read_write> probabilities: array<f32>;  // [time, time]

const threads = 64u;
const lowest = -1.0e30; // stands for −∞, which WGSL may assume never to happen
override keySteps: u32 = (time + threads - 1u) / threads;

@compute @workgroup_size(threads)
fn forward(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) invocation: u32) {
  let query = linearWorkgroup(group);
  if (query >= launch.endWorkgroup) {
    return;
  }
  let row = query * time;
  let firstKey = query + 1u - min(query + 1u, window);
  var largest = lowest;
  if (hasSinks == 1u) {
    largest = sinks[head];
  }
  // Every 64th key each, so that a causal row's work is spread evenly.
  for (var i = 0u; i < keySteps; i++) {
    let key = i * threads + invocation;
    if (firstKey <= key && key <= query) {
      var score = 0.0;
      for (var d = 0u; d < keySize; d++) {
        score = fma(qkv[query * rowStride + qOffset + d], qkv[key * rowStride + kOffset + d], score);
      }
      score = capped(vec4<f32>(score * scale)).x;
      // The row's place in memory holds scores, then weights, then probabilities: only this invocation touches its keys, so
      // that no barrier is needed between.
      probabilities[row + key] = score;
      largest = max(largest, score);
    }
  }
  // Subtracted from every score before exp: the largest weight is exp(0) = 1, and nothing overflows.
  largest = workgroupMaximum(largest, invocation);
  var sum = 0.0;
  // Once: the sum below goes over the whole workgroup.
  if (hasSinks == 1u && invocation == 0u) {
    sum = exp(sinks[head] - largest);
  }
  for (var i = 0u; i < keySteps; i++) {
    let key = i * threads + invocation;
    if (firstKey <= key && key <= query) {
      let weight = exp(probabilities[row + key] - largest);
      probabilities[row + key] = weight;
      sum += weight;
    }
  }
  sum = workgroupSum(sum, invocation);
  for (var i = 0u; i < keySteps; i++) {
    let key = i * threads + invocation;
    if (key < time) {
      // Written also where no score was computed: the matrix has no stale part.
      probabilities[row + key] = select(0.0, probabilities[row + key] / sum, firstKey <= key && key <= query);
    }
  }
}
