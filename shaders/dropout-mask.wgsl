// What dropout makes of an element of [rows, columns], its mask from a counter: a number depends on step, global sample,
// operation and place in the sample, not on the batch it came in. Stands before the kernels that drop.

override dropout: f32 = 0.0; // probability
override time: u32 = 1u;     // rows per sample

/// value ÷ (1 − dropout), or 0.
/// From row and column, since a quotient by `time` is one by a constant.
fn dropped(value: f32, row: u32, column: u32, columns: u32) -> f32 {
  let sample = step.sampleOffset + row / time;
  let place = row % time * columns + column;
  let uniform01 = randomUniform(step.dropoutSeed, step.step, sample, launch.operation, place);
  // Divided when training, so that nothing is to be done when sampling ("inverted" dropout).
  return select(value * (1.0 / (1.0 - dropout)), 0.0, uniform01 < dropout);
}
