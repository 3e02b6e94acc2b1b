// Routing of tokens to experts: scores from logits, the best perToken of them, weights for their outputs.
// One invocation = one token; a row of scores stays in cache. Best scores are found one after another, each the
// largest that comes after the one before in the order (higher score, lower index): no array, ties to the lower
// index. A token with a logit or a bias that is no finite number gets weights that are none, so that the step is flagged.
// Score functions: softmax (Shazeer et al. 2017, Fedus et al. 2021), sigmoid with bias (DeepSeek-V3 2024).

override tokens: u32;
override experts: u32;
override perToken: u32;
override sigmoid: u32;      // 1: scores are sigmoids, not a softmax
override renormalize: u32;  // 1: the chosen weights sum to `scale`
override scale: f32;
override hasBias: u32 = 0u; // 1: bias[launch.biasOffset + expert] is added for choosing only
override noise: f32 = 0.0;  // deviation of the normal numbers added to the logits
override time: u32 = 1u;    // tokens per sample, for the random counter
override balance: f32 = 0.0;
override zLoss: f32 = 0.0;

@group(0) @binding(0) var<storage, read> logits: array<f32>;           // [tokens, experts]
@group(0) @binding(1) var<storage, read> bias: array<f32>;
@group(0) @binding(2) var<storage, read_write> scores: array<f32>;     // [tokens, experts]
@group(0) @binding(3) var<storage, read_write> rowSums: array<f32>;    // [tokens]: log Σ exp, or Σ sigmoid
@group(0) @binding(4) var<storage, read_write> selected: array<u32>;   // [tokens, perToken]
@group(0) @binding(5) var<storage, read_write> weights: array<f32>;    // [tokens, perToken]
@group(0) @binding(6) var<storage, read> savedScores: array<f32>;      // those of the forward pass
@group(0) @binding(7) var<storage, read> savedSums: array<f32>;
@group(0) @binding(8) var<storage, read> chosen: array<u32>;           // [tokens, perToken]
@group(0) @binding(9) var<storage, read> counts: array<u32>;           // [experts]: tokens that chose the expert
@group(0) @binding(10) var<storage, read> dWeights: array<f32>;        // [tokens, perToken]
@group(0) @binding(11) var<storage, read_write> dLogits: array<f32>;   // [tokens, experts]

const threads = 64u;
const tiny = 1e-20; // keeps the sum of chosen scores from 0

/// Standard normal (Box and Muller 1958) from the counter of a token and an expert.
fn normalAt(token: u32, expert: u32) -> f32 {
  let sample = step.sampleOffset + token / time;
  let element = (token % time) * experts + expert;
  let first = randomUniform(step.dropoutSeed, step.step, sample, launch.operation, 2u * element);
  let second = randomUniform(step.dropoutSeed, step.step, sample, launch.operation, 2u * element + 1u);
  // Half a step of the generator off 0, where the logarithm is infinite.
  return sqrt(-2.0 * log(first + 0.5 / 16777216.0)) * cos(6.283185307179586 * second);
}

/// By its bits: WGSL may assume that there are no others, and drop a comparison.
fn isNumber(value: f32) -> bool {
  return (bitcast<u32>(value) & 0x7f800000u) != 0x7f800000u;
}

