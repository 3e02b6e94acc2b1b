// y[c] = Σ_r x[r, c] (+ bias[c]) (+ residual[c]) (+ y[c]) in a fixed order: bias gradients, and the second half of a sliced matmul.
// One workgroup = 32 columns (neighbours read neighbouring columns) × 4 row lanes of a slice of the rows; the lanes'
// sums are added by a tree in workgroup memory. Slice s writes its own [columns] of y.

override hasBias: u32;
override hasResidual: u32;
override accumulate: u32;

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@group(0) @binding(2) var<storage, read> bias: array<f32>;     // [columns]
@group(0) @binding(3) var<storage, read> residual: array<f32>; // [columns]

const columnLanes = 32u;
const rowLanes = 4u; // 128 invocations: all that compatibility mode has
var<workgroup> sums: array<f32, columnLanes * rowLanes>;

@compute @workgroup_size(columnLanes * rowLanes)
fn main(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let group = linearWorkgroup(id);
  if (group >= launch.endWorkgroup) {
    return;
  }
  let groupsAcross = (launch.columns + columnLanes - 1u) / columnLanes;
  let slice = group / groupsAcross;
  let column = group % groupsAcross * columnLanes + thread % columnLanes;
  let rowLane = thread / columnLanes;
  // Few columns of many rows: slices give the device more workgroups, and a second dispatch adds them.
  let slicedRows = (launch.rows + launch.slices - 1u) / launch.slices;
  let start = min(slice * slicedRows, launch.rows);
  let end = min(start + slicedRows, launch.rows);

  // Columns past the end add up the last one and are not stored: barriers below must be reached by all invocations.
  let place = min(column, launch.columns - 1u);
  let stride = launch.xStride;
  var sum = 0.0;
  for (var i = 0u; i < 0x1000000u; i++) { // a constant bound with a break costs no loop guard
    let row = start + i * rowLanes + rowLane;
    if (row >= end) {
      break;
    }
    sum += x[row * stride + place];
  }

  // Lane by lane, then lanes in a tree: an order that the shape gives. Atomic adds would take whatever order the device
  // finishes in, and other bits in each run.
  sums[thread] = sum;
  for (var level = 0u; level < 2u; level++) { // 2² = rowLanes
    let half = rowLanes >> (level + 1u);
    workgroupBarrier();
    if (rowLane < half) {
      sums[thread] += sums[thread + half * columnLanes];
    }
  }
  // Slices are summed by a second dispatch of this kernel, with the slices as rows.
  if (rowLane == 0u && column < launch.columns) {
    let index = slice * launch.columns + column;
    var value = sums[thread];
    if (hasBias == 1u) {
      value += bias[column];
    }
    if (hasResidual == 1u) {
      value += residual[column];
    }
    if (accumulate == 1u) {
      value += y[index];
    }
    y[index] = value;
  }
}
