// A lab without a GPU: answers in the shapes of the real one, invents a run, and records what it was asked.

import type { DeviceInfo, SelfTestReport } from '../../../src/contract/device.ts';
import type { Lab } from '../../../src/contract/lab.ts';
import type { LabEvent, Prediction, StepRecord } from '../../../src/contract/runs.ts';
import type { ExperimentJson, Problem, Result } from '../../../src/contract/values.ts';
import { valueAt } from '../../../src/ui/state/experiment.ts';
import { createRecords } from '../../../src/worker/records-service.ts';
import { MemoryStorage } from '../../worker/memory-storage.ts';
import { fakeCatalogue } from './fake-catalogue.ts';
import { fakeComparison, fakeMatch } from './fake-comparison.ts';
import { fakeCalibration as calibration, fakeGpu } from './fake-device.ts';
import { fakeDiagram } from './fake-diagram.ts';
import { fakeInside } from './fake-inside.ts';
import { fakeKernels } from './fake-kernels.ts';
import { fakeLessons } from './fake-lessons.ts';

/** How the fake behaves. */
export interface FakeOptions {
  /** Milliseconds between steps of a run; 0 sends nothing by itself. */
  readonly tick: number;
  readonly device: Result<DeviceInfo>;
  readonly selfTestPasses: boolean;
  readonly isCalibrated: boolean;
  readonly startProblem: Problem | undefined;
  readonly hasSavedRun: boolean;
}

/** A fake lab with the handles that a test needs. */
export interface FakeLab {
  readonly lab: Lab;
  readonly calls: string[];
  /** Sends events as the worker would. */
  send(...events: LabEvent[]): void;
}

const ok = <T>(value: T): Result<T> => ({ kind: 'ok', value });

const predictionOf = (experiment: ExperimentJson, isCalibrated: boolean): Prediction => {
  const width = Number(valueAt(experiment, 'model.width'));
  const layers = Number(valueAt(experiment, 'model.layers'));
  const tokensPerStep =
    Number(valueAt(experiment, 'train.batch')) * Number(valueAt(experiment, 'model.context'));
  const steps = Number(valueAt(experiment, 'train.steps'));
  const parameters = 12 * layers * width * width + 65 * width;
  const secondsPerStep = (8 * parameters * tokensPerStep) / 1e12 + 2e-3;
  const weights = parameters * 4;
  const activations = tokensPerStep * width * layers * 34;
  return {
    parameters,
    memoryBytes: {
      weights,
      gradients: weights,
      moments: 2 * weights,
      activations,
      other: 300_000,
      total: 4 * weights + activations + 300_000,
    },
    flopsPerToken: [
      { convention: 'plan', flops: 6.4 * parameters, parameters, note: 'Sum over the dispatches of a step.' },
      {
        convention: '6N + 12LCT',
        flops: 6.2 * parameters,
        parameters,
        note: 'Attention added, embeddings left out of N.',
      },
      { convention: '6N', flops: 6 * parameters, parameters, note: 'Matrices only.' },
    ],
    tokensPerStep,
    dispatchesPerStep: 41 * layers + 9,
    ...(isCalibrated
      ? {
          secondsPerStep,
          tokensPerSecond: tokensPerStep / secondsPerStep,
          relativeError: 0.12,
          totalSeconds: steps * secondsPerStep,
        }
      : {}),
  };
};

/** The record of one step of an invented run: an exponential fall with a ripple. */
export function fakeStep(step: number): StepRecord {
  return {
    step,
    tokens: step * 1024,
    loss: 1.1 + 3.05 * Math.exp(-step / 90) + 0.07 * Math.sin(step * 1.7) * Math.cos(step * 0.31),
    learningRate: 0.003 * Math.min(1, step / 20) * (1 - step / 500),
    gradientNorm: 0.6 + 0.3 * Math.sin(step / 5),
    stepSeconds: 0.004,
    tokensPerSecond: 240_000 + 9000 * Math.sin(step),
    flops: step * 1.9e9,
    seconds: step * 0.0043,
  };
}

const text =
  'Once there was a small fox who lived by the old mill. Mia gave the fox a red ball and the fox was happy. ';

