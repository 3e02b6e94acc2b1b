// AdamW (Loshchilov and Hutter 2019) and SGD with momentum, PyTorch's variants, and Lion (Chen et al. 2023), over a flat shard.
// AdamW: p −= rate · decay · p; m += (1 − β₁)(g − m); v += (1 − β₂)(g² − v);
//        p −= rate ÷ c₁ · m ÷ (√(v ÷ c₂) + epsilon). SGD: v = momentum · v + (g + decay · p); p −= rate · v.
// Lion: p −= rate · decay · p; p −= rate · sign(m + (1 − β₁)(g − m)); m += (1 − β₂)(g − m).
// Elements from decayElements on are not decayed. Gradients are first scaled by the clip factor. A step that
// is not finite changes nothing. An invocation takes `steps` elements.

override steps: u32; // elements per invocation
override rate1: f32 = 0.0;       // 1 − β₁: the difference is exact here and not in f32
override rate2: f32 = 0.0;       // 1 − β₂
override epsilon: f32 = 0.0;
override momentum: f32 = 0.0;
override weightDecay: f32;
override clearGradient: u32;     // 1 leaves the gradients at zero, for the next accumulation

@group(0) @binding(0) var<storage, read_write> weights: array<f32>;   // [elements]
@group(0) @binding(1) var<storage, read_write> gradients: array<f32>; // [elements]
@group(0) @binding(2) var<storage, read_write> moment1: array<f32>;   // [elements]; SGD: velocity; Lion: moment
@group(0) @binding(3) var<storage, read_write> moment2: array<f32>;   // [elements]
@group(0) @binding(4) var<storage, read> metrics: array<f32>;         // [2] 1 if finite, [3] clip factor

// Bound by memory: AdamW reads four numbers an element and writes three (with clearGradient four), for some
// fifteen flops. `steps` elements an invocation give each several loads under way.
const threads = 128u;
// loops break before: a constant bound costs no guard, a near one would be unrolled
const maximumSteps = 0x1000000u;

/// AdamW: a mean of the gradient over the root of a mean of its square, so that an element's step hardly depends on
/// the scale of its gradient.
@compute @workgroup_size(threads)
fn adamW(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let group = linearWorkgroup(id);
  if (group >= launch.endWorkgroup) {
    return;
  }
  let isFinite = metrics[2] == 1.0;
  let clipFactor = metrics[3];
  // What is the same for all elements is computed before them.
  // Decoupled (Loshchilov and Hutter): the decay is of the weight, and does not pass through the moments.
  let decay = 1.0 - step.learningRate * weightDecay;
  // Both corrections are taken out of the loop: m ÷ c₁ becomes a factor of the rate, v ÷ c₂ a product under the root.
  let rate = step.learningRate / step.biasCorrection1;
  let correction = 1.0 / step.biasCorrection2;
  let start = group * steps * threads + thread;
  let end = min(start + steps * threads, launch.elements);
  let decayElements = launch.decayElements;
  for (var i = 0u; i < maximumSteps; i++) {
    let element = start + i * threads;
    if (element >= end) {
      break;
    }
    if (isFinite) {
      // Clipped here, on the way: a pass that scales all gradients would read and write them once more.
      let gradient = gradients[element] * clipFactor;
      var weight = weights[element];
      // The shard has the decayed tensors first (matrices), then the others: a comparison tells, and no table is
      // read.
      if (element < decayElements) {
        weight *= decay;
      }
      var first = moment1[element];
      var second = moment2[element];
      first += rate1 * (gradient - first);
      second += rate2 * (gradient * gradient - second);
      moment1[element] = first;
      moment2[element] = second;
      // epsilon outside of the root, as PyTorch has it.
      let denominator = sqrt(second * correction) + epsilon;
      weights[element] = weight - rate * (first / denominator);
    }
    // Also where the step is dropped: the next accumulation must not begin with what is not finite.
    if (clearGradient == 1u) {
      gradients[element] = 0.0;
    }
  }
}

/// Momentum as PyTorch has it: the velocity is a sum of gradients, not a mean, and the rate multiplies what was
/// summed.
@compute @workgroup_size(threads)
fn sgd(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let group = linearWorkgroup(id);
  if (group >= launch.endWorkgroup) {
    return;
  }
  let isFinite = metrics[2] == 1.0;
  let clipFactor = metrics[3];
  let rate = step.learningRate;
  let start = group * steps * threads + thread;
  let end = min(start + steps * threads, launch.elements);
  let decayElements = launch.decayElements;
  for (var i = 0u; i < maximumSteps; i++) {
    let element = start + i * threads;
    if (element >= end) {
      break;
    }
    if (isFinite) {
      // Decay is part of the gradient, as in PyTorch's SGD: L2 regularisation, not decoupled decay.
      var velocity = gradients[element] * clipFactor;
      let weight = weights[element];
      if (element < decayElements) {
        velocity += weightDecay * weight;
      }
      velocity += momentum * moment1[element];
      moment1[element] = velocity;
      weights[element] = weight - rate * velocity;
    }
    if (clearGradient == 1u) {
      gradients[element] = 0.0;
    }
  }
}

/// Lion: the sign of a mixture of gradient and moment, so that every element moves by the same amount; one moment is
/// kept.
@compute @workgroup_size(threads)
fn lion(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let group = linearWorkgroup(id);
  if (group >= launch.endWorkgroup) {
    return;
  }
  let isFinite = metrics[2] == 1.0;
  let clipFactor = metrics[3];
  let decay = 1.0 - step.learningRate * weightDecay;
  let start = group * steps * threads + thread;
  let end = min(start + steps * threads, launch.elements);
  let decayElements = launch.decayElements;
  for (var i = 0u; i < maximumSteps; i++) {
    let element = start + i * threads;
    if (element >= end) {
      break;
    }
    if (isFinite) {
      var weight = weights[element];
      if (element < decayElements) {
        weight *= decay;
      }
      // One moment, and steps of ±rate: half of AdamW's memory. The sign is taken of one mixture and the moment
      // becomes another.
      let moment = moment1[element];
      let change = gradients[element] * clipFactor - moment;
      weights[element] = weight - step.learningRate * sign(moment + rate1 * change);
      moment1[element] = moment + rate2 * change;
    }
    if (clearGradient == 1u) {
      gradients[element] = 0.0;
    }
  }
}
