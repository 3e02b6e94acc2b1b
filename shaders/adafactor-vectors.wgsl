// Adafactor of vectors (Shazeer and Stern 2018), PyTorch's, whose second moment v is kept whole: v += b(g² − v) with
// b = t^−decayExponent, u = g ÷ √v, w −= α·u ÷ max(1, rms(u) ÷ updateClip), α = max(minimumScale, rms(w)) · min(rate, 1 ÷ √t).
// One workgroup a vector, in two passes, the second over what its invocations have read already. A step that is not finite
// changes nothing.

override vectors: u32;               // one after the other
override columns: u32;               // length of each
override decayExponent: f32;
override epsilon: f32;               // least √v
override minimumScale: f32;
override updateClip: f32;
override clearGradient: u32;         // 1 leaves the gradients at zero, for the next accumulation

@group(0) @binding(0) var<storage, read_write> weights: array<f32>;   // [vectors, columns]
@group(0) @binding(1) var<storage, read_write> gradients: array<f32>; // [vectors, columns]
@group(0) @binding(2) var<storage, read> metrics: array<f32>;         // [2] 1 if finite, [3] clip factor
@group(0) @binding(3) var<storage, read_write> variances: array<f32>; // [vectors, columns]

// A vector of n numbers has no rows and columns to factor: keeping n means of squares costs next to nothing beside
// the matrices.
const threads = 128u;
var<workgroup> partial: array<vec2<f32>, threads>;

/// The sums over the workgroup, in a tree of fixed order. Control flow must be uniform.
fn sumOverGroup(thread: u32, value: vec2<f32>) -> vec2<f32> {
  partial[thread] = value;
  workgroupBarrier();
  for (var width = threads / 2u; width > 0u; width /= 2u) {
    if (thread < width) {
      partial[thread] += partial[thread + width];
    }
    workgroupBarrier();
  }
  return partial[0];
}

/// b: the part of a mean that is new.
/// 1 at the first step, when the mean is what is new; then ever less (Shazeer and Stern 2018, §7: no bias
/// correction is needed).
fn newPart() -> f32 {
  return pow(f32(step.step), -decayExponent);
}

/// A step relative to the size of what it changes, so that one rate suits tensors of all scales (§8).
fn relativeRate(meanSquare: f32) -> f32 {
  return max(minimumScale, sqrt(meanSquare)) * min(step.learningRate, inverseSqrt(f32(step.step)));
}

/// Divided by the root of the second moment, of which epsilon² is the least.
fn updateFor(gradient: f32, v: f32) -> f32 {
  return gradient * metrics[3] / sqrt(max(v, epsilon * epsilon));
}

/// One vector a workgroup: moments and both means in the first pass, the step in the second.
@compute @workgroup_size(threads)
fn updateVectors(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let vector = linearWorkgroup(id);
  if (vector >= launch.endWorkgroup || vector >= vectors) {
    return;
  }
  let start = vector * columns;
  let isFinite = metrics[2] == 1.0;
  var sums = vec2(0.0);
  for (var index = start + thread; index < start + columns; index += threads) {
    let gradient = gradients[index] * metrics[3];
    if (isFinite) {
      variances[index] += newPart() * (gradient * gradient - variances[index]);
    }
    let update = updateFor(gradients[index], variances[index]);
    sums += vec2(update * update, weights[index] * weights[index]);
  }
  let means = sumOverGroup(thread, sums) / f32(columns);
  // The root mean square of u is 1 when v is the gradients' true second moment: a larger one says that v lags behind,
  // and is taken off (§6).
  let factor = relativeRate(means.y) / max(1.0, sqrt(means.x) / updateClip);
  for (var index = start + thread; index < start + columns; index += threads) {
    if (isFinite) {
      weights[index] -= factor * updateFor(gradients[index], variances[index]);
    }
    if (clearGradient == 1u) {
      gradients[index] = 0.0;
    }
  }
}
