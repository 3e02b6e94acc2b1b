// Copies the keys and values of packed rows into a cache, which has a ring of `context` rows for each slot: position p lies
// in row p mod context. prefill: the last `context` of the rows below the prompt's real length (step.length) of a padded
// prompt, into step.slot; other rows of the cache are left as they were. decode: a row of each slot, at the position in its
// state. One invocation per element: columns keys first, then values.

override rows: u32;
override slots: u32;        // sequences that have a ring
override keyColumns: u32;   // keyValueHeads · keySize
override valueColumns: u32; // keyValueHeads · valueSize
override context: u32;      // rows of a ring
override rowsPerRing: u32;  // rows of the state that share a ring
override rowStride: u32;
override kOffset: u32;
override vOffset: u32;

@group(0) @binding(0) var<storage, read> qkv: array<f32>;          // [rows, rowStride]
@group(0) @binding(1) var<storage, read> state: array<u32>;        // [slots · rowsPerRing, 4], a row's first is its position
@group(0) @binding(2) var<storage, read_write> cache: array<f32>;  // [slots, context, keyColumns + valueColumns]

const workgroupSize = 64u;

/// Copies one element of `row` to where `position` lies in the ring of a slot.
/// A ring, so that a window of positions needs memory for as many rows, and the oldest is overwritten by the newest.
fn copy(row: u32, slot: u32, position: u32, column: u32) {
  let source = select(vOffset + column - keyColumns, kOffset + column, column < keyColumns);
  cache[(slot * context + position % context) * (keyColumns + valueColumns) + column] = qkv[row * rowStride + source];
}

/// The end of a prompt, as much of it as the ring holds.
@compute @workgroup_size(workgroupSize)
fn prefill(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) invocation: u32) {
  let group = linearWorkgroup(id);
  let columns = keyColumns + valueColumns;
  let index = group * workgroupSize + invocation;
  let length = min(rows, step.length);
  let kept = min(length, context);
  if (group >= launch.endWorkgroup || index >= kept * columns) {
    return;
  }
  // A prompt longer than the ring would write some rows twice, in no order: only the last are copied.
  let row = length - kept + index / columns;
  copy(row, min(step.slot, slots - 1u), row, index % columns);
}

/// A row of each slot, at its position.
@compute @workgroup_size(workgroupSize)
fn decode(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) invocation: u32) {
  let group = linearWorkgroup(id);
  let columns = keyColumns + valueColumns;
  let index = group * workgroupSize + invocation;
  if (group >= launch.endWorkgroup || index >= slots * rowsPerRing * columns) {
    return;
  }
  let row = index / columns;
  copy(row, row / rowsPerRing, state[4u * row], index % columns);
}
