// The curve of a run and the kernels of a step as CSV.

import type { KernelRow } from '../../contract/kernels.ts';
import { toCsv } from '../../text/csv.ts';
import type { RunSeries } from '../state/series.ts';

/** Every point and evaluation of a curve, in the order of steps; units are in the head: losses in nats per token. */
export function curveCsv({ points, evaluations }: RunSeries): string {
  const head = ['step', 'tokens', 'flops', 'seconds', 'loss', 'validation loss'];
  const more = ['learning rate', 'gradient norm', 'step seconds', 'tokens per second'];
  const rows = [
    ...points.map((point) => [
      ...[point.step, point.tokens, point.flops, point.seconds, point.loss, undefined],
      ...[point.learningRate, point.gradientNorm, point.stepSeconds, point.tokensPerSecond],
    ]),
    ...evaluations.map(({ step, tokens, flops, seconds, loss }) => [
      ...[step, tokens, flops, seconds, undefined, loss],
      ...[undefined, undefined, undefined, undefined],
    ]),
  ];
  rows.sort(([a = 0], [b = 0]) => a - b);
  return toCsv([...head, ...more], rows);
}

/** Every dispatch of a step, in the order of the plan. */
export function kernelCsv(rows: readonly KernelRow[]): string {
  const head = ['index', 'label', 'phase', 'kernel', 'shape', 'workgroups', 'useful flops', 'launched flops'];
  const more = ['bytes', 'predicted seconds', 'measured seconds', 'measured spread', 'bound by'];
  const latest = ['limit seconds', 'term', 'layer'];
  return toCsv(
    [...head, ...more, ...latest],
    rows.map((row) => [
      ...[row.index, row.label, row.phase, row.kernel, row.shape, row.workgroups],
      ...[row.usefulFlops, row.launchedFlops, row.bytes],
      ...[row.predictedSeconds, row.measuredSeconds, row.measuredSpread, row.boundBy],
      ...[row.limitSeconds, row.term, row.layer],
    ]),
  );
}
