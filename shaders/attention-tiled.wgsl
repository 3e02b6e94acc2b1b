// Causal attention for real GPUs: the method of attention-plain.wgsl in tiles of 32 queries × 32 keys of one head.
// One workgroup = one tile of queries, looping over tiles of keys up to the diagonal. Scores are a small matrix product
// staged through workgroup memory, 4 × 4 per invocation in registers; so is the sum of values weighted by them, whose
// columns are cut into parts of 32. Any device; no subgroups; 15 KiB of workgroup memory.

override hasSinks: u32;

@group(0) @binding(0) var<storage, read> qkv: array<f32>;              // [batch · time, rowStride]
@group(0) @binding(1) var<storage, read> sinks: array<f32>;            // [heads], or unused
@group(0) @binding(2) var<storage, read_write> y: array<f32>;          // [batch · time, heads · valueSize]
@group(0) @binding(3) var<storage, read_write> logSumExp: array<f32>;  // [batch, heads, time]

const valueParts = (valueSize + 31u) / 32u;
const threads = 64u;   // 8 × 8: invocation t owns rows 4 (t / 8) … and columns 4 (t % 8) … of a tile
const tile = 32u;
const slabSize = 32u;  // inner dimensions staged at once
const pitch = 9u;      // vec4s between staged lines of 32 numbers: the ninth turns the memory banks
// Indices are written modulo their range (`thread / 8u % 8u`) because bounds are not proved across calls.
var<workgroup> stage: array<vec4<f32>, 2u * slabSize * pitch>;
var<workgroup> weights: array<vec4<f32>, tile * pitch>;
var<workgroup> rowValues: array<vec4<f32>, threads>;

/// 32 rows of a matrix from firstRow; rows past the sequence's end repeat its last.
struct Rows {
  base: u32,   // address of the sequence's first row
  stride: u32,
  firstRow: u32,
}

fn load(rows: Rows, row: u32, column: u32, size: u32) -> f32 {
  let index = rows.base + min(rows.firstRow + row, time - 1u) * rows.stride + min(column, size - 1u);
  return select(0.0, qkv[index], column < size);
}

/// Products of this invocation's four own rows with its four other rows, one vec4 per own row.
fn products(own: Rows, other: Rows, size: u32, thread: u32) -> array<vec4<f32>, 4> {
  var sums = array<vec4<f32>, 4>();
  for (var slab = 0u; slab < 16u; slab++) {
    if (slab * slabSize >= size) {
      break;
    }
    workgroupBarrier();
    for (var i = 0u; i < tile * slabSize / threads; i++) {
      let block = 2u * i + thread / 32u % 2u; // of 4 rows × 8 dimensions: whole sectors in, no bank twice out
      let row = block / 4u * 4u + thread / 8u % 4u;
      let d = block % 4u * 8u + thread % 8u;
      stage[d * pitch + row / 4u][row % 4u] = load(own, row, slab * slabSize + d, size);
      stage[(slabSize + d) * pitch + row / 4u][row % 4u] = load(other, row, slab * slabSize + d, size);
    }
    workgroupBarrier();
    for (var d = 0u; d < slabSize; d++) {
      let a = stage[d * pitch + thread / 8u % 8u];
      let b = stage[(slabSize + d) * pitch + thread % 8u];
      for (var r = 0u; r < 4u; r++) {
        sums[r] = fma(vec4<f32>(a[r]), b, sums[r]);
      }
    }
  }
  return sums;
}

/// Hands this invocation's 4 × 4 weights (one vec4 per own row) to the workgroup, other rows outermost.
fn shareWeights(w: array<vec4<f32>, 4>, thread: u32) {
  workgroupBarrier();
  for (var c = 0u; c < 4u; c++) {
    weights[(thread % 8u * 4u + c) * pitch + thread / 8u % 8u] = vec4<f32>(w[0][c], w[1][c], w[2][c], w[3][c]);
  }
}

