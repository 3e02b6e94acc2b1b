// Draws a token for each row of logits from logits ÷ temperature, cut to the topK largest and to the nucleus of mass topP, and
// advances the state. A cut is a threshold on the bits of a logit, found by bisection from counts and masses;
// ties at the threshold stay. The draw is the largest of logit ÷ temperature + Gumbel noise (Gumbel 1954): no
// running sums, and an order that is fixed. Temperature 0 takes the largest logit; of equals the lowest id. Ids from
// `drawable` on are as if they were not there. One workgroup per row: row r belongs to slot step.slot + r, whose settings
// and state it reads, so that a sequence draws the same tokens in any company. A slot that has drawn its last token (its
// counter is at `end`) stays as it is. Where a logit is not finite, the output is noToken and the slot is at its end.
//
// From sample-reductions.wgsl: threads, workgroupSum, workgroupArgmax.

override rows: u32;     // of logits
override slots: u32;    // of state, settings and output, at least rows
override columns: u32;  // vocabulary
override capacity: u32; // of a slot's output

@group(0) @binding(0) var<storage, read> logits: array<f32>;       // [rows, columns]
@group(0) @binding(1) var<storage, read> settings: array<u32>;     // [slots, 6]: end, seed, topK, drawable, and bits of temperature, topP
@group(0) @binding(2) var<storage, read_write> state: array<u32>;  // [slots, 4]: position, token, counter, produced
@group(0) @binding(3) var<storage, read_write> output: array<u32>; // [slots, capacity]

const maximumSteps = 0x1000000u; // loops break before: a constant bound costs no guard
var<workgroup> isBroken: atomic<u32>; // 1 where a logit is not finite
const noToken = 0xffffffffu;
// Settings and state live on the GPU, since it advances them itself: sixteen tokens need one submit.
const slotNumbers = 4u;
const settingNumbers = 6u;

/// What a slot draws by.
struct Settings {
  end: u32,  // the counter at which it stops
  seed: u32,
  topK: u32, // 0: all
  ids: u32,  // those below may be drawn
  temperature: f32,
  topP: f32,
}

fn settingsOf(slot: u32) -> Settings {
  let at = slot * settingNumbers;
  let drawable = settings[at + 3u];
  let ids = select(columns, min(drawable, columns), drawable > 0u);
  let temperature = bitcast<f32>(settings[at + 4u]);
  return Settings(settings[at], settings[at + 1u], settings[at + 2u], ids, temperature, bitcast<f32>(settings[at + 5u]));
}

/// A row of logits: where it starts, the ids that may be drawn, and the largest logit.
struct Row {
  first: u32,
  ids: u32,
  largest: f32,
}

/// Bits that order as the numbers do; 0 and −0 are one number.
/// Positive floats order as their bits; negative ones the other way round, so all of theirs are flipped, and the sign
/// of the others.
fn orderOf(value: f32) -> u32 {
  let bits = bitcast<u32>(select(value, 0.0, value == 0.0));
  return select(bits | 0x80000000u, ~bits, (bits & 0x80000000u) != 0u);
}

/// Σ over a row's logits from `threshold` on: of exp((logit − largest) · inverse), or of ones if inverse is 0. What is not
/// wanted is not added up, but comes to every barrier.
fn massFrom(row: Row, threshold: u32, inverse: f32, isWanted: bool, thread: u32) -> f32 {
  var sum = 0.0;
  for (var i = 0u; i < maximumSteps; i++) {
    let id = i * threads + thread;
    if (id >= row.ids || !isWanted) {
      break;
    }
    let logit = logits[row.first + id];
    sum += select(0.0, exp((logit - row.largest) * inverse), orderOf(logit) >= threshold);
  }
  return workgroupSum(sum, thread);
}

