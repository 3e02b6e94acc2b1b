// y = x ÷ √(mean x² + epsilon) · (weight + offset) of each row (Zhang and Sennrich 2019; offset 1: Gemma),
// and its gradients.
// Forward and dx: a workgroup holds 64 ÷ lanes rows and passes over them twice.
//
// From dropout-mask.wgsl: dropout, dropped.
// From norm-sums.wgsl: lanes, threads, columnLanes, rowLanes, maximumSteps, placeOf, rowSum, shareOf, columnSum.

override rows: u32;
override columns: u32;
override epsilon: f32 = 1e-5;
override offset: f32 = 0.0;     // 1: weights are kept as their distance from 1
override slices: u32 = 1u;     // dWeight: equal parts of the rows, each with sums of its own
override accumulate: u32 = 0u; // dx and dWeight: 1 adds to what is there

@group(0) @binding(0) var<storage, read> x: array<f32>;                // [rows, columns]
@group(0) @binding(1) var<storage, read> weight: array<f32>;           // [columns]
@group(0) @binding(2) var<storage, read_write> y: array<f32>;          // [rows, columns]
@group(0) @binding(3) var<storage, read_write> statistics: array<f32>; // [rows]: 1 ÷ root mean square
@group(0) @binding(4) var<storage, read> saved: array<f32>;            // statistics of the forward pass
@group(0) @binding(5) var<storage, read> dy: array<f32>;               // [rows, columns]
@group(0) @binding(6) var<storage, read_write> dx: array<f32>;         // [rows, columns]
@group(0) @binding(7) var<storage, read_write> sums: array<f32>;       // [slices, columns]
@group(0) @binding(8) var<storage, read_write> droppedDx: array<f32>;  // [rows, columns], if dropout > 0

alias Sum = f32;

/// Statistics and result of 64 ÷ lanes rows.
@compute @workgroup_size(threads)
fn forward(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let group = linearWorkgroup(id);
  if (group >= launch.endWorkgroup) {
    return;
  }
  let place = placeOf(group, thread, rows);
  let row = place.row;
  let start = place.held * columns;
  let lane = place.lane;
  var squares = 0.0;
  for (var i = 0u; i < maximumSteps; i++) {
    let column = i * lanes + lane;
    if (column >= columns) {
      break;
    }
    let value = x[start + column];
    squares += value * value;
  }
  // No mean is subtracted, which is all that RMSNorm leaves out of LayerNorm: their models lost nothing by it.
  let scale = inverseSqrt(rowSum(squares, thread) / f32(columns) + epsilon);
  // After the sums' barrier, which all invocations must reach.
  if (row >= rows) {
    return;
  }
  if (lane == 0u) {
    statistics[row] = scale;
  }
  for (var i = 0u; i < maximumSteps; i++) {
    let column = i * lanes + lane;
    if (column >= columns) {
      break;
    }
    y[start + column] = x[start + column] * scale * (weight[column] + offset);
  }
}

/// dx = (g − x̂ · mean(g ∘ x̂)) · scale with g = dy ∘ (weight + offset) and x̂ = x · scale.
@compute @workgroup_size(threads)
fn backward(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let group = linearWorkgroup(id);
  if (group >= launch.endWorkgroup) {
    return;
  }
  let place = placeOf(group, thread, rows);
  let start = place.held * columns;
  let lane = place.lane;
  let scale = saved[place.held];
  var sum = 0.0;
  for (var i = 0u; i < maximumSteps; i++) {
    let column = i * lanes + lane;
    if (column >= columns) {
      break;
    }
    sum += dy[start + column] * (weight[column] + offset) * x[start + column];
  }
  // Both scales of x̂ · mean(g ∘ x̂) at once: x is read, and x̂ never stored.
  let factor = rowSum(sum, thread) / f32(columns) * scale * scale;
  if (place.row >= rows) {
    return;
  }
  for (var i = 0u; i < maximumSteps; i++) {
    let column = i * lanes + lane;
    if (column >= columns) {
      break;
    }
    // g less its part along x̂: a normed row cannot change its length.
    var gradient = (dy[start + column] * (weight[column] + offset) - x[start + column] * factor) * scale;
    if (accumulate == 1u) {
      gradient += dx[start + column];
    }
    dx[start + column] = gradient;
    if (dropout > 0.0) {
      // The same gradient is wanted twice: with the dropout of the branch that ends here, and without for the
      // residual stream.
      droppedDx[start + column] = dropped(gradient, place.row, column, columns);
    }
  }
}

/// Per slice of the rows: sums[s, c] = Σ dy ∘ x̂.
@compute @workgroup_size(columnLanes * rowLanes)
fn backwardWeight(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let group = linearWorkgroup(id);
  if (group >= launch.endWorkgroup) {
    return;
  }
  // A weight's gradient is a sum over all rows: slices of them in parallel, added by column-sum.wgsl.
  let share = shareOf(group, thread, rows);
  var sum = 0.0;
  for (var i = 0u; i < maximumSteps; i++) {
    let row = share.start + i * rowLanes;
    if (row >= share.end) {
      break;
    }
    let index = row * columns + min(share.column, columns - 1u);
    sum += dy[index] * x[index] * saved[row];
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
