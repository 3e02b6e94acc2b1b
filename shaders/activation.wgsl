// y = f(x) and dx = f′(x) · dy element by element, and gated: y = f(gate) ∘ up of rows that hold [gate | up]. An invocation
// computes `steps` elements, 128 apart.
//
// From activation-functions.wgsl: activate, slope.

override steps: u32; // elements per invocation
override elements: u32 = 0u; // plain
override rows: u32 = 0u;     // gated
override columns: u32 = 0u;  // gated: of y; the input has twice as many
override accumulate: u32 = 0u;

@group(0) @binding(0) var<storage, read> x: array<f32>;        // [elements] or [rows, 2 · columns]
@group(0) @binding(1) var<storage, read_write> y: array<f32>;  // [elements] or [rows, columns]
@group(0) @binding(2) var<storage, read> dy: array<f32>;       // like y
@group(0) @binding(3) var<storage, read_write> dx: array<f32>; // like x

// Bound by memory too, except where an exponential is dear.
const threads = 128u;
// loops break before: a constant bound costs no guard, a near one would be unrolled
const maximumSteps = 0x1000000u;

@compute @workgroup_size(threads)
fn forward(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let group = linearWorkgroup(id);
  if (group >= launch.endWorkgroup) {
    return;
  }
  // A workgroup's elements are neighbours, and so are those of its invocations at any time: each load is one run of memory.
  let start = group * steps * threads + thread;
  let end = min(start + steps * threads, elements);
  for (var i = 0u; i < maximumSteps; i++) {
    let element = start + i * threads;
    if (element >= end) {
      break;
    }
    y[element] = activate(x[element]);
  }
}

/// dx = f′(x) ∘ dy, or added to dx.
@compute @workgroup_size(threads)
fn backward(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let group = linearWorkgroup(id);
  if (group >= launch.endWorkgroup) {
    return;
  }
  let start = group * steps * threads + thread;
  let end = min(start + steps * threads, elements);
  for (var i = 0u; i < maximumSteps; i++) {
    let element = start + i * threads;
    if (element >= end) {
      break;
    }
    // f′ at x, which the forward pass kept.
    let gradient = slope(x[element]) * dy[element];
    if (accumulate == 1u) {
      dx[element] += gradient;
    } else {
      dx[element] = gradient;
    }
  }
}

/// y = f(gate) ∘ up.
@compute @workgroup_size(threads)
fn gatedForward(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
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
    // Both halves of a row come of one product (one read of its input), which is why they lie side by side.
    let gate = element / columns * columns + element; // row · 2 columns + column
    // The gate decides how much of `up` goes on (Shazeer 2020): two products of the input, multiplied.
    y[element] = activate(x[gate]) * x[gate + columns];
  }
}

/// Gradients of both halves of a row, by the same invocation: they share f(gate) and ∂y.
@compute @workgroup_size(threads)
fn gatedBackward(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
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
    // The gate is computed again rather than kept: an exponential is cheaper than reading another tensor.
    let gate = element / columns * columns + element;
    let value = x[gate];
    // The product rule: each half's gradient holds the other half.
    let gradient = vec2(slope(value) * x[gate + columns], activate(value)) * dy[element];
    if (accumulate == 1u) {
      dx[gate] += gradient.x;
      dx[gate + columns] += gradient.y;
    } else {
      dx[gate] = gradient.x;
      dx[gate + columns] = gradient.y;
    }
  }
}