/// sums += weights · matrix: own rows of this invocation × its four columns of every 32.
fn addWeighted(sums: ptr<function, array<vec4<f32>, 4u * valueParts>>, matrix: Rows, size: u32, thread: u32) {
  for (var part = 0u; part < valueParts; part++) {
    workgroupBarrier();
    for (var i = 0u; i < tile * tile / threads; i++) {
      let row = 2u * i + thread / tile % 2u;
      let column = thread % tile;
      stage[row * 8u + column / 4u][column % 4u] = load(matrix, row, part * tile + column, size);
    }
    workgroupBarrier();
    for (var row = 0u; row < tile; row++) {
      let w = weights[row * pitch + thread / 8u % 8u];
      let columns = stage[row * 8u + thread % 8u];
      for (var r = 0u; r < 4u; r++) {
        sums[part * 4u + r] = fma(vec4<f32>(w[r]), columns, sums[part * 4u + r]);
      }
    }
  }
}

@compute @workgroup_size(threads)
fn forward(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let group = linearWorkgroup(id);
  if (group >= launch.endWorkgroup) {
    return;
  }
  let tiles = (time + tile - 1u) / tile;
  let firstQuery = (tiles - 1u - group % tiles) * tile; // the longest rows first
  let head = group / tiles % heads;
  let sample = group / tiles / heads;
  let keyValueHead = head / (heads / keyValueHeads);
  let base = sample * time * rowStride;
  let queries = Rows(base + qOffset + head * keySize, rowStride, firstQuery);
  let query = firstQuery + thread / 8u * 4u + vec4<u32>(0u, 1u, 2u, 3u);

  var o = array<vec4<f32>, 4u * valueParts>();
  var largest = vec4<f32>(lowest); // one component per own row, as sum
  var sum = vec4<f32>();           // of this invocation's columns alone
  if (hasSinks == 1u) { // a key whose score is learned and whose value is 0: the sums start with it
    largest = vec4<f32>(sinks[head]);
    sum = vec4<f32>(select(0.0, 1.0, thread % 8u == 0u));
  }
  let skipped = firstVisible(firstQuery) / tile;
  for (var i = 0u; i < 0x1000000u; i++) { // a constant bound with a break costs no loop guard
    let firstKey = (skipped + i) * tile;
    if (firstKey > firstQuery) {
      break;
    }
    let keys = Rows(base + kOffset + keyValueHead * keySize, rowStride, firstKey);
    let key = firstKey + thread % 8u * 4u + vec4<u32>(0u, 1u, 2u, 3u);
    var p = products(queries, keys, keySize, thread);
    var newLargest = largest;
    for (var r = 0u; r < 4u; r++) {
      p[r] = select(capped(p[r] * scale), vec4<f32>(lowest), isHidden(vec4<u32>(query[r]), key));
      newLargest[r] = max(max(newLargest[r], max(p[r].x, p[r].y)), max(p[r].z, p[r].w));
    }
    rowValues[thread] = newLargest;
    workgroupBarrier();
    for (var c = 0u; c < 8u; c++) {
      newLargest = max(newLargest, rowValues[thread / 8u * 8u + c]);
    }
    let rescale = exp(largest - newLargest);
    largest = newLargest;
    for (var r = 0u; r < 4u; r++) {
      p[r] = exp(p[r] - largest[r]);
      sum[r] = sum[r] * rescale[r] + p[r].x + p[r].y + p[r].z + p[r].w;
      if (dropout > 0.0) {
        for (var c = 0u; c < 4u; c++) {
          p[r][c] *= keepFactor(sample, head, query[r], key[c]);
        }
      }
    }
    for (var part = 0u; part < valueParts; part++) {
      for (var r = 0u; r < 4u; r++) {
        o[part * 4u + r] *= rescale[r];
      }
    }
    shareWeights(p, thread);
    let values = Rows(base + vOffset + keyValueHead * valueSize, rowStride, firstKey);
    addWeighted(&o, values, valueSize, thread);
  }

  rowValues[thread] = sum;
  workgroupBarrier();
  sum = vec4<f32>();
  for (var c = 0u; c < 8u; c++) {
    sum += rowValues[thread / 8u * 8u + c];
  }
  let logSums = largest + log(sum);
  for (var r = 0u; r < 4u; r++) {
    if (query[r] < time) {
      if (thread % 8u == 0u) {
        logSumExp[(sample * heads + head) * time + query[r]] = logSums[r];
      }
      for (var c = 0u; c < 4u * valueParts; c++) {
        let column = c / 4u * tile + thread % 8u * 4u + c % 4u;
        if (column < valueSize) {
          y[((sample * time + query[r]) * heads + head) * valueSize + column] = o[c / 4u * 4u + r][c % 4u] / sum[r];
        }
      }
    }
  }
}
