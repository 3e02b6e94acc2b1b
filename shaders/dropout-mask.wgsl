// What dropout makes of an element of [rows, columns], its mask from a counter: a number depends on step, global sample,
// operation and place in the sample, not on the batch it came in. Stands before the kernels that drop.
//
// From the shader that follows: columns.

override dropout: f32 = 0.0; // probability
override time: u32 = 1u;     // rows per sample

/// value ÷ (1 − dropout), or 0.
fn dropped(value: f32, element: u32) -> f32 {
  let sampleElements = time * columns;
  let sample = step.sampleOffset + element / sampleElements;
  let uniform01 = randomUniform(step.dropoutSeed, step.step, sample, launch.operation, element % sampleElements);
  // Divided when training, so that nothing is to be done when sampling ("inverted" dropout).
  return select(value * (1.0 / (1.0 - dropout)), 0.0, uniform01 < dropout);
}
