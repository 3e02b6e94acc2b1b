// Columns of a matrix w of 32-bit floats for the tiled product, behind which it stands.
//
// From matmul-tiled.wgsl: wTransposed.


@group(0) @binding(1) var<storage, read> w: array<f32>; // [inner, columns], or [columns, inner] if wTransposed = 1

/// Elements of four neighbouring columns of w at one inner index, the last column repeated past the end.
/// Clamped and not skipped: all invocations of a stage load the same way, and storeBlock leaves out what was doubled.
fn fourColumns(first: u32, innerIndex: u32) -> vec4<f32> {
  let column = min(first + vec4<u32>(0u, 1u, 2u, 3u), vec4<u32>(launch.columns - 1u));
  let i = select(innerIndex * launch.wStride + column, column * launch.wStride + innerIndex, vec4<bool>(wTransposed == 1u));
  return vec4<f32>(w[i.x], w[i.y], w[i.z], w[i.w]);
}
