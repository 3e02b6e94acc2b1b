// Sums of norms over rows and over columns. Stands before the shaders of the norms.
// Over a row: `lanes` neighbouring invocations share it, and each adds up what all have left in workgroup memory: one
// barrier costs a CPU less than a tree of them. Over columns, for gradients of weights: 32 columns × 4 row lanes per
// workgroup, by slices of the rows.
//
// From the shader that follows: Sum (what is added up, f32 or a vector), columns, slices.

override laneLevels: u32; // log₂ of the invocations that share a row

const lanes = 1u << laneLevels;
const threads = 64u;
const columnLanes = 32u;
const rowLanes = 4u; // 128 invocations: all that compatibility mode has
// loops break before: a constant bound costs no guard, a real one would be unrolled
const maximumSteps = 0x1000000u;
var<workgroup> partial: array<Sum, threads>;
var<workgroup> columnPartial: array<Sum, columnLanes * rowLanes>;

/// One invocation's place in a row.
struct Place {
  row: u32,  // at or past `rows` where the last workgroup is not full: such invocations only keep the others company,
  held: u32, // because a barrier wants all of them, and read the last row instead
  lane: u32, // takes each lanes-th column from this one on: neighbours read neighbours
}

fn placeOf(group: u32, thread: u32, rows: u32) -> Place {
  let row = group * (threads / lanes) + thread / lanes;
  return Place(row, min(row, rows - 1u), thread % lanes);
}

/// Shows what this invocation has to the lanes of its row; ofLane reads what they have shown.
/// One value an invocation, read by all lanes of its row: rows of a workgroup do not overlap.
fn showRow(value: Sum, thread: u32) {
  partial[thread] = value;
  workgroupBarrier();
}

fn ofLane(lane: u32, thread: u32) -> Sum {
  return partial[thread / lanes * lanes + lane];
}

/// Sum of what the lanes of this invocation's row have, in every lane.
fn rowSum(value: Sum, thread: u32) -> Sum {
  showRow(value, thread);
  var sum = Sum();
  for (var i = 0u; i < lanes; i++) {
    sum += ofLane(i, thread);
  }
  return sum;
}

/// One invocation's share of a sum over columns.
struct Share {
  column: u32,
  slice: u32,
  start: u32, // its first row, and then each rowLanes-th below `end`
  end: u32,
}

fn shareOf(group: u32, thread: u32, rows: u32) -> Share {
  let groupsAcross = (columns + columnLanes - 1u) / columnLanes;
  let slice = group / groupsAcross;
  let slicedRows = (rows + slices - 1u) / slices;
  let start = min(slice * slicedRows, rows);
  let column = group % groupsAcross * columnLanes + thread % columnLanes;
  return Share(column, slice, start + thread / columnLanes, min(start + slicedRows, rows));
}

/// Sum of what the row lanes of a column have, in the first of them.
fn columnSum(value: Sum, thread: u32) -> Sum {
  columnPartial[thread] = value;
  workgroupBarrier();
  var sum = Sum();
  for (var i = 0u; i < rowLanes; i++) {
    sum += columnPartial[thread % columnLanes + i * columnLanes];
  }
  return sum;
}
