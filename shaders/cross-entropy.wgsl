// loss = log Σ exp(logits) − logits[target] per row; in training the logits become their own gradient in place:
// (softmax − one-hot) · step.lossScale; of ignored targets both are 0. `lanes` neighbours share a row and pass over it for
// maximum, sum and gradient. Also: targets from rows of tokens, and the sum of a step's losses by one workgroup, in order.
//
// From corner-sums.wgsl: corners, partial, corner, fillCorners, sumOfCorners.

override laneLevels: u32; // log₂ of the invocations that share a row
override rows: u32;
override columns: u32 = 1u;   // vocabulary
override gradient: u32 = 0u;  // 1 rewrites the logits
override time: u32 = 1u;
override rowLength: u32 = 1u; // tokens per sequence in memory
override shift: u32 = 0u;     // 1: the target is the next token
override lastOnly: u32 = 0u;  // 1: only the last position of a sequence has a target
override slot: u32 = 0u;      // of the sum of losses
override markSlot: u32 = 0u;  // of the step's number beside it
override softcap: f32 = 0.0;  // logits are softcap · tanh(logits ÷ softcap); 0: as they are

@group(0) @binding(0) var<storage, read_write> logits: array<f32>;   // [rows, columns]
@group(0) @binding(1) var<storage, read> targets: array<u32>;        // [rows]
@group(0) @binding(2) var<storage, read_write> loss: array<f32>;     // [rows]
@group(0) @binding(3) var<storage, read> tokens: array<u32>;         // [rows ÷ time, rowLength]
@group(0) @binding(4) var<storage, read_write> selected: array<u32>; // [rows], targets to be
@group(0) @binding(5) var<storage, read> losses: array<f32>;         // [rows], loss as read by `sum`
@group(0) @binding(6) var<storage, read_write> metrics: array<f32>;

const ignored = 0xffffffffu;
const lanes = 1u << laneLevels;
// A vocabulary of characters has rows of some sixty logits, one of tokens of fifty thousand: lanes follow the length,
// and short rows share a workgroup.
const rowThreads = max(64u, lanes);
const sumThreads = 128u; // all that compatibility mode has
const threads = max(sumThreads, rowThreads);
const maximumSteps = 0x1000000u; // loops break before: a constant bound costs no guard

/// A logit as the loss sees it.
fn capped(logit: f32) -> f32 {
  if (softcap > 0.0) {
    // tanh is ±1 there to the last bit; drivers may compute it by exponentials, which would overflow.
    return softcap * tanh(clamp(logit / softcap, -15.0, 15.0));
  }
  return logit;
}

/// Largest of what the lanes of a row left in `partial`, in every lane. Barriers are dear on a CPU: no tree.
fn rowMaximum(first: u32, thread: u32) -> f32 {
  workgroupBarrier();
  var largest = -3.0e38;
  if (lanes <= 32u) {
    for (var i = 0u; i < lanes; i++) {
      largest = max(largest, partial[first + i]);
    }
    workgroupBarrier();
    return largest;
  }
  // In two steps, as corner-sums.wgsl adds.
  if (thread < corners) {
    for (var i = 0u; i < rowThreads / corners; i++) {
      largest = max(largest, partial[thread + i * corners]);
    }
    corner[thread] = largest;
  }
  workgroupBarrier();
  for (var i = 0u; i < corners; i++) {
    largest = max(largest, corner[i]);
  }
  return largest;
}

/// Sum of what the lanes of a row left in `partial`, in every lane, in a fixed order.
fn rowSum(first: u32, thread: u32) -> f32 {
  if (lanes > 32u) {
    fillCorners(thread, rowThreads);
    return sumOfCorners();
  }
  workgroupBarrier();
  var sum = 0.0;
  for (var i = 0u; i < lanes; i++) {
    sum += partial[first + i];
  }
  return sum;
}

