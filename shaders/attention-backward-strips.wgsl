// What the gradients of attention for narrow subgroups read and write: pairs of dimensions of four rows at a time. All
// memory is seen as vec2<f32>, since a load costs as much for two neighbours as for one, and head sizes are even there.
//
// From attention-strips.wgsl: Strips, Pair.

override keySize: u32; // of a head of queries and keys
override valueSize: u32; // of a head of values
override accumulate: u32; // 1 adds to dqkv

@group(0) @binding(0) var<storage, read> qkv: array<vec2<f32>>;    // [batch · time, rowStride]
@group(0) @binding(1) var<storage, read> dy: array<vec2<f32>>;     // [batch · time, heads · valueSize]
@group(0) @binding(2) var<storage, read> logSumExp: array<f32>;    // [batch, heads, time]
@group(0) @binding(3) var<storage, read> delta: array<f32>;        // [batch, heads, time]
@group(0) @binding(4) var<storage, read_write> dqkv: array<vec2<f32>>; // [batch · time, rowStride]

/// A pair of dimensions of four rows of qkv, which may lie anywhere: a lane's rows are `lanes` apart.
fn strips(i: vec4<u32>) -> Strips {
  return Strips(qkv[i.x], qkv[i.y], qkv[i.z], qkv[i.w]);
}

/// The same of dy.
fn gradientStrips(i: vec4<u32>) -> Strips {
  return Strips(dy[i.x], dy[i.y], dy[i.z], dy[i.w]);
}

/// dqkv at four addresses becomes `values`, or grows by them. Only the first `count` rows are inside the sequence: the
/// others were clamped to its last row when they were read, and must not be written twice.
fn storeFour(i: vec4<u32>, values: Pair, count: u32) {
  for (var r = 0u; r < 4u; r++) {
    if (r < count) {
      var value = vec2<f32>(values.first[r], values.second[r]);
      if (accumulate == 1u) {
        value += dqkv[i[r]];
      }
      dqkv[i[r]] = value;
    }
  }
}
