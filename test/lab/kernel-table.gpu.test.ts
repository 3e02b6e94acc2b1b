// The step's plan as a table: rows join prediction and measurement, and measuring leaves the run as it is.
import { expect, it } from 'vitest';
import { gpuEngine } from '../../src/lab/engine.ts';
import { measuredTable, predictedTable } from '../../src/lab/kernel-table.ts';
import type { DeviceProfile } from '../../src/plan/predict.ts';
import { describeGpu, getTestDevice } from '../gpu-device.ts';
import { families, stateOf, takeLosses, takeSteps, tinyRun } from './tiny-runs.ts';

const measurement = (value: number) => ({ value, spread: 0, repeats: 1 });
const profile: DeviceProfile = {
  version: 1,
  device: 'test',
  fmaFlopsPerSecond: measurement(1e11),
  copyBytesPerSecond: [{ bytes: 1e6, rate: measurement(1e10) }],
  launchSeconds: measurement(1e-6),
  submitSeconds: measurement(1e-4),
  kernels: {},
  timer: 'none',
};

it('the table of predictions has a row per dispatch, with flops, bytes and seconds', async () => {
  const run = await tinyRun({ model: families.llama });
  const { rows, method, sumOverStep } = predictedTable(run, profile);
  const dispatches = [...run.plans.accumulate.dispatches, ...run.plans.update.dispatches];
  expect(rows.map(({ kernel }) => kernel)).toEqual(dispatches.map(({ kernel }) => kernel.name));
  expect(rows.map(({ label }) => label)).toEqual(dispatches.map(({ label }) => label));
  expect(new Set(rows.map(({ phase }) => phase))).toEqual(new Set(['forward', 'backward', 'update']));
  for (const row of rows) {
    expect(row.bytes).toBeGreaterThan(0);
    expect(row.launchedFlops).toBeGreaterThanOrEqual(row.usefulFlops);
    expect(row.predictedSeconds).toBeGreaterThan(0);
    expect(row.measuredSeconds).toBeUndefined();
  }
  expect([method, sumOverStep]).toEqual(['not measured', undefined]);
  expect(predictedTable(run, undefined).rows[0]).toMatchObject({ boundBy: 'unknown' });
});

describeGpu('measuring a plan', () => {
  it('joins rows by dispatch, and leaves losses, weights and moments bit for bit as they are', async () => {
    const engine = gpuEngine(await getTestDevice(), profile);
    const changes = { model: { layers: 1 } };
    const [plain, profiled] = [await tinyRun(changes, engine), await tinyRun(changes, engine)];
    const losses = await takeLosses(plain, 4);
    const found = await takeLosses(profiled, 2);
    const before = await stateOf(profiled);
    const progress: number[] = [];
    const table = await measuredTable(engine, profiled, 0.01, (done, total) => progress.push(done / total));
    expect(await stateOf(profiled)).toEqual(before);
    found.push(...(await takeLosses(profiled, 2)));
    expect(found).toEqual(losses);
    expect(await stateOf(profiled)).toEqual(await stateOf(plain));

    const predicted = predictedTable(profiled, profile);
    expect(table.rows).toHaveLength(predicted.rows.length);
    for (const [index, row] of table.rows.entries()) {
      expect(row).toMatchObject(predicted.rows[index] ?? {});
      expect(row.measuredSeconds).toBeGreaterThanOrEqual(0);
      expect(Number.isFinite(row.measuredSpread)).toBe(true);
    }
    const sum = table.rows.reduce((total, row) => total + (row.measuredSeconds ?? 0), 0);
    expect(sum).toBeGreaterThan(0);
    expect(table.sumOverStep).toBeCloseTo(sum / 0.01, 6);
    expect(table.method).not.toBe('');
    expect(progress.at(-1)).toBe(1);
    expect([...progress].sort((a, b) => a - b)).toEqual(progress);
    await takeSteps(profiled, 1);
    for (const { runtime } of [plain, profiled]) runtime.dispose();
  });
});