/// Logits are the largest tensor of a small model (B·T·V): the gradient takes their place, and probabilities are
/// never written.
@compute @workgroup_size(rowThreads)
fn forward(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let group = linearWorkgroup(id);
  if (group >= launch.endWorkgroup) {
    return;
  }
  let row = group * (rowThreads / lanes) + thread / lanes;
  // Rows past the end repeat the last one until the barriers are behind them.
  let start = min(row, rows - 1u) * columns;
  let lane = thread % lanes;
  let first = thread / lanes * lanes;

  var largest = -3.0e38;
  for (var i = 0u; i < maximumSteps; i++) {
    let column = i * lanes + lane;
    if (column >= columns) {
      break;
    }
    largest = max(largest, capped(logits[start + column]));
  }
  partial[thread] = largest;
  largest = rowMaximum(first, thread);

  var sum = 0.0;
  for (var i = 0u; i < maximumSteps; i++) {
    let column = i * lanes + lane;
    if (column >= columns) {
      break;
    }
    // The exponentials are computed again for the gradient: to keep them would be a tensor as large as the logits.
    sum += exp(capped(logits[start + column]) - largest);
  }
  let target_ = targets[min(row, rows - 1u)];
  let targetLogit = capped(logits[start + min(target_, columns - 1u)]); // before the barrier: it is overwritten after
  partial[thread] = sum;
  sum = rowSum(first, thread);
  if (row >= rows) {
    return;
  }
  let counts = target_ != ignored;
  if (lane == 0u) {
    // −log softmax of the target, with the shift by the maximum put back: no quotient, whose logarithm could be that
    // of 0.
    loss[row] = select(0.0, largest - targetLogit + log(sum), counts);
  }
  if (gradient == 0u) {
    return;
  }
  // 1 ÷ targets of the whole step, micro-batches included: gradients of all parts add up to that of the mean.
  let scale = select(0.0, step.lossScale, counts);
  let probabilityScale = scale / sum;
  for (var i = 0u; i < maximumSteps; i++) {
    let column = i * lanes + lane;
    if (column >= columns) {
      break;
    }
    let logit = capped(logits[start + column]);
    var slope = 1.0;
    if (softcap > 0.0) {
      // Of tanh, from its value: the gradient is wanted in the logits before the cap.
      slope -= logit / softcap * (logit / softcap);
    }
    // Softmax less one-hot, by which cross-entropy's and softmax's gradients cancel into one subtraction.
    let probability = exp(logit - largest) * probabilityScale;
    logits[start + column] = (probability - select(0.0, scale, column == target_)) * slope;
  }
}

/// selected[b, t] = tokens[b, t + shift], or `ignored` where the position does not count.
@compute @workgroup_size(64)
fn selectTargets(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let group = linearWorkgroup(id);
  let row = group * 64u + thread;
  if (group >= launch.endWorkgroup || row >= rows) {
    return;
  }
  let t = row % time;
  let token = tokens[row / time * rowLength + t + shift];
  selected[row] = select(token, ignored, lastOnly == 1u && t + 1u < time);
}

/// metrics[slot] = step.lossScale · Σ losses (+ metrics[slot]), and a mark that the work was done.
@compute @workgroup_size(sumThreads)
fn sumLosses(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  if (linearWorkgroup(id) >= launch.endWorkgroup) {
    return;
  }
  // A fixed order for any number of rows, by one workgroup: the loss that the chart shows is the same bits in every
  // run.
  var sum = 0.0;
  for (var i = 0u; i < maximumSteps; i++) {
    let row = i * sumThreads + thread;
    if (row >= rows) {
      break;
    }
    sum += losses[row];
  }
  partial[thread] = sum;
  fillCorners(thread, sumThreads);
  if (thread == 0u) {
    var total = sumOfCorners() * step.lossScale;
    total += select(0.0, metrics[slot], launch.accumulate == 1u);
    metrics[slot] = total;
    // A driver that drops work leaves the mark of the step before, by which the trainer tells a lost step from a loss
    // of 0.
    metrics[markSlot] = f32(step.step & 0xffffffu); // as many bits as a float counts exactly
  }
}
