// y = x·w (+ bias) (+ residual) with quantised w and few rows (decoding) for narrow subgroups: bound by what it takes to
// load a value and make a number of it. One workgroup = one subgroup = one row × 4·lanes columns, four neighbouring ones a lane.
// Nothing is shifted that a factor can stand for. Nibble i is masked where it lies, and is 16^(i mod 4) times too large: the
// input that it meets is made smaller by as much. A byte is left at the top of its word, 2²⁴ times too large: the scale
// is made smaller. Scale and minimum of a group meet its sum of products, and its sum of inputs.
//
// From quantised-weights.wgsl: bits, w, vectors, columnOf, scalesOf.

override lanes: u32; // of a subgroup, 4 or 8
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

/// Below 2³¹, so that the conversion is that of signed numbers, which is one instruction.
fn masked(words: vec4<u32>, mask: u32) -> vec4<f32> {
  return vec4<f32>(bitcast<vec4<i32>>(words & vec4<u32>(mask)));
}

/// Adds the products of inputs `first` … first + 3, each in its lane, with four values in the lower halves of words.
fn addNibbles(sum: vec4<f32>, a: f32, b: f32, c: f32, d: f32, words: vec4<u32>) -> vec4<f32> {
  let s = fma(vec4<f32>(a), masked(words, 0xfu), sum);
  let t = fma(vec4<f32>(b), masked(words, 0xf0u), s);
  let u = fma(vec4<f32>(c), masked(words, 0xf00u), t);
  return fma(vec4<f32>(d), masked(words, 0xf000u), u);
}

/// The same with four bytes.
fn addBytes(sum: vec4<f32>, a: f32, b: f32, c: f32, d: f32, words: vec4<u32>) -> vec4<f32> {
  let s = fma(vec4<f32>(a), masked(words << vec4<u32>(24u), 0xff000000u), sum);
  let t = fma(vec4<f32>(b), masked(words << vec4<u32>(16u), 0xff000000u), s);
  let u = fma(vec4<f32>(c), masked(words << vec4<u32>(8u), 0xff000000u), t);
  return fma(vec4<f32>(d), masked(words, 0xff000000u), u);
}

/// Sums of products of a group of inputs, and of the inputs themselves.
struct Sums {
  near: vec4<f32>,
  far: vec4<f32>,
  inputs: f32,
}

@compute @workgroup_size(lanes)
fn main(@builtin(workgroup_id) id: vec3<u32>, @builtin(subgroup_invocation_id) lane: u32) {
  let group = linearWorkgroup(id);
  if (group >= launch.endWorkgroup) {
    return;
  }
  let tilesAcross = (vectors() + 2u * lanes - 1u) / (2u * lanes);
  let row = group / tilesAcross;
  let vector = group % tilesAcross * 2u * lanes + lane;
  let nearColumn = columnOf(0u, min(vector, vectors() - 1u));
  let farColumn = columnOf(0u, min(vector + lanes, vectors() - 1u));
  let isNibbles = bits == 4u;
  // Always 1, but drivers do not know: they would unroll the loop of bytes out of the instruction cache.
  let one = select(1u, 0u, launch.gridWidth == 0u);
  // 16^−(lane mod 4), in the exponent.
  let smaller = select(1.0, bitcast<f32>((127u - 4u * (lane % 4u)) << 23u), isNibbles);
  var near = vec4<f32>();
  var far = vec4<f32>();
  for (var part = 0u; part < 0x1000000u; part++) { // a constant bound with a break costs no loop guard
    if (32u * part >= inner) {
      break;
    }
    // Σ x·(minimum + scale·q) = minimum · Σ x + scale · Σ x·q: two multiply-adds a group in place of one a value.
    var sums = Sums(vec4<f32>(), vec4<f32>(), 0.0);
    for (var i = 0u; i < 4u; i++) {
      let step = 4u * part + i;
      if (i >= select(4u * one, 4u, isNibbles) || 8u * step >= inner) {
        break;
      }
      let k = 8u * step + lane;
      var xs = vec2<f32>(select(0.0, x[row * xStride + min(k, inner - 1u)], k < inner), 0.0);
      if (lanes < 8u) {
        xs.y = select(0.0, x[row * xStride + min(k + lanes, inner - 1u)], k + lanes < inner);
      }
      xs *= smaller;
      let a = subgroupBroadcast(xs[0u / lanes], 0u % lanes);
      let b = subgroupBroadcast(xs[1u / lanes], 1u % lanes);
      let c = subgroupBroadcast(xs[2u / lanes], 2u % lanes);
      let d = subgroupBroadcast(xs[3u / lanes], 3u % lanes);
      let e = subgroupBroadcast(xs[4u / lanes], 4u % lanes);
      let f = subgroupBroadcast(xs[5u / lanes], 5u % lanes);
      let g = subgroupBroadcast(xs[6u / lanes], 6u % lanes);
      let h = subgroupBroadcast(xs[7u / lanes], 7u % lanes);
      if (isNibbles) {
        // Eight columns a lane, near and far, so that the inputs broadcast serve twice as many products.
        let words = w[nearColumn.first + (step + part) * nearColumn.pitch];
        sums.near = addNibbles(sums.near, a, b, c, d, words);
        sums.near = addNibbles(sums.near, e, f, g, h, words >> vec4<u32>(16u));
        let farWords = w[farColumn.first + (step + part) * farColumn.pitch];
        sums.far = addNibbles(sums.far, a, b, c, d, farWords);
        sums.far = addNibbles(sums.far, e, f, g, h, farWords >> vec4<u32>(16u));
        // The inputs again as they were: lane i held 16^−(i mod 4) of its own. Powers of two, so that nothing is
        // rounded.
        sums.inputs += fma(4096.0, d + h, fma(256.0, c + g, fma(16.0, b + f, a + e)));
      } else {
        sums.near = addBytes(sums.near, a, b, c, d, w[nearColumn.first + 2u * step * nearColumn.pitch]);
        sums.near = addBytes(sums.near, e, f, g, h, w[nearColumn.first + (2u * step + 1u) * nearColumn.pitch]);
        sums.far = addBytes(sums.far, a, b, c, d, w[farColumn.first + 2u * step * farColumn.pitch]);
        sums.far = addBytes(sums.far, e, f, g, h, w[farColumn.first + (2u * step + 1u) * farColumn.pitch]);
      }
    }
    let scales = scalesOf(nearColumn, part);
    let scale = scales.scale * select(1.0 / 16777216.0, 1.0, isNibbles); // 2⁻²⁴
    near = fma(scale, sums.near, fma(scales.minimum, vec4<f32>(sums.inputs), near));
    let farScales = scalesOf(farColumn, part);
    let farScale = farScales.scale * select(1.0 / 16777216.0, 1.0, isNibbles); // 2⁻²⁴
    far = fma(farScale, sums.far, fma(farScales.minimum, vec4<f32>(sums.inputs), far));
  }

  store(row, vector, near);
  store(row, vector + lanes, far);
}

fn store(row: u32, vector: u32, sum: vec4<f32>) {
  for (var c = 0u; c < 4u; c++) {
    let out = vector * 4u + c;
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
