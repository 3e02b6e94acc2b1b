// What a matrix product makes of a sum, its bias included, before it adds a residual: an activation, or a gradient by its
// slope, then dropout. Stands before the products. A sum whose slope will be wanted is kept beside y.
//
// From activation-functions.wgsl: activate, slope.
// From dropout-mask.wgsl: dropout, dropped.

override activation: u32 = 0u; // 1: f(sum); 2: the same, and the sum is kept; 3: sum · f′ of what was kept

@group(0) @binding(5) var<storage, read_write> kept: array<f32>; // [rows, columns], where activation is 2
@group(0) @binding(6) var<storage, read> slopesAt: array<f32>;   // [rows, columns], where activation is 3

/// The sum of a row and column of y.
/// All of it depends on the element alone, never on who computes it, so that every variant makes the same of a sum.
/// It belongs to the product because a kernel of its own would read and write [rows, columns] once more: at C = 768,
/// 8 bytes for every 1,536 flops of a product that is bound by arithmetic.
fn shaped(sum: f32, row: u32, column: u32, columns: u32) -> f32 {
  let element = row * columns + column;
  var value = sum;
  // The backward pass needs f′ at the sum, which cannot be told from f(sum) for every f (GELU falls and rises again).
  if (activation == 2u) {
    kept[element] = sum;
  }
  if (activation == 1u || activation == 2u) {
    value = activate(sum);
  }
  if (activation == 3u) {
    value *= slope(slopesAt[element]);
  }
  if (dropout > 0.0) {
    value = dropped(value, row, column, columns);
  }
  return value;
}
