// The matrix products of all experts at once, the teacher: one invocation computes one element by one loop.
// Rows of one expert are neighbours (expert-placement.wgsl). x·w and x·wᵀ: y[row] = x[row] · w[expert of the row], the
// rows by tiles of tileRows; a tile that nobody needs ends at once. xᵀ·w: y[e] = Σ over rows of e of x[row]ᵀ·w[row],
// zero where there is none. With perToken > 0, x has one row per token: row r takes that of assignments[r] ÷ perToken.

override xTransposed: u32; // 1: x is [inner, rows]
override wTransposed: u32; // 1: w is [columns, inner]
override rows: u32;      // of y: rows of all experts at most; of each y[e] if x is transposed
override columns: u32;
override inner: u32;     // if x is transposed: rows of all experts at most
override experts: u32;
override tileRows: u32;
override tileBound: u32;
override perToken: u32;
override accumulate: u32;

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> w: array<f32>;
@group(0) @binding(2) var<storage, read> offsets: array<u32>;     // [experts + 1]
@group(0) @binding(3) var<storage, read> tiles: array<u32>;       // [tileBound, 2]: expert, first row
@group(0) @binding(4) var<storage, read> assignments: array<u32>; // [rows of all experts]
@group(0) @binding(5) var<storage, read_write> y: array<f32>;

// The idea is that of MegaBlocks (Gale et al. 2022): tokens are sorted by expert, and the products of all experts are
// one grid, so that no expert needs a fixed capacity and nothing is padded to one. Where a model has a capacity, placement
// has dropped what is over it: no row of it comes here.
const threads = 64u;

/// Row of x that belongs to a row of the experts.
fn sourceRow(row: u32) -> u32 {
  if (perToken == 0u) {
    return row;
  }
  return assignments[row] / max(perToken, 1u);
}

@compute @workgroup_size(threads)
fn main(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let group = linearWorkgroup(id);
  if (group >= launch.endWorkgroup) {
    return;
  }
  let element = group * threads + thread;
  let column = element % columns;
  var index = element;
  var xIndex = 0u;
  var wIndex = 0u;
  var expert = 0u;
  var firstRow = 0u;
  var count = inner;
  // The weights' gradient: y[e] is summed over the rows of its expert, of which there may be none.
  if (xTransposed == 1u) {
    expert = element / (rows * columns);
    if (expert >= experts) {
      return;
    }
    firstRow = offsets[expert];
    count = offsets[expert + 1u] - firstRow;
    wIndex = firstRow * columns + column;
  } else {
    // The grid is as large as routing could ever make it: each expert may end with a tile that is not full. How many
    // tiles there are, the GPU alone knows; the rest find `experts` as their expert.
    let tile = element / (max(tileRows, 1u) * columns);
    if (tile >= tileBound) {
      return;
    }
    expert = tiles[2u * tile];
    if (expert >= experts) {
      return;
    }
    let row = tiles[2u * tile + 1u] + element / columns % max(tileRows, 1u);
    // Tiles do not reach into the next expert, whose weights are others.
    if (row >= offsets[expert + 1u]) {
      return;
    }
    index = row * columns + column;
    xIndex = sourceRow(row) * inner;
    wIndex = expert * inner * columns + select(column, column * inner, wTransposed == 1u);
  }

  // The teacher knows no tiles in its loop: `tiles` only tells it which rows are whose.
  var sum = 0.0;
  for (var k = 0u; k < 0x1000000u; k++) { // a constant bound with a break costs no loop guard
    if (k >= count) {
      break;
    }
    if (xTransposed == 1u) {
      xIndex = sourceRow(firstRow + k) * rows + element / columns % rows;
    }
    sum = fma(x[xIndex], w[wIndex], sum);
    xIndex++;
    wIndex += select(columns, 1u, wTransposed == 1u);
  }
  if (accumulate == 1u) {
    sum += y[index];
  }
  y[index] = sum;
}
