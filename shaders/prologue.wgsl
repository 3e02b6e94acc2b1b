// Stands before every shader: the launch record, the step record and the counter-based generator. Field order is the
// layout; TypeScript reads names and offsets from here. What else stands before a shader is said in its opening comment,
// with the names that it takes from there ("From …"). An `override` is a dim of the kernel or one of its `constants`: those
// become `const` in the text that the device gets. Other dims are in the launch record.

struct Launch {
  firstWorkgroup: u32, // where this slice of the grid starts
  endWorkgroup: u32,   // one past the last workgroup of this slice
  gridWidth: u32,      // workgroups in x; the rest of the linear grid is folded into y
  // Dims in which dispatches of a kernel differ and by which no compiler makes quicker code: as overrides, each would
  // have a pipeline of its own.
  operation: u32,      // number of a random operation in the plan
  firstElement: u32,   // element where the part of a tensor starts that a dispatch is about
  biasOffset: u32,     // element where a layer's part of all biases starts
  rows: u32,           // sizes and row lengths of a matrix product
  columns: u32,
  inner: u32,
  xStride: u32,
  wStride: u32,
  yStride: u32,
  slices: u32,         // equal parts that the inner size is cut into, or the rows of a sum of columns
  elements: u32,       // of a flat shard of parameters
  decayElements: u32,  // of these those that decay: the first ones
  groups: u32,         // sums that a norm is made of, each by a workgroup
  firstRow: u32,       // of a table that is cut in blocks of rows, and the rows of this block
  blockRows: u32,
  accumulate: u32,     // 1 adds to a sum of losses
}

struct Step {
  step: u32,            // optimizer step, from 1
  sampleOffset: u32,    // global index of the first sequence of this replay: randomness does not depend on batching
  dropoutSeed: u32,
  length: u32,          // real length of a padded prompt
  lossScale: f32,       // 1 / targets of the whole step
  learningRate: f32,
  biasCorrection1: f32, // 1 − β₁ᵗ
  biasCorrection2: f32, // 1 − β₂ᵗ
  slot: u32,            // of the sequence that a prompt fills; a token's rows begin with slot 0
}

@group(1) @binding(0) var<uniform> launch: Launch;
@group(1) @binding(1) var<uniform> step: Step;

/// Index of this workgroup on the linear grid. Callers return early when it is not below launch.endWorkgroup.
fn linearWorkgroup(id: vec3<u32>) -> u32 {
  return launch.firstWorkgroup + id.y * launch.gridWidth + id.x;
}

/// Four random words for a counter. Jarzynski and Olano, "Hash Functions for GPU Rendering" (2020), pcg4d.
/// A hash of the counter, not a sequence: any invocation gets any number without those before it.
fn randomWords(counter: vec4<u32>) -> vec4<u32> {
  var v = counter * 1664525u + 1013904223u;
  v.x += v.y * v.w;
  v.y += v.z * v.x;
  v.z += v.x * v.y;
  v.w += v.y * v.z;
  v = v ^ (v >> vec4<u32>(16u));
  v.x += v.y * v.w;
  v.y += v.z * v.x;
  v.z += v.x * v.y;
  v.w += v.y * v.z;
  return v;
}

/// Uniform in [0, 1) with 24 bits, from (seed, step, global sample, operation, element).
fn randomUniform(seed: u32, stepIndex: u32, sample: u32, operation: u32, element: u32) -> f32 {
  let word = randomWords(vec4<u32>(seed + operation * 2654435769u, stepIndex, sample, element)).x;
  return f32(word >> 8u) * (1.0 / 16777216.0);
}
