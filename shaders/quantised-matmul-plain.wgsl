// y = x·w (+ bias) (+ residual) with quantised w, the teacher: one invocation computes four neighbouring columns of a row by one
// loop over the inputs, and makes numbers of the weights one at a time.
//
// From quantised-weights.wgsl: columnOf, vectors, fourWeights.

override rows: u32;
override columns: u32;
override inner: u32;
override xStride: u32;
override yStride: u32;
override hasBias: u32;
override hasResidual: u32;

@group(0) @binding(0) var<storage, read> x: array<f32>; // [rows, inner]
@group(0) @binding(2) var<storage, read> bias: array<f32>;
@group(0) @binding(3) var<storage, read> residual: array<f32>;
@group(0) @binding(4) var<storage, read_write> y: array<f32>;

const threads = 64u;

@compute @workgroup_size(threads)
fn main(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let group = linearWorkgroup(id);
  if (group >= launch.endWorkgroup) {
    return;
  }
  let element = group * threads + thread;
  let row = element / vectors();
  // Four columns, because a word row holds four side by side; those past the last are not stored.
  let vector = element % vectors();
  if (row >= rows) {
    return;
  }
  // Scales are read again for each input: the faster variants read them once for 32.
  let column = columnOf(0u, vector);
  var sum = vec4<f32>();
  for (var k = 0u; k < 0x1000000u; k++) { // a constant bound with a break costs no loop guard
    if (k >= inner) {
      break;
    }
    sum = fma(vec4<f32>(x[row * xStride + k]), fourWeights(column, k), sum);
  }
  for (var c = 0u; c < 4u; c++) {
    let out = 4u * vector + c;
    if (out < columns) {
      var value = sum[c];
      if (hasBias == 1u) {
        value += bias[out];
      }
      if (hasResidual == 1u) {
        value += residual[row * columns + out];
      }
      y[row * yStride + out] = value;
    }
  }
}
