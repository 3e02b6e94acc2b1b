// y[h] = x[h]·w[h] for each head h of each row: a vector times a matrix that lies inside a larger one, at
// wOffset + h·wHeadStep, with any steps between columns and along the sum. Bound by reading w once.
// tree: one workgroup = 16 columns of a head; 8 invocations per column each sum every eighth product, then a tree in
// workgroup memory adds them in a fixed order; neighbours follow the contiguous side of w. plain: an invocation per column.

override alongInner: u32; // 1: neighbours share a column, and sum along the inner size
override rows: u32;
override heads: u32;
override columns: u32;     // of y in each head
override inner: u32;
override xStride: u32;     // from head to head; rows lie side by side
override yStride: u32;
override wOffset: u32;
override wHeadStep: u32;
override wColumnStep: u32;
override wInnerStep: u32;

@group(0) @binding(0) var<storage, read> x: array<f32>;       // [rows, …]
@group(0) @binding(1) var<storage, read> w: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>; // [rows, …]

const columnLanes = 16u;
const innerLanes = 8u;
const threads = columnLanes * innerLanes;
const plainThreads = 64u;
var<workgroup> sums: array<f32, threads>;

/// Products from `start` on, every `step`-th, of one column. `head` counts through the rows.
/// Decoding latents needs one row times a matrix of every head, which lies inside the projection that sequences use:
/// by steps, so that no second copy of the weights is kept.
fn partialSum(head: u32, column: u32, start: u32, step: u32) -> f32 {
  let xBase = head * xStride;
  let wBase = wOffset + head % heads * wHeadStep + min(column, columns - 1u) * wColumnStep;
  var sum = 0.0;
  for (var i = 0u; i < 0x1000000u; i++) { // a constant bound with a break costs no loop guard
    let k = start + i * step;
    if (k >= inner) {
      break;
    }
    sum = fma(x[xBase + k], w[wBase + k * wInnerStep], sum);
  }
  return sum;
}

/// For real GPUs, of which a vector fills little: eight invocations a column keep more loads under way.
@compute @workgroup_size(threads)
fn tree(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let group = linearWorkgroup(id);
  if (group >= launch.endWorkgroup) {
    return;
  }
  let groupsAcross = (columns + columnLanes - 1u) / columnLanes;
  let head = group / groupsAcross;
  // Which of column and part varies first among neighbours is a constant of the pipeline: both products are
  // exact.
  let lane = thread / innerLanes * alongInner + thread % columnLanes * (1u - alongInner);
  let part = thread % innerLanes * alongInner + thread / columnLanes * (1u - alongInner);
  let column = group % groupsAcross * columnLanes + lane;
  sums[part * columnLanes + lane] = partialSum(head, column, part, innerLanes);
  // Halves of the parts are added to the others, in the same order every time.
  for (var width = innerLanes / 2u; width > 0u; width = width / 2u) {
    workgroupBarrier();
    if (part < width) {
      sums[part * columnLanes + lane] += sums[(part + width) * columnLanes + lane];
    }
  }
  if (part == 0u && column < columns) {
    y[head * yStride + column] = sums[lane];
  }
}

/// For software adapters, where barriers are dear and few invocations run at a time: one loop a column.
@compute @workgroup_size(plainThreads)
fn plain(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let group = linearWorkgroup(id);
  let index = group * plainThreads + thread;
  if (group >= launch.endWorkgroup || index >= rows * heads * columns) {
    return;
  }
  let column = index % columns;
  y[index / columns * yStride + column] = partialSum(index / columns, column, 0u, 1u);
}
