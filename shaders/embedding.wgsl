// x[b, t] = table[token] (+ positions[t]), and gradients without float atomics.
// Token gradients: `sort` ranks every token by counting (stable); then a workgroup per vocabulary row and 32
// columns finds its segment of the sorted list and adds the rows of dy in order, `rowLanes` of them side by
// side. Position gradients add over the batch in order. A table may be one block of rows [launch.firstRow,
// launch.firstRow + launch.blockRows).

override steps: u32; // elements per invocation
override rowLanes: u32; // rows added side by side
override rows: u32 = 0u;       // batch · time
override slots: u32 = 1u;      // sequences that are decoded together
override batch: u32 = 0u;
override time: u32 = 1u;
override rowLength: u32 = 1u;  // tokens per sequence in memory, at least time
override columns: u32;
override positionRows: u32 = 0u; // rows of the position table; those from time on get zero
override hasPositions: u32 = 0u;
override accumulate: u32 = 0u;

@group(0) @binding(0) var<storage, read> tokens: array<u32>;          // [batch, rowLength]
@group(0) @binding(1) var<storage, read> state: array<u32>;           // decode: [slots, 4], position, token, …
@group(0) @binding(2) var<storage, read> table: array<f32>;           // [blockRows, columns]
@group(0) @binding(3) var<storage, read> positions: array<f32>;       // [positionRows, columns]
@group(0) @binding(4) var<storage, read_write> x: array<f32>;         // [rows, columns]
@group(0) @binding(5) var<storage, read_write> order: array<u32>;     // [2, rows]: rows by token, their tokens
@group(0) @binding(6) var<storage, read> sorted: array<u32>;          // order, as read by backwardToken
@group(0) @binding(7) var<storage, read> dy: array<f32>;              // [rows, columns]
@group(0) @binding(8) var<storage, read_write> gradient: array<f32>;  // [blockRows or positionRows, columns]

const threads = 64u;
const elementThreads = 128u;
const columnLanes = 32u;
const maximumSteps = 0x1000000u; // loops break before: a constant bound costs no guard
var<workgroup> sums: array<f32, columnLanes * rowLanes>;
var<workgroup> segmentStart: u32; // of the rows of one token among the sorted
var<workgroup> segmentEnd: u32;

@compute @workgroup_size(elementThreads)
fn forward(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let group = linearWorkgroup(id);
  if (group >= launch.endWorkgroup) {
    return;
  }
  let start = group * steps * elementThreads + thread;
  let end = min(start + steps * elementThreads, rows * columns);
  let firstRow = launch.firstRow;
  let blockRows = launch.blockRows;
  for (var i = 0u; i < maximumSteps; i++) {
    let element = start + i * elementThreads;
    if (element >= end) {
      break;
    }
    let row = element / columns;
    let column = element % columns;
    let token = tokens[row / time * rowLength + row % time] - firstRow; // wraps past blockRows when below
    if (token < blockRows) {
      var value = table[token * columns + column];
      if (hasPositions == 1u) {
        value += positions[row % time * columns + column];
      }
      x[element] = value;
    }
  }
}

/// One token of each slot, at the position in its row of `state`.
@compute @workgroup_size(threads)
fn decode(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let group = linearWorkgroup(id);
  let element = group * threads + thread;
  if (group >= launch.endWorkgroup || element >= slots * columns) {
    return;
  }
  let slot = element / columns;
  let column = element % columns;
  let token = state[4u * slot + 1u] - launch.firstRow;
  if (token >= launch.blockRows) {
    return;
  }
  var value = table[token * columns + column];
  if (hasPositions == 1u) {
    value += positions[min(state[4u * slot], positionRows - 1u) * columns + column];
  }
  x[element] = value;
}

/// Rank of each row: how many tokens are smaller, or equal and earlier.
@compute @workgroup_size(threads)
fn sort(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let group = linearWorkgroup(id);
  let row = group * threads + thread;
  if (group >= launch.endWorkgroup || row >= rows) {
    return;
  }
  let token = tokens[row / time * rowLength + row % time];
  var rank = 0u;
  var other = 0u;
  for (var b = 0u; b < maximumSteps; b++) {
    if (b >= batch) {
      break;
    }
    for (var t = 0u; t < maximumSteps; t++) {
      if (t >= time) {
        break;
      }
      let value = tokens[b * rowLength + t];
      // Counted, not moved: each rank is known without the others, in O(rows²) comparisons in all.
      rank += select(0u, 1u, value < token || (value == token && other < row));
      other++;
    }
  }
  order[rank] = row;
  order[rows + rank] = token;
}

/// First place in the sorted tokens that is not below `token`.
fn lowerBound(token: u32) -> u32 {
  var low = 0u;
  var high = rows;
  for (var i = 0u; i < 32u; i++) {
    if (low >= high) {
      break;
    }
    let middle = (low + high) / 2u;
    if (sorted[rows + middle] < token) {
      low = middle + 1u;
    } else {
      high = middle;
    }
  }
  return low;
}

@compute @workgroup_size(columnLanes * rowLanes)
fn backwardToken(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let group = linearWorkgroup(id);
  if (group >= launch.endWorkgroup) {
    return;
  }
  let groupsAcross = (columns + columnLanes - 1u) / columnLanes;
  let token = launch.firstRow + group / groupsAcross;
  let column = group % groupsAcross * columnLanes + thread % columnLanes;
  let rowLane = thread / columnLanes;
  if (thread == 0u) {
    let first = lowerBound(token);
    segmentStart = first;
    segmentEnd = first;
    if (first < rows && sorted[rows + min(first, rows - 1u)] == token) {
      segmentEnd = lowerBound(token + 1u);
    }
  }
  workgroupBarrier();
  let first = segmentStart;
  let end = segmentEnd;
  // A token that does not occur goes on to the barrier like any other. To leave before, by workgroupUniformLoad, is
  // miscompiled on Metal by naga (wgpu issue 4500).
  var sum = 0.0;
  for (var i = 0u; i < maximumSteps; i++) {
    let place = first + i * rowLanes + rowLane;
    if (place >= end) {
      break;
    }
    sum += dy[sorted[place] * columns + min(column, columns - 1u)];
  }
  sums[thread] = sum;
  workgroupBarrier();
  if (rowLane > 0u || column >= columns || (accumulate == 1u && first == end)) {
    return;
  }
  var total = 0.0;
  for (var i = 0u; i < rowLanes; i++) {
    total += sums[thread + i * columnLanes];
  }
  let index = group / groupsAcross * columns + column;
  if (accumulate == 1u) {
    total += gradient[index];
  }
  gradient[index] = total;
}

@compute @workgroup_size(threads)
fn backwardPosition(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let group = linearWorkgroup(id);
  let element = group * threads + thread;
  if (group >= launch.endWorkgroup || element >= positionRows * columns) {
    return;
  }
  var sum = 0.0;
  if (accumulate == 1u) {
    sum = gradient[element];
  }
  if (element < time * columns) {
    for (var b = 0u; b < maximumSteps; b++) {
      if (b >= batch) {
        break;
      }
      sum += dy[b * time * columns + element];
    }
  }
  gradient[element] = sum;
}
