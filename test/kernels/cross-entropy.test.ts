// Cross-entropy and its helpers against their references and PyTorch.
import { expect, it } from 'vitest';
import {
  crossEntropyKernel,
  ignoredTarget,
  lossSumKernel,
  selectTargetsKernel,
} from '../../src/kernels/cross-entropy.ts';
import { beyondOneGridRow, describeKernel } from './describe-kernel.ts';
import { expectClose, goldenCases } from './run-op.ts';

describeKernel(crossEntropyKernel, [
  { rows: 1, columns: 1, gradient: 1, softcap: 0 },
  { rows: 7, columns: 8, gradient: 1, softcap: 3 },
  { rows: 8, columns: 65, gradient: 0, softcap: 0 },
  { rows: 9, columns: 128, gradient: 1, softcap: 3 },
  { rows: 17, columns: 129, gradient: 1, softcap: 0 },
  { rows: 5, columns: 513, gradient: 1, softcap: 3 },
  { rows: 3, columns: 4099, gradient: 1, softcap: 0 },
  ...beyondOneGridRow({ rows: 525_000, columns: 2, gradient: 1, softcap: 3 }),
]);
describeKernel(selectTargetsKernel, [
  { rows: 1, time: 1, rowLength: 2, shift: 1, lastOnly: 1 },
  { rows: 65, time: 5, rowLength: 6, shift: 1, lastOnly: 0 },
  { rows: 63, time: 7, rowLength: 8, shift: 1, lastOnly: 1 },
  { rows: 64, time: 64, rowLength: 64, shift: 0, lastOnly: 1 },
]);
describeKernel(lossSumKernel, [
  { rows: 1, slot: 0, markSlot: 1, accumulate: 0 },
  { rows: 255, slot: 1, markSlot: 0, accumulate: 1 },
  { rows: 256, slot: 0, markSlot: 5, accumulate: 1 },
  { rows: 257, slot: 3, markSlot: 5, accumulate: 0 },
  { rows: 10_007, slot: 0, markSlot: 5, accumulate: 0 },
]);

interface Golden {
  readonly rows: number;
  readonly vocabulary: number;
  readonly ignored: number;
  readonly logits: readonly number[];
  readonly targets: readonly number[];
  readonly loss: number;
  readonly losses: readonly number[];
  readonly dlogits: readonly number[];
}

it.each(goldenCases<Golden>('crossEntropy'))('cross-entropy equals PyTorch', (golden) => {
  const { rows, vocabulary } = golden;
  const counted = golden.targets.filter((target) => target !== golden.ignored).length;
  const arrays = {
    logits: Float64Array.from(golden.logits),
    targets: Uint32Array.from(golden.targets, (id) => (id === golden.ignored ? ignoredTarget : id)),
    loss: new Float64Array(rows),
  };
  const scalars = { lossScale: 1 / counted };
  crossEntropyKernel.reference(arrays, { rows, columns: vocabulary, gradient: 1, softcap: 0 }, scalars);
  expectClose([...arrays.loss], golden.losses);
  expectClose([...arrays.logits], golden.dlogits);
  const metrics = new Float64Array(2);
  const dims = { rows, slot: 0, markSlot: 1, accumulate: 0 };
  lossSumKernel.reference({ losses: arrays.loss, metrics }, dims, { ...scalars, step: 2 ** 24 + 7 });
  expect(metrics[0]).toBeCloseTo(golden.loss, 8);
  expect(metrics[1]).toBe(7);
});
