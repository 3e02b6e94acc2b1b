// Predictions held against measurements, on one tiny model: the numbers are the device's, their relations are ours.
import { expect, it } from 'vitest';
import type { ValidationRow } from '../../../src/contract/validation.ts';
import { summarizeRows, validatePredictions } from '../../../src/lab/cost/validation.ts';
import { gpuEngine } from '../../../src/lab/plans/engine.ts';
import type { DeviceProfile } from '../../../src/plan/device-profile.ts';
import { describeGpu, getTestDevice } from '../../gpu-device.ts';
import { gpuChanges, tinyExperiment } from '../training/tiny-runs.ts';

const exactly = (value: number) => ({ value, spread: 0, repeats: 9 });
const profile: DeviceProfile = {
  ...{ version: 5, device: 'assumed', timer: 'paper', kernels: {} },
  fmaFlopsPerSecond: exactly(1e11),
  paceSeconds: exactly(0.01),
  slowing: exactly(1),
  switchSeconds: exactly(0),
  mixing: exactly(1),
  copyBytesPerSecond: [{ bytes: 1e6, rate: exactly(1e10) }],
  launchSeconds: exactly(1e-5),
  submitSeconds: exactly(1e-3),
  queueSeconds: exactly(1e-4),
};

/** The fewest and shortest windows: what is timed is no matter here. */
const timing = { windowSeconds: 0.01, seconds: 0 };

const tiny = {
  name: 'tiny',
  experiment: tinyExperiment({ model: { ...gpuChanges.gpt2.model, layers: 1 } }),
  kinds: ['training', 'evaluation', 'prefill', 'decode'],
} as const;

describeGpu('validatePredictions', () => {
  it('gives a row for every piece of work, and sums them up', async () => {
    const engine = gpuEngine(await getTestDevice(), profile);
    const rows: ValidationRow[] = [];
    const fractions: number[] = [];
    const summary = await validatePredictions(engine, [tiny], {
      onRow: (row) => rows.push(row),
      onProgress: (fraction) => fractions.push(fraction),
      paceSeconds: async () => 0.01 / 0.9,
      timing,
    });
    expect(rows.map(({ kind }) => kind)).toEqual(tiny.kinds);
    for (const row of rows) {
      expect(row.measuredSeconds).toBeGreaterThan(0);
      expect(row.repeats).toBeGreaterThanOrEqual(5);
      expect(row.paceRatio).toBeCloseTo(0.9, 12);
      expect(row.error).toBeCloseTo(Math.abs(row.seconds / row.measuredSeconds - 1), 12);
      const { measured, ...parts } = row.waterfall;
      expect(Object.values(parts).reduce((sum, part) => sum + part, 0)).toBeCloseTo(measured, 9);
    }
    expect(summary).toMatchObject({
      configurations: 4,
      paceRatio: expect.closeTo(0.9, 12),
      device: 'assumed',
    });
    expect([...fractions].sort((a, b) => a - b)).toEqual(fractions);
  });

  it('ends after the measurement in hand when it is cancelled', async () => {
    const engine = gpuEngine(await getTestDevice(), profile);
    const abort = new AbortController();
    const rows: ValidationRow[] = [];
    const onRow = (row: ValidationRow) => {
      rows.push(row);
      abort.abort();
    };
    const small = { ...tiny, kinds: ['evaluation', 'prefill'] as const };
    await validatePredictions(engine, [small, small], {
      onRow,
      onProgress: () => undefined,
      paceSeconds: async () => 0.01,
      timing,
      signal: abort.signal,
    });
    expect(rows).toHaveLength(1);
  });

  it.each([
    ['not calibrated', undefined, /this one is not\. Calibrate first/],
    ['calibrated for one experiment', { ...profile, isQuick: true }, /for one experiment.*Calibrate first/],
  ])('refuses a device that was %s', async (_, known, message) => {
    const engine = gpuEngine(await getTestDevice(), known);
    const quiet = { onRow: () => undefined, onProgress: () => undefined, paceSeconds: async () => 0.01 };
    await expect(validatePredictions(engine, [tiny], quiet)).rejects.toThrow(message);
  });
});

it('errors are summed up by their median and 90th percentile', () => {
  const row = (error: number): ValidationRow => ({
    ...{ name: 'x', kind: 'training', what: '', tokens: 1, usefulFlops: 1, limitSeconds: 1, limitError: 0 },
    ...{
      seconds: 1,
      relativeError: 0,
      measuredSeconds: 1,
      measuredSpread: 0,
      repeats: 5,
      error,
      paceRatio: 1,
    },
    waterfall: {
      ...{ arithmeticAtPeak: 0, bandwidthExcess: 0, tileAndOccupancy: 0, launches: 0, hostAndQueue: 0 },
      ...{ unexplained: -error, measured: 1 },
    },
  });
  const errors = Array.from({ length: 11 }, (_, i) => i / 100);
  const summary = summarizeRows(errors.map(row));
  expect(summary.configurations).toBe(11);
  expect(summary.medianError).toBeCloseTo(0.05, 12);
  expect(summary.ninetiethPercentileError).toBeCloseTo(0.09, 12);
  expect(summary.medianUnexplained).toBeCloseTo(0.05, 12);
  expect(summarizeRows([]).medianError).toBeNaN();
});
