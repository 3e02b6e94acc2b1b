// Columns of quantised weights for the tiled product (matmul-tiled.wgsl), behind which it stands: numbers again where a tile
// is staged, so that a weight is unpacked once for all rows of the tile.
//
// From quantised-weights.wgsl: columnOf, vectors, fourWeights.

// What quantised-weights.wgsl wants; the product has the same numbers from the launch record.
override columns: u32;
override inner: u32;

/// Nothing is made of sums while no model trains.
fn shaped(sum: f32, row: u32, column: u32, width: u32) -> f32 {
  return sum;
}

/// Weights of four neighbouring columns, of which the first is a multiple of 4, for one input.
fn fourColumns(first: u32, input: u32) -> vec4<f32> {
  return fourWeights(columnOf(0u, min(first / 4u, vectors() - 1u)), input);
}
