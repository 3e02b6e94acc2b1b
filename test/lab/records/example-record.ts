// A complete run record with invented figures, for tests of all that reads records.

import type { RunRecord } from '../../../src/contract/records.ts';
import { schemaVersion } from '../../../src/model/config.ts';
import { type Changes, tinyExperiment } from '../training/tiny-runs.ts';

/** A record of `steps` steps with every optional part. */
export function exampleRecord(change: Partial<RunRecord> = {}, changes: Changes = {}, steps = 20): RunRecord {
  const experiment = tinyExperiment({ ...changes, model: { vocabulary: 40, ...changes.model } });
  const place = (step: number) => ({
    ...{ step, tokens: 32 * step, flops: 1e6 * step, seconds: 0.01 * step },
    loss: 3.7 - 1.2 * (step / steps),
  });
  return {
    format: 'flopscope-run',
    version: 1,
    appVersion: '0.1.0',
    id: 'example',
    title: 'An example',
    note: 'Invented.',
    startedAt: '2026-11-22T10:00:00.000Z',
    state: 'finished',
    configVersion: schemaVersion,
    experiment: JSON.parse(JSON.stringify(experiment)),
    dataSha256: 'ab'.repeat(32),
    device: { runtime: 'gpu', name: 'Example GPU 9000', isSoftware: false, host: 'Chrome/148' },
    calibration: {
      fmaFlopsPerSecond: { value: 1e9, spread: 0.02, repeats: 7 },
      copyBytesPerSecond: [{ bytes: 1 << 20, rate: { value: 1e10, spread: 0.05, repeats: 7 } }],
      launchSeconds: { value: 1e-6, spread: 0.1, repeats: 7 },
      kernels: 12,
      timer: 'timestamp queries',
    },
    prediction: {
      parameters: 7000,
      memoryBytes: {
        weights: 28e3,
        gradients: 28e3,
        moments: 56e3,
        activations: 1e5,
        other: 1e3,
        total: 213e3,
      },
      flopsPerToken: [
        { convention: 'plan', flops: 31250, parameters: 7000, note: 'Sum over the dispatches.' },
      ],
      tokensPerStep: 32,
      secondsPerStep: 0.008,
      tokensPerSecond: 4000,
      relativeError: 0.1,
      dispatchesPerStep: 2,
      totalSeconds: 0.4,
    },
    allocatedBytes: 213e3,
    totalSteps: steps,
    floors: { uniform: Math.log(40), unigram: 3, bigram: 2.4 },
    timingMethod: 'Wall clock.',
    timing: { encodeSeconds: 0.001, gpuSeconds: 0.008, readbackSeconds: 0.002, stepSeconds: 0.01 },
    steps: Array.from({ length: steps }, (_, index) => ({
      ...place(index + 1),
      ...{ learningRate: 1e-3, gradientNorm: 0.5, stepSeconds: 0.01, tokensPerSecond: 3200 },
    })),
    evaluations: [place(steps / 2), place(steps)],
    samples: [{ step: steps, text: 'Once upon a time' }],
    kernelTable: {
      method: 'timestamp queries',
      sumOverStep: 0.93,
      rows: [
        {
          ...{ index: 0, label: 'layer 0 / attention / qkv', phase: 'forward', kernel: 'matmul.nn/tiled' },
          ...{ shape: '[32, 16, 48]', workgroups: 4, usefulFlops: 49152, launchedFlops: 65536, bytes: 8192 },
          ...{ predictedSeconds: 1e-5, measuredSeconds: 1.1e-5, measuredSpread: 0.05, boundBy: 'launch' },
        },
      ],
    },
    ...change,
  };
}
