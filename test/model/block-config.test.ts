// Norms, biases and sums of blocks by configuration, what is refused, and that every accepted configuration records.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { termReport } from '../../src/lab/cost/terms.ts';
import { recordInferencePlans } from '../../src/lab/plans/inference-plans.ts';
import { recordTrainingPlans } from '../../src/lab/plans/training-plans.ts';
import { biasesOf, hasFinalNorm, normsPerLayer } from '../../src/model/block-config.ts';
import { parseExperiment } from '../../src/model/config.ts';
import { countParameters, parameterSpecs } from '../../src/model/parameters.ts';
import { baselineCapabilities } from '../../src/plan/kernel.ts';

const sizes = { layers: 2, width: 12, heads: 2, context: 6, vocabulary: 11 };
const train = { steps: 10, batch: 2, optimizer: { learningRate: 0.01 } };
const parse = (model: object, more: object = {}) =>
  parseExperiment({ model: { ...sizes, ...model }, train: { ...train, ...more } });

function modelOf(model: object) {
  const parsed = parse(model);
  if (parsed.kind === 'problem') throw new Error(parsed.problems[0]?.message);
  return parsed.experiment.model;
}

const namesOf = (model: object) =>
  parameterSpecs(modelOf(model))
    .map(({ name }) => name)
    .filter((name) => /^layers.0|finalNorm/.test(name) && /Norm|Bias/.test(name));

describe('norms', () => {
  it.each([
    [{}, ['layers.0.attentionNorm', 'layers.0.ffnNorm', 'finalNorm']],
    [{ normPlacement: 'post' }, ['layers.0.attentionOutputNorm', 'layers.0.ffnOutputNorm']],
    [{ normPlacement: 'branch' }, ['layers.0.attentionOutputNorm', 'layers.0.ffnOutputNorm', 'finalNorm']],
    [{ normPlacement: 'stream' }, ['layers.0.attentionNorm', 'layers.0.ffnNorm', 'finalNorm']],
    [{ parallelBlocks: true }, ['layers.0.attentionNorm', 'finalNorm']],
    [
      { parallelBlocks: true, parallelNorms: 'own' },
      ['layers.0.attentionNorm', 'layers.0.ffnNorm', 'finalNorm'],
    ],
  ])('of %j stand where they are placed', (model, names) => {
    expect(namesOf(model)).toEqual(names);
  });

  it('are counted as they are there', () => {
    for (const normPlacement of ['pre', 'post', 'sandwich', 'branch', 'hybrid', 'stream'] as const) {
      const model = modelOf({ normPlacement });
      const norms = parameterSpecs(model).filter(({ name }) => name.includes('Norm')).length;
      expect(norms).toBe(2 * normsPerLayer(model) + (hasFinalNorm(model) ? 1 : 0));
    }
  });

  it('of 1 + w start from zero, others from one', () => {
    const startOf = (model: object) =>
      parameterSpecs(modelOf(model)).find(({ name }) => name === 'finalNorm')?.initialisation.kind;
    expect(startOf({ norm: 'rmsNorm', normOffset: true })).toBe('zeros');
    expect(startOf({ norm: 'rmsNorm' })).toBe('ones');
    expect(startOf({ norm: 'layerNorm', normOffset: true })).toBe('zeros');
    expect(startOf({ norm: 'layerNorm', bias: true, normOffset: true })).toBe('zeros');
    expect(startOf({ norm: 'layerNorm', bias: true })).toBe('scaleAndBias');
  });
});

describe('biases', () => {
  it('of one kind can be switched on or off alone', () => {
    expect(namesOf({ norm: 'rmsNorm', qkvBias: 'on' })).toContain('layers.0.attention.qkvBias');
    expect(biasesOf(modelOf({ bias: true, ffnBias: 'off' }))).toEqual({
      qkv: true,
      projection: true,
      ffn: false,
      norm: true,
    });
    expect(biasesOf(modelOf({ norm: 'rmsNorm', normBias: 'on' })).norm).toBe(false);
  });
});

describe('parallel blocks', () => {
  it('need norms before the sums, and say so', () => {
    const parsed = parse({ parallelBlocks: true, normPlacement: 'sandwich' });
    expect(parsed.kind === 'problem' && parsed.problems[0]?.message).toMatch(
      /^model\.parallelBlocks: true needs model\.normPlacement pre.*sandwich\. Use pre, or false\.$/,
    );
  });
});

describe('any accepted configuration of blocks', () => {
  const choice = <T>(...values: readonly T[]) => fc.constantFrom(...values);
  const switches = choice('same', 'on', 'off');
  const models = fc.record({
    norm: choice('layerNorm', 'rmsNorm'),
    normPlacement: choice('pre', 'post', 'sandwich', 'branch', 'hybrid', 'stream'),
    normOffset: fc.boolean(),
    parallelBlocks: fc.boolean(),
    residualScale: choice(1, 0.22),
    embeddingScale: choice('one', 'sqrtWidth'),
    ...{ qkvBias: switches, projectionBias: switches, ffnBias: switches, normBias: switches },
    logitSoftcap: choice(0, 30),
    activation: choice('gelu', 'reluSquared'),
    position: choice('learned', 'rope'),
    ...{ bias: fc.boolean(), gated: fc.boolean(), skipConnections: fc.boolean(), tiedHead: fc.boolean() },
    dropout: choice(0, 0.1),
    experts: choice(0, 3),
  });
  const trains = fc.record({
    recompute: choice('none', 'blocks'),
    accumulation: choice(1, 2),
    optimizer: fc.record({ kind: choice('adamw', 'sgd', 'muon'), learningRate: fc.constant(0.01) }),
  });

  it('records, and its costs are explained to the last flop', () => {
    fc.assert(
      fc.property(models, trains, (model, more) => {
        const parsed = parse(model, more);
        if (parsed.kind === 'problem') {
          expect(model.parallelBlocks).toBe(true);
          return;
        }
        const { experiment } = parsed;
        const options = { capabilities: baselineCapabilities };
        const plans = recordTrainingPlans(experiment.model, experiment.train, options);
        const report = termReport(experiment, plans, recordInferencePlans(plans.model, options));
        for (const { rows } of report.tables)
          for (const row of rows) expect(row.unexplainedFlops, row.term).toBe(0);
        const rows = report.tables[0]?.rows ?? [];
        expect(rows.reduce((sum, { parameters }) => sum + parameters, 0)).toBe(
          countParameters(experiment.model),
        );
      }),
      { numRuns: 150, seed: 7 },
    );
  });
});
