// y[h] = x[h]·w[h] for every head of each row with parts of a quantised matrix (head-matmul.wgsl says where they lie): one
// invocation computes one output by one loop, and makes numbers of the weights one at a time.
//
// From quantised-weights.wgsl: columnOf, fourWeights.

override columns: u32; // of the whole matrix
override inner: u32;
override rows: u32;
override heads: u32;
override outputs: u32; // of a head
override inputs: u32;
override xStride: u32;
override yStride: u32;
override firstColumn: u32; // of head 0
override headColumns: u32; // from head to head
override alongColumns: u32; // 1: inputs are columns of the matrix and outputs its rows

@group(0) @binding(0) var<storage, read> x: array<f32>;       // [rows, heads, xStride]
@group(0) @binding(2) var<storage, read_write> y: array<f32>; // [rows, heads, yStride]

const threads = 64u;

@compute @workgroup_size(threads)
fn main(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let group = linearWorkgroup(id);
  let index = group * threads + thread;
  if (group >= launch.endWorkgroup || index >= rows * heads * outputs) {
    return;
  }
  let head = index / outputs; // counts through the rows
  let output = index % outputs;
  let first = firstColumn + head % heads * headColumns;
  var sum = 0.0;
  for (var k = 0u; k < 0x1000000u; k++) { // a constant bound with a break costs no loop guard
    if (k >= inputs) {
      break;
    }
    // Keys ask with columns of the matrix (into the latents), values with its rows (out of them): one projection,
    // read either way.
    let column = first + k * alongColumns + output * (1u - alongColumns);
    let row = output * alongColumns + k * (1u - alongColumns);
    sum = fma(x[head * xStride + k], fourWeights(columnOf(0u, column / 4u), row)[column % 4u], sum);
  }
  y[head * yStride + output] = sum;
}
