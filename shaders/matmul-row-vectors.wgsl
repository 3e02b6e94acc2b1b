// y = x·w (+ bias) (+ residual) (+ y) for at most 4 rows (decoding), where rows of w are whole vec4s: bound by reading w
// once, for which much must be under way at a time. One workgroup = 256 invocations, each with four loads of a vec4 in
// flight (16 KiB together): nn, 8 vec4s of columns × 32 parts of the inner size; nt, 8 columns × 32 parts, whose vec4s lie
// along the inner size. Parts are added by a tree in workgroup memory, in a fixed order. Layouts as in matmul-plain.wgsl.
//
// From matmul-epilogue.wgsl: shaped.

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

@group(0) @binding(0) var<storage, read> x: array<f32>;            // nn: [rows, inner]
@group(0) @binding(0) var<storage, read> xAlong: array<vec4<f32>>; // nt: the same memory
@group(0) @binding(1) var<storage, read> w: array<vec4<f32>>;      // nn: [inner, columns]; nt: [columns, inner]
@group(0) @binding(2) var<storage, read> bias: array<f32>;
@group(0) @binding(3) var<storage, read> residual: array<f32>;
@group(0) @binding(4) var<storage, read_write> y: array<f32>;

const parts = 32u;
const lanes = 8u;
const threads = parts * lanes;
// Parts apart, so that at each of the four loads neighbours still read neighbours.
const steps = vec4<u32>(0u, 1u, 2u, 3u) * parts; // of the four loads
const maximumSteps = 0x1000000u; // loops break before: a constant bound with a break costs no loop guard
var<workgroup> sums: array<vec4<f32>, threads>; // parts outermost

/// Four rows of sums; those past `rows` are unused.
struct Rows {
  a: vec4<f32>,
  b: vec4<f32>,
  c: vec4<f32>,
  d: vec4<f32>,
}

/// Sum over the parts of a lane, in the first part.
fn sumOfParts(value: vec4<f32>, part: u32, lane: u32) -> vec4<f32> {
  sums[part * lanes + lane] = value;
  for (var level = 0u; level < 5u; level++) { // 2⁵ = parts
    let half = parts >> (level + 1u);
    workgroupBarrier();
    if (part < half) {
      sums[part * lanes + lane] += sums[(part + half) * lanes + lane];
    }
  }
  // Right in the first part alone, whose invocation added it: the others read unsynchronised, and drop it.
  let sum = sums[lane];
  workgroupBarrier(); // the next row's sums go to the same places
  return sum;
}

