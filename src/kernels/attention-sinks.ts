// Gradients of attention's sinks: a learned logit a head that takes part in the softmax of each row and adds nothing to it.
import source from '../../shaders/attention-sinks.wgsl?raw';
import { defineKernel } from '../plan/kernel.ts';
import type { Tape } from '../plan/tape.ts';
import type { Tensor } from '../plan/tensor.ts';
import { attentionTensors, packedDims } from './attention-shape.ts';
import { recordColumnSum } from './column-sum.ts';
import { prologue } from './prologue.ts';
import { sumsSource } from './workgroup-sums.ts';

/** sums[b, h] = −Σ_t exp(sinks[h] − logSumExp[b, h, t]) · delta[b, h, t], a sample's part of the gradient of the sinks. */
export const attentionSinkGradients = defineKernel({
  name: 'attention.sinks',
  role: 'attention',
  arithmetic: 'attention sinks',
  source: prologue + sumsSource + source,
  entryPoint: 'main',
  dims: ['batch', 'time', 'heads'],
  reads: ['sinks', 'logSumExp', 'delta'],
  writes: ['sums'],
  tensors: ({ batch, time, heads }) => {
    const sizes = { batch, time, heads, keyValueHeads: 1, keySize: 1, valueSize: 1 };
    const { logSumExp, delta } = attentionTensors(packedDims(sizes, 1, 0, 0));
    return { sinks: { shape: [heads] }, logSumExp, delta, sums: { shape: [batch, heads] } };
  },
  selfTest: [
    { batch: 2, time: 37, heads: 3 },
    { batch: 1, time: 130, heads: 2 },
  ],
  calibration: [
    { batch: 12, time: 64, heads: 4 },
    { batch: 8, time: 128, heads: 6 },
    { batch: 16, time: 256, heads: 6 },
  ],
  workgroups: ({ batch, heads }) => batch * heads,
  // The sink is a key with the value 0, hence dp = 0: of softmax's gradient p·(dp − delta) only −p·delta is left.
  // subtract, exp, multiply, sum
  usefulFlops: ({ batch, time, heads }) => 4 * batch * time * heads,
  // logSumExp and delta are read, a number a sample and head is written
  bytes: ({ batch, time, heads }) => 4 * (2 * batch * time * heads + batch * heads + heads),
  reference({ sinks, logSumExp, delta, sums }, { batch, time, heads }) {
    for (let index = 0; index < batch * heads; index++) {
      let sum = 0;
      for (let row = index * time; row < (index + 1) * time; row++) {
        sum -= Math.exp(sinks[index % heads] - logSumExp[row]) * delta[row];
      }
      sums[index] = sum;
    }
  },
});

/** Records the gradient of the sinks of one attention. sinks: [heads]; logSumExp (sink included), delta: [batch, heads, time]. */
export function recordSinkGradients(
  tape: Tape,
  { batch, time, heads }: Readonly<Record<'batch' | 'time' | 'heads', number>>,
  { sinks, logSumExp, delta }: Readonly<Record<'sinks' | 'logSumExp' | 'delta', Tensor>>,
): void {
  // In two steps, samples apart: all rows in one workgroup a head would leave a wide device idle.
  const sums = tape.tensor('sink sums', [batch, heads]);
  tape.dispatch(attentionSinkGradients, { batch, time, heads }, { sinks, logSumExp, delta, sums });
  const { gradient, accumulate } = tape.gradientTarget(sinks);
  recordColumnSum(tape, { x: sums, y: gradient }, { rows: batch, columns: heads, accumulate });
}
