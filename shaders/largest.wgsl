// chosen[row] = column of the largest number of a row, the first of equals: the greedy choice among logits. One workgroup = one
// row; each invocation looks at every threads-th column, and a tree in workgroup memory keeps the larger of two.
//
// From sample-reductions.wgsl: threads, workgroupArgmax.

override rows: u32;
override columns: u32;

@group(0) @binding(0) var<storage, read> x: array<f32>;            // [rows, columns]
@group(0) @binding(1) var<storage, read_write> chosen: array<u32>; // [rows]

@compute @workgroup_size(threads)
fn main(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let row = linearWorkgroup(id);
  if (row >= launch.endWorkgroup) {
    return;
  }
  var chosenColumn = min(thread, columns - 1u);
  var value = x[row * columns + chosenColumn];
  for (var i = 1u; i < 0x1000000u; i++) { // a constant bound with a break costs no loop guard
    let column = i * threads + thread;
    if (column >= columns) {
      break;
    }
    let other = x[row * columns + column];
    // Not ≥: of equals the first stays, since columns come in order.
    if (other > value) {
      value = other;
      chosenColumn = column;
    }
  }
  let winner = workgroupArgmax(value, chosenColumn, thread);
  if (thread == 0u) {
    chosen[row] = winner;
  }
}
