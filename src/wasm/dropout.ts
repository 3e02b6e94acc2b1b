// Dropout with a mask that is computed from a counter, never stored.
import { grain, grains } from './numeric/grain.ts';
import { randomUniform } from './numeric/random.ts';

/** y = x ∘ mask ÷ (1 − dropout) (+ residual) (+ y). */
export function dropout(
  x: usize,
  residual: usize,
  y: usize,
  rows: i32,
  columns: i32,
  dropout: f32,
  time: i32,
  operation: u32,
  hasResidual: i32,
  accumulate: i32,
  dropoutSeed: u32,
  step: u32,
  sampleOffset: u32,
  first: i32,
  last: i32,
): void {
  const end = min(last * grain, rows * columns);
  const perSample = time * columns;
  const kept: f32 = 1 / (1 - dropout);
  for (let i = first * grain; i < end; i++) {
    const sample = i / perSample;
    const uniform = randomUniform(
      dropoutSeed,
      step,
      sampleOffset + sample,
      operation,
      i - sample * perSample,
    );
    const at = (<usize>i) << 2;
    let value: f32 = uniform < dropout ? 0 : f32.load(x + at) * kept;
    if (hasResidual) value += f32.load(residual + at);
    f32.store(y + at, accumulate ? f32.load(y + at) + value : value);
  }
}

/** Units of work. */
export function dropoutUnits(rows: i32, columns: i32): i32 {
  return grains(rows * columns);
}
