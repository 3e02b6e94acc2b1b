// y = x·w (+ bias) (+ residual) with quantised w for narrow subgroups, where a load costs as much as 20 multiply-adds.
// One workgroup = one subgroup of `lanes` = a tile of tileRows × 8·lanes. Each lane owns twice four neighbouring columns
// and all rows of the tile; it loads a word of each column, and one of eight inputs of every row, which it broadcasts.
//
// From quantised-weights.wgsl: vectors, columnOf, Scales, scalesOf, Eight, eightOf.

override lanes: u32; // of a subgroup, 4 or 8
override tileRows: u32; // rows of a tile
override rows: u32;
override columns: u32;
override inner: u32;
override xStride: u32;
override yStride: u32;
override hasBias: u32;
override hasResidual: u32;

@group(0) @binding(0) var<storage, read> x: array<f32>; // [rows, inner]
@group(0) @binding(2) var<storage, read> bias: array<f32>;
@group(0) @binding(3) var<storage, read> residual: array<f32>;
@group(0) @binding(4) var<storage, read_write> y: array<f32>;

/// Sums of a row for the four columns near and far of a lane.
struct Pair {
  near: vec4<f32>,
  far: vec4<f32>,
}

/// Adds the products of eight inputs of a row, input i in lane i % lanes of xs[i / lanes].
fn addEight(sum: Pair, xs: vec2<f32>, near: Eight, far: Eight) -> Pair {
  let a = vec4<f32>(subgroupBroadcast(xs[0u / lanes], 0u % lanes));
  let b = vec4<f32>(subgroupBroadcast(xs[1u / lanes], 1u % lanes));
  let c = vec4<f32>(subgroupBroadcast(xs[2u / lanes], 2u % lanes));
  let d = vec4<f32>(subgroupBroadcast(xs[3u / lanes], 3u % lanes));
  let e = vec4<f32>(subgroupBroadcast(xs[4u / lanes], 4u % lanes));
  let f = vec4<f32>(subgroupBroadcast(xs[5u / lanes], 5u % lanes));
  let g = vec4<f32>(subgroupBroadcast(xs[6u / lanes], 6u % lanes));
  let h = vec4<f32>(subgroupBroadcast(xs[7u / lanes], 7u % lanes));
  let nearFirst = fma(d, near.d, fma(c, near.c, fma(b, near.b, fma(a, near.a, sum.near))));
  let farFirst = fma(d, far.d, fma(c, far.c, fma(b, far.b, fma(a, far.a, sum.far))));
  return Pair(
    fma(h, near.h, fma(g, near.g, fma(f, near.f, fma(e, near.e, nearFirst)))),
    fma(h, far.h, fma(g, far.g, fma(f, far.f, fma(e, far.e, farFirst)))),
  );
}

/// The weights that eight values stand for.
/// Once for all rows of the tile: the more rows, the less unpacking costs.
fn scaled(q: Eight, s: Scales) -> Eight {
  return Eight(
    fma(q.a, s.scale, s.minimum), fma(q.b, s.scale, s.minimum),
    fma(q.c, s.scale, s.minimum), fma(q.d, s.scale, s.minimum),
    fma(q.e, s.scale, s.minimum), fma(q.f, s.scale, s.minimum),
    fma(q.g, s.scale, s.minimum), fma(q.h, s.scale, s.minimum),
  );
}

/// Eight inputs of a row over the lanes, 0 past the last.
/// A lane loads one number (two where lanes are four), and broadcasts hand all eight to everybody.
fn eightInputs(row: u32, firstInput: u32, lane: u32) -> vec2<f32> {
  let near = firstInput + lane;
  var xs = vec2<f32>(select(0.0, x[row + min(near, inner - 1u)], near < inner), 0.0);
  if (lanes < 8u) {
    let far = near + lanes;
    xs.y = select(0.0, x[row + min(far, inner - 1u)], far < inner);
  }
  return xs;
}

@compute @workgroup_size(lanes)
fn main(@builtin(workgroup_id) id: vec3<u32>, @builtin(subgroup_invocation_id) lane: u32) {
  let group = linearWorkgroup(id);
  if (group >= launch.endWorkgroup) {
    return;
  }
  let tilesAcross = (vectors() + 2u * lanes - 1u) / (2u * lanes);
  let firstRow = group / tilesAcross * tileRows;
  let vector = group % tilesAcross * 2u * lanes + lane;
  let near = columnOf(0u, min(vector, vectors() - 1u));
  let far = columnOf(0u, min(vector + lanes, vectors() - 1u));
  // Always 1, but drivers do not know: they would unroll the loops out of the instruction cache.
  let one = select(1u, 0u, launch.gridWidth == 0u);
  // Sixteen numbers a row of the tile, in registers as long as their index is not hidden from the compiler.
  var sums: array<Pair, tileRows>;
  for (var part = 0u; part < 0x1000000u; part++) { // a constant bound with a break costs no loop guard
    if (32u * part >= inner) {
      break;
    }
    // Once for 32 inputs; int8 has one scale a column, and reads it again from the cache.
    let nearScales = scalesOf(near, part);
    let farScales = scalesOf(far, part);
    for (var i = 0u; i < 4u; i++) {
      let step = 4u * part + i;
      if (i >= 4u * one || 8u * step >= inner) {
        break;
      }
      let nearWeights = scaled(eightOf(near, step), nearScales);
      let farWeights = scaled(eightOf(far, step), farScales);
      for (var r = 0u; r < tileRows; r++) {
        if (r >= tileRows * one) {
          break;
        }
        let row = min(firstRow + r, rows - 1u) * xStride;
        sums[r] = addEight(sums[r], eightInputs(row, 8u * step, lane), nearWeights, farWeights);
      }
    }
  }

  for (var r = 0u; r < tileRows; r++) {
    let row = firstRow + r;
    if (row >= rows) {
      break;
    }
    for (var c = 0u; c < 8u * one; c++) {
      let out = (vector + c / 4u * lanes) * 4u + c % 4u;
      if (out < columns) {
        var sum = select(sums[r].near, sums[r].far, c > 3u)[c % 4u];
        if (hasBias == 1u) {
          sum += bias[out];
        }
        if (hasResidual == 1u) {
          sum += residual[row * columns + out];
        }
        y[row * yStride + out] = sum;
      }
    }
  }
}
