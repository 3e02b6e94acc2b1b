// x = row of a quantised table for each token (+ its position): one invocation makes a number of one channel. A row is a column
// of the quantised matrix, whose inputs are the channels. A table may be one block of rows from firstRow on.
//
// From quantised-weights.wgsl: columnOf, fourWeights.

override columns: u32; // rows of this block of the table
override inner: u32;   // channels
override slots: u32 = 1u;     // sequences that are decoded together
override rows: u32 = 0u;      // batch · time
override time: u32 = 1u;
override rowLength: u32 = 1u; // tokens per sequence in memory, at least time
override firstRow: u32;
override positionRows: u32 = 0u;
override hasPositions: u32;

@group(0) @binding(0) var<storage, read> tokens: array<u32>;    // [batch, rowLength]
@group(0) @binding(2) var<storage, read> state: array<u32>;     // decode: [slots, 4], position, token, …
@group(0) @binding(3) var<storage, read> positions: array<f32>; // [positionRows, inner]
@group(0) @binding(4) var<storage, read_write> x: array<f32>;   // [rows, inner]

const threads = 64u;

/// The table of tied weights is the head's matrix: kept once, quantised by column, and read here a column at a time.
fn store(row: u32, token: u32, position: u32, channel: u32) {
  let place = token - firstRow; // wraps past the block when below
  if (place >= columns) {
    return;
  }
  var value = fourWeights(columnOf(0u, place / 4u), channel)[place % 4u];
  if (hasPositions == 1u) {
    value += positions[position * inner + channel];
  }
  x[row * inner + channel] = value;
}

/// Rows of whole sequences, one channel an invocation.
@compute @workgroup_size(threads)
fn forward(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let group = linearWorkgroup(id);
  let element = group * threads + thread;
  if (group >= launch.endWorkgroup || element >= rows * inner) {
    return;
  }
  let row = element / inner;
  store(row, tokens[row / time * rowLength + row % time], row % time, element % inner);
}

/// One token of each slot, at the position in its row of `state`.
@compute @workgroup_size(threads)
fn decode(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let group = linearWorkgroup(id);
  let element = group * threads + thread;
  if (group >= launch.endWorkgroup || element >= slots * inner) {
    return;
  }
  let slot = element / inner;
  store(slot, state[4u * slot + 1u], min(state[4u * slot], max(positionRows, 1u) - 1u), element % inner);
}
