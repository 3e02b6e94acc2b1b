// What Adafactor's rates depend on: the number of the step, and the size of the weights.

/** b: the part of a mean that is new in this step. */
export function newPart(step: i32, decayExponent: f32): f32 {
  const part: f64 = <f64>step ** -(<f64>decayExponent);
  return <f32>part;
}

/** α of a parameter of this mean square. */
export function relativeRate(learningRate: f32, step: i32, minimumScale: f32, meanSquare: f32): f32 {
  const limited = min<f32>(learningRate, 1 / sqrt<f32>(<f32>step));
  return max<f32>(minimumScale, sqrt<f32>(meanSquare)) * limited;
}
