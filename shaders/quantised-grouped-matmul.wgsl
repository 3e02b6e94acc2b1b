// y[row] = x[row] · w[expert of the row] with quantised matrices, one for each expert: rows lie by expert, in tiles, as
// grouped-matmul-plain.wgsl says. One invocation computes four neighbouring columns of a row, eight inputs at a time.
//
// From quantised-weights.wgsl: columnOf, vectors, matrixVectors, scalesOf, eightOf.

override rows: u32;    // of all experts at most
override columns: u32;
override inner: u32;
override experts: u32;
override tileRows: u32;
override tileBound: u32;
override perToken: u32; // > 0: row r takes x of the token of assignments[r] ÷ perToken

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> offsets: array<u32>;     // [experts + 1]
@group(0) @binding(3) var<storage, read> tiles: array<u32>;       // [tileBound, 2]: expert, first row
@group(0) @binding(4) var<storage, read> assignments: array<u32>; // [rows of all experts]
@group(0) @binding(5) var<storage, read_write> y: array<f32>;

const threads = 64u;

/// Four inputs of the row that starts at `start`, 0 past the last one.
fn inputsOf(start: u32, k: u32) -> vec4<f32> {
  let places = k + vec4<u32>(0u, 1u, 2u, 3u);
  let at = start + min(places, vec4<u32>(inner - 1u));
  return select(vec4<f32>(), vec4<f32>(x[at.x], x[at.y], x[at.z], x[at.w]), places < vec4<u32>(inner));
}

@compute @workgroup_size(threads)
fn main(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let group = linearWorkgroup(id);
  if (group >= launch.endWorkgroup) {
    return;
  }
  let element = group * threads + thread;
  let tile = element / (max(tileRows, 1u) * vectors());
  if (tile >= tileBound) {
    return;
  }
  let expert = tiles[2u * tile];
  // A tile that nobody needs.
  if (expert >= experts) {
    return;
  }
  let row = tiles[2u * tile + 1u] + element / vectors() % max(tileRows, 1u);
  if (row >= min(offsets[expert + 1u], rows)) {
    return;
  }
  // Rows by token: a token that chose two experts is read by both, and lies in memory once.
  var source = row;
  if (perToken > 0u) {
    source = assignments[row] / max(perToken, 1u);
  }
  let vector = element % vectors();
  // Experts' matrices follow each other, each with its scales.
  let column = columnOf(expert * matrixVectors(), vector);
  // In float32 throughout: quantisation is of memory, not of arithmetic.
  var sum = vec4<f32>();
  for (var step = 0u; step < 0x1000000u; step++) { // a constant bound with a break costs no loop guard
    if (8u * step >= inner) {
      break;
    }
    let q = eightOf(column, step);
    let s = scalesOf(column, step / 4u);
    let near = inputsOf(source * inner, 8u * step);
    let far = inputsOf(source * inner, 8u * step + 4u);
    let nearSum = fma(near.wwww, q.d, fma(near.zzzz, q.c, fma(near.yyyy, q.b, near.xxxx * q.a)));
    let products = fma(far.wwww, q.h, fma(far.zzzz, q.g, fma(far.yyyy, q.f, fma(far.xxxx, q.e, nearSum))));
    // Scale and minimum meet the sums of eight inputs, not each of them.
    let inputs = dot(near + far, vec4<f32>(1.0));
    sum = fma(s.scale, products, fma(s.minimum, vec4<f32>(inputs), sum));
  }
  for (var c = 0u; c < 4u; c++) {
    if (4u * vector + c < columns) {
      y[row * columns + 4u * vector + c] = sum[c];
    }
  }
}
