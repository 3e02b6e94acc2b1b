// Rows for attention from the projections of latent attention (DeepSeek-AI, arXiv 2405.04434 §2.1): of H heads
// [queries of keySize | keys of keySize | values of valueSize], where keySize = headSize + ropeSize. The last ropeSize
// channels of queries are rotated, and those of every head's key are one rotated key. Rotation as in rope.wgsl.
// One invocation computes `steps` elements, 128 apart. The gradient of the shared key is summed in the order of heads.

override steps: u32; // elements per invocation
override rows: u32;
override time: u32;
override heads: u32;
override headSize: u32;  // without the rotated part
override ropeSize: u32;
override valueSize: u32;

@group(0) @binding(0) var<storage, read> queries: array<f32>;            // [rows, heads · keySize], a head after another
@group(0) @binding(1) var<storage, read> keyValues: array<f32>;          // [rows, heads · (headSize + valueSize)]
@group(0) @binding(2) var<storage, read> ropeKey: array<f32>;            // [rows, ropeSize]
@group(0) @binding(3) var<storage, read> table: array<f32>;              // [time, ropeSize / 2, 2]: cosine, sine
@group(0) @binding(4) var<storage, read_write> qkv: array<f32>;          // [rows, heads · (2 keySize + valueSize)]
@group(0) @binding(5) var<storage, read> dqkv: array<f32>;               // gradients, in the same shapes
@group(0) @binding(6) var<storage, read_write> dQueries: array<f32>;
@group(0) @binding(7) var<storage, read_write> dKeyValues: array<f32>;
@group(0) @binding(8) var<storage, read_write> dRopeKey: array<f32>;

/// Pairs of channels that turn. A divisor may not be 0, even where nothing is divided: compilers that fold constants refuse.
override half: u32 = max(ropeSize / 2u, 1u);

// Bound by memory: each number is moved once, and an invocation has several loads under way.
const threads = 128u;
// loops break before: a constant bound costs no guard, a near one would be unrolled
const maximumSteps = 0x1000000u;

/// Element j of the pair (a, b) of a row's rotated part, turned by the row's position; direction −1 turns back.
fn turned(row: u32, j: u32, pair: vec2<f32>, direction: f32) -> f32 {
  let angle = (row % time * half + j % half) * 2u;
  let cosine = table[angle];
  let sine = table[angle + 1u] * direction;
  return select(pair.x * cosine - pair.y * sine, pair.y * cosine + pair.x * sine, j >= half);
}

/// Written by place of the result, so that stores are of neighbours and every element is written once; sources are
/// looked up.
fn packedValue(row: u32, column: u32) -> f32 {
  let keySize = headSize + ropeSize;
  let pairSize = headSize + valueSize;
  // Keys and values come out of one projection of the latent: a head's key, then its value.
  let up = row * heads * pairSize;
  // Values lie behind queries and keys, and beside the keys of their head in the projection.
  if (column >= 2u * heads * keySize) {
    let c = column - 2u * heads * keySize;
    return keyValues[up + c / valueSize * pairSize + headSize + c % valueSize];
  }
  let isKey = column >= heads * keySize;
  let c = column % (heads * keySize);
  let d = c % keySize;
  if (d < headSize) {
    if (isKey) {
      return keyValues[up + c / keySize * pairSize + d];
    }
    return queries[row * heads * keySize + c];
  }
  let j = d - headSize;
  if (isKey) {
    // Every head reads the same rotated key: after packing, attention need not know that they share it.
    let first = row * ropeSize + j % half;
    return turned(row, j, vec2(ropeKey[first], ropeKey[first + half]), 1.0);
  }
  let first = row * heads * keySize + c - j + j % half;
  return turned(row, j, vec2(queries[first], queries[first + half]), 1.0);
}

/// Packed rows: what attention over heads reads.
@compute @workgroup_size(threads)
fn forward(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let group = linearWorkgroup(id);
  if (group >= launch.endWorkgroup) {
    return;
  }
  let columns = heads * (2u * (headSize + ropeSize) + valueSize);
  let start = group * steps * threads + thread;
  let end = min(start + steps * threads, rows * columns);
  for (var i = 0u; i < maximumSteps; i++) {
    let element = start + i * threads;
    if (element >= end) {
      break;
    }
    qkv[element] = packedValue(element / columns, element % columns);
  }
}

/// Writes one gradient of a row: of its queries, of its keys and values, or of its rotated key.
/// The adjoint of packing: copies go back to where they came from, a rotation is undone by its inverse, and what all
/// heads shared is summed.
fn unpack(row: u32, column: u32) {
  let keySize = headSize + ropeSize;
  let pairSize = headSize + valueSize;
  let packed = row * heads * (2u * keySize + valueSize);
  if (column < heads * keySize) {
    let d = column % keySize;
    var value = dqkv[packed + column];
    if (d >= headSize) {
      let j = d - headSize;
      let first = packed + column - j + j % half;
      value = turned(row, j, vec2(dqkv[first], dqkv[first + half]), -1.0);
    }
    dQueries[row * heads * keySize + column] = value;
    return;
  }
  let c = column - heads * keySize;
  if (c < heads * pairSize) {
    let head = c / pairSize;
    let d = c % pairSize;
    var source = packed + heads * keySize + head * keySize + d;
    if (d >= headSize) {
      source = packed + 2u * heads * keySize + head * valueSize + d - headSize;
    }
    dKeyValues[row * heads * pairSize + c] = dqkv[source];
    return;
  }
  let j = c - heads * pairSize;
  // Turned back once, after the sum: a rotation of a sum is the sum of rotations.
  var pair = vec2<f32>();
  for (var head = 0u; head < 0x10000u; head++) {
    if (head >= heads) {
      break;
    }
    let first = packed + (heads + head) * keySize + headSize + j % half;
    pair += vec2(dqkv[first], dqkv[first + half]);
  }
  dRopeKey[row * ropeSize + j] = turned(row, j, pair, -1.0);
}

/// Gradients of queries, of keys and values, and of the rotated key.
@compute @workgroup_size(threads)
fn backward(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let group = linearWorkgroup(id);
  if (group >= launch.endWorkgroup) {
    return;
  }
  let columns = heads * (2u * headSize + ropeSize + valueSize) + ropeSize;
  let start = group * steps * threads + thread;
  let end = min(start + steps * threads, rows * columns);
  for (var i = 0u; i < maximumSteps; i++) {
    let element = start + i * threads;
    if (element >= end) {
      break;
    }
    unpack(element / columns, element % columns);
  }
}
