// y = x·w (+ bias) (+ residual) with quantised w for at most 4 rows (decoding) on real GPUs: bound by reading w once. One
// workgroup = 256 invocations = 32 columns, of which eight neighbours read a row of words side by side, × 32 parts of the inputs,
// eight at a time. Parts are added by a tree in workgroup memory, in a fixed order. Any device; no subgroups.
//
// From quantised-weights.wgsl: columnOf, vectors, scalesOf, eightOf.

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

const parts = 32u;
const lanes = 8u;
const threads = parts * lanes;
var<workgroup> partSums: array<vec4<f32>, threads>; // parts outermost

/// An input of a row, 0 past the last row or input.
/// Padding of a word holds values too: the inputs that would meet them are 0.
fn inputOf(row: u32, k: u32) -> f32 {
  return select(0.0, x[min(row, rows - 1u) * xStride + min(k, inner - 1u)], k < inner && row < rows);
}

/// Four inputs of one row from input k on.
fn inputsOf(row: u32, k: u32) -> vec4<f32> {
  return vec4<f32>(inputOf(row, k), inputOf(row, k + 1u), inputOf(row, k + 2u), inputOf(row, k + 3u));
}

/// Adds the products of four inputs with four columns each.
fn plus(sum: vec4<f32>, xs: vec4<f32>, a: vec4<f32>, b: vec4<f32>, c: vec4<f32>, d: vec4<f32>) -> vec4<f32> {
  return fma(xs.wwww, d, fma(xs.zzzz, c, fma(xs.yyyy, b, fma(xs.xxxx, a, sum))));
}

/// Sum over the parts of a lane, in the first part.
fn sumOfParts(value: vec4<f32>, part: u32, lane: u32) -> vec4<f32> {
  partSums[part * lanes + lane] = value;
  for (var level = 0u; level < 5u; level++) { // 2⁵ = parts
    let half = parts >> (level + 1u);
    workgroupBarrier();
    if (part < half) {
      partSums[part * lanes + lane] += partSums[(part + half) * lanes + lane];
    }
  }
  let sum = partSums[lane];
  workgroupBarrier(); // the next row's sums go to the same places
  return sum;
}

fn store(row: u32, column: u32, sum: f32) {
  if (column >= columns) {
    return;
  }
  var value = sum;
  if (hasBias == 1u) {
    value += bias[column];
  }
  if (hasResidual == 1u) {
    value += residual[row * columns + column];
  }
  y[row * yStride + column] = value;
}

@compute @workgroup_size(threads)
fn main(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let group = linearWorkgroup(id);
  if (group >= launch.endWorkgroup) {
    return;
  }
  let lane = thread % lanes;
  let part = thread / lanes;
  let vector = group * lanes + lane;
  let column = columnOf(0u, min(vector, vectors() - 1u));
  var first = vec4<f32>();
  var second = vec4<f32>();
  var third = vec4<f32>();
  var fourth = vec4<f32>();
  for (var i = 0u; i < 0x1000000u; i++) { // a constant bound with a break costs no loop guard
    let step = i * parts + part;
    if (8u * step >= inner) {
      break;
    }
    // Decoding reads every weight once and multiplies it by few rows: a quarter or an eighth of the bytes is that
    // much less time, if making numbers of them keeps up.
    let s = scalesOf(column, step / 4u);
    let q = eightOf(column, step);
    let a = fma(q.a, s.scale, s.minimum);
    let b = fma(q.b, s.scale, s.minimum);
    let c = fma(q.c, s.scale, s.minimum);
    let d = fma(q.d, s.scale, s.minimum);
    let e = fma(q.e, s.scale, s.minimum);
    let f = fma(q.f, s.scale, s.minimum);
    let g = fma(q.g, s.scale, s.minimum);
    let h = fma(q.h, s.scale, s.minimum);
    // Rows of x are read by every lane of a part alike, one load for the subgroup.
    let k = 8u * step;
    first = plus(plus(first, inputsOf(0u, k), a, b, c, d), inputsOf(0u, k + 4u), e, f, g, h);
    if (rows > 1u) {
      second = plus(plus(second, inputsOf(1u, k), a, b, c, d), inputsOf(1u, k + 4u), e, f, g, h);
      third = plus(plus(third, inputsOf(2u, k), a, b, c, d), inputsOf(2u, k + 4u), e, f, g, h);
      fourth = plus(plus(fourth, inputsOf(3u, k), a, b, c, d), inputsOf(3u, k + 4u), e, f, g, h);
    }
  }
  for (var row = 0u; row < rows; row++) {
    // By select(): what an array holds under a running index lives in memory.
    let own = select(select(third, fourth, row == 3u), select(first, second, row == 1u), row < 2u);
    let total = sumOfParts(own, part, lane);
    if (part == 0u) {
      store(row, 4u * vector, total.x);
      store(row, 4u * vector + 1u, total.y);
      store(row, 4u * vector + 2u, total.z);
      store(row, 4u * vector + 3u, total.w);
    }
  }
}