/** Makes a fake lab. */
export function createFakeLab(options: Partial<FakeOptions> = {}): FakeLab {
  const {
    tick = 0,
    device = ok(fakeGpu),
    selfTestPasses = true,
    startProblem,
    hasSavedRun = false,
  } = options;
  let isCalibrated = options.isCalibrated ?? false;
  const calls: string[] = [];
  let listener: (events: readonly LabEvent[]) => void = () => {};
  let experiment: ExperimentJson = fakeCatalogue.presets[0]?.experiment ?? { model: {}, train: {}, data: {} };
  let step = 0;
  let timer: ReturnType<typeof setInterval> | undefined;
  const send = (...events: LabEvent[]): void => listener(events);
  const totalSteps = (): number => Number(valueAt(experiment, 'train.steps'));

  const advance = (): void => {
    step += 1;
    const record = fakeStep(step);
    send({ kind: 'steps', steps: [record] });
    if (step % 25 === 0) {
      const { tokens, flops, seconds } = record;
      send({ kind: 'evaluation', step, tokens, flops, seconds, loss: record.loss + 0.06 });
      send({ kind: 'sample', step, text: text.repeat(2).slice(step % 40, (step % 40) + 150) });
      send({ kind: 'saved', step, bytes: 1_900_000 });
    }
    if (step % 5 === 0) {
      const timing = {
        encodeSeconds: 0.0002,
        gpuSeconds: 0.0031,
        readbackSeconds: 0.0004,
        stepSeconds: 0.004,
        predictedSeconds: 0.0042,
        modelFlopsUtilization: 0.131,
        peakFlopsPerSecond: 3.6e12,
      };
      send({ kind: 'timing', timing });
    }
    if (step >= totalSteps()) {
      clearInterval(timer);
      send({ kind: 'state', state: 'finished' });
    }
  };
  const run = (): void => {
    send({ kind: 'state', state: 'running' });
    if (tick > 0) timer = setInterval(advance, tick);
  };
  const prepare = (chosen: ExperimentJson): Result<undefined> => {
    if (startProblem !== undefined) return { kind: 'problem', problem: startProblem };
    clearInterval(timer);
    experiment = chosen;
    step = 0;
    const prediction = predictionOf(experiment, isCalibrated);
    const floors = { uniform: Math.log(65), unigram: 2.95, bigram: 2.3 };
    const allocatedBytes = prediction.memoryBytes.total * 1.002;
    send({
      kind: 'prepared',
      id: 'fake',
      title: 'Nano on stories',
      unknownTokens: 0,
      prediction,
      allocatedBytes,
      totalSteps: totalSteps(),
      floors,
    });
    return ok(undefined);
  };
  const validate = (chosen: ExperimentJson): Result<ExperimentJson> => {
    const width = Number(valueAt(chosen, 'model.width'));
    const heads = Number(valueAt(chosen, 'model.heads'));
    if (width % heads === 0) return ok(chosen);
    const message = `Query heads must divide the width: ${heads} does not divide ${width}.`;
    return {
      kind: 'problem',
      problem: { kind: 'invalidConfig', message, fields: [{ path: 'model.heads', message }] },
    };
  };
  const report: SelfTestReport = {
    passed: selfTestPasses,
    rows: ['matmul-tiled', 'attention', 'rms-norm', 'adamw'].map((kernel, index) => ({
      kernel,
      shape: '[37, 40]',
      maximumError: 3e-7,
      tolerance: 1e-5,
      passed: selfTestPasses || index !== 1,
    })),
    kernels: 4,
    remembered: 0,
    seconds: 0.6,
  };

  const lab: Partial<Lab> = {
    lifeLock: async () => undefined,
    catalogue: async () => fakeCatalogue,
    validate: async (chosen) => validate(chosen),
    addressOf: async (_chosen, presetId) => `v=1&preset=${presetId}`,
    fromAddress: async (query) => {
      const id = new URLSearchParams(query).get('preset') ?? 'nano';
      const preset = fakeCatalogue.presets.find((candidate) => candidate.id === id);
      if (preset !== undefined) return { experiment: preset.experiment, presetId: id, notices: [] };
      return { experiment, presetId: 'nano', notices: [`The address names no preset of ours: ${id}.`] };
    },
    scalePreset: async (presetId) => ok(fakeMatch(presetId, 0).experiment),
    openDevice: async () => device,
    selfTest: async (onProgress) => {
      onProgress(2, 4);
      return ok(report);
    },
    acceptWrongKernels: async () => ok(undefined),
    calibrate: async (_again, onProgress) => {
      onProgress(0.5, 'Copy bandwidth');
      isCalibrated = true;
      return ok(calibration);
    },
    calibrateQuickly: async (onProgress) => {
      onProgress(0.5, 'matmul');
      isCalibrated = true;
      return ok({ ...calibration, isQuick: true });
    },
    keptCalibration: async () => (isCalibrated ? calibration : undefined),
    predict: async (chosen) => ok(predictionOf(chosen, isCalibrated)),
    useText: async (own) => {
      const content = await own.content.text();
      if (content.length < 2) {
        return {
          kind: 'problem',
          problem: { kind: 'invalidData', message: `text: too short: ${content.length} characters.` },
        };
      }
      const vocabulary = new Set(content).size;
      return ok({
        name: own.name,
        bytes: own.content.size,
        characters: content.length,
        vocabulary,
        opening: content.slice(0, 200),
      });
    },
    listen: async (given) => {
      listener = given;
    },
    start: async (chosen) => {
      const result = prepare(chosen);
      if (result.kind === 'ok') run();
      return result;
    },
    prepare: async (chosen) => {
      const result = prepare(chosen);
      if (result.kind === 'ok') send({ kind: 'state', state: 'paused' });
      return result;
    },
    pause: async () => {
      clearInterval(timer);
      send({ kind: 'state', state: 'paused' });
    },
    resume: async () => run(),
    step: async () => {
      advance();
      return ok(undefined);
    },
    stop: async () => {
      clearInterval(timer);
      send({ kind: 'state', state: 'stopped' });
    },
    sample: async (request, onText) => {
      const whole = request.prompt + text.slice(0, request.maximumTokens);
      onText(whole.slice(0, 20));
      return ok({
        text: whole,
        tokens: request.maximumTokens,
        reusedTokens: 0,
        prefillTokensPerSecond: 9e4,
        decodeTokensPerSecond: 2200,
      });
    },
    cancelSample: async () => {},
    ...createRecords(
      {
        openRecord: () => undefined,
        describe: () => undefined,
        requireHere: async () => undefined,
        elsewhere: async () => new Set(),
      },
      new MemoryStorage().asRunStorage(),
    ),
    ...fakeKernels,
    ...fakeLessons,
    ...fakeDiagram,
    ...fakeInside,
    ...fakeComparison,
    expectations: async () => ({ kind: 'ok', value: [] }),
    waterfall: async () => ({ kind: 'ok', value: undefined }),
    serve: async () => ok(0),
    cancelServing: async () => undefined,
    validatePredictions: async () => ({
      kind: 'problem',
      problem: { kind: 'noAdapter', message: 'validate: there is no GPU in a fake lab.' },
    }),
    cancelValidation: async () => undefined,
    costTerms: async () => ok({ convention: 'of the fake lab', tables: [] }),
    exportRun: async (format) =>
      ok([
        {
          name: format === 'checkpoint' ? 'run.checkpoint' : 'config.json',
          bytes: new Uint8Array([123, 125]),
        },
        { name: 'model.safetensors', bytes: new Uint8Array(64) },
      ]),
    importRun: async (files) => {
      if (files.length === 0)
        return { kind: 'problem', problem: { kind: 'invalidFile', message: 'import: no files.' } };
      prepare(experiment);
      send({ kind: 'state', state: 'paused' });
      return ok({ experiment, notes: [] });
    },
    savedRuns: async () =>
      hasSavedRun
        ? [
            {
              id: 'a',
              title: 'Nano, stories',
              savedAt: '2026-11-20T10:00:00Z',
              step: 120,
              totalSteps: 400,
              loss: 1.98,
              bytes: 1_900_000,
            },
          ]
        : [],
    openSavedRun: async () => {
      prepare(experiment);
      step = 120;
      send({ kind: 'steps', steps: Array.from({ length: 120 }, (_, index) => fakeStep(index + 1)) });
      send({ kind: 'state', state: 'paused' });
      return ok({ experiment, notes: [] });
    },
    extendRun: async () => ok({ experiment, notes: [] }),
    forkRun: async (chosen) => ok({ experiment: chosen, notes: [] }),
    saveRun: async () => undefined,
    deleteSavedRun: async () => ok(undefined),
  };
  // What is not faked answers with a problem: a room with calls of its own needs nothing here until a test wants more.
  const missing = (name: string) => async () => ({
    kind: 'problem',
    problem: { kind: 'internal', message: `${name}: the fake lab has no answer.` },
  });
  const recorded = new Proxy(lab as Lab, {
    get: (target, name: keyof Lab) => {
      return (...values: unknown[]) => {
        calls.push(name);
        const answer = (target[name] ?? missing(name)) as (...list: unknown[]) => unknown;
        return answer(...values);
      };
    },
  });
  return { lab: recorded, calls, send };
}
