// The step's plan as a table: rows join prediction and measurement, and measuring leaves the run as it is.
import { expect, it } from 'vitest';
import { measuredTable, predictedTable, totalOf, totalsBy } from '../../../src/lab/cost/kernel-table.ts';
import { gpuEngine } from '../../../src/lab/plans/engine.ts';
import type { DeviceProfile } from '../../../src/plan/device-profile.ts';
import { predictPlan } from '../../../src/plan/predict.ts';
import { describeGpu, getTestDevice } from '../../gpu-device.ts';
import { near } from '../../near.ts';
import { families, gpuChanges, stateOf, takeLosses, takeSteps, tinyRun } from '../training/tiny-runs.ts';

const measurement = (value: number) => ({ value, spread: 0, repeats: 1 });
const profile: DeviceProfile = {
  version: 5,
  device: 'test',
  fmaFlopsPerSecond: measurement(1e11),
  paceSeconds: measurement(0.01),
  slowing: measurement(1),
  switchSeconds: measurement(0),
  mixing: measurement(1),
  copyBytesPerSecond: [{ bytes: 1e6, rate: measurement(1e10) }],
  launchSeconds: measurement(1e-6),
  submitSeconds: measurement(1e-4),
  queueSeconds: measurement(1e-5),
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
    expect(row.limitSeconds).toBeGreaterThan(0);
    expect(row.predictedSeconds).toBeGreaterThan(row.limitSeconds ?? Infinity);
    expect(row.measuredSeconds).toBeUndefined();
  }
  expect([method, sumOverStep]).toEqual(['not measured', undefined]);
  expect(predictedTable(run, undefined).rows[0]).toMatchObject({ boundBy: 'unknown' });
});

it('totals by kernel and by term add up to the step, with micro-batches counted as often as they run', async () => {
  const run = await tinyRun({ model: families.gpt2, train: { accumulation: 3 } });
  const table = predictedTable(run, profile);
  const { accumulate, update } = run.plans;
  const stepSeconds = 3 * predictPlan(accumulate, profile).seconds + predictPlan(update, profile).seconds;
  const dispatches = 3 * accumulate.dispatches.length + update.dispatches.length;
  for (const key of ['kernel', 'term'] as const) {
    const totals = totalsBy(key, table);
    expect(totals.reduce((sum, total) => sum + total.dispatches, 0)).toBe(dispatches);
    const flops = totals.reduce((sum, { usefulFlops }) => sum + usefulFlops, 0);
    expect(flops).toBe(run.trainer.flopsPerStep);
    const seconds = totals.map(({ predictedSeconds }) => predictedSeconds ?? Number.NaN);
    expect(seconds.reduce((sum, value) => sum + value)).toBeCloseTo(stepSeconds, 9);
    expect([...seconds].sort((a, b) => b - a)).toEqual(seconds);
  }
  expect(totalsBy('term', table).map(({ name }) => name)).toEqual(
    expect.arrayContaining(['qkv', 'ffn', 'head', 'optimizer']),
  );
  expect(totalOf('all', table.rows)).toMatchObject({
    measuredSeconds: undefined,
    dispatches: table.rows.length,
  });
});

describeGpu('measuring a plan', () => {
  it('joins rows by dispatch, and leaves losses, weights and moments bit for bit as they are', async () => {
    const engine = gpuEngine(await getTestDevice(), profile);
    const changes = { model: { ...gpuChanges.gpt2.model, layers: 1 } };
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
    expect(table.stepSeconds).toEqual(near(0.01));
    expect(table.method).not.toBe('');
    expect(progress.at(-1)).toBe(1);
    expect([...progress].sort((a, b) => a - b)).toEqual(progress);
    await takeSteps(profiled, 1);
    for (const { runtime } of [plain, profiled]) runtime.dispose();
  });
});
