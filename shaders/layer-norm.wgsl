// y = (x − mean) ÷ √(variance + epsilon) · (scale + offset) (+ bias) of each row (Ba et al. 2016), and its
// gradients.
// A workgroup holds 64 ÷ lanes rows. Forward passes over a row three times (mean, variance, result), dx twice.
//
// From dropout-mask.wgsl: dropout, dropped.
// From norm-sums.wgsl: lanes, threads, columnLanes, rowLanes, maximumSteps, placeOf, showRow, ofLane, rowSum, shareOf, columnSum.

override rows: u32;
override columns: u32;
override hasBias: u32 = 1u;    // weight and its gradient: row 0 scale, row 1 bias if any
override epsilon: f32 = 1e-5;
override offset: f32 = 0.0;    // 1: scales are kept as their distance from 1
override slices: u32 = 1u;     // dWeight: equal parts of the rows, each with sums of its own
override accumulate: u32 = 0u; // dx and dWeight: 1 adds to what is there

@group(0) @binding(0) var<storage, read> x: array<f32>;                // [rows, columns]
@group(0) @binding(1) var<storage, read> weight: array<f32>;           // [1 + hasBias, columns]
@group(0) @binding(2) var<storage, read_write> y: array<f32>;          // [rows, columns]
@group(0) @binding(3) var<storage, read_write> statistics: array<f32>; // [rows, 2]: mean and 1 ÷ deviation
@group(0) @binding(4) var<storage, read> saved: array<f32>;            // statistics of the forward pass
@group(0) @binding(5) var<storage, read> dy: array<f32>;               // [rows, columns]
@group(0) @binding(6) var<storage, read_write> dx: array<f32>;         // [rows, columns]
@group(0) @binding(7) var<storage, read_write> sums: array<f32>;       // [slices, 1 + hasBias, columns]
@group(0) @binding(8) var<storage, read_write> droppedDx: array<f32>;  // [rows, columns], if dropout > 0

alias Sum = vec2<f32>;

/// Elements of a row that a lane owns.
fn laneCount(lane: u32) -> f32 {
  return f32((columns + lanes - 1u - lane) / lanes);
}

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
  // Each lane takes mean and squared deviations of its own elements; then they are combined (Chan et al.
  // 1983, with its correction of the mean). This is as exact as a mean first and deviations after, and needs one barrier.
  var sum = 0.0;
  for (var i = 0u; i < maximumSteps; i++) {
    let column = i * lanes + lane;
    if (column >= columns) {
      break;
    }
    sum += x[start + column];
  }
  // E x² − (E x)² would cancel: of numbers near 1000 with deviation 1, float32 would keep one digit of the variance.
  let count = max(laneCount(lane), 1.0);
  let rounded = sum / count;
  var squares = 0.0;
  var deviations = 0.0; // 0 but for what the sum lost, which of many large numbers is much
  for (var i = 0u; i < maximumSteps; i++) {
    let column = i * lanes + lane;
    if (column >= columns) {
      break;
    }
    let centred = x[start + column] - rounded;
    squares += centred * centred;
    deviations += centred;
  }
  let lost = deviations / count;
  showRow(vec2(rounded + lost, max(squares - lost * deviations, 0.0)), thread);
  // Lanes may own one element more or less: means are weighted by how many. Their distances are small numbers.
  let near = ofLane(0u, thread).x;
  var mean = near;
  for (var i = 1u; i < lanes; i++) {
    mean += (ofLane(i, thread).x - near) * (laneCount(i) / f32(columns));
  }
  // Deviations within lanes, and those of the lanes' means from the whole mean.
  var variance = 0.0;
  for (var i = 0u; i < lanes; i++) {
    let other = ofLane(i, thread);
    let distance = other.x - mean;
    variance += (other.y + distance * distance * laneCount(i)) / f32(columns);
  }
  // The gradient needs these two and x: x̂ itself is not stored.
  let scale = inverseSqrt(variance + epsilon);
  // After the last barrier: invocations past the end have kept the others company.
  if (row >= rows) {
    return;
  }
  if (lane == 0u) {
    statistics[row * 2u] = mean;
    statistics[row * 2u + 1u] = scale;
  }
  for (var i = 0u; i < maximumSteps; i++) {
    let column = i * lanes + lane;
    if (column >= columns) {
      break;
    }
    var value = (x[start + column] - mean) * scale * (weight[column] + offset);
    if (hasBias == 1u) {
      value += weight[columns + column];
    }
    y[start + column] = value;
  }
}

/// dx = (g − mean g − x̂ · mean(g ∘ x̂)) ÷ deviation with g = dy ∘ (scale + offset) and x̂ = (x − mean) ÷ deviation.
@compute @workgroup_size(threads)
fn backward(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let group = linearWorkgroup(id);
  if (group >= launch.endWorkgroup) {
    return;
  }
  let place = placeOf(group, thread, rows);
  let start = place.held * columns;
  let lane = place.lane;
  let mean = saved[place.held * 2u];
  let scale = saved[place.held * 2u + 1u];
  var sum = vec2<f32>();
  for (var i = 0u; i < maximumSteps; i++) {
    let column = i * lanes + lane;
    if (column >= columns) {
      break;
    }
    let g = dy[start + column] * (weight[column] + offset);
    // Both sums at once, since both wait for the same loads.
    sum += vec2(g, g * (x[start + column] - mean));
  }
  let means = rowSum(sum / f32(columns), thread);
  if (place.row >= rows) {
    return;
  }
  for (var i = 0u; i < maximumSteps; i++) {
    let column = i * lanes + lane;
    if (column >= columns) {
      break;
    }
    let g = dy[start + column] * (weight[column] + offset);
    // g less its part along 1 and its part along x̂: the two directions in which a normed row cannot move.
    var gradient = (g - means.x - (x[start + column] - mean) * scale * scale * means.y) * scale;
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

/// Per slice of the rows: sums[s, 0, c] = Σ dy ∘ x̂ and sums[s, 1, c] = Σ dy.
@compute @workgroup_size(columnLanes * rowLanes)
fn backwardWeight(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let group = linearWorkgroup(id);
  if (group >= launch.endWorkgroup) {
    return;
  }
  // Scale and bias in one pass over dy, which is read once for both.
  let share = shareOf(group, thread, rows);
  var sum = vec2<f32>();
  for (var i = 0u; i < maximumSteps; i++) {
    let row = share.start + i * rowLanes;
    if (row >= share.end) {
      break;
    }
    let index = row * columns + min(share.column, columns - 1u);
    sum += dy[index] * vec2((x[index] - saved[row * 2u]) * saved[row * 2u + 1u], 1.0);
  }
  var total = columnSum(sum, thread);
  if (thread >= columnLanes || share.column >= columns) {
    return;
  }
  let index = share.slice * (1u + hasBias) * columns + share.column;
  if (accumulate == 1u) {
    total.x += sums[index];
  }
  sums[index] = total.x;
  if (hasBias == 1u) {
    if (accumulate == 1u) {
      total.y += sums[index + columns];
    }
    sums[index + columns] = total.y;
  }
}
