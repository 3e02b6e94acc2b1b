// Adafactor of a matrix (Shazeer and Stern 2018), PyTorch's. The mean squares of its rows and columns are kept, r and c, and
// the second moment is taken to be v = r·cᵀ ÷ mean(r): r += b(mean g² − r), b = t^−decayExponent. With u = g ÷ √v:
// w = w(1 − rate·decay) − α·u ÷ max(1, rms(u) ÷ updateClip),  α = max(minimumScale, rms(w)) · min(rate, 1 ÷ √t).
// rowMeans: one workgroup a row. columnSums: an invocation sums a slice of a column. finish: one workgroup a matrix for the
// rest of c, for mean(r) and α. updateSums and apply: `steps` elements an invocation. Matrices of equal size, `pieces` side by
// side and stacked, are taken together, each by itself; the rows of a single one may lie in several blocks, each with
// dispatches of its own. A step that is not finite changes nothing.

override steps: u32 = 1u;            // updateSums, apply: elements per invocation
override matrices: u32 = 1u;
override pieces: u32 = 1u;           // matrices side by side
override rows: u32;                  // of a matrix in this block; finish: in all
override columns: u32;
override stride: u32 = 1u;           // row length of the parameter
override firstColumn: u32 = 0u;      // column of the parameter where the first matrix starts
override firstRow: u32 = 0u;         // row of the matrix where the block starts
override rowStart: u32 = 0u;         // element of rowFactors where the first matrix starts
override parts: u32 = 1u;            // of a matrix in gradientSquares or updateSquares, of all blocks
override firstPart: u32 = 0u;        // of this block
override sliceRows: u32 = 1u;
override elements: u32 = 1u;         // of a whole matrix
override decayExponent: f32 = 0.8;
override epsilon: f32 = 1e-8;        // least mean(r), and least √v
override minimumScale: f32 = 1e-3;
override updateClip: f32 = 1.0;
override weightDecay: f32 = 0.0;
override clearGradient: u32 = 0u;    // 1 leaves the gradients at zero, for the next accumulation

@group(0) @binding(0) var<storage, read_write> weights: array<f32>;       // of the block
@group(0) @binding(1) var<storage, read_write> gradients: array<f32>;     // like weights
@group(0) @binding(2) var<storage, read> metrics: array<f32>;             // [2] 1 if finite, [3] clip factor
@group(0) @binding(3) var<storage, read_write> rowFactors: array<f32>;    // r of all matrices of the parameter, one by one
@group(0) @binding(4) var<storage, read_write> columnFactors: array<f32>; // c, as the parameter without its rows
@group(0) @binding(5) var<storage, read_write> weightSquares: array<f32>; // [matrices, rows]: Σ w² of each row
@group(0) @binding(6) var<storage, read_write> gradientSquares: array<f32>; // [matrices, parts, columns]: Σ g²
@group(0) @binding(7) var<storage, read_write> scales: array<f32>;        // [matrices, 2]: 1 ÷ mean(r), α
@group(0) @binding(8) var<storage, read_write> updateSquares: array<f32>; // [matrices, parts]: they sum to Σ u²

const threads = 128u;
var<workgroup> partial: array<vec2<f32>, threads>;

/// The sums over the workgroup, in a tree of fixed order. Control flow must be uniform.
fn sumOverGroup(thread: u32, value: vec2<f32>) -> vec2<f32> {
  partial[thread] = value;
  workgroupBarrier();
  for (var width = threads / 2u; width > 0u; width /= 2u) {
    if (thread < width) {
      partial[thread] += partial[thread + width];
    }
    workgroupBarrier();
  }
  return partial[0];
}

/// b: the part of a mean that is new.
fn newPart() -> f32 {
  return pow(f32(step.step), -decayExponent);
}

fn relativeRate(meanSquare: f32) -> f32 {
  return max(minimumScale, sqrt(meanSquare)) * min(step.learningRate, inverseSqrt(f32(step.step)));
}

/// Where an element lies in weights and gradients, and its column in columnFactors.
/// Packed matrices (queries, keys and values, or experts) are factored each by itself, as if they were parameters of
/// their own.
fn placeOf(matrix: u32, row: u32, column: u32) -> u32 {
  return (matrix / pieces * rows + row) * stride + firstColumn + matrix % pieces * columns + column;
}

fn columnOf(matrix: u32, column: u32) -> u32 {
  return matrix / pieces * stride + firstColumn + matrix % pieces * columns + column;
}

/// u of an element of the block; v is r·c ÷ mean(r).
/// Rank one: of all r·cᵀ with the rows' and columns' means as they are, the one nearest to v in I-divergence (§3).
fn updateOf(matrix: u32, row: u32, column: u32) -> f32 {
  let r = rowFactors[rowStart + matrix * rows + firstRow + row];
  let v = r * scales[2u * matrix] * columnFactors[columnOf(matrix, column)];
  return gradients[placeOf(matrix, row, column)] * metrics[3] / sqrt(max(v, epsilon * epsilon));
}

