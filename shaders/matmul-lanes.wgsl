// y = x·w (+ bias) (+ residual) (+ y) for one row (decoding) on narrow subgroups, where loads are what takes time: w is read
// in the order in which it lies. One workgroup = one subgroup = one row; more rows read w again. `nn`: 4·lanes columns,
// every lanes-th of them a lane's; four steps of the inner size between a load and a store of the sums. `nt`: `lanes` columns; lanes
// lie along the inner size and are added at the end, by the subgroup, in an order that depends on nothing.
//
// From matmul-epilogue.wgsl: shaped.

override lanes: u32; // of a subgroup, 4 or 8
override hasBias: u32;
override hasResidual: u32;
override accumulate: u32;

@group(0) @binding(0) var<storage, read> x: array<f32>; // [rows, inner]
@group(0) @binding(1) var<storage, read> w: array<f32>; // nn: [inner, columns]; nt: [columns, inner]
@group(0) @binding(2) var<storage, read> bias: array<f32>;
@group(0) @binding(3) var<storage, read> residual: array<f32>;
@group(0) @binding(4) var<storage, read_write> y: array<f32>;

const maximumSteps = 0x1000000u; // loops break before: a constant bound with a break costs no loop guard

/// What a workgroup sums, and where it goes.
struct Place {
  row: u32,
  column: u32, // its first
  slice: u32,
  start: u32, // of the slice, along the inner size
  end: u32,
}

fn placeOf(group: u32, width: u32) -> Place {
  let tilesAcross = (launch.columns + width - 1u) / width;
  let slice = group / tilesAcross / launch.rows;
  let slicedInner = (launch.inner + launch.slices - 1u) / launch.slices;
  let start = min(slice * slicedInner, launch.inner);
  let end = min(start + slicedInner, launch.inner);
  return Place(group / tilesAcross % launch.rows, group % tilesAcross * width, slice, start, end);
}

fn store(place: Place, column: u32, sum: f32) {
  if (column >= launch.columns) {
    return;
  }
  let index = (place.slice * launch.rows + place.row) * launch.yStride + column;
  var value = sum;
  if (hasBias == 1u) {
    value += bias[column];
  }
  value = shaped(value, place.row, column, launch.columns);
  if (hasResidual == 1u) {
    value += residual[place.row * launch.columns + column];
  }
  if (accumulate == 1u) {
    value += y[index];
  }
  y[index] = value;
}

/// One element of each of four columns.
fn loadFour(i: vec4<u32>) -> vec4<f32> {
  return vec4<f32>(w[i.x], w[i.y], w[i.z], w[i.w]);
}

@compute @workgroup_size(lanes)
fn nn(@builtin(workgroup_id) id: vec3<u32>, @builtin(subgroup_invocation_id) lane: u32) {
  if (linearWorkgroup(id) >= launch.endWorkgroup) {
    return;
  }
  let place = placeOf(linearWorkgroup(id), 4u * lanes);
  let column = place.column + lane + vec4<u32>(0u, 1u, 2u, 3u) * lanes;
  let j = min(column, vec4<u32>(launch.columns - 1u));
  let pitch = launch.wStride; // before the loop, in which it would be read again for each step
  let xRow = place.row * launch.xStride;
  var sum = vec4<f32>();
  for (var i = 0u; i < maximumSteps; i++) {
    let k = place.start + 4u * i;
    if (k >= place.end) {
      break;
    }
    // A lane holds one of four inputs, which all want: a load costs a broadcast five times over.
    let own = k + lane % 4u;
    let held = select(0.0, x[xRow + min(own, place.end - 1u)], own < place.end);
    // Past the end the last row of w again, times 0.
    let rows = min(k + vec4<u32>(0u, 1u, 2u, 3u), vec4<u32>(place.end - 1u)) * pitch;
    sum = fma(vec4<f32>(subgroupBroadcast(held, 0u)), loadFour(j + rows.x), sum);
    sum = fma(vec4<f32>(subgroupBroadcast(held, 1u)), loadFour(j + rows.y), sum);
    sum = fma(vec4<f32>(subgroupBroadcast(held, 2u)), loadFour(j + rows.z), sum);
    sum = fma(vec4<f32>(subgroupBroadcast(held, 3u)), loadFour(j + rows.w), sum);
  }
  store(place, column.x, sum.x);
  store(place, column.y, sum.y);
  store(place, column.z, sum.z);
  store(place, column.w, sum.w);
}

@compute @workgroup_size(lanes)
fn nt(@builtin(workgroup_id) id: vec3<u32>, @builtin(subgroup_invocation_id) lane: u32) {
  if (linearWorkgroup(id) >= launch.endWorkgroup) {
    return;
  }
  let place = placeOf(linearWorkgroup(id), lanes);
  let last = launch.columns - 1u;
  let columns = place.column + vec4<u32>(0u, 1u, 2u, 3u);
  let near = min(columns, vec4<u32>(last)) * launch.wStride;
  let far = min(columns + 4u, vec4<u32>(last)) * launch.wStride;
  let xRow = place.row * launch.xStride;
  var nearSum = vec4<f32>();
  var farSum = vec4<f32>(); // of eight lanes alone
  for (var i = 0u; i < maximumSteps; i++) {
    let first = place.start + i * lanes;
    if (first >= place.end) {
      break;
    }
    let k = min(first + lane, place.end - 1u);
    let input = select(0.0, x[xRow + k], first + lane < place.end);
    nearSum = fma(vec4<f32>(input), loadFour(near + k), nearSum);
    if (lanes == 8u) {
      farSum = fma(vec4<f32>(input), loadFour(far + k), farSum);
    }
  }
  let nears = subgroupAdd(nearSum);
  let fars = subgroupAdd(farSum);
  // Each lane stores one of the columns whose sums all have.
  store(place, place.column + lane, select(nears[lane % 4u], fars[lane % 4u], lane >= 4u));
}