/// Largest threshold in [low, high] from which on the mass is at least `wanted`, built from its highest bit. No barrier
/// depends on what was found: A uniform load, which would allow it, is miscompiled on Metal by naga (wgpu 4500).
fn findThreshold(row: Row, low: u32, high: u32, wanted: f32, inverse: f32, thread: u32) -> u32 {
  var found = 0u;
  var isFound = false; // any higher threshold that still has the mass keeps the same tokens
  for (var bit = 0u; bit < 32u; bit++) {
    let candidate = found | (0x80000000u >> bit);
    let isInside = candidate > low && candidate <= high && !isFound;
    let mass = massFrom(row, candidate, inverse, isInside, thread);
    if (!isFound && (candidate <= low || (isInside && mass >= wanted))) {
      found = candidate;
    }
    isFound = isFound || (isInside && mass == wanted);
  }
  return found;
}

/// −log of a uniform's −log from 32 random bits: finite, and fine near the tail that decides.
/// The largest of log pᵢ + Gumbel noise is i with probability pᵢ: an argmax draws, for which order does not matter.
fn gumbel(word: u32) -> f32 {
  let u = (f32(word) + 0.5) * (1.0 / 4294967296.0);
  let exponential = select(-log(max(1.0 - u, 1e-10)), u + 0.5 * u * u, u < 1e-3); // −log(1 − u)
  return -log(exponential);
}

@compute @workgroup_size(threads)
fn main(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let group = linearWorkgroup(id);
  if (group >= launch.endWorkgroup) {
    return;
  }
  let slot = min(step.slot, slots - rows) + group;
  // One slot's settings for the whole workgroup: all branches below are uniform, as barriers want.
  let draw = settingsOf(slot);
  var row = Row(group * columns, draw.ids, 0.0);
  var bestValue = -3.4e38;
  var bestId = min(thread, draw.ids - 1u);
  for (var i = 0u; i < maximumSteps; i++) {
    let token = i * threads + thread;
    if (token >= draw.ids) {
      break;
    }
    let logit = logits[row.first + token];
    if ((bitcast<u32>(logit) & 0x7f800000u) == 0x7f800000u) { // by bits: WGSL may assume that it never happens
      atomicStore(&isBroken, 1u);
    }
    if (logit > bestValue) {
      bestValue = logit;
      bestId = token;
    }
  }
  var token = workgroupArgmax(bestValue, bestId, thread);

  if (draw.temperature > 0.0) {
    row.largest = logits[row.first + token];
    let high = orderOf(row.largest);
    let inverse = min(1.0 / draw.temperature, 1e30);
    var threshold = 0u;
    // The mass of ones is a count: one search serves both cuts, in 32 passes over the row and no sorting.
    if (draw.topK > 0u && draw.topK < draw.ids) {
      threshold = findThreshold(row, 0u, high, f32(draw.topK), 0.0, thread);
    }
    if (draw.topP < 1.0) {
      let mass = massFrom(row, threshold, inverse, true, thread);
      // Of what topK left, as in Transformers: cuts are taken one after the other.
      threshold = findThreshold(row, threshold, high, draw.topP * mass, inverse, thread);
    }
    // The second pass looks only at what the cuts left, by the threshold's bits.
    bestValue = -3.4e38;
    bestId = token;
    for (var i = 0u; i < maximumSteps; i++) {
      let other = i * threads + thread;
      if (other >= draw.ids) {
        break;
      }
      let logit = logits[row.first + other];
      // By seed, counter and id, never by place in a batch: the same noise for the same token of the same text.
      let word = randomWords(vec4<u32>(draw.seed, state[slot * slotNumbers + 2u], other, 0u)).x;
      let value = (logit - row.largest) * inverse + gumbel(word);
      if (orderOf(logit) >= threshold && value > bestValue) {
        bestValue = value;
        bestId = other;
      }
    }
    token = workgroupArgmax(bestValue, bestId, thread);
  }

  let at = slot * slotNumbers;
  if (thread == 0u && state[at + 2u] < draw.end) { // everybody has read the counter: the reductions end in a barrier
    let broken = atomicLoad(&isBroken) == 1u;
    let produced = state[at + 3u];
    if (produced < capacity) {
      output[slot * capacity + produced] = select(token, noToken, broken);
    }
    state[at + 3u] = produced + 1u;
    if (broken) {
      state[at + 2u] = draw.end;
      return;
    }
    state[at] += 1u;
    state[at + 1u] = token;
    state[at + 2u] += 1u;
  }
}
