// Quantised weights as numbers: words of four bytes (int8) or eight nibbles (int4) along the inputs of a column, and rows of
// scales among them (src/plan/quantised.ts, where blocks and padding are explained). Stands before the products that read them.
// A vec4 of words is four neighbouring columns, so that neighbours read neighbouring memory, and one load of int4 is 32
// weights. int8: weight = scale · q of a column; int4: weight = minimum + scale · q of 32 inputs of a column.
//
// From the shader that follows: inner (inputs), columns (outputs).

override bits: u32; // 8 or 4: bits of a value

@group(0) @binding(1) var<storage, read> w: array<vec4<u32>>;

/// vec4s of words for all columns.
fn vectors() -> u32 {
  return (columns + 3u) / 4u;
}

/// Rows of a block: 8 inputs of int8 have two of words, and there is one of scales; 32 of int4 have four and one of scales.
/// A constant of the pipeline, like all that follows from bits, inner and columns.
fn blockRows() -> u32 {
  if (bits == 8u) {
    return (inner + 7u) / 8u * 2u + 1u;
  }
  return (inner + 31u) / 32u * 5u;
}

/// vec4s of a matrix with its scales.
fn matrixVectors() -> u32 {
  return vectors() * blockRows();
}

/// Where a column vector of a matrix lies: its first row, and vec4s from row to row.
struct Column {
  first: u32,
  pitch: u32,
}

/// Column vector `vector` of the matrix that starts at vec4 `start`.
/// Blocks of 8 vectors (32 columns) lie one after another, so that what a workgroup reads is one run of memory.
fn columnOf(start: u32, vector: u32) -> Column {
  let block = vector / 8u;
  return Column(start + block * 8u * blockRows() + vector % 8u, min(8u, vectors() - 8u * block));
}

/// Scale and minimum of four columns.
struct Scales {
  scale: vec4<f32>,
  minimum: vec4<f32>, // 0 of int8
}

/// Those of 32 inputs from 32·group on.
fn scalesOf(column: Column, group: u32) -> Scales {
  if (bits == 8u) {
    return Scales(bitcast<vec4<f32>>(w[column.first + (blockRows() - 1u) * column.pitch]), vec4<f32>());
  }
  // Two halves a word: scale below, minimum above, 2⁻¹¹ of them exact enough beside 4 bits of value.
  let words = w[column.first + (5u * group + 4u) * column.pitch];
  let a = unpack2x16float(words.x);
  let b = unpack2x16float(words.y);
  let c = unpack2x16float(words.z);
  let d = unpack2x16float(words.w);
  return Scales(vec4<f32>(a.x, b.x, c.x, d.x), vec4<f32>(a.y, b.y, c.y, d.y));
}

/// Values q of eight inputs, `a` the first, of four columns each.
/// Eight named vectors and no array: an array's elements would be addressed, and live in memory.
struct Eight {
  a: vec4<f32>,
  b: vec4<f32>,
  c: vec4<f32>,
  d: vec4<f32>,
  e: vec4<f32>,
  f: vec4<f32>,
  g: vec4<f32>,
  h: vec4<f32>,
}

/// To the top of the word and back: the shift of a signed number brings its sign along.
fn byteOf(words: vec4<u32>, place: u32) -> vec4<f32> {
  return vec4<f32>(bitcast<vec4<i32>>(words << vec4<u32>(24u - 8u * place)) >> vec4<u32>(24u));
}

/// By way of a signed number: drivers convert those in one instruction, and unsigned ones in several.
fn nibbleOf(words: vec4<u32>, place: u32) -> vec4<f32> {
  return vec4<f32>(bitcast<vec4<i32>>((words >> vec4<u32>(4u * place)) & vec4<u32>(15u)));
}

/// Those of inputs 8·step … 8·step + 7.
fn eightOf(column: Column, step: u32) -> Eight {
  if (bits == 8u) {
    let at = column.first + 2u * step * column.pitch;
    let near = w[at];
    let far = w[at + column.pitch];
    return Eight(
      byteOf(near, 0u), byteOf(near, 1u), byteOf(near, 2u), byteOf(near, 3u),
      byteOf(far, 0u), byteOf(far, 1u), byteOf(far, 2u), byteOf(far, 3u),
    );
  }
  // Four rows of words, then one of scales: every fifth row is skipped.
  let words = w[column.first + (step + step / 4u) * column.pitch];
  return Eight(
    nibbleOf(words, 0u), nibbleOf(words, 1u), nibbleOf(words, 2u), nibbleOf(words, 3u),
    nibbleOf(words, 4u), nibbleOf(words, 5u), nibbleOf(words, 6u), nibbleOf(words, 7u),
  );
}

/// Weights of one input of four columns.
fn fourWeights(column: Column, input: u32) -> vec4<f32> {
  let scales = scalesOf(column, input / 32u);
  if (bits == 8u) {
    return byteOf(w[column.first + input / 4u * column.pitch], input % 4u) * scales.scale;
  }
  let row = input / 8u + input / 32u;
  return fma(nibbleOf(w[column.first + row * column.pitch], input % 8u), scales.scale, scales.minimum);
}
