// Products of a register tile for narrow subgroups: 16 rows of x, each in one lane, with the columns of w that a lane
// owns. Stands before the matrix products that use it.

override lanes: u32; // of a subgroup

// With both vectors of columns 32 vectors of sums a lane: many, but every one is fed by one broadcast a step.
alias Block = array<vec4<f32>, 16>; // 16 rows of 4 columns of one lane

/// Adds the products of 16 rows of x (row r in lane r % lanes of xs[r / lanes]) and this lane's columns of w.
fn addProducts(
  left: ptr<function, Block>,
  right: ptr<function, Block>,
  xs: vec4<f32>,
  wLeft: vec4<f32>,
  wRight: vec4<f32>,
) {
  // Written out because a subgroup broadcast wants a constant lane (WGSL requires a const-expression), and so that
  // every index into the sums is constant: what is indexed by a variable goes to memory.
  let x0 = vec4<f32>(subgroupBroadcast(xs[0u / lanes], 0u % lanes));
  left[0] = fma(x0, wLeft, left[0]);
  right[0] = fma(x0, wRight, right[0]);
  let x1 = vec4<f32>(subgroupBroadcast(xs[1u / lanes], 1u % lanes));
  left[1] = fma(x1, wLeft, left[1]);
  right[1] = fma(x1, wRight, right[1]);
  let x2 = vec4<f32>(subgroupBroadcast(xs[2u / lanes], 2u % lanes));
  left[2] = fma(x2, wLeft, left[2]);
  right[2] = fma(x2, wRight, right[2]);
  let x3 = vec4<f32>(subgroupBroadcast(xs[3u / lanes], 3u % lanes));
  left[3] = fma(x3, wLeft, left[3]);
  right[3] = fma(x3, wRight, right[3]);
  let x4 = vec4<f32>(subgroupBroadcast(xs[4u / lanes], 4u % lanes));
  left[4] = fma(x4, wLeft, left[4]);
  right[4] = fma(x4, wRight, right[4]);
  let x5 = vec4<f32>(subgroupBroadcast(xs[5u / lanes], 5u % lanes));
  left[5] = fma(x5, wLeft, left[5]);
  right[5] = fma(x5, wRight, right[5]);
  let x6 = vec4<f32>(subgroupBroadcast(xs[6u / lanes], 6u % lanes));
  left[6] = fma(x6, wLeft, left[6]);
  right[6] = fma(x6, wRight, right[6]);
  let x7 = vec4<f32>(subgroupBroadcast(xs[7u / lanes], 7u % lanes));
  left[7] = fma(x7, wLeft, left[7]);
  right[7] = fma(x7, wRight, right[7]);
  let x8 = vec4<f32>(subgroupBroadcast(xs[8u / lanes], 8u % lanes));
  left[8] = fma(x8, wLeft, left[8]);
  right[8] = fma(x8, wRight, right[8]);
  let x9 = vec4<f32>(subgroupBroadcast(xs[9u / lanes], 9u % lanes));
  left[9] = fma(x9, wLeft, left[9]);
  right[9] = fma(x9, wRight, right[9]);
  let x10 = vec4<f32>(subgroupBroadcast(xs[10u / lanes], 10u % lanes));
  left[10] = fma(x10, wLeft, left[10]);
  right[10] = fma(x10, wRight, right[10]);
  let x11 = vec4<f32>(subgroupBroadcast(xs[11u / lanes], 11u % lanes));
  left[11] = fma(x11, wLeft, left[11]);
  right[11] = fma(x11, wRight, right[11]);
  let x12 = vec4<f32>(subgroupBroadcast(xs[12u / lanes], 12u % lanes));
  left[12] = fma(x12, wLeft, left[12]);
  right[12] = fma(x12, wRight, right[12]);
  let x13 = vec4<f32>(subgroupBroadcast(xs[13u / lanes], 13u % lanes));
  left[13] = fma(x13, wLeft, left[13]);
  right[13] = fma(x13, wRight, right[13]);
  let x14 = vec4<f32>(subgroupBroadcast(xs[14u / lanes], 14u % lanes));
  left[14] = fma(x14, wLeft, left[14]);
  right[14] = fma(x14, wRight, right[14]);
  let x15 = vec4<f32>(subgroupBroadcast(xs[15u / lanes], 15u % lanes));
  left[15] = fma(x15, wLeft, left[15]);
  right[15] = fma(x15, wRight, right[15]);
}

