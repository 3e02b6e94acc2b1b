// The term table of a step that was measured on this GPU, whose time as a whole is measured where none is known.
import { expect, it } from 'vitest';
import { isTableOf, measuredTable, totalsBy } from '../../../src/lab/cost/kernel-table.ts';
import { termReport } from '../../../src/lab/cost/terms.ts';
import { gpuEngine } from '../../../src/lab/plans/engine.ts';
import { describeGpu, getTestDevice } from '../../gpu-device.ts';
import { gpuChanges, stateOf, tinyRun } from '../training/tiny-runs.ts';

describeGpu('a measured step', () => {
  it('has a share of its time for every term, beside formula and plan', async () => {
    const engine = gpuEngine(await getTestDevice());
    const { model, train } = gpuChanges.llama;
    const run = await tinyRun({ model: { ...model, layers: 1 }, train }, engine);
    const before = await stateOf(run);
    const begin = performance.now();
    const kernels = await measuredTable(engine, run, undefined);
    const wall = (performance.now() - begin) / 1000;
    // Steps were timed within, on a copy.
    expect(kernels.stepSeconds).toBeGreaterThan(0);
    expect(kernels.stepSeconds).toBeLessThan(wall);
    expect(await stateOf(run)).toEqual(before);
    run.runtime.dispose();
    expect(isTableOf(kernels, run.plans)).toBe(true);
    const [table] = termReport(run.experiment, run.plans, undefined, kernels).tables;
    expect(table?.method).toBe(kernels.method);
    const rows = table?.rows ?? [];
    expect(rows.reduce((sum, { measuredShare = 0 }) => sum + measuredShare, 0)).toBeCloseTo(1, 9);
    for (const total of totalsBy('term', kernels)) {
      const row = rows.find(({ term }) => term === total.name);
      expect(row?.measuredSeconds ?? 0).toBeCloseTo(total.measuredSeconds ?? Number.NaN, 12);
      expect(row?.dispatches).toBe(total.dispatches);
    }
    expect(table?.total.unexplainedFlops).toBe(0);
  });
});
