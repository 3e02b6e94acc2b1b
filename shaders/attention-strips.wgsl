// Shared by the attention kernels for narrow subgroups, where a load costs as much as twenty multiply-adds and a private
// array with a running index nearly as much. A lane owns four rows of one side, as the components of a vec4; of the other
// side a chunk of 4 · lanes rows is at hand, row s · lanes + l in lane l of strip s, and subgroupBroadcast hands it to all.
// Head dimensions come in pairs, so that sums are kept once per two products.
//
// From attention-mask.wgsl: time.

override lanes: u32; // of a subgroup

alias Chunk = array<vec4<f32>, 32>; // rows of the other side × the four rows of a lane
alias Strips = array<vec2<f32>, 4>; // a pair of dimensions of this lane's row of each strip

/// Two dimensions of a lane's four rows.
struct Pair {
  first: vec4<f32>,
  second: vec4<f32>,
}

fn pairOf(rows: Strips, factor: f32) -> Pair {
  let first = vec4<f32>(rows[0].x, rows[1].x, rows[2].x, rows[3].x);
  return Pair(factor * first, factor * vec4<f32>(rows[0].y, rows[1].y, rows[2].y, rows[3].y));
}

fn addRow(sums: ptr<function, Chunk>, row: u32, a: Pair, b: vec2<f32>) {
  sums[row] = fma(a.second, vec4<f32>(b.y), fma(a.first, vec4<f32>(b.x), sums[row]));
}

/// Written out: a broadcast takes a constant lane, and constant rows keep the chunk in registers. `lanes` is constant
/// too.
fn addStrip(sums: ptr<function, Chunk>, strip: u32, a: Pair, b: vec2<f32>) {
  let row = strip * lanes;
  addRow(sums, row, a, subgroupBroadcast(b, 0u));
  addRow(sums, row + 1u, a, subgroupBroadcast(b, 1u));
  addRow(sums, row + 2u, a, subgroupBroadcast(b, 2u));
  addRow(sums, row + 3u, a, subgroupBroadcast(b, 3u));
  if (lanes > 4u) {
    addRow(sums, row + 4u, a, subgroupBroadcast(b, 4u));
    addRow(sums, row + 5u, a, subgroupBroadcast(b, 5u));
    addRow(sums, row + 6u, a, subgroupBroadcast(b, 6u));
    addRow(sums, row + 7u, a, subgroupBroadcast(b, 7u));
  }
}

/// sums[j] += a · (row j), over a pair of dimensions.
fn addProducts(sums: ptr<function, Chunk>, a: Pair, b: Strips) {
  addStrip(sums, 0u, a, b[0]);
  addStrip(sums, 1u, a, b[1]);
  addStrip(sums, 2u, a, b[2]);
  addStrip(sums, 3u, a, b[3]);
}

/// The same product the other way round: weights of the lane's four rows times one row of the other side, which all
/// lanes share.
fn plusRow(start: Pair, weight: vec4<f32>, b: vec2<f32>) -> Pair {
  return Pair(fma(weight, vec4<f32>(b.x), start.first), fma(weight, vec4<f32>(b.y), start.second));
}

fn plusStrip(start: Pair, weights: ptr<function, Chunk>, strip: u32, b: vec2<f32>) -> Pair {
  let row = strip * lanes;
  var sum = plusRow(start, weights[row], subgroupBroadcast(b, 0u));
  sum = plusRow(sum, weights[row + 1u], subgroupBroadcast(b, 1u));
  sum = plusRow(sum, weights[row + 2u], subgroupBroadcast(b, 2u));
  sum = plusRow(sum, weights[row + 3u], subgroupBroadcast(b, 3u));
  if (lanes > 4u) {
    sum = plusRow(sum, weights[row + 4u], subgroupBroadcast(b, 4u));
    sum = plusRow(sum, weights[row + 5u], subgroupBroadcast(b, 5u));
    sum = plusRow(sum, weights[row + 6u], subgroupBroadcast(b, 6u));
    sum = plusRow(sum, weights[row + 7u], subgroupBroadcast(b, 7u));
  }
  return sum;
}

/// start + Σ_j weights[j] · (row j), over a pair of dimensions.
fn plusWeighted(start: Pair, weights: ptr<function, Chunk>, b: Strips) -> Pair {
  let sum = plusStrip(plusStrip(start, weights, 0u, b[0]), weights, 1u, b[1]);
  return plusStrip(plusStrip(sum, weights, 2u, b[2]), weights, 3u, b[3]);
}

/// Rows of the four strips of a chunk that starts at `first`, clamped to the sequence.
/// Clamped: all lanes take part in the broadcasts. The masks see to what is past the end.
fn chunkRows(sample: u32, first: u32, lane: u32) -> vec4<u32> {
  return sample * time + min(first + vec4<u32>(0u, 1u, 2u, 3u) * lanes + lane, vec4<u32>(time - 1u));
}
