// Rotary position embedding, rotate-half form (Su et al. 2021; GPT-NeoX's pairing): for d < rotated / 2,
// (x[d], x[d + rotated/2]) is rotated by the angle position · base^(−2d / rotated); the rest of a head stays. Query and
// key heads of a packed row are rotated in place. One invocation turns one d of every head of a row; the gradient is the inverse rotation.

override rows: u32;
override slots: u32;            // sequences that are decoded together
override time: u32;
override heads: u32;
override keyValueHeads: u32;
override keySize: u32;
override rotated: u32;          // channels of a head that turn, its first ones
override rowStride: u32;
override qOffset: u32;
override kOffset: u32;
override context: u32;          // rows of the table
override direction: f32 = 1.0;  // 1 rotates, −1 rotates back

@group(0) @binding(0) var<storage, read> table: array<f32>;      // [context, rotated / 2, 2]: cosine, sine
@group(0) @binding(1) var<storage, read> state: array<u32>;      // [slots, 4], a row's first is its position
@group(0) @binding(2) var<storage, read_write> qkv: array<f32>;  // [rows, rowStride]

const workgroupSize = 64u;

/// Rotates dimension d of every head of a row whose token stands at `position`.
fn rotate(row: u32, position: u32, d: u32) {
  // Halves and not neighbours are paired, as GPT-NeoX and Llama's published weights have it; Su et al. pair
  // neighbours, which is the same up to the order of channels.
  let half = rotated / 2u;
  let angle = (position * half + d) * 2u;
  // From a table: angles of late positions are thousands of turns, of which f32's sine keeps few digits.
  let cosine = table[angle];
  // One pair of numbers turns this dimension of every head: they are read once.
  let sine = table[angle + 1u] * direction;
  // Zero never happens: it hides the loop count from drivers that would unroll out of the instruction cache.
  let headCount = select(heads + keyValueHeads, 0u, launch.gridWidth == 0u);
  for (var head = 0u; head < 0x10000u; head++) {
    if (head >= headCount) {
      break;
    }
    let start = select(kOffset + (head - heads) * keySize, qOffset + head * keySize, head < heads);
    let first = row * rowStride + start + d;
    let second = first + half;
    let a = qkv[first];
    let b = qkv[second];
    // Both of the pair are read before either is written: in place.
    qkv[first] = a * cosine - b * sine;
    qkv[second] = b * cosine + a * sine;
  }
}

/// Whole sequences, whose positions are their places in the row of tokens; backward with direction −1.
@compute @workgroup_size(workgroupSize)
fn main(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) invocation: u32) {
  let group = linearWorkgroup(id);
  let half = rotated / 2u;
  let index = group * workgroupSize + invocation;
  if (group >= launch.endWorkgroup || index >= rows * half) {
    return;
  }
  let row = index / half;
  rotate(row, row % time, index % half);
}

/// One token of each slot, at the position in its row of `state`.
@compute @workgroup_size(workgroupSize)
fn decode(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) invocation: u32) {
  let group = linearWorkgroup(id);
  let half = rotated / 2u;
  let index = group * workgroupSize + invocation;
  if (group >= launch.endWorkgroup || index >= slots * half) {
    return;
  }
  let slot = index / half;
  rotate(slot, min(state[4u * slot], context - 1u), index % half);
}
