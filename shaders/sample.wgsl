// Draws a token from logits ÷ temperature, cut to the topK largest and to the nucleus of mass topP, and
// advances the state. A cut is a threshold on the bits of a logit, found by bisection from counts and masses;
// ties at the threshold stay. The draw is the largest of logit ÷ temperature + Gumbel noise (Gumbel 1954): no
// running sums, and an order that is fixed. One workgroup; temperature 0 takes the largest logit; of equals
// the lowest id. Ids from step.drawable on are as if they were not there.

override threadLevels: u32; // log₂ of the invocations
override columns: u32;  // vocabulary
override capacity: u32; // of output

@group(0) @binding(0) var<storage, read> logits: array<f32>;       // [columns]
@group(0) @binding(1) var<storage, read_write> state: array<u32>;  // [4]: position, token, counter, produced
@group(0) @binding(2) var<storage, read_write> output: array<u32>; // [capacity]

const threads = 1u << threadLevels;
const corners = 16u;
const maximumSteps = 0x1000000u; // loops break before: a constant bound costs no guard
var<workgroup> partial: array<f32, threads>;
var<workgroup> corner: array<f32, corners>;
var<workgroup> best: array<u32, threads>;

/// Ids that may be drawn are those below.
fn drawableIds() -> u32 {
  return select(columns, min(step.drawable, columns), step.drawable > 0u);
}

/// Sum in every invocation, in a fixed order: 16 corners, then one. Counts up to 2²⁴ are exact.
fn workgroupSum(value: f32, thread: u32) -> f32 {
  partial[thread] = value;
  workgroupBarrier();
  var sum = 0.0;
  if (thread < corners) {
    for (var i = 0u; i < threads / corners; i++) {
      sum += partial[thread + i * corners];
    }
    corner[thread] = sum;
  }
  workgroupBarrier();
  if (thread == 0u) {
    sum = 0.0;
    for (var i = 0u; i < corners; i++) {
      sum += corner[i];
    }
    corner[0] = sum;
  }
  workgroupBarrier();
  return corner[0];
}

/// Id of the largest value, of equals the lowest, in every invocation.
fn workgroupArgmax(value: f32, id: u32, thread: u32) -> u32 {
  partial[thread] = value;
  best[thread] = id;
  for (var level = 0u; level < threadLevels; level++) {
    let half = threads >> (level + 1u);
    workgroupBarrier();
    if (thread < half) {
      let other = partial[thread + half];
      if (other > partial[thread] || (other == partial[thread] && best[thread + half] < best[thread])) {
        partial[thread] = other;
        best[thread] = best[thread + half];
      }
    }
  }
  workgroupBarrier();
  let winner = best[0];
  workgroupBarrier(); // the next call writes there
  return winner;
}

/// Bits that order as the numbers do; 0 and −0 are one number.
fn orderOf(value: f32) -> u32 {
  let bits = bitcast<u32>(select(value, 0.0, value == 0.0));
  return select(bits | 0x80000000u, ~bits, (bits & 0x80000000u) != 0u);
}

/// Σ over logits from `threshold` on: of exp((logit − largest) · inverse), or of ones if inverse is 0. What is not
/// wanted is not added up, but comes to every barrier.
fn massFrom(threshold: u32, largest: f32, inverse: f32, isWanted: bool, thread: u32) -> f32 {
  let ids = drawableIds();
  var sum = 0.0;
  for (var i = 0u; i < maximumSteps; i++) {
    let id = i * threads + thread;
    if (id >= ids || !isWanted) {
      break;
    }
    let logit = logits[id];
    sum += select(0.0, exp((logit - largest) * inverse), orderOf(logit) >= threshold);
  }
  return workgroupSum(sum, thread);
}

/// Largest threshold in [low, high] from which on the mass is at least `wanted`, built from its highest bit. No barrier
/// depends on what was found: A uniform load, which would allow it, is miscompiled on Metal by naga (wgpu 4500).
fn findThreshold(low: u32, high: u32, wanted: f32, largest: f32, inverse: f32, thread: u32) -> u32 {
  var found = 0u;
  var isFound = false; // any higher threshold that still has the mass keeps the same tokens
  for (var bit = 0u; bit < 32u; bit++) {
    let candidate = found | (0x80000000u >> bit);
    let isInside = candidate > low && candidate <= high && !isFound;
    let mass = massFrom(candidate, largest, inverse, isInside, thread);
    if (!isFound && (candidate <= low || (isInside && mass >= wanted))) {
      found = candidate;
    }
    isFound = isFound || (isInside && mass == wanted);
  }
  return found;
}

/// −log of a uniform's −log from 32 random bits: finite, and fine near the tail that decides.
fn gumbel(word: u32) -> f32 {
  let u = (f32(word) + 0.5) * (1.0 / 4294967296.0);
  let exponential = select(-log(max(1.0 - u, 1e-10)), u + 0.5 * u * u, u < 1e-3); // −log(1 − u)
  return -log(exponential);
}

@compute @workgroup_size(threads)
fn main(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  if (linearWorkgroup(id) >= launch.endWorkgroup) {
    return;
  }
  let ids = drawableIds();
  var bestValue = -3.4e38;
  var bestId = min(thread, ids - 1u);
  for (var i = 0u; i < maximumSteps; i++) {
    let token = i * threads + thread;
    if (token >= ids) {
      break;
    }
    if (logits[token] > bestValue) {
      bestValue = logits[token];
      bestId = token;
    }
  }
  var token = workgroupArgmax(bestValue, bestId, thread);

  if (step.temperature > 0.0) {
    let largest = logits[token];
    let high = orderOf(largest);
    let inverse = min(1.0 / step.temperature, 1e30);
    var threshold = 0u;
    if (step.topK > 0u && step.topK < ids) {
      threshold = findThreshold(0u, high, f32(step.topK), largest, 0.0, thread);
    }
    if (step.topP < 1.0) {
      let mass = massFrom(threshold, largest, inverse, true, thread);
      threshold = findThreshold(threshold, high, step.topP * mass, largest, inverse, thread);
    }
    bestValue = -3.4e38;
    bestId = token;
    for (var i = 0u; i < maximumSteps; i++) {
      let other = i * threads + thread;
      if (other >= ids) {
        break;
      }
      let word = randomWords(vec4<u32>(step.samplingSeed, state[2], other, 0u)).x;
      let value = (logits[other] - largest) * inverse + gumbel(word);
      if (orderOf(logits[other]) >= threshold && value > bestValue) {
        bestValue = value;
        bestId = other;
      }
    }
    token = workgroupArgmax(bestValue, bestId, thread);
  }

  if (thread == 0u) { // everybody has read the counter: the reductions end in a barrier
    let produced = state[3];
    if (produced < capacity) {
      output[produced] = token;
    }
    state[0] += 1u;
    state[1] = token;
    state[2] += 1u;
    state[3] = produced + 1u;
  }
}
