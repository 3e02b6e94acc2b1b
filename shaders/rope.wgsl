// Rotary position embedding, rotate-half form (Su et al. 2021; GPT-NeoX's pairing): for d < keySize / 2,
// (x[d], x[d + keySize/2]) is rotated by the angle position · base^(−2d / keySize). Query and key heads of a packed row
// are rotated in place. One invocation per pair; the inverse rotation is the gradient. Angles come from a table.

override rows: u32;
override time: u32;
override heads: u32;
override keyValueHeads: u32;
override keySize: u32;
override rowStride: u32;
override qOffset: u32;
override kOffset: u32;
override context: u32;          // rows of the table
override direction: f32 = 1.0;  // 1 rotates, −1 rotates back

@group(0) @binding(0) var<storage, read> table: array<f32>;      // [context, keySize / 2, 2]: cosine, sine
@group(0) @binding(1) var<storage, read> state: array<u32>;      // [0] is the position of the only row
@group(0) @binding(2) var<storage, read_write> qkv: array<f32>;  // [rows, rowStride]

const workgroupSize = 64u;

/// Rotates pair `index` of a row whose tokens stand at `position`.
fn rotate(row: u32, position: u32, index: u32) {
  let half = keySize / 2u;
  let d = index % half;
  let head = index / half;
  let start = select(kOffset + (head - heads) * keySize, qOffset + head * keySize, head < heads);
  let first = row * rowStride + start + d;
  let second = first + half;
  let angle = (position * half + d) * 2u;
  let cosine = table[angle];
  let sine = table[angle + 1u] * direction;
  let a = qkv[first];
  let b = qkv[second];
  qkv[first] = a * cosine - b * sine;
  qkv[second] = b * cosine + a * sine;
}

@compute @workgroup_size(workgroupSize)
fn main(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) invocation: u32) {
  let group = linearWorkgroup(id);
  let pairs = (heads + keyValueHeads) * (keySize / 2u);
  let index = group * workgroupSize + invocation;
  if (group >= launch.endWorkgroup || index >= rows * pairs) {
    return;
  }
  let row = index / pairs;
  rotate(row, row % time, index % pairs);
}

@compute @workgroup_size(workgroupSize)
fn decode(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) invocation: u32) {
  let group = linearWorkgroup(id);
  let index = group * workgroupSize + invocation;
  if (group >= launch.endWorkgroup || index >= (heads + keyValueHeads) * (keySize / 2u)) {
    return;
  }
  rotate(0u, min(state[0], context - 1u), index);
}
