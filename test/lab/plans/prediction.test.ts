// Predicted memory against what runtimes allocate, counts of parameters and flops, and time from a profile.
import { describe, expect, it } from 'vitest';
import { cpuEngine } from '../../../src/lab/plans/engine.ts';
import { allPlans, recordInferencePlans } from '../../../src/lab/plans/inference-plans.ts';
import { predictMemory, predictTraining, transformerNumbers } from '../../../src/lab/plans/prediction.ts';
import { recordTrainingPlans } from '../../../src/lab/plans/training-plans.ts';
import { type Experiment, parseExperiment } from '../../../src/model/config.ts';
import { countParameters } from '../../../src/model/parameters.ts';
import { presets } from '../../../src/model/presets/catalogue.ts';
import type { DeviceProfile } from '../../../src/plan/device-profile.ts';
import { baselineCapabilities } from '../../../src/plan/kernel.ts';
import { bytesByClass, storagesOf } from '../../../src/plan/store.ts';
import { CpuRuntime } from '../../../src/runtime/cpu-runtime.ts';
import { families, tinyExperiment, tinyRun } from '../training/tiny-runs.ts';

const options = { capabilities: baselineCapabilities };

function experimentOf(json: unknown): Experiment {
  const parsed = parseExperiment(json);
  if (parsed.kind !== 'ok') throw new Error(parsed.problems[0]?.message);
  const { model } = parsed.experiment;
  return { ...parsed.experiment, model: { ...model, vocabulary: model.vocabulary || 65 } };
}

function plansOf({ model, train }: Experiment) {
  const plans = recordTrainingPlans(model, train, options);
  return { plans, sampling: recordInferencePlans(plans.model, options) };
}

/** A device of 100 GFLOP/s, 10 GB/s and 10 µs per launch. */
const profile: DeviceProfile = {
  version: 5,
  device: 'test',
  fmaFlopsPerSecond: { value: 1e11, spread: 0, repeats: 1 },
  paceSeconds: { value: 0.01, spread: 0, repeats: 1 },
  slowing: { value: 1, spread: 0, repeats: 1 },
  switchSeconds: { value: 0, spread: 0, repeats: 1 },
  mixing: { value: 1, spread: 0, repeats: 1 },
  copyBytesPerSecond: [{ bytes: 1e6, rate: { value: 1e10, spread: 0, repeats: 1 } }],
  launchSeconds: { value: 1e-5, spread: 0, repeats: 1 },
  submitSeconds: { value: 1e-4, spread: 0, repeats: 1 },
  queueSeconds: { value: 1e-5, spread: 0, repeats: 1 },
  kernels: {},
  timer: 'none',
};

describe('predicted memory', () => {
  it.each(['gpt2', 'llama'] as const)('of a tiny %s run is what the runtime allocates', async (family) => {
    for (const withSampler of [false, true]) {
      const run = await tinyRun({ model: families[family] }, cpuEngine(), { withSampler });
      expect(run.prediction.memoryBytes.total).toBe(run.runtime.allocatedBytes);
    }
  });

  it.each(presets.filter(({ id }) => id !== 'gpt2-124m' && id !== 'nano-gpt-gpu').map(({ id }) => id))(
    'of the preset %s is what the runtime allocates',
    (id) => {
      const experiment = experimentOf(presets.find((preset) => preset.id === id)?.experiment);
      const { plans, sampling } = plansOf(experiment);
      const predicted = predictMemory(plans, sampling);
      const runtime = new CpuRuntime(allPlans(plans, sampling), storagesOf(plans.model.store));
      expect(Math.abs(predicted.total - runtime.allocatedBytes)).toBeLessThan(0.01 * runtime.allocatedBytes);
      runtime.dispose();
    },
  );

  it.each(presets.map(({ id }) => id))('of the preset %s has its classes right', (id) => {
    const experiment = experimentOf(presets.find((preset) => preset.id === id)?.experiment);
    const { plans, sampling } = plansOf(experiment);
    const { weights, gradients, moments, activations, other, total } = predictMemory(plans, sampling);
    const parameterBytes = 4 * countParameters(experiment.model);
    expect(weights).toBeGreaterThanOrEqual(parameterBytes);
    expect(weights).toBeLessThan(1.01 * parameterBytes + 2 ** 16);
    expect(gradients).toBe(weights);
    expect(moments).toBe(2 * weights);
    expect(activations).toBeGreaterThan(0);
    expect(weights + gradients + moments + activations + other).toBe(total);
  });
});

describe('predicted caches', () => {
  const heads = {
    layers: 3,
    heads: 4,
    headSize: 6,
    width: 20,
    keyValueHeads: 2,
    context: 24,
    position: 'rope',
  };
  it.each([
    ['heads', {}, 3 * 24 * 24],
    ['windows', { windowPattern: 'LLG', window: 5 }, 24 * (5 + 5 + 24)],
    ['windows of the whole context', { windowPattern: 'L', window: 24 }, 3 * 24 * 24],
    [
      'normed heads, sinks and a cap',
      { queryKeyNorm: 'all', attentionSinks: true, attentionSoftcap: 5 },
      3 * 24 * 24,
    ],
    ['latents', { attention: 'latent', keyValueHeads: 0, latentSize: 7, ropeHeadSize: 4 }, 3 * 24 * (7 + 4)],
  ])('of %s are what the runtime allocates, and no more than what is seen', (_, changes, values) => {
    const experiment = tinyExperiment({
      model: { ...families.llama, ...heads, ...changes, vocabulary: 30 },
    });
    const { plans, sampling } = plansOf(experiment);
    const runtime = new CpuRuntime(allPlans(plans, sampling), storagesOf(plans.model.store));
    expect(predictMemory(plans, sampling).total).toBe(runtime.allocatedBytes);
    runtime.dispose();
    const bytes = bytesByClass([...sampling.decode.persistent]);
    expect(bytes.cache).toBe(4 * values);
    const written = sampling.decode.dispatches.filter(({ bindings }) =>
      Object.values(bindings).some(({ storage }) => storage.memoryClass === 'cache'),
    );
    expect(new Set(written.map(({ layer }) => layer))).toEqual(new Set([0, 1, 2]));
  });
});

