// Back from rows by expert to tokens. combine: y[n] = (residual[n]) + Σ over slots j, in their order, of weights[n, j] ·
// outputs[rows[n, j]]; a slot without a row adds nothing. spread, its gradient by the outputs: ∂outputs[r] = weight of
// the row's choice · ∂y of its token. dots, its gradient by the weights: ∂weights[n, j] = ∂y[n] · outputs[rows[n, j]].
// combine and spread: one invocation computes `steps` elements, 128 apart. dots: 8 lanes share a choice.

override steps: u32; // elements per invocation
override tokens: u32;
override perToken: u32;
override columns: u32;
override experts: u32 = 1u;
override weighted: u32 = 1u;    // combine: 0 takes every weight as 1
override hasResidual: u32 = 0u;
override accumulate: u32 = 0u;  // combine: 1 adds to y

@group(0) @binding(0) var<storage, read> outputs: array<f32>;           // [tokens · perToken, columns]
@group(0) @binding(1) var<storage, read> weights: array<f32>;           // [tokens, perToken]
@group(0) @binding(2) var<storage, read> rows: array<u32>;              // [tokens, perToken]
@group(0) @binding(3) var<storage, read> residual: array<f32>;          // [tokens, columns]
@group(0) @binding(4) var<storage, read_write> y: array<f32>;           // [tokens, columns]
@group(0) @binding(5) var<storage, read> dy: array<f32>;                // [tokens, columns]
@group(0) @binding(6) var<storage, read> assignments: array<u32>;       // [tokens · perToken]
@group(0) @binding(7) var<storage, read> offsets: array<u32>;           // [experts + 1]
@group(0) @binding(8) var<storage, read_write> dOutputs: array<f32>;    // [tokens · perToken, columns]
@group(0) @binding(9) var<storage, read_write> dWeights: array<f32>;    // [tokens, perToken]

const threads = 128u;
const dotThreads = 64u;
// A row has few hundred columns: 64 lanes would mostly wait for each other.
const lanes = 8u;
const dropped = 0xffffffffu;
// loops break before: a constant bound costs no guard, a near one would be unrolled
const maximumSteps = 0x1000000u;
var<workgroup> partial: array<f32, dotThreads>;

/// Each token's rows, weighted and added to its residual.
@compute @workgroup_size(threads)
fn combine(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let group = linearWorkgroup(id);
  if (group >= launch.endWorkgroup) {
    return;
  }
  let start = group * steps * threads + thread;
  let end = min(start + steps * threads, tokens * columns);
  for (var i = 0u; i < maximumSteps; i++) {
    let element = start + i * threads;
    if (element >= end) {
      break;
    }
    // Gathered by token, in the order of its slots: scattered by row, two rows of one token would need an atomic sum.
    let slot = element / columns * perToken;
    let column = element % columns;
    var sum = 0.0;
    if (hasResidual == 1u) {
      sum = residual[element];
    }
    if (accumulate == 1u) {
      sum += y[element];
    }
    for (var j = 0u; j < perToken; j++) {
      let row = rows[slot + j];
      if (row != dropped) {
        let value = outputs[row * columns + column];
        // Weights of 1 are for the gradient of the tokens: what went to several experts comes back as a sum.
        if (weighted == 1u) {
          sum += weights[slot + j] * value;
        } else {
          sum += value;
        }
      }
    }
    y[element] = sum;
  }
}

/// The gradient of each row of the experts: that of its token, weighted.
@compute @workgroup_size(threads)
fn spread(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let group = linearWorkgroup(id);
  if (group >= launch.endWorkgroup) {
    return;
  }
  let start = group * steps * threads + thread;
  // Rows that were given, which the GPU alone knows: places past them have no choice to read.
  let end = min(start + steps * threads, offsets[experts] * columns);
  for (var i = 0u; i < maximumSteps; i++) {
    let element = start + i * threads;
    if (element >= end) {
      break;
    }
    // Each row belongs to one choice, so that no two write the same.
    let choice = assignments[element / columns];
    dOutputs[element] = weights[choice] * dy[choice / perToken * columns + element % columns];
  }
}

/// The gradient of each weight: a dot product over the columns.
@compute @workgroup_size(dotThreads)
fn dots(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let group = linearWorkgroup(id);
  if (group >= launch.endWorkgroup) {
    return;
  }
  let choice = group * (dotThreads / lanes) + thread / lanes;
  // Lanes beside each other read neighbouring columns.
  let lane = thread % lanes;
  var row = dropped;
  if (choice < tokens * perToken) {
    row = rows[choice];
  }
  var sum = 0.0;
  for (var i = 0u; i < maximumSteps; i++) {
    let column = i * lanes + lane;
    if (column >= columns || row == dropped) {
      break;
    }
    // The gradient of a weight is how much its expert's output would have helped: the router learns from nothing
    // else.
    sum += dy[choice / perToken * columns + column] * outputs[row * columns + column];
  }
  partial[thread] = sum;
  workgroupBarrier();
  if (lane > 0u || choice >= tokens * perToken) {
    return;
  }
  sum = 0.0;
  // In the order of the lanes: eight numbers are added as fast as a tree's three barriers.
  for (var i = 0u; i < lanes; i++) {
    sum += partial[thread + i];
  }
  dWeights[choice] = sum;
}
