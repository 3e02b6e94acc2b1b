// Tiles of x and w in workgroup memory and their products in registers. Stands before the tiled matrix products,
// after matmul-block.wgsl.
// Each of threadsDown × threadsAcross invocations holds `blocks` × `blocks` (1 or 2) blocks of 4 × 4 sums,
// threadsDown and threadsAcross blocks apart (no bank conflicts). A stage is tileInner of the inner size; both tiles have
// it outermost, so that operands are read as vec4s. Invocations store whole vectors: a store to one component may touch
// the others too (WGSL, "Component Reference from Vector Memory View"), and would race with those of its neighbours.
//
// From matmul-block.wgsl: Block, addOuter.

override threadsDown: u32; // invocations of a workgroup along rows
override threadsAcross: u32; // and along columns
override blocks: u32; // 1 or 2: blocks of 4 × 4 per invocation, each way
override tileInner: u32; // inner size of a stage

const threads = threadsAcross * threadsDown;
const tileHeight = 4u * blocks * threadsDown;
const tileWidth = 4u * blocks * threadsAcross;
const rowQuads = tileHeight / 4u; // vec4s across a tile
const columnQuads = tileWidth / 4u;
// Without it, lines of 16 vectors would begin in the same banks, and storing a column of the tile would be done one
// invocation after another.
const xPitch = rowQuads + 1u; // one spare vec4 turns the banks between lines
const wPitch = columnQuads + 1u;

var<workgroup> xTile: array<vec4<f32>, tileInner * xPitch>;
var<workgroup> wTile: array<vec4<f32>, tileInner * wPitch>;

/// Adds the products of a stage: rows `down` of xTile and columns `across` of wTile. All but topLeft are
/// left alone where `blocks` is 1.
/// A tile of n × n is loaded once for n products of each number, so that traffic to memory falls by n: 64 for 16 × 16
/// invocations of one block. All invocations of a subgroup read few different vectors of a line, which banks
/// broadcast.
fn addStage(
  topLeft: ptr<function, Block>,
  topRight: ptr<function, Block>,
  bottomLeft: ptr<function, Block>,
  bottomRight: ptr<function, Block>,
  down: u32,
  across: u32,
) {
  for (var k = 0u; k < tileInner; k++) {
    let left = wTile[k * wPitch + across % threadsAcross];
    let top = xTile[k * xPitch + down % threadsDown];
    addOuter(topLeft, top, left);
    if (blocks > 1u) {
      let right = wTile[k * wPitch + (blocks - 1u) * threadsAcross + across % threadsAcross];
      let bottom = xTile[k * xPitch + (blocks - 1u) * threadsDown + down % threadsDown];
      addOuter(topRight, top, right);
      addOuter(bottomLeft, bottom, left);
      addOuter(bottomRight, bottom, right);
    }
  }
}
