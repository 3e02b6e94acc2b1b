// RMSNorm of heads inside packed rows, in place, and its gradients: x̂ = x ÷ √(mean x² + epsilon), y = x̂ · (weight + offset)
// of each of `heads` neighbouring segments of `columns` values, from column `firstColumn` of every row. Kept for the gradients, a
// segment after the other: x̂, and 1 ÷ root mean square behind it.
// Segments are the rows of norm-sums.wgsl: a workgroup of forward and dx holds 64 ÷ lanes of them.
//
// From norm-sums.wgsl: lanes, threads, columnLanes, rowLanes, maximumSteps, placeOf, rowSum, shareOf, columnSum.

override rows: u32;
override heads: u32;
override columns: u32;
override rowStride: u32;
override firstColumn: u32;      // column of the first segment
override epsilon: f32 = 1e-5;
override offset: f32 = 0.0;     // 1: weights are kept as their distance from 1
override keeps: u32 = 0u;       // forward: 1 keeps what gradients need
override slices: u32 = 1u;      // dWeight: equal parts of the segments, each with sums of its own
override accumulate: u32 = 0u;  // dWeight: 1 adds to what is there

@group(0) @binding(0) var<storage, read_write> qkv: array<f32>;        // [rows, rowStride]: x, then y
@group(0) @binding(1) var<storage, read> weight: array<f32>;           // [columns]
@group(0) @binding(2) var<storage, read_write> kept: array<f32>;       // [rows · heads, columns + 1]
@group(0) @binding(3) var<storage, read> saved: array<f32>;            // kept, as the gradients read it
@group(0) @binding(4) var<storage, read_write> gradient: array<f32>;   // [rows, rowStride]: dy, then dx
@group(0) @binding(5) var<storage, read> dy: array<f32>;               // [rows, rowStride]
@group(0) @binding(6) var<storage, read_write> sums: array<f32>;       // [slices, columns]

alias Sum = f32;

/// Where a segment starts in packed rows.
/// Queries and keys lie in the packed rows of one projection; they are normed where they lie, before rope turns them.
fn segmentStart(segment: u32) -> u32 {
  return segment / heads * rowStride + firstColumn + segment % heads * columns;
}

/// Norms 64 ÷ lanes segments where they lie.
@compute @workgroup_size(threads)
fn forward(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let group = linearWorkgroup(id);
  if (group >= launch.endWorkgroup) {
    return;
  }
  let place = placeOf(group, thread, rows * heads);
  let segment = place.row;
  let start = segmentStart(place.held);
  let lane = place.lane;
  var squares = 0.0;
  for (var i = 0u; i < maximumSteps; i++) {
    let column = i * lanes + lane;
    if (column >= columns) {
      break;
    }
    let value = qkv[start + column];
    squares += value * value;
  }
  // Queries and keys of unit size: scores cannot grow without bound, which keeps softmax from saturating (Henry et
  // al. 2020).
  let scale = inverseSqrt(rowSum(squares, thread) / f32(columns) + epsilon);
  if (segment >= rows * heads) {
    return;
  }
  if (lane == 0u && keeps == 1u) {
    // In place: x is gone after this, so x̂ is kept for the gradients, and not x.
    kept[segment * (columns + 1u) + columns] = scale;
  }
  for (var i = 0u; i < maximumSteps; i++) {
    let column = i * lanes + lane;
    if (column >= columns) {
      break;
    }
    let value = qkv[start + column] * scale;
    if (keeps == 1u) {
      kept[segment * (columns + 1u) + column] = value;
    }
    qkv[start + column] = value * (weight[column] + offset);
  }
}

/// dx = (g − x̂ · mean(g ∘ x̂)) · scale with g = dy ∘ (weight + offset), in place of dy.
@compute @workgroup_size(threads)
fn backward(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let group = linearWorkgroup(id);
  if (group >= launch.endWorkgroup) {
    return;
  }
  let place = placeOf(group, thread, rows * heads);
  let start = segmentStart(place.held);
  let keptStart = place.held * (columns + 1u);
  let lane = place.lane;
  var sum = 0.0;
  for (var i = 0u; i < maximumSteps; i++) {
    let column = i * lanes + lane;
    if (column >= columns) {
      break;
    }
    sum += gradient[start + column] * (weight[column] + offset) * saved[keptStart + column];
  }
  let mean = rowSum(sum, thread) / f32(columns);
  if (place.row >= rows * heads) {
    return;
  }
  for (var i = 0u; i < maximumSteps; i++) {
    let column = i * lanes + lane;
    if (column >= columns) {
      break;
    }
    let g = gradient[start + column] * (weight[column] + offset);
    // dx takes the place of dy: the weights' gradient, which reads dy, comes first.
    gradient[start + column] = (g - saved[keptStart + column] * mean) * saved[keptStart + columns];
  }
}

/// Per slice of the segments: sums[s, c] = Σ dy ∘ x̂.
@compute @workgroup_size(columnLanes * rowLanes)
fn backwardWeight(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let group = linearWorkgroup(id);
  if (group >= launch.endWorkgroup) {
    return;
  }
  // One weight for all heads: the sum goes over tokens and heads.
  let share = shareOf(group, thread, rows * heads);
  var sum = 0.0;
  for (var i = 0u; i < maximumSteps; i++) {
    let segment = share.start + i * rowLanes;
    if (segment >= share.end) {
      break;
    }
    let inside = min(share.column, columns - 1u);
    sum += dy[segmentStart(segment) + inside] * saved[segment * (columns + 1u) + inside];
  }
  let total = columnSum(sum, thread);
  if (thread >= columnLanes || share.column >= columns) {
    return;
  }
  let index = share.slice * columns + share.column;
  if (accumulate == 1u) {
    sums[index] += total;
  } else {
    sums[index] = total;
  }
}
