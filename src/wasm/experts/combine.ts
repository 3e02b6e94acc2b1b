// Sums the experts' outputs of each token in the order of its slots, with the gradients by outputs and weights.
import { dot } from '../numeric/few-rows.ts';
import { madd, storeLanes } from '../numeric/vector.ts';
import { droppedRow } from './placement.ts';

/** y[n] = (residual[n] +) Σⱼ weights[n, j] · outputs[rows[n, j]] (+ y[n]); every weight is 1 unless `weighted`. */
export function expertCombineCombine(
  outputs: usize,
  weights: usize,
  rows: usize,
  residual: usize,
  y: usize,
  perToken: i32,
  columns: i32,
  weighted: i32,
  hasResidual: i32,
  accumulate: i32,
  first: i32,
  last: i32,
): void {
  const bytes = (<usize>columns) << 2;
  for (let token = first; token < last; token++) {
    const to = y + <usize>token * bytes;
    const added = residual + <usize>token * bytes;
    for (let c = 0; c < columns; c += 4) {
      const at = (<usize>c) << 2;
      let sum = hasResidual ? v128.load(added + at) : f32x4.splat(0);
      if (accumulate) sum = f32x4.add(sum, v128.load(to + at));
      for (let choice = token * perToken; choice < (token + 1) * perToken; choice++) {
        const place = (<usize>choice) << 2;
        const row = load<i32>(rows + place);
        if (row === droppedRow) continue;
        const output = v128.load(outputs + <usize>row * bytes + at);
        sum = weighted ? madd(v128.load_splat<f32>(weights + place), output, sum) : f32x4.add(sum, output);
      }
      storeLanes(to + at, sum, columns - c);
    }
  }
}

/** Units of work: tokens. */
export function expertCombineCombineUnits(tokens: i32): i32 {
  return tokens;
}

/** dOutputs[r] = weights[a] · dy[token of a] with a = assignments[r], for the rows r that are used. */
export function expertCombineSpread(
  weights: usize,
  dy: usize,
  assignments: usize,
  offsets: usize,
  dOutputs: usize,
  perToken: i32,
  columns: i32,
  experts: i32,
  first: i32,
  last: i32,
): void {
  const bytes = (<usize>columns) << 2;
  const used = load<i32>(offsets + ((<usize>experts) << 2));
  for (let row = first; row < min(last, used); row++) {
    const choice = load<i32>(assignments + ((<usize>row) << 2));
    const weight = v128.load_splat<f32>(weights + ((<usize>choice) << 2));
    const from = dy + <usize>(choice / perToken) * bytes;
    const to = dOutputs + <usize>row * bytes;
    for (let c = 0; c < columns; c += 4) {
      const at = (<usize>c) << 2;
      storeLanes(to + at, f32x4.mul(weight, v128.load(from + at)), columns - c);
    }
  }
}

/** Units of work: rows. */
export function expertCombineSpreadUnits(tokens: i32, perToken: i32): i32 {
  return tokens * perToken;
}

/** dWeights[n, j] = dy[n] · outputs[rows[n, j]]; 0 for a dropped choice. */
export function expertCombineDots(
  outputs: usize,
  rows: usize,
  dy: usize,
  dWeights: usize,
  perToken: i32,
  columns: i32,
  first: i32,
  last: i32,
): void {
  const bytes = (<usize>columns) << 2;
  for (let choice = first; choice < last; choice++) {
    const row = load<i32>(rows + ((<usize>choice) << 2));
    const given = dy + <usize>(choice / perToken) * bytes;
    const sum: f32 = row === droppedRow ? 0 : dot(given, outputs + <usize>row * bytes, columns);
    f32.store(dWeights + ((<usize>choice) << 2), sum);
  }
}

/** Units of work: choices. */
export function expertCombineDotsUnits(tokens: i32, perToken: i32): i32 {
  return tokens * perToken;
}
