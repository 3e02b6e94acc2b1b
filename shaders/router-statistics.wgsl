// What a router does, summed over steps: gather adds one replay's numbers to its layer's row of the statistics
// [tokens, Σ entropy, Σ (log Σ exp)², 0, load by expert …, dropped …, Σ share of the scores …, load of this step …].
// Workgroup e < experts sums expert e's shares over the tokens, the last one the entropies, in a fixed order.
// updateBias, DeepSeek-V3's balance without auxiliary loss: bias += rate · sign(mean load − load), one workgroup per
// layer; a step that is not finite changes no bias. It leaves the step's loads at zero.

override layers: u32 = 1u;    // rows of the statistics: one workgroup each
override tokens: u32 = 1u;
override experts: u32;
override sigmoid: u32 = 0u;
override rate: f32 = 0.0;

@group(0) @binding(0) var<storage, read> scores: array<f32>;           // [tokens, experts]
@group(0) @binding(1) var<storage, read> rowSums: array<f32>;          // [tokens]
@group(0) @binding(2) var<storage, read> counts: array<u32>;           // [experts]: choices, dropped included
@group(0) @binding(3) var<storage, read> offsets: array<u32>;          // [experts + 1]: rows
@group(0) @binding(4) var<storage, read_write> statistics: array<f32>; // [layers, 4 + 4 · experts]
@group(0) @binding(5) var<storage, read> metrics: array<f32>;          // [2]: 1 if the step is finite
@group(0) @binding(6) var<storage, read_write> bias: array<f32>;       // [layers, experts]

const threads = 64u;
const maximumSteps = 0x1000000u; // loops break before: a constant bound costs no guard
var<workgroup> partial: array<vec2<f32>, threads>;

/// Sum over the workgroup in the order of its invocations.
fn workgroupSum(value: vec2<f32>, thread: u32) -> vec2<f32> {
  partial[thread] = value;
  workgroupBarrier();
  var sum = vec2<f32>();
  for (var i = 0u; i < threads; i++) {
    sum += partial[i];
  }
  return sum;
}

/// Adds one replay's numbers to its layer's: sums, so that a mean over steps is one division in the page.
@compute @workgroup_size(threads)
fn gather(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let expert = linearWorkgroup(id);
  if (expert >= launch.endWorkgroup) {
    return;
  }
  var sum = vec2<f32>();
  for (var i = 0u; i < maximumSteps; i++) {
    let token = i * threads + thread;
    if (token >= tokens) {
      break;
    }
    // As the router's shares: a softmax sums to 1, sigmoids are divided by their sum.
    let scoreSum = select(1.0, rowSums[token], sigmoid == 1u);
    // Fixed order of additions: the statistics are the same in every run, like the losses.
    if (expert < experts) {
      sum.x += scores[token * experts + expert] / scoreSum;
    } else {
      for (var e = 0u; e < maximumSteps; e++) {
        if (e >= experts) {
          break;
        }
        let share = scores[token * experts + e] / scoreSum;
        // Entropy says whether the router decides (low) or has not begun to; the clamp keeps 0 · log 0 at 0.
        sum.x -= share * log(max(share, 1e-30));
      }
      // What the z-loss holds down: large logits lose digits in exp (Zoph et al. 2022).
      sum.y += rowSums[token] * rowSums[token];
    }
  }
  let total = workgroupSum(sum, thread);
  if (thread > 0u) {
    return;
  }
  if (expert == experts) {
    statistics[launch.firstElement] += f32(tokens);
    statistics[launch.firstElement + 1u] += total.x;
    statistics[launch.firstElement + 2u] += select(total.y, 0.0, sigmoid == 1u);
    return;
  }
  let load = counts[expert];
  // Rows that the placement gave; the others were past the capacity.
  let kept = offsets[expert + 1u] - offsets[expert];
  let index = launch.firstElement + 4u + expert;
  statistics[index] += f32(load);
  statistics[index + experts] += f32(load - kept);
  statistics[index + 2u * experts] += total.x;
  statistics[index + 3u * experts] += f32(load);
}

@compute @workgroup_size(threads)
fn updateBias(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let layer = linearWorkgroup(id);
  if (layer >= launch.endWorkgroup) {
    return;
  }
  let loads = layer * (4u + 4u * experts) + 4u + 3u * experts;
  var sum = 0.0;
  for (var e = 0u; e < maximumSteps; e++) {
    if (e >= experts) {
      break;
    }
    sum += statistics[loads + e];
  }
  // Only the sign counts (DeepSeek-V3, §2.1.2): the bias moves at one pace however far the load is off.
  let mean = sum / f32(experts);
  // All have read the loads before anybody clears its own below.
  storageBarrier();
  for (var i = 0u; i < maximumSteps; i++) {
    let expert = i * threads + thread;
    if (expert >= experts) {
      break;
    }
    if (metrics[2] == 1.0) {
      bias[layer * experts + expert] += rate * sign(mean - statistics[loads + expert]);
    }
    statistics[loads + expert] = 0.0;
  }
}
