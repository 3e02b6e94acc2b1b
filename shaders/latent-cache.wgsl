// Fills the cache of latent attention, whose row p of a slot holds [latent | rotated key] of position p, and nothing of any
// head. prefill: rows below the prompt's real length (step.length), in step.slot; the rotated key is read from the packed
// rows, head 0. decode: a row of each slot, to the position in its state (mod the ring). The key is rotated here, and the rotated parts of
// all query heads are written into `rows`, beside which head-matmul.wgsl puts queries that ask for latents. One invocation per element.

override rowCount: u32;
override slots: u32;       // sequences that have a cache
override heads: u32;
override headSize: u32;    // of a query, without the rotated part
override latentSize: u32;
override ropeSize: u32;
override context: u32;     // rows of the table, and of a slot's cache that a prompt fills
override ring: u32;        // rows of a slot's cache that tokens are appended to
override rowsPerRing: u32; // rows of the state that share a ring
override rowStride: u32;   // of qkv
override keyOffset: u32;   // of the rotated key in a row of qkv

@group(0) @binding(0) var<storage, read> latent: array<f32>;       // [rowCount, latentSize]
@group(0) @binding(1) var<storage, read> qkv: array<f32>;          // [rowCount, rowStride]
@group(0) @binding(2) var<storage, read> queries: array<f32>;      // [slots, heads · (headSize + ropeSize)]
@group(0) @binding(3) var<storage, read> ropeKey: array<f32>;      // [slots, ropeSize]
@group(0) @binding(4) var<storage, read> table: array<f32>;        // [context, ropeSize / 2, 2]
@group(0) @binding(5) var<storage, read> state: array<u32>;        // [slots, 4], a row's first is its position
@group(0) @binding(6) var<storage, read_write> cache: array<f32>;  // [slots, context or ring, latentSize + ropeSize]
@group(0) @binding(7) var<storage, read_write> rows: array<f32>;   // [slots, heads · (latentSize + ropeSize)]

/// Pairs of channels that turn. A divisor may not be 0, even where nothing is divided: compilers that fold constants refuse.
override half: u32 = max(ropeSize / 2u, 1u);

const workgroupSize = 64u;

/// A prompt's rows, whose rotated keys attention has packed already.
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
  let to = min(step.slot, slots - 1u) * context * width + index;
  // One latent a token serves all heads, and one rotated key: that is what makes this cache small (DeepSeek-V2 2024).
  if (column < latentSize) {
    cache[to] = latent[row * latentSize + column];
  } else {
    cache[to] = qkv[row * rowStride + keyOffset + column - latentSize];
  }
}

/// Element j of the pair (a, b), turned by the position.
fn turned(position: u32, j: u32, pair: vec2<f32>) -> f32 {
  let angle = (min(position, context - 1u) * half + j % half) * 2u;
  let turn = vec2(table[angle], table[angle + 1u]);
  return select(pair.x * turn.x - pair.y * turn.y, pair.y * turn.x + pair.x * turn.y, j >= half);
}

/// A row of each slot, and the rotated parts of its queries.
@compute @workgroup_size(workgroupSize)
fn decode(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) invocation: u32) {
  let group = linearWorkgroup(id);
  let width = latentSize + ropeSize;
  let elements = width + heads * ropeSize; // of a slot
  let slot = (group * workgroupSize + invocation) / elements;
  let index = (group * workgroupSize + invocation) % elements;
  if (group >= launch.endWorkgroup || slot >= slots) {
    return;
  }
  let position = state[4u * slot];
  if (index >= width) {
    // Rotated parts of the queries, beside which head-matmul writes what they ask of latents.
    let head = (index - width) / (2u * half);
    let j = (index - width) % (2u * half);
    let first = (slot * heads + head) * (headSize + ropeSize) + headSize + j % half;
    rows[(slot * heads + head) * width + latentSize + j] = turned(position, j, vec2(queries[first], queries[first + half]));
    return;
  }
  // The table of angles ends here: nothing is kept of a position beyond.
  if (position >= context) {
    return;
  }
  let to = (slot / rowsPerRing * ring + position % ring) * width + index;
  if (index < latentSize) {
    cache[to] = latent[slot * latentSize + index];
  } else {
    let j = index - latentSize;
    // Both of a pair are read by the two invocations that write them: no exchange.
    let first = slot * ropeSize + j % half;
    cache[to] = turned(position, j, vec2(ropeKey[first], ropeKey[first + half]));
  }
}