@compute @workgroup_size(threads)
fn rowMeans(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let group = linearWorkgroup(id);
  if (group >= launch.endWorkgroup) {
    return;
  }
  var sums = vec2(0.0);
  // Neighbours read neighbouring columns of the row.
  for (var column = thread; column < columns; column += threads) {
    let place = placeOf(group / rows, group % rows, column);
    let gradient = gradients[place] * metrics[3];
    sums += vec2(gradient * gradient, weights[place] * weights[place]);
  }
  let total = sumOverGroup(thread, sums);
  if (thread == 0u) {
    weightSquares[firstRow + group] = total.y;
    if (metrics[2] == 1.0) {
      let row = rowStart + firstRow + group;
      rowFactors[row] += newPart() * (total.x / f32(columns) - rowFactors[row]);
    }
  }
}

@compute @workgroup_size(threads)
fn columnSums(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let group = linearWorkgroup(id);
  let width = (columns + threads - 1u) / threads;
  let slices = (rows + sliceRows - 1u) / sliceRows;
  let column = group % width * threads + thread;
  if (group >= launch.endWorkgroup || column >= columns) {
    return;
  }
  let matrix = group / width / slices;
  let slice = group / width % slices;
  let end = min((slice + 1u) * sliceRows, rows);
  var sum = 0.0;
  for (var row = slice * sliceRows; row < end; row++) {
    let gradient = gradients[placeOf(matrix, row, column)] * metrics[3];
    sum += gradient * gradient;
  }
  gradientSquares[(matrix * parts + firstPart + slice) * columns + column] = sum;
}

@compute @workgroup_size(threads)
fn finish(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let matrix = linearWorkgroup(id);
  if (matrix >= launch.endWorkgroup) {
    return;
  }
  for (var column = thread; column < columns; column += threads) {
    var sum = 0.0;
    for (var part = matrix * parts; part < (matrix + 1u) * parts; part++) {
      sum += gradientSquares[part * columns + column];
    }
    if (metrics[2] == 1.0) {
      let place = columnOf(matrix, column);
      columnFactors[place] += newPart() * (sum / f32(rows) - columnFactors[place]);
    }
  }
  var sums = vec2(0.0);
  for (var row = matrix * rows + thread; row < (matrix + 1u) * rows; row += threads) {
    sums += vec2(rowFactors[rowStart + row], weightSquares[row]);
  }
  let total = sumOverGroup(thread, sums);
  if (thread == 0u) {
    scales[2u * matrix] = 1.0 / max(total.x / f32(rows), epsilon);
    scales[2u * matrix + 1u] = relativeRate(total.y / f32(rows * columns));
  }
}

@compute @workgroup_size(threads)
fn updateSums(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let group = linearWorkgroup(id);
  if (group >= launch.endWorkgroup) {
    return;
  }
  let groups = (rows * columns + steps * threads - 1u) / (steps * threads); // of a matrix
  let matrix = group / groups;
  let start = group % groups * steps * threads;
  var sum = 0.0;
  for (var element = start + thread; element < min(start + steps * threads, rows * columns); element += threads) {
    let update = updateOf(matrix, element / columns, element % columns);
    sum += update * update;
  }
  let total = sumOverGroup(thread, vec2(sum, 0.0));
  if (thread == 0u) {
    updateSquares[matrix * parts + firstPart + group % groups] = total.x;
  }
}

@compute @workgroup_size(threads)
fn apply(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let group = linearWorkgroup(id);
  if (group >= launch.endWorkgroup) {
    return;
  }
  let groups = (rows * columns + steps * threads - 1u) / (steps * threads); // of a matrix
  let matrix = group / groups;
  let start = group % groups * steps * threads;
  var squares = 0.0;
  // Every workgroup of the matrix adds up the same sums in the same order, and comes to the same factor.
  for (var part = thread; part < parts; part += threads) {
    squares += updateSquares[matrix * parts + part];
  }
  let meanSquare = sumOverGroup(thread, vec2(squares, 0.0)).x / f32(elements);
  let factor = scales[2u * matrix + 1u] / max(1.0, sqrt(meanSquare) / updateClip);
  for (var element = start + thread; element < min(start + steps * threads, rows * columns); element += threads) {
    let place = placeOf(matrix, element / columns, element % columns);
    if (metrics[2] == 1.0) {
      let kept = weights[place] * (1.0 - step.learningRate * weightDecay);
      weights[place] = kept - factor * updateOf(matrix, element / columns, element % columns);
    }
    if (clearGradient == 1u) {
      gradients[place] = 0.0;
    }
  }
}