describe('a prediction', () => {
  it('counts parameters, tokens and flops of the plans', () => {
    const experiment = experimentOf(presets[0]?.experiment);
    const { plans, sampling } = plansOf(experiment);
    const prediction = predictTraining(experiment, plans, sampling);
    expect(prediction.parameters).toBe(countParameters(experiment.model));
    expect(prediction.tokensPerStep).toBe(experiment.train.batch * experiment.model.context);
    expect(prediction.dispatchesPerStep).toBe(
      plans.accumulate.dispatches.length + plans.update.dispatches.length,
    );
    expect(prediction.secondsPerStep).toBeUndefined();
    const byPlan = prediction.flopsPerToken.find(({ convention }) => convention === 'plan')?.flops ?? 0;
    // 6 flops per weight of the matrices, and less than half as much again for attention, norms and optimizer.
    const matrices = 4 * 12 * 96 ** 2 + 65 * 96;
    expect(byPlan).toBeGreaterThan(6 * matrices);
    expect(byPlan).toBeLessThan(9 * matrices);
  });

  it.each(['mixtral-mini', 'qwen3-moe-mini'])('counts what a token uses of the experts of %s', (id) => {
    const experiment = experimentOf(presets.find((preset) => preset.id === id)?.experiment);
    const { plans, sampling } = plansOf(experiment);
    const { flopsPerToken, parameters } = predictTraining(experiment, plans, sampling);
    const [palm, ...others] = flopsPerToken;
    const byPlan = others.at(-1)?.flops ?? 0;
    expect(palm?.parameters).toBeLessThan(0.7 * parameters);
    expect(palm?.note).toMatch(/active parameters/);
    expect((palm?.flops ?? 0) / byPlan).toBeGreaterThan(0.7);
    expect((palm?.flops ?? 0) / byPlan).toBeLessThan(1.4); // with idle experts it was 3 to 5
  });

  it('repeats the micro-batch and not the update', () => {
    const base = { model: { ...families.gpt2, vocabulary: 65 } };
    const [one, four] = [1, 4].map((accumulation) => {
      const experiment = tinyExperiment({ ...base, train: { accumulation } });
      const plans = recordTrainingPlans(experiment.model, experiment.train, options);
      return predictTraining(experiment, plans, undefined, profile);
    });
    expect(four?.tokensPerStep).toBe(4 * (one?.tokensPerStep ?? 0));
    const ratio = (four?.secondsPerStep ?? 0) / (one?.secondsPerStep ?? 1);
    expect(ratio).toBeGreaterThan(3);
    expect(ratio).toBeLessThan(4.2);
  });

  it('gives time from the profile of a device', () => {
    const experiment = experimentOf(presets[0]?.experiment);
    const { plans } = plansOf(experiment);
    const prediction = predictTraining(experiment, plans, undefined, profile);
    const { secondsPerStep = 0, tokensPerSecond = 0, totalSeconds = 0, relativeError = 0 } = prediction;
    const flops = prediction.flopsPerToken.find(({ convention }) => convention === 'plan')?.flops ?? 0;
    expect(secondsPerStep).toBeGreaterThan((flops * prediction.tokensPerStep) / 1e11);
    expect(secondsPerStep).toBeGreaterThan(prediction.dispatchesPerStep * 1e-5);
    expect(tokensPerSecond).toBeCloseTo(prediction.tokensPerStep / secondsPerStep, 6);
    expect(totalSeconds).toBeCloseTo(experiment.train.steps * secondsPerStep, 6);
    expect(relativeError).toBeGreaterThan(0);
  });

  it('hands the closed forms the numbers of the model', () => {
    const { model } = tinyExperiment({ model: { ...families.gpt2, vocabulary: 50 } });
    expect(transformerNumbers(model)).toMatchObject({
      ...{ layers: 2, width: 16, heads: 2, headSize: 8, hidden: 64, context: 8, vocabulary: 50 },
      parameters: countParameters(model),
      positionParameters: 8 * 16,
    });
  });
});

it('Nano takes a laptop GPU about half a minute, as its card says', () => {
  const laptop: DeviceProfile = {
    ...profile,
    fmaFlopsPerSecond: { value: 2e12, spread: 0, repeats: 1 },
    copyBytesPerSecond: [{ bytes: 1e6, rate: { value: 6e10, spread: 0, repeats: 1 } }],
  };
  const nano = presets.find(({ id }) => id === 'nano');
  const experiment = experimentOf(nano?.experiment);
  const { plans, sampling } = plansOf(experiment);
  const { totalSeconds = 0 } = predictTraining(experiment, plans, sampling, laptop);
  expect(nano?.note).toMatch(/half a minute on a laptop GPU of 2 TFLOP\/s and 60 GB\/s, by prediction/);
  expect(totalSeconds).toBeGreaterThan(20);
  expect(totalSeconds).toBeLessThan(45);
});