/// One invocation a column: the epilogue is 32 times rarer than the loop, and needs no lanes.
fn store(slice: u32, row: u32, column: u32, sum: f32) {
  if (row >= rows || column >= columns) {
    return;
  }
  let index = (slice * rows + row) * yStride + column;
  var value = sum;
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

/// Adds four products of a row of x, 0 past the end of the slice, with four vec4s of columns.
fn plusAcross(sum: vec4<f32>, row: u32, k: vec4<u32>, isInside: vec4<bool>, ws: Rows) -> vec4<f32> {
  let at = min(row, rows - 1u) * xStride + k;
  let xs = select(vec4<f32>(), vec4<f32>(x[at.x], x[at.y], x[at.z], x[at.w]), isInside);
  return fma(xs.wwww, ws.d, fma(xs.zzzz, ws.c, fma(xs.yyyy, ws.b, fma(xs.xxxx, ws.a, sum))));
}

/// w [inner, columns]: a vec4 is four columns of one input.
@compute @workgroup_size(threads)
fn nn(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let group = linearWorkgroup(id);
  if (group >= launch.endWorkgroup) {
    return;
  }
  let groupsAcross = (columns + 4u * lanes - 1u) / (4u * lanes);
  let slice = group / groupsAcross;
  let lane = thread % lanes;
  let part = thread / lanes;
  let column = (group % groupsAcross * lanes + lane) * 4u;
  let end = (slice + 1u) * (inner / slices);
  let wColumn = min(column, columns - 4u) / 4u;
  var sum: Rows;
  for (var i = 0u; i < maximumSteps; i++) {
    let first = slice * (inner / slices) + i * 4u * parts + part;
    if (first >= end) {
      break;
    }
    // Loads past the slice are clamped and what they bring is made 0: four loads are issued together whatever the
    // size.
    let isInside = first + steps < vec4<u32>(end);
    let k = min(first + steps, vec4<u32>(end - 1u));
    let j = k * (wStride / 4u) + wColumn;
    let ws = Rows(w[j.x], w[j.y], w[j.z], w[j.w]);
    sum.a = plusAcross(sum.a, 0u, k, isInside, ws);
    // One row, when one text is decoded, is the usual case: three quarters of the arithmetic less.
    if (rows > 1u) {
      sum.b = plusAcross(sum.b, 1u, k, isInside, ws);
      sum.c = plusAcross(sum.c, 2u, k, isInside, ws);
      sum.d = plusAcross(sum.d, 3u, k, isInside, ws);
    }
  }
  for (var row = 0u; row < rows; row++) {
    // By select() because a struct is not indexed, and an array would be kept in memory.
    let own = select(select(sum.c, sum.d, row == 3u), select(sum.a, sum.b, row == 1u), row < 2u);
    let total = sumOfParts(own, part, lane);
    if (part == 0u) {
      store(slice, row, column, total.x);
      store(slice, row, column + 1u, total.y);
      store(slice, row, column + 2u, total.z);
      store(slice, row, column + 3u, total.w);
    }
  }
}

/// Adds the products of four vec4s of a row of x with those of a column of w; what is outside of the slice is 0 there.
fn plusAlong(sum: vec4<f32>, row: u32, k: vec4<u32>, ws: Rows) -> vec4<f32> {
  let at = min(row, rows - 1u) * (xStride / 4u) + k;
  return fma(xAlong[at.w], ws.d, fma(xAlong[at.z], ws.c, fma(xAlong[at.y], ws.b, fma(xAlong[at.x], ws.a, sum))));
}

/// w [columns, inner], as tied heads have it: vec4s lie along the sum.
@compute @workgroup_size(threads)
fn nt(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let group = linearWorkgroup(id);
  if (group >= launch.endWorkgroup) {
    return;
  }
  let groupsAcross = (columns + lanes - 1u) / lanes;
  let slice = group / groupsAcross;
  let lane = thread / parts;
  let part = thread % parts; // neighbours lie along the inner size
  let column = group % groupsAcross * lanes + lane;
  let end = (slice + 1u) * (inner / slices) / 4u; // in vec4s
  let wRow = min(column, columns - 1u) * (wStride / 4u);
  var sum: Rows;
  for (var i = 0u; i < maximumSteps; i++) {
    let first = slice * (inner / slices) / 4u + i * 4u * parts + part;
    if (first >= end) {
      break;
    }
    let k = min(first + steps, vec4<u32>(end - 1u));
    let isInside = vec4<f32>(first + steps < vec4<u32>(end));
    var ws = Rows(w[wRow + k.x], w[wRow + k.y], w[wRow + k.z], w[wRow + k.w]);
    // The first of the four is always inside.
    ws = Rows(ws.a, ws.b * isInside.y, ws.c * isInside.z, ws.d * isInside.w);
    sum.a = plusAlong(sum.a, 0u, k, ws);
    if (rows > 1u) {
      sum.b = plusAlong(sum.b, 1u, k, ws);
      sum.c = plusAlong(sum.c, 2u, k, ws);
      sum.d = plusAlong(sum.d, 3u, k, ws);
    }
  }
  let one = vec4<f32>(1.0);
  // The four steps of a vector are added last: until then they are sums of their own, which need not wait for each
  // other.
  let ofRows = vec4<f32>(dot(sum.a, one), dot(sum.b, one), dot(sum.c, one), dot(sum.d, one));
  let total = sumOfParts(ofRows, part, lane);
  if (part == 0u) {
    store(slice, 0u, column, total.x);
    store(slice, 1u, column, total.y);
    store(slice, 2u, column, total.z);
    store(slice, 3u, column, total.w);
  }
}
