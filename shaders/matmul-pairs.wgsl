// y = x·w (+ bias) (+ residual) (+ y) like matmul-subgroup.wgsl, but by pairs of the inner size, for subgroups of 8.
// A driver that masks every assignment in a loop and spells a load out lane by lane spends more on keeping sums and on
// fetching code than on arithmetic: here a sum is kept once per two products (matmul-pair-sums.wgsl, which stands before),
// and loads are vectors. One workgroup = one subgroup = 4·lanes rows × 4·columnVectors·lanes columns; each lane owns four
// neighbouring columns per vector.
//
// From matmul-epilogue.wgsl: shaped.
// From matmul-pair-sums.wgsl: Tile, Steps, Columns, stepsOf, addTile.

override lanes: u32; // of a subgroup
override columnVectors: u32; // 1 or 2: vec4s of columns per lane
// Sizes of the launch record are multiples: inner of 2, columns (and rows, where x is read across) of 4. suits() sees to
// it.
override hasBias: u32;
override hasResidual: u32;
override accumulate: u32;

// Two names of the same memory: neighbours along the inner size, or across it.
@group(0) @binding(0) var<storage, read> x: array<vec2<f32>>;       // nn, nt: [rows, inner]
@group(0) @binding(0) var<storage, read> xAcross: array<vec4<f32>>; // tn: [inner, rows]
@group(0) @binding(1) var<storage, read> w: array<vec2<f32>>;       // nt: [columns, inner]
@group(0) @binding(1) var<storage, read> wAcross: array<vec4<f32>>; // nn, tn: [inner, columns]
@group(0) @binding(2) var<storage, read> bias: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read> residual: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read_write> y: array<vec4<f32>>;

const maximumSteps = 0x1000000u; // loops break before: a constant bound with a break costs no loop guard
const tileHeight = 4u * lanes;
const tileWidth = 4u * columnVectors * lanes;
/// Where a workgroup's tile starts, and how far it goes.
struct Place {
  row: u32,
  column: u32,
  slice: u32,
  start: u32, // of the slice, along the inner size
  pairs: u32,
  height: u32,
}

fn placeOf(group: u32) -> Place {
  let tilesAcross = (launch.columns + tileWidth - 1u) / tileWidth;
  let tilesDown = (launch.rows + tileHeight - 1u) / tileHeight;
  let slice = group / (tilesAcross * tilesDown);
  let row = group / tilesAcross % tilesDown * tileHeight;
  // Exact: suits() takes slices whose inner size is even.
  let slicedInner = launch.inner / launch.slices;
  let start = slice * slicedInner;
  // Always 1, but drivers do not know: they would unroll the loops out of the instruction cache.
  let one = select(1u, 0u, launch.gridWidth == 0u);
  let height = one * min(tileHeight, launch.rows - row);
  return Place(row, group % tilesAcross * tileWidth, slice, start, one * slicedInner / 2u, height);
}

/// This lane's columns of w [inner, columns], whose rows are `pitch` vectors.
fn columnsAcross(j: vec2<u32>, pitch: u32) -> Columns {
  var right: Steps;
  if (columnVectors > 1u) {
    right = Steps(wAcross[j.y], wAcross[j.y + pitch]);
  }
  return Columns(Steps(wAcross[j.x], wAcross[j.x + pitch]), right);
}

/// This lane's columns of w [columns, inner].
fn columnsAlong(i: vec4<u32>, j: vec4<u32>) -> Columns {
  var right: Steps;
  if (columnVectors > 1u) {
    right = stepsOf(w[j.x], w[j.y], w[j.z], w[j.w]);
  }
  return Columns(stepsOf(w[i.x], w[i.y], w[i.z], w[i.w]), right);
}

/// Writes a tile whose row r is in slot r or, `across`, in slot r % 4 · 8 + r / 4.
/// Rows in order, whatever slot they lie in: stores of neighbouring lanes are of one row, and follow each other.
fn store(tile: ptr<function, Tile>, place: Place, lane: u32, across: bool) {
  let width = launch.columns / 4u; // in vectors
  let pitch = launch.yStride / 4u;
  let first = place.slice * launch.rows + place.row;
  for (var v = 0u; v < maximumSteps; v++) {
    // Whole vectors are inside or outside, for columns is a multiple of 4.
    let column = place.column / 4u + v * lanes + lane; // in vectors
    if (v >= columnVectors * min(place.height, 1u) || column >= width) {
      break;
    }
    var offset = vec4<f32>();
    if (hasBias == 1u) {
      offset = bias[column];
    }
    for (var r = 0u; r < maximumSteps; r++) { // rolled: stores would take most of the compile time
      if (r >= place.height) {
        break;
      }
      let index = (first + r) * pitch + column;
      var sum = tile[2u * select(r, r % 4u * 8u + r / 4u, across) + v] + offset;
      let row = place.row + r;
      sum = vec4<f32>(
        shaped(sum.x, row, 4u * column, 4u * width),
        shaped(sum.y, row, 4u * column + 1u, 4u * width),
        shaped(sum.z, row, 4u * column + 2u, 4u * width),
        shaped(sum.w, row, 4u * column + 3u, 4u * width),
      );
      if (hasResidual == 1u) {
        sum += residual[row * width + column];
      }
      if (accumulate == 1u) {
        sum += y[index];
      }
      y[index] = sum;
    }
  }
}

