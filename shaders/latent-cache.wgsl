// Fills the cache of latent attention, whose row p holds [latent | rotated key] of position p, and nothing of any head.
// prefill: rows below the prompt's real length (step.length); the rotated key is read from the packed rows, head 0.
// decode: the only row, to the position in state[0]. The key is rotated here, and the rotated parts of all query heads are
// written into `rows`, beside which head-matmul.wgsl puts queries that ask for latents. One invocation per element.

override rowCount: u32;
override heads: u32;
override headSize: u32;    // of a query, without the rotated part
override latentSize: u32;
override ropeSize: u32;
override context: u32;     // rows of the cache and of the table
override rowStride: u32;   // of qkv
override keyOffset: u32;   // of the rotated key in a row of qkv

@group(0) @binding(0) var<storage, read> latent: array<f32>;       // [rowCount, latentSize]
@group(0) @binding(1) var<storage, read> qkv: array<f32>;          // [rowCount, rowStride]
@group(0) @binding(2) var<storage, read> queries: array<f32>;      // [1, heads · (headSize + ropeSize)]
@group(0) @binding(3) var<storage, read> ropeKey: array<f32>;      // [1, ropeSize]
@group(0) @binding(4) var<storage, read> table: array<f32>;        // [context, ropeSize / 2, 2]
@group(0) @binding(5) var<storage, read> state: array<u32>;        // [0] is the position of the only row
@group(0) @binding(6) var<storage, read_write> cache: array<f32>;  // [context, latentSize + ropeSize]
@group(0) @binding(7) var<storage, read_write> rows: array<f32>;   // [1, heads · (latentSize + ropeSize)]

/// Pairs of channels that turn. A divisor may not be 0, even where nothing is divided: compilers that fold constants refuse.
override half: u32 = max(ropeSize / 2u, 1u);

const workgroupSize = 64u;

@compute @workgroup_size(workgroupSize)
fn prefill(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) invocation: u32) {
  let group = linearWorkgroup(id);
  let width = latentSize + ropeSize;
  let index = group * workgroupSize + invocation;
  if (group >= launch.endWorkgroup || index >= min(rowCount, step.length) * width) {
    return;
  }
  let row = index / width;
  let column = index % width;
  if (column < latentSize) {
    cache[index] = latent[row * latentSize + column];
  } else {
    cache[index] = qkv[row * rowStride + keyOffset + column - latentSize];
  }
}

/// Element j of the pair (a, b), turned by the row's position.
fn turned(j: u32, pair: vec2<f32>) -> f32 {
  let angle = (min(state[0], context - 1u) * half + j % half) * 2u;
  let turn = vec2(table[angle], table[angle + 1u]);
  return select(pair.x * turn.x - pair.y * turn.y, pair.y * turn.x + pair.x * turn.y, j >= half);
}

@compute @workgroup_size(workgroupSize)
fn decode(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) invocation: u32) {
  let group = linearWorkgroup(id);
  let width = latentSize + ropeSize;
  let index = group * workgroupSize + invocation;
  if (group >= launch.endWorkgroup || index >= width + heads * ropeSize) {
    return;
  }
  if (index >= width) {
    let head = (index - width) / (2u * half);
    let j = (index - width) % (2u * half);
    let first = head * (headSize + ropeSize) + headSize + j % half;
    rows[head * width + latentSize + j] = turned(j, vec2(queries[first], queries[first + half]));
    return;
  }
  if (state[0] >= context) {
    return;
  }
  if (index < latentSize) {
    cache[state[0] * width + index] = latent[index];
  } else {
    let j = index - latentSize;
    cache[state[0] * width + index] = turned(j, vec2(ropeKey[j % half], ropeKey[j % half + half]));
  }
}