/// Choices and weights of a token, from its logits.
@compute @workgroup_size(threads)
fn forward(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let group = linearWorkgroup(id);
  let token = group * threads + thread;
  if (group >= launch.endWorkgroup || token >= tokens) {
    return;
  }
  let row = token * experts;
  // Not infinity: WGSL may assume that there is none.
  var largest = -3.0e38;
  var isFinite = true;
  for (var e = 0u; e < experts; e++) {
    var logit = logits[row + e];
    isFinite = isFinite && isNumber(logit);
    if (hasBias == 1u) {
      isFinite = isFinite && isNumber(bias[launch.biasOffset + e]);
    }
    if (noise > 0.0) {
      logit += noise * normalAt(token, e);
    }
    scores[row + e] = logit;
    // Scores are kept in memory between the passes: with many experts a row does not fit into registers.
    largest = max(largest, logit);
  }
  var sum = 0.0;
  for (var e = 0u; e < experts; e++) {
    let logit = scores[row + e];
    // By the maximum no exponential overflows; a sigmoid needs no shift.
    let score = select(exp(logit - largest), 1.0 / (1.0 + exp(-logit)), sigmoid == 1u);
    scores[row + e] = score;
    sum += score;
  }
  rowSums[token] = select(largest + log(sum), sum, sigmoid == 1u);
  // Sigmoid scores stay as they are: experts do not compete, and a bias can steer the choice without touching
  // weights.
  if (sigmoid == 0u) {
    for (var e = 0u; e < experts; e++) {
      scores[row + e] = scores[row + e] / sum;
    }
  }

  var total = 0.0;
  var lastValue = 0.0;
  var lastExpert = 0u;
  for (var j = 0u; j < perToken; j++) {
    var best = experts;
    var bestValue = 0.0;
    for (var e = 0u; e < experts; e++) {
      var value = scores[row + e];
      if (hasBias == 1u) {
        value += bias[launch.biasOffset + e];
      }
      // Behind the one that was chosen last, in the order of scores and then of indices: none is chosen
      // twice.
      let isAfter = j == 0u || value < lastValue || (value == lastValue && e > lastExpert);
      if (isAfter && (best == experts || value > bestValue)) {
        best = e;
        bestValue = value;
      }
    }
    lastValue = bestValue;
    lastExpert = best;
    // Where logits are no numbers any expert would do, but it must be one: the placement counts on valid choices, and
    // the weights see to it that the step is dropped.
    let expert = select(j, best, isFinite && best < experts);
    selected[token * perToken + j] = expert;
    total += scores[row + expert];
  }
  let factor = select(scale, scale / (total + tiny), renormalize == 1u);
  let none = bitcast<f32>(0x7fc00000u | (launch.gridWidth & 1u)); // not known while compiling, where it is an error
  for (var j = 0u; j < perToken; j++) {
    let expert = selected[token * perToken + j];
    weights[token * perToken + j] = select(none, factor * scores[row + expert], isFinite);
  }
}

/// Gradients of the weights, of balance · experts · Σ f · P (P: mean share of the scores) and of zLoss · mean
/// (log Σ exp)². Both factors hold this batch's part of a step. dLogits first holds the gradients of the scores.
@compute @workgroup_size(threads)
fn backward(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let group = linearWorkgroup(id);
  let token = group * threads + thread;
  if (group >= launch.endWorkgroup || token >= tokens) {
    return;
  }
  let row = token * experts;
  let slot = token * perToken;
  // Shares sum to 1 either way: a softmax's are the scores, sigmoids are divided by their sum.
  let scoreSum = select(1.0, savedSums[token], sigmoid == 1u);
  // Of one share: balance · E · f ÷ N, with f = counts ÷ (N · K) held constant.
  let balanceStep = balance * f32(experts) / (f32(tokens) * f32(tokens * perToken));
  var mean = 0.0; // of the balance gradient over the token's shares
  if (balance != 0.0) {
    for (var e = 0u; e < experts; e++) {
      mean += balanceStep * f32(counts[e]) * (savedScores[row + e] / scoreSum);
    }
  }
  for (var e = 0u; e < experts; e++) {
    var gradient = 0.0;
    if (balance != 0.0) {
      gradient = (balanceStep * f32(counts[e]) - mean) / scoreSum;
    }
    dLogits[row + e] = gradient;
  }
  var total = tiny;
  var weighted = 0.0;
  // Only what was chosen has a gradient from the outputs: the choice itself is a step, and has none.
  for (var j = 0u; j < perToken; j++) {
    let score = savedScores[row + chosen[slot + j]];
    total += score;
    weighted += dWeights[slot + j] * score;
  }
  for (var j = 0u; j < perToken; j++) {
    let gradient = dWeights[slot + j];
    // w = scale · s ÷ Σ s has this gradient in s: the quotient's second term is what the others lose.
    let renormalized = scale / total * (gradient - weighted / total);
    dLogits[row + chosen[slot + j]] += select(scale * gradient, renormalized, renormalize == 1u);
  }
  var dot = 0.0;
  if (sigmoid == 0u) {
    for (var e = 0u; e < experts; e++) {
      dot += savedScores[row + e] * dLogits[row + e];
    }
    // ∂ zLoss · mean (log Σ exp)² = 2 · zLoss · log Σ exp · softmax ÷ tokens
    dot -= 2.0 * zLoss * savedSums[token] / f32(tokens);
  }
  for (var e = 0u; e < experts; e++) {
    let score = savedScores[row + e];
    let slope = score * select(1.0, 1.0 - score, sigmoid == 1u);
    dLogits[row + e] = slope * (dLogits[row + e] - dot);
  }
}
