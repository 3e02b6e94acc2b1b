// Muon (Jordan et al. 2024) around its matrix products, for one matrix that may be a range of columns of a parameter.
// momentum: m += (1 − β)(g − m); x = g + β(m − g), Nesterov's, packed.  normalise: x ÷ (‖x‖ + 1e-7).
// polynomial: y = a·1 + b·s + c·y of square s and y = s·s, so that y·x is one step of Newton and Schulz.
// apply: w = w·(1 − rate·decay) − rate·scale·x. A step that is not finite changes nothing.

override rows: u32 = 1u;
override columns: u32;
override stride: u32 = 1u;        // row length of the parameter
override momentum: f32 = 0.0;
override clearGradient: u32 = 0u; // 1 leaves the gradients at zero, for the next accumulation
override groups: u32 = 1u;
override rate: f32 = 1.0;         // factor on the step's learning rate
override scale: f32 = 1.0;
override weightDecay: f32 = 0.0;

@group(0) @binding(0) var<storage, read_write> gradients: array<f32>; // of the parameter
@group(0) @binding(1) var<storage, read_write> moment1: array<f32>;   // of the parameter
@group(0) @binding(2) var<storage, read_write> weights: array<f32>;   // of the parameter
@group(0) @binding(3) var<storage, read> metrics: array<f32>;         // [2] 1 if finite, [3] clip factor
@group(0) @binding(4) var<storage, read_write> x: array<f32>;         // [rows, columns]
@group(0) @binding(5) var<storage, read> update: array<f32>;          // [rows, columns]: x when it is done
@group(0) @binding(6) var<storage, read> squares: array<f32>;         // [groups]: they sum to ‖x‖²
@group(0) @binding(7) var<storage, read> s: array<f32>;               // [columns, columns]
@group(0) @binding(8) var<storage, read_write> y: array<f32>;         // [columns, columns]

// The products between are matmul's: s = xᵀ·x, y = s·s, and x·(a·1 + b·s + c·s²). A parameter of packed matrices
// (queries, keys, values) is taken apart, since each is to be orthogonal by itself.
const threads = 128u;
const maximumSteps = 0x1000000u; // loops break before: a constant bound costs no guard, a near one would be unrolled

/// Momentum, and its packed direction for the iteration: one element an invocation.
@compute @workgroup_size(threads)
fn gatherMomentum(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let group = linearWorkgroup(id);
  let element = group * threads + thread;
  if (group >= launch.endWorkgroup || element >= rows * columns) {
    return;
  }
  // From the packed matrix to its place in the parameter.
  let index = launch.firstElement + element / columns * stride + element % columns;
  let gradient = gradients[index] * metrics[3];
  var direction = 0.0;
  if (metrics[2] == 1.0) {
    var moment = moment1[index];
    moment += (1.0 - momentum) * (gradient - moment);
    moment1[index] = moment;
    direction = gradient + momentum * (moment - gradient);
  }
  // Packed, for the products; 0 where the step is dropped, whose polynomial is 0 as well.
  x[element] = direction;
  if (clearGradient == 1u) {
    gradients[index] = 0.0;
  }
}

/// x ÷ ‖x‖, before the first product.
@compute @workgroup_size(threads)
fn normalise(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let group = linearWorkgroup(id);
  let element = group * threads + thread;
  if (group >= launch.endWorkgroup || element >= rows * columns) {
    return;
  }
  var sum = 0.0;
  // Every invocation adds the few sums again, in one order: cheaper than a dispatch of its own.
  for (var i = 0u; i < maximumSteps; i++) {
    if (i >= groups) {
      break;
    }
    sum += squares[i];
  }
  // Frobenius' norm bounds the largest singular value: the iteration, which wants them all in (0, 1], converges.
  x[element] /= sqrt(sum) + 1e-7;
}

/// y = a·1 + b·s + c·s², given s² in y: one element an invocation, between two products.
@compute @workgroup_size(threads)
fn polynomial(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let group = linearWorkgroup(id);
  let element = group * threads + thread;
  if (group >= launch.endWorkgroup || element >= columns * columns) {
    return;
  }
  // Coefficients of Jordan et al.: they bring small singular values up as fast as may be, and leave all of them
  // within about 0.3 of 1 rather than at 1, which serves as well.
  var sum = -4.775 * s[element] + 2.0315 * y[element];
  // a on the diagonal: so a·x needs no pass of its own.
  if (element / columns == element % columns) {
    sum += 3.4445;
  }
  y[element] = sum;
}

/// Writes the update back into the parameter, whose matrix may be a range of columns.
@compute @workgroup_size(threads)
fn scatterUpdate(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let group = linearWorkgroup(id);
  let element = group * threads + thread;
  if (group >= launch.endWorkgroup || element >= rows * columns || metrics[2] != 1.0) {
    return;
  }
  let index = launch.firstElement + element / columns * stride + element % columns;
  // With matrixScale `rms` an orthogonal update is as large as AdamW's would be, so that one rate serves both (Liu et
  // al. 2025).
  let learningRate = step.learningRate * rate;
  weights[index] = weights[index] * (1.0 - learningRate * weightDecay) - learningRate * scale * update[element];
}
