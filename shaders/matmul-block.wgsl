// A block of 4 × 4 sums in the registers of an invocation. Stands before what multiplies matrices in tiles. Rows have names
// because what is indexed may live in memory where a compiler does not unroll loops (naga's loops never are).

/// Four rows of four sums.
/// A step takes 8 numbers from memory for 16 multiply-adds, so that it is arithmetic that bounds the loop. Twice the
/// block each way would halve the loads again, and is what `blocks` = 2 makes of four of these, where registers
/// suffice.
struct Block {
  a: vec4<f32>,
  b: vec4<f32>,
  c: vec4<f32>,
  d: vec4<f32>,
}

/// sums += xs · wsᵀ: one step of the inner size.
fn addOuter(sums: ptr<function, Block>, xs: vec4<f32>, ws: vec4<f32>) {
  sums.a = fma(vec4<f32>(xs.x), ws, sums.a);
  sums.b = fma(vec4<f32>(xs.y), ws, sums.b);
  sums.c = fma(vec4<f32>(xs.z), ws, sums.c);
  sums.d = fma(vec4<f32>(xs.w), ws, sums.d);
}