@compute @workgroup_size(lanes)
// Forward, y = x·w: pairs of x lie together, pairs of w are two rows of it.
fn nn(@builtin(workgroup_id) id: vec3<u32>, @builtin(subgroup_invocation_id) lane: u32) {
  if (linearWorkgroup(id) >= launch.endWorkgroup) {
    return;
  }
  let place = placeOf(linearWorkgroup(id));
  let row = min(place.row + vec4<u32>(0u, 1u, 2u, 3u) * lanes + lane, vec4<u32>(launch.rows - 1u));
  let i = (row * launch.xStride + place.start) / 2u;
  let column = min(place.column + vec2<u32>(0u, 4u * lanes) + 4u * lane, vec2<u32>(launch.columns - 4u));
  let j = (place.start * launch.wStride + column) / 4u;
  let pitch = launch.wStride / 4u; // before the loop, in which it would be read again for each step
  var tile: Tile;
  for (var k = 0u; k < maximumSteps; k++) {
    if (k >= place.pairs) {
      break;
    }
    let r = i + k;
    addTile(&tile, stepsOf(x[r.x], x[r.y], x[r.z], x[r.w]), columnsAcross(j + k * 2u * pitch, pitch));
  }
  store(&tile, place, lane, false);
}

@compute @workgroup_size(lanes)
// Gradient of x, dx = dy·wᵀ: pairs of both lie together.
fn nt(@builtin(workgroup_id) id: vec3<u32>, @builtin(subgroup_invocation_id) lane: u32) {
  if (linearWorkgroup(id) >= launch.endWorkgroup) {
    return;
  }
  let place = placeOf(linearWorkgroup(id));
  let row = min(place.row + vec4<u32>(0u, 1u, 2u, 3u) * lanes + lane, vec4<u32>(launch.rows - 1u));
  let i = (row * launch.xStride + place.start) / 2u;
  let column = place.column + 4u * lane + vec4<u32>(0u, 1u, 2u, 3u);
  let left = (min(column, vec4<u32>(launch.columns - 1u)) * launch.wStride + place.start) / 2u;
  let right = (min(column + 4u * lanes, vec4<u32>(launch.columns - 1u)) * launch.wStride + place.start) / 2u;
  var tile: Tile;
  for (var k = 0u; k < maximumSteps; k++) {
    if (k >= place.pairs) {
      break;
    }
    let r = i + k;
    addTile(&tile, stepsOf(x[r.x], x[r.y], x[r.z], x[r.w]), columnsAlong(left + k, right + k));
  }
  store(&tile, place, lane, false);
}

@compute @workgroup_size(lanes)
// Gradient of w, dw = xᵀ·dy: both are read across, and a lane holds four neighbouring rows rather than every lanes-th
// one, which is why slots of the tile are in another order.
fn tn(@builtin(workgroup_id) id: vec3<u32>, @builtin(subgroup_invocation_id) lane: u32) {
  if (linearWorkgroup(id) >= launch.endWorkgroup) {
    return;
  }
  let place = placeOf(linearWorkgroup(id));
  let i = (place.start * launch.xStride + min(place.row + 4u * lane, launch.rows - 4u)) / 4u;
  let xPitch = launch.xStride / 4u;
  let column = min(place.column + vec2<u32>(0u, 4u * lanes) + 4u * lane, vec2<u32>(launch.columns - 4u));
  let j = (place.start * launch.wStride + column) / 4u;
  let pitch = launch.wStride / 4u; // before the loop, in which it would be read again for each step
  var tile: Tile;
  for (var k = 0u; k < maximumSteps; k++) {
    if (k >= place.pairs) {
      break;
    }
    let r = i + k * 2u * xPitch;
    addTile(&tile, Steps(xAcross[r], xAcross[r + xPitch]), columnsAcross(j + k * 2u * pitch, pitch));
  }
  store(&tile, place, lane, true);
}
