// y = x·w (+ bias) (+ residual) (+ y), the teacher: one invocation computes one element by one loop.
// x is [rows, inner], or [inner, rows] if xTransposed = 1; w is [inner, columns], or [columns, inner] if
// wTransposed = 1. The grid covers `slices` equal parts of the inner size one after another; slice s writes its own
// [rows, columns] of y.
//
// From matmul-epilogue.wgsl: shaped.

override xTransposed: u32; // 1: x is [inner, rows]
override wTransposed: u32; // 1: w is [columns, inner]
override threads: u32; // invocations of a workgroup
override hasBias: u32;
override hasResidual: u32;
override accumulate: u32;

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> w: array<f32>;
@group(0) @binding(2) var<storage, read> bias: array<f32>;
@group(0) @binding(3) var<storage, read> residual: array<f32>;
@group(0) @binding(4) var<storage, read_write> y: array<f32>;

// Neighbours write neighbouring columns: they read one x, by broadcast, and w in whole cache lines where it is not
// transposed. Every number is read again from memory or cache for each product: two loads a multiply-add, which is
// what tiles avoid.
@compute @workgroup_size(threads)
fn main(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let group = linearWorkgroup(id);
  if (group >= launch.endWorkgroup) {
    return;
  }
  let element = group * threads + thread;
  // The grid is rounded up to whole workgroups.
  if (element >= launch.slices * launch.rows * launch.columns) {
    return;
  }
  // Few tiles of a long inner size leave most of a device idle, as a weight gradient does (inner = B·T): slices of it
  // are summed by workgroups of their own, and added afterwards in a fixed order, without atomics.
  // One slice after another: of equal parts of the inner size, the last of which may be shorter.
  let slice = element / (launch.rows * launch.columns);
  let row = element / launch.columns % launch.rows;
  let column = element % launch.columns;
  let slicedInner = (launch.inner + launch.slices - 1u) / launch.slices;
  let start = min(slice * slicedInner, launch.inner);
  let count = min(slicedInner, launch.inner - start);

  var sum = 0.0;
  var xIndex = select(row * launch.xStride + start, start * launch.xStride + row, xTransposed == 1u);
  var wIndex = select(start * launch.wStride + column, column * launch.wStride + start, wTransposed == 1u);
  let xStep = select(1u, launch.xStride, xTransposed == 1u);
  let wStep = select(launch.wStride, 1u, wTransposed == 1u);
  for (var k = 0u; k < 0x1000000u; k++) { // a constant bound with a break costs no loop guard
    if (k >= count) {
      break;
    }
    sum = fma(x[xIndex], w[wIndex], sum);
    xIndex += xStep;
    wIndex += wStep;
  }

  let index = (slice * launch.rows + row) * launch.yStride + column;
  if (hasBias == 1u) {
    sum += bias[column];
  }
  // Bias before the activation, residual after dropout: the order of a transformer block.
  sum = shaped(sum, row, column, launch.columns);
  if (hasResidual == 1u) {
    sum += residual[row * launch.columns + column];
  }
  if (accumulate == 1u) {
    sum += y[index];
  }
  y[index] = sum;
}
