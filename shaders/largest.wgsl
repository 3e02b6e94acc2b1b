// chosen[row] = column of the largest number of a row, the first of equals: the greedy choice among logits. One workgroup = one
// row; each of 64 invocations looks at every 64th column, and a tree in workgroup memory keeps the larger of two.

override rows: u32;
override columns: u32;

@group(0) @binding(0) var<storage, read> x: array<f32>;            // [rows, columns]
@group(0) @binding(1) var<storage, read_write> chosen: array<u32>; // [rows]

const threads = 64u;
var<workgroup> values: array<f32, threads>;
var<workgroup> places: array<u32, threads>;

@compute @workgroup_size(threads)
fn main(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let row = linearWorkgroup(id);
  if (row >= launch.endWorkgroup) {
    return;
  }
  var best = min(thread, columns - 1u);
  var value = x[row * columns + best];
  for (var i = 1u; i < 0x1000000u; i++) { // a constant bound with a break costs no loop guard
    let column = i * threads + thread;
    if (column >= columns) {
      break;
    }
    let other = x[row * columns + column];
    if (other > value) {
      value = other;
      best = column;
    }
  }
  values[thread] = value;
  places[thread] = best;
  for (var width = threads / 2u; width > 0u; width = width / 2u) {
    workgroupBarrier();
    if (thread < width) {
      let other = values[thread + width];
      let place = places[thread + width];
      if (other > values[thread] || (other == values[thread] && place < places[thread])) {
        values[thread] = other;
        places[thread] = place;
      }
    }
  }
  if (thread == 0u) {
    chosen[row] = places[0];
  }
}
