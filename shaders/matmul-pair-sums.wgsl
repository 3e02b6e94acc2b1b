// Sums of a register tile of 32 rows for subgroups of 8, two steps of the inner size at a time. Stands before the matrix
// products that use it. A lane owns two vectors of columns, the right one unused where tiles are narrow. Four steps at a
// time keep sums half as often, and a tile twice as wide loads a sixth less: both were tried, and nanoGPT's step took 3
// and 5 % more of lavapipe's time (Mesa 25.0.7).

alias Tile = array<vec4<f32>, 64>; // 32 rows of a lane's two vectors of columns

/// Two steps of the inner size, of four rows of x or four columns of w; and of all of a lane's columns.
struct Steps {
  first: vec4<f32>,
  second: vec4<f32>,
}
struct Columns {
  left: Steps,
  right: Steps, // unused where columnVectors is 1
}

fn stepsOf(a: vec2<f32>, b: vec2<f32>, c: vec2<f32>, d: vec2<f32>) -> Steps {
  return Steps(vec4<f32>(a.x, b.x, c.x, d.x), vec4<f32>(a.y, b.y, c.y, d.y));
}

/// Adds both products of row `slot` of the tile.
/// Two products between a load and a store of the sum; in order of the inner size, as the reference adds.
fn addRow(tile: ptr<function, Tile>, slot: u32, a: vec2<f32>, c: Columns) {
  let i = 2u * slot;
  tile[i] = fma(vec4<f32>(a.y), c.left.second, fma(vec4<f32>(a.x), c.left.first, tile[i]));
  tile[i + 1u] = fma(vec4<f32>(a.y), c.right.second, fma(vec4<f32>(a.x), c.right.first, tile[i + 1u]));
}

/// Adds the products of 8 rows from `slot` on, of which each lane holds one.
fn addStrip(tile: ptr<function, Tile>, slot: u32, pair: vec2<f32>, c: Columns) {
  addRow(tile, slot, subgroupBroadcast(pair, 0u), c);
  addRow(tile, slot + 1u, subgroupBroadcast(pair, 1u), c);
  addRow(tile, slot + 2u, subgroupBroadcast(pair, 2u), c);
  addRow(tile, slot + 3u, subgroupBroadcast(pair, 3u), c);
  addRow(tile, slot + 4u, subgroupBroadcast(pair, 4u), c);
  addRow(tile, slot + 5u, subgroupBroadcast(pair, 5u), c);
  addRow(tile, slot + 6u, subgroupBroadcast(pair, 6u), c);
  addRow(tile, slot + 7u, subgroupBroadcast(pair, 7u), c);
}

fn addTile(tile: ptr<function, Tile>, r: Steps, c: Columns) {
  addStrip(tile, 0u, vec2<f32>(r.first.x, r.second.x), c);
  addStrip(tile, 8u, vec2<f32>(r.first.y, r.second.y), c);
  addStrip(tile, 16u, vec2<f32>(r.first.z, r.second.z), c);
  addStrip(tile, 24u, vec2<f32>(r.first.w, r.second.w), c);
}
