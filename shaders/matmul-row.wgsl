// y = x·w (+ bias) (+ residual) (+ y) for at most 4 rows (decoding): bound by reading w once.
// One workgroup = columnLanes columns; its innerLanes invocations per column each sum every innerLanes-th product,
// then a tree in workgroup memory adds them in a fixed order. Neighbours follow the contiguous side of w.
// The layouts of x, w and of the slices of y are those of matmul-plain.wgsl.
//
// From matmul-epilogue.wgsl: shaped.

override columnLanes: u32; // columns of a workgroup
override innerLevels: u32; // log₂ of the invocations that share a column
override xTransposed: u32; // 1: x is [inner, rows]
override wTransposed: u32; // 1: w is [columns, inner]
override rows: u32;
override columns: u32;
override inner: u32;
override xStride: u32;
override wStride: u32;
override yStride: u32;
override slices: u32;
override hasBias: u32;
override hasResidual: u32;
override accumulate: u32;

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> w: array<f32>;
@group(0) @binding(2) var<storage, read> bias: array<f32>;
@group(0) @binding(3) var<storage, read> residual: array<f32>;
@group(0) @binding(4) var<storage, read_write> y: array<f32>;

// Few columns make few workgroups: with inner lanes there are as many invocations as the device needs to have enough
// loads under way, which is all that this kernel waits for.
const innerLanes = 1u << innerLevels;
const threads = columnLanes * innerLanes;
// Four rows side by side, so that the tree adds all of them at once.
var<workgroup> sums: array<vec4<f32>, threads>; // component = row

@compute @workgroup_size(threads)
fn main(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let group = linearWorkgroup(id);
  if (group >= launch.endWorkgroup) {
    return;
  }
  let groupsAcross = (columns + columnLanes - 1u) / columnLanes;
  let slice = group / groupsAcross;
  // Not by select(), which would hide the range of an index and cost a clamp.
  // Neighbouring invocations lie along columns where w is [inner, columns], along the inner size where it is
  // [columns, inner]: a subgroup reads whole cache lines either way.
  let lane = thread % columnLanes * (1u - wTransposed) + thread / innerLanes * wTransposed;
  let part = thread / columnLanes * (1u - wTransposed) + thread % innerLanes * wTransposed;
  let column = group % groupsAcross * columnLanes + lane;
  let slicedInner = (inner + slices - 1u) / slices;
  let start = min(slice * slicedInner, inner);
  let end = min(start + slicedInner, inner);

  let xRowStep = select(xStride, 1u, xTransposed == 1u);
  let xInnerStep = select(1u, xStride, xTransposed == 1u);
  let wColumnStep = select(1u, wStride, wTransposed == 1u);
  let wInnerStep = select(wStride, 1u, wTransposed == 1u);
  let xRow = min(vec4<u32>(0u, 1u, 2u, 3u), vec4<u32>(rows - 1u)) * xRowStep;
  let wColumn = min(column, columns - 1u) * wColumnStep;
  var sum = vec4<f32>();
  for (var i = 0u; i < 0x1000000u; i++) { // a constant bound with a break costs no loop guard
    let k = start + i * innerLanes + part;
    if (k >= end) {
      break;
    }
    let j = xRow + k * xInnerStep;
    var xs = vec4<f32>(x[j.x]);
    // One row, when one text is decoded, is the usual case: three loads less a step.
    if (rows > 1u) {
      xs = vec4<f32>(x[j.x], x[j.y], x[j.z], x[j.w]);
    }
    // One load of w serves up to four rows: reading w is what the time goes to.
    sum = fma(xs, vec4<f32>(w[wColumn + k * wInnerStep]), sum);
  }

  sums[part * columnLanes + lane] = sum;
  // A tree and no atomics: the order of the additions is the same in every run.
  for (var level = 0u; level < innerLevels; level++) {
    let half = innerLanes >> (level + 1u);
    workgroupBarrier();
    if (part < half) {
      sums[part * columnLanes + lane] += sums[(part + half) * columnLanes + lane];
    }
  }
  if (part > 0u || column >= columns) {
    return;
  }
  for (var row = 0u; row < 4u; row++) {
    if (row < rows) {
      let index = (slice * rows + row) * yStride + column;
      var value = sums[lane][row];
      if (hasBias == 1u) {
        value += bias[column];
      }
      value = shaped(value, row, column, columns);
      if (hasResidual == 1u) {
        value += residual[row * columns + column];
      }
      if (accumulate == 1u) {
        value += y[index];
      }
      y[index] = value;
    }
  }
}
