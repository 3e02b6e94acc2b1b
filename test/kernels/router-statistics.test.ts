// The router's statistics and bias against their references, and what the bias does.
import { describe, expect, it } from 'vitest';
import {
  gatherStatistics,
  statisticsStride,
  updateBiasKernel,
  updateRouterBias,
} from '../../src/kernels/router-statistics.ts';
import { describeKernel } from './describe-kernel.ts';
import { expectClose, runOp } from './run-op.ts';

describeKernel(gatherStatistics, [
  { tokens: 1, experts: 1, sigmoid: 0, firstElement: 0 },
  { tokens: 63, experts: 7, sigmoid: 1, firstElement: 0 },
  { tokens: 64, experts: 65, sigmoid: 0, firstElement: 528 },
  { tokens: 1031, experts: 4, sigmoid: 0, firstElement: 20 },
]);
describeKernel(updateBiasKernel, [
  { layers: 1, experts: 1, rate: 0.1 },
  { layers: 3, experts: 64, rate: 0.1 },
  { layers: 2, experts: 131, rate: 0.1 },
]);

describe('updateRouterBias', () => {
  const experts = 3;
  const stride = statisticsStride(experts);
  const loads = [9, 2, 1];
  const run = (flag: number) =>
    runOp(
      {
        bias: { shape: [1, experts], values: [1, 1, 1] },
        statistics: {
          shape: [1, stride],
          values: [...new Array<number>(stride - experts).fill(50), ...loads],
        },
        metrics: { shape: [8], values: [0, 0, flag, 1, 0, 0, 0, 0] },
      },
      (tape, { bias, statistics, metrics }) => {
        updateRouterBias(tape, bias, statistics, metrics, 0.01);
        return bias;
      },
      { training: false },
    );

  it('lowers the bias of overloaded experts, raises the others’ and forgets the step', async () => {
    const { inputs } = await run(1);
    expectClose(inputs.bias, [0.99, 1.01, 1.01]);
    expect(inputs.statistics).toEqual([...new Array<number>(stride - experts).fill(50), 0, 0, 0]);
  });

  it('changes no bias after a step that is not finite', async () => {
    const { inputs } = await run(0);
    expect(inputs.bias).toEqual([1, 1, 1]);
    expect(inputs.statistics?.slice(-experts)).toEqual([0, 0, 0]);
  });
});
