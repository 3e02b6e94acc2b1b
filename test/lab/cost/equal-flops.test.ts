// Equal flops: within two per cent by the plans' own dispatches, the same circumstances for all, and a refusal in words.
import { describe, expect, it } from 'vitest';
import {
  activeParameters,
  flopsTolerance,
  type ModelToCompare,
  sizeToEqualFlops,
  trainingFlopsPerToken,
  withSteps,
} from '../../../src/lab/cost/equal-flops.ts';
import { predictTraining } from '../../../src/lab/plans/prediction.ts';
import { recordTrainingPlans } from '../../../src/lab/plans/training-plans.ts';
import { type Experiment, parseExperiment } from '../../../src/model/config.ts';
import { countParameters } from '../../../src/model/parameters.ts';
import { findPreset, presets } from '../../../src/model/presets/catalogue.ts';
import { baselineCapabilities } from '../../../src/plan/kernel.ts';
import { near } from '../../near.ts';
import { tinyExperiment } from '../training/tiny-runs.ts';

const device = { capabilities: baselineCapabilities };

function modelToCompare(presetId: string): ModelToCompare {
  const parsed = parseExperiment(findPreset(presetId)?.experiment);
  if (parsed.kind !== 'ok') throw new Error(`no preset ${presetId}`);
  const { model } = parsed.experiment;
  const experiment = { ...parsed.experiment, model: { ...model, vocabulary: model.vocabulary || 80 } };
  return { presetId, title: findPreset(presetId)?.title ?? '', experiment };
}

const minis = presets.filter(({ id }) => id.endsWith('-mini')).map(({ id }) => id);

describe('sizeToEqualFlops', () => {
  it.each(minis)('brings %s to the flops of Nano, in its own proportions as nearly as can be', (id) => {
    const [nano, other] = sizeToEqualFlops([modelToCompare('nano'), modelToCompare(id)], device);
    if (!nano || !other) throw new Error('two are missing');
    expect(nano).toMatchObject({ change: '', ratio: 1, presetId: 'nano' });
    expect(Math.abs(other.ratio - 1)).toBeLessThanOrEqual(flopsTolerance);
    const parsed = parseExperiment(other.experiment);
    if (parsed.kind !== 'ok') throw new Error(parsed.problems[0]?.message);
    const { model, train, data } = parsed.experiment;
    expect(trainingFlopsPerToken(parsed.experiment, device)).toBeCloseTo(other.flopsPerToken, 3);
    expect({ train, data, context: model.context }).toEqual({
      ...{ train: nano.experiment.train, data: nano.experiment.data },
      context: nano.experiment.model.context,
    });
    const before = modelToCompare(id).experiment.model;
    const sizes = model.experts > 0 ? ('expertHidden' as const) : ('hidden' as const);
    expect(Math.abs(Math.log(model[sizes] / model.width / (before[sizes] / before.width)))).toBeLessThan(0.4);
    expect(model.heads / model.keyValueHeads).toEqual(near(before.heads / before.keyValueHeads));
  });

  it('sizes four at once, and says what it changed', () => {
    const ids = ['llama3-mini', 'mixtral-mini', 'deepseek-v3-mini', 'mistral-mini'];
    const sized = sizeToEqualFlops(ids.map(modelToCompare), device, 30);
    expect(sized.map(({ presetId }) => presetId)).toEqual(ids);
    for (const { ratio, steps } of sized) {
      expect(Math.abs(ratio - 1)).toBeLessThanOrEqual(flopsTolerance);
      expect(steps).toBe(30);
    }
    expect(sized[3]?.change).toContain('context 128 → 64');
    for (const { change, activeParameters: active, parameters } of sized.slice(1, 3)) {
      expect(change).toMatch(/expertHidden \d+ → \d+/);
      expect(active).toBeLessThan(parameters);
    }
  });

  it('leaves a model alone that costs as much already', () => {
    const nano = modelToCompare('nano');
    expect(sizeToEqualFlops([nano, { ...nano, presetId: 'same' }], device)[1]).toMatchObject({
      change: '',
      ratio: 1,
    });
  });

  it('refuses one model, five models, and what no size makes equal', () => {
    const nano = modelToCompare('nano');
    expect(() => sizeToEqualFlops([nano], device)).toThrow('compare: 1 model was given. Choose 2 to 4.');
    expect(() => sizeToEqualFlops(Array(5).fill(nano), device)).toThrow('5 models were given');
    const tiny: ModelToCompare = {
      presetId: 'tiny',
      title: 'Tiny',
      experiment: withVocabulary(tinyExperiment()),
    };
    expect(() => sizeToEqualFlops([tiny, modelToCompare('gemma3-mini')], device)).toThrow(
      /compare: no size of Gemma 3, a miniature costs [\d.]+\s[kM]flop a token, .* off by [\d.]+\s%\./,
    );
  });
});

describe('the figures', () => {
  it('are those of the prediction', () => {
    const { experiment } = modelToCompare('mixtral-mini');
    const plans = recordTrainingPlans(experiment.model, experiment.train, device);
    const rows = predictTraining(experiment, plans, undefined).flopsPerToken;
    expect(trainingFlopsPerToken(experiment, device)).toBe(
      rows.find(({ convention }) => convention === 'plan')?.flops,
    );
  });

  it('count of a mixture what one token meets', () => {
    const { model } = modelToCompare('mixtral-mini').experiment;
    const idle = model.layers * 6 * 3 * model.width * model.expertHidden;
    expect(activeParameters(model)).toBe(countParameters(model) - idle);
    const dense = modelToCompare('nano').experiment.model;
    expect(activeParameters(dense)).toBe(countParameters(dense));
  });

  it('keep warm-up and evaluations within a shorter run', () => {
    const { train } = withSteps(modelToCompare('nano').experiment, 20);
    expect(train).toMatchObject({
      steps: 20,
      evaluationInterval: 4,
      evaluationBatches: 4,
      schedule: { warmupSteps: 2 },
    });
    expect(parseExperiment(withSteps(modelToCompare('nano').experiment, 1)).kind).toBe('ok');
  });
});

function withVocabulary(experiment: Experiment): Experiment {
  return { ...experiment, model: { ...experiment.model, vocabulary: 80 } };
}
