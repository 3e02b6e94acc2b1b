// Softmax of each row: y = exp(x − max x) / Σ exp(x − max x), and dx = y ∘ (dy − Σ dy ∘ y).
// One workgroup computes one row; invocations stride over the columns and meet in a tree in workgroup memory.
// Forward passes over the row three times (max, sum, divide), backward twice. The teacher of the flash kernel.
//
// From workgroup-sums.wgsl: workgroupMaximum, workgroupSum.

override rows: u32;
override columns: u32;
override accumulate: u32 = 0u; // backward: 1 adds to dx

@group(0) @binding(0) var<storage, read> x: array<f32>;          // [rows, columns]
@group(0) @binding(1) var<storage, read_write> y: array<f32>;    // [rows, columns]
@group(0) @binding(2) var<storage, read> output: array<f32>;     // [rows, columns], y of the forward pass
@group(0) @binding(3) var<storage, read> dy: array<f32>;         // [rows, columns]
@group(0) @binding(4) var<storage, read_write> dx: array<f32>;   // [rows, columns]

const threads = 64u;
override columnSteps: u32 = (columns + threads - 1u) / threads;
@compute @workgroup_size(threads)
fn forward(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) invocation: u32) {
  let row = linearWorkgroup(group);
  if (row >= launch.endWorkgroup) {
    return;
  }
  // Any shift of x cancels in the quotient. By the maximum no exp overflows (each is 1 at most), and as one of them is 1,
  // the sum is never 0.
  var largest = -3.0e38; // not infinity: WGSL may assume that there is none
  for (var i = 0u; i < columnSteps; i++) {
    let column = i * threads + invocation;
    if (column < columns) {
      largest = max(largest, x[row * columns + column]);
    }
  }
  largest = workgroupMaximum(largest, invocation);
  var sum = 0.0;
  for (var i = 0u; i < columnSteps; i++) {
    let column = i * threads + invocation;
    if (column < columns) {
      sum += exp(x[row * columns + column] - largest);
    }
  }
  // A division a row, and a product an element.
  let scale = 1.0 / workgroupSum(sum, invocation);
  for (var i = 0u; i < columnSteps; i++) {
    let column = i * threads + invocation;
    if (column < columns) {
      y[row * columns + column] = exp(x[row * columns + column] - largest) * scale;
    }
  }
}

/// dx = y ∘ (dy − Σ dy ∘ y), or added to dx.
@compute @workgroup_size(threads)
fn backward(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) invocation: u32) {
  let row = linearWorkgroup(group);
  if (row >= launch.endWorkgroup) {
    return;
  }
  // ∂y/∂x = diag(y) − y yᵀ, a matrix a row: times dy it takes no more than the dot product y · dy.
  var sum = 0.0;
  for (var i = 0u; i < columnSteps; i++) {
    let column = i * threads + invocation;
    if (column < columns) {
      sum += output[row * columns + column] * dy[row * columns + column];
    }
  }
  let dot = workgroupSum(sum, invocation);
  for (var i = 0u; i < columnSteps; i++) {
    let column = i * threads + invocation;
    if (column < columns) {
      let index = row * columns + column;
      let gradient = output[index] * (dy[index] - dot);
      if (accumulate == 1u) {
        // Where x goes into something else as well, gradients add up.
        dx[index] += gradient;
      } else {
        dx[index] = gradient;
      }
    }
  }
}
