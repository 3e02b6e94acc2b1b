// RMSNorm of heads inside packed rows, in place, and its gradients: x̂ = x ÷ √(mean x² + epsilon), y = x̂ · (weight + offset)
// of each of `heads` neighbouring segments of `columns` values, from column `first` of every row. Kept for the gradients, a
// segment after the other: x̂, and 1 ÷ root mean square behind it.
// Forward and dx: `lanes` neighbouring invocations share a segment and meet once; a workgroup holds 64 ÷ lanes segments.
// dWeight: 32 columns × 8 segment lanes, by slices of the segments.

override laneLevels: u32; // log₂ of the invocations that share a row
override rows: u32;
override heads: u32;
override columns: u32;
override rowStride: u32;
override first: u32;            // column of the first segment
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

const lanes = 1u << laneLevels;
const threads = 64u;
const columnLanes = 32u;
const rowLanes = 8u;
// loops break before: a constant bound costs no guard, a real one would be unrolled
const maximumSteps = 0x1000000u;
var<workgroup> partial: array<f32, threads>;
var<workgroup> columnPartial: array<f32, columnLanes * rowLanes>;

/// Where a segment starts in packed rows.
fn segmentStart(segment: u32) -> u32 {
  return segment / heads * rowStride + first + segment % heads * columns;
}

/// Sum of what the lanes of a segment left in `partial`, in every lane.
fn segmentSum(firstThread: u32) -> f32 {
  workgroupBarrier();
  var sum = 0.0;
  for (var i = 0u; i < lanes; i++) {
    sum += partial[firstThread + i];
  }
  return sum;
}

@compute @workgroup_size(threads)
fn forward(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let group = linearWorkgroup(id);
  if (group >= launch.endWorkgroup) {
    return;
  }
  let segment = group * (threads / lanes) + thread / lanes;
  let start = segmentStart(min(segment, rows * heads - 1u));
  let lane = thread % lanes;
  var squares = 0.0;
  for (var i = 0u; i < maximumSteps; i++) {
    let column = i * lanes + lane;
    if (column >= columns) {
      break;
    }
    let value = qkv[start + column];
    squares += value * value;
  }
  partial[thread] = squares;
  let scale = inverseSqrt(segmentSum(thread / lanes * lanes) / f32(columns) + epsilon);
  if (segment >= rows * heads) {
    return;
  }
  if (lane == 0u && keeps == 1u) {
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
  let segment = group * (threads / lanes) + thread / lanes;
  let clamped = min(segment, rows * heads - 1u);
  let start = segmentStart(clamped);
  let keptStart = clamped * (columns + 1u);
  let lane = thread % lanes;
  var sum = 0.0;
  for (var i = 0u; i < maximumSteps; i++) {
    let column = i * lanes + lane;
    if (column >= columns) {
      break;
    }
    sum += gradient[start + column] * (weight[column] + offset) * saved[keptStart + column];
  }
  partial[thread] = sum;
  let mean = segmentSum(thread / lanes * lanes) / f32(columns);
  if (segment >= rows * heads) {
    return;
  }
  for (var i = 0u; i < maximumSteps; i++) {
    let column = i * lanes + lane;
    if (column >= columns) {
      break;
    }
    let g = gradient[start + column] * (weight[column] + offset);
    gradient[start + column] = (g - saved[keptStart + column] * mean) * saved[keptStart + columns];
  }
}

/// Per slice of the segments: sums[s, c] = Σ dy ∘ x̂. 32 columns × 8 segment lanes per workgroup.
@compute @workgroup_size(columnLanes * rowLanes)
fn backwardWeight(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let group = linearWorkgroup(id);
  if (group >= launch.endWorkgroup) {
    return;
  }
  let groupsAcross = (columns + columnLanes - 1u) / columnLanes;
  let slice = group / groupsAcross;
  let column = group % groupsAcross * columnLanes + thread % columnLanes;
  let slicedSegments = (rows * heads + slices - 1u) / slices;
  let start = min(slice * slicedSegments, rows * heads);
  let end = min(start + slicedSegments, rows * heads);
  var sum = 0.0;
  for (var i = 0u; i < maximumSteps; i++) {
    let segment = start + i * rowLanes + thread / columnLanes;
    if (segment >= end) {
      break;
    }
    let inside = min(column, columns - 1u);
    sum += dy[segmentStart(segment) + inside] * saved[segment * (columns + 1u) + inside];
  }
  columnPartial[thread] = sum;
  workgroupBarrier();
  if (thread >= columnLanes || column >= columns) {
    return;
  }
  var total = 0.0;
  for (var i = 0u; i < rowLanes; i++) {
    total += columnPartial[thread + i * columnLanes];
  }
  let index = slice * columns + column;
  if (accumulate == 1u) {
    sums[index] += total;
  } else {
    sums[index] = total;
  }
}
