// Closed form against plan: matrix products equal, attention up to its causal half, the total once the named parts are added.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { KernelTable } from '../../../src/contract/kernels.ts';
import { activationNames } from '../../../src/kernels/activation-functions.ts';
import { optimizerNames } from '../../../src/kernels/optimizer-table.ts';
import { termReport } from '../../../src/lab/cost/terms.ts';
import { splitDispatch } from '../../../src/lab/cost/terms-split.ts';
import { allPlans, recordInferencePlans } from '../../../src/lab/plans/inference-plans.ts';
import { predictTraining } from '../../../src/lab/plans/prediction.ts';
import { recordTrainingPlans } from '../../../src/lab/plans/training-plans.ts';
import { layerAttention } from '../../../src/model/attention-config.ts';
import { type Experiment, parseExperiment } from '../../../src/model/config.ts';
import { countParameters } from '../../../src/model/parameters.ts';
import { presets } from '../../../src/model/presets/catalogue.ts';
import { baselineCapabilities } from '../../../src/plan/kernel.ts';
import { costOf } from '../../../src/plan/predict.ts';
import { near } from '../../near.ts';
import { families } from '../training/tiny-runs.ts';
import { grid, partOf, record, recordOf, rowOf, sum, tableOf } from './terms-grid.ts';

const { gpt2, llama } = families;

/** Multiply-adds of one layer's or the head's matrices on one token, as anybody would count them. */
function weightsOf({ model }: Experiment) {
  const { width, heads, keyValueHeads, headSize, hidden, gated, vocabulary } = model;
  return {
    qkv: width * (heads + 2 * keyValueHeads) * headSize,
    projection: heads * headSize * width,
    ffn: (gated ? 3 : 2) * width * hidden,
    head: width * vocabulary,
  };
}

describe.each(Object.keys(grid))('%s', (name) => {
  const recorded = record(name);
  const { experiment, plans } = recorded;
  const { model, train } = experiment;
  const works = ['training', 'evaluation', 'prefill', 'decode'] as const;

  it('has matrix products of exactly two flops per weight and token, three times that with gradients', () => {
    const tokens = train.batch * train.accumulation * model.context;
    for (const [term, weights] of Object.entries(weightsOf(experiment))) {
      const layers = term === 'head' ? 1 : model.layers;
      const row = rowOf(tableOf(recorded, 'training'), term);
      expect(row.closedFlops).toBe(6 * tokens * weights * layers);
      // Beside the products only additions and the activation function, all named.
      const beside = sum(row.differences);
      expect(row.usefulFlops - beside).toBe(row.closedFlops);
      const fewer = train.lossPositions === 'last' ? ['fewer logits'] : [];
      const other = [
        ...fewer,
        'bias',
        'residual',
        'dropout',
        'sums of gradients',
        'sums of slices',
        'activation arithmetic',
      ];
      expect(other).toEqual(expect.arrayContaining(row.differences.map((part) => part.name)));
    }
  });

  it('has attention but for its causal half, and softmax beside it', () => {
    for (const work of ['training', 'evaluation'] as const) {
      const table = tableOf(recorded, work);
      const row = rowOf(table, 'attention');
      const { context: time, layers, heads, headSize } = model;
      const factor = work === 'training' ? 3 * train.accumulation : 1;
      const each = 4 * headSize * factor * train.batch * heads;
      const windows = Array.from({ length: layers }, (_, layer) => layerAttention(model, layer).window);
      const all = windows.reduce((pairs, window) => pairs + time * window, 0);
      expect(row.closedFlops).toBe(each * all);
      // Only the first tokens see less than a window.
      const hidden = windows.reduce((pairs, window) => pairs + (window * (window - 1)) / 2, 0);
      expect(partOf(row.differences, 'causal half')).toBe(-each * hidden + 0);
      const named = ['causal half', 'softmax arithmetic', 'rotary positions', 'sums of gradients'];
      if (model.attentionSoftcap > 0) named.push('score cap');
      if (model.attentionSinks) named.push('attention sinks');
      expect(named).toEqual(expect.arrayContaining(row.differences.map((part) => part.name)));
    }
  });

  it.each(works)('adds up for %s: closed form and named parts are the plan, to the last flop', (work) => {
    const table = tableOf(recorded, work);
    for (const row of [...table.rows, table.total]) {
      expect([row.term, row.unexplainedFlops]).toEqual([row.term, 0]);
      expect(row.closedFlops + sum(row.differences)).toBe(row.usefulFlops);
      expect(row.usefulFlops + sum(row.waste)).toBe(row.launchedFlops);
      const { forward, backward, update } = row.phases;
      for (const key of ['dispatches', 'usefulFlops', 'launchedFlops', 'bytes'] as const) {
        expect(forward[key] + backward[key] + update[key]).toBe(row[key]);
      }
      expect(row.waste.every(({ flops }) => flops > 0)).toBe(true);
    }
    for (const key of ['closedFlops', 'usefulFlops', 'bytes', 'dispatches', 'parameters'] as const) {
      expect(table.rows.reduce((all, row) => all + row[key], 0)).toBe(table.total[key]);
    }
    if (work !== 'training') expect(table.total.phases.backward.dispatches).toBe(0);
  });

  it('counts the step that is predicted and the parameters that are trained', () => {
    const prediction = predictTraining(experiment, plans, undefined);
    const { total, tokens } = tableOf(recorded, 'training');
    const planned = prediction.flopsPerToken.find(({ convention }) => convention === 'plan')?.flops ?? 0;
    expect(tokens).toBe(prediction.tokensPerStep);
    expect(total.usefulFlops).toBeCloseTo(planned * tokens, 0);
    expect(total.dispatches).toBe(prediction.dispatchesPerStep);
    expect(total.parameters).toBe(countParameters(model));
  });

  it('splits every dispatch into parts that are not negative and add up', () => {
    const sampling = recorded.sampling;
    for (const { dispatches } of allPlans(plans, sampling)) {
      for (const dispatch of dispatches) {
        const scalars = { position: 3, temperature: 0, length: 5 };
        const { counted, differences, waste } = splitDispatch(dispatch, scalars, new Set());
        const { usefulFlops, launchedFlops } = costOf(dispatch, scalars);
        const parts = [...differences.values()];
        const wasted = [...waste.values()];
        expect(counted + parts.reduce((a, b) => a + b, 0)).toBe(usefulFlops);
        expect(usefulFlops + wasted.reduce((a, b) => a + b, 0)).toBe(launchedFlops);
        expect(Math.min(counted, ...parts, ...wasted)).toBeGreaterThanOrEqual(0);
        expect(differences.has('other arithmetic')).toBe(false);
      }
    }
  });
});

it.each(presets.map(({ id }) => id))('the preset %s adds up in every work', (id) => {
  const parsed = parseExperiment(presets.find((preset) => preset.id === id)?.experiment);
  if (parsed.kind !== 'ok') throw new Error(`preset ${id} is refused`);
  const given = parsed.experiment;
  const experiment = { ...given, model: { ...given.model, vocabulary: given.model.vocabulary || 65 } };
  const capabilities = baselineCapabilities;
  const plans = recordTrainingPlans(experiment.model, experiment.train, { capabilities });
  const { tables } = termReport(experiment, plans, recordInferencePlans(plans.model, { capabilities }));
  expect(tables.map(({ work }) => work)).toEqual(['training', 'evaluation', 'prefill', 'decode']);
  for (const { total } of tables) {
    expect(total.unexplainedFlops).toBe(0);
    expect(total.parameters).toBe(countParameters(experiment.model));
  }
});

it('any model adds up in every work', () => {
  const size = (min: number, max: number) => fc.integer({ min, max });
  const model = fc
    .record({
      layers: size(1, 3),
      width: size(1, 70),
      keyValueHeads: size(1, 3),
      group: size(1, 3),
      halfHead: size(1, 9),
      hidden: size(1, 90),
      context: size(2, 70),
      vocabulary: size(2, 130),
      position: fc.constantFrom('learned', 'rope'),
      norm: fc.constantFrom('layerNorm', 'rmsNorm'),
      activation: fc.constantFrom(...activationNames),
      gated: fc.boolean(),
      bias: fc.boolean(),
      tiedHead: fc.boolean(),
      dropout: fc.constantFrom(0, 0.1),
      windowPattern: fc.constantFrom('', 'L', 'G'),
      window: size(1, 80),
      queryKeyNorm: fc.constantFrom('none', 'head', 'all'),
      attentionSoftcap: fc.constantFrom(0, 5),
      attentionSinks: fc.boolean(),
    })
    .map(({ group, halfHead, ...rest }) => ({
      ...rest,
      heads: group * rest.keyValueHeads,
      headSize: 2 * halfHead,
    }));
  const optimizer = fc.constantFrom(...optimizerNames).map((kind) => ({ kind, learningRate: 0.01 }));
  const train = fc.record({ batch: size(1, 9), accumulation: size(1, 3), optimizer });
  fc.assert(
    fc.property(model, train, (modelChanges, trainChanges) => {
      const { report, experiment } = recordOf({ model: modelChanges, train: trainChanges });
      for (const { total } of report.tables) {
        expect(total.unexplainedFlops).toBe(0);
        expect(total.parameters).toBe(countParameters(experiment.model));
      }
    }),
    { numRuns: 60 },
  );
});

describe.each([
  ['a gate in every layer', { ...llama, experts: 4, expertsPerToken: 2 }],
  [
    'shared experts, biases that balance, one dense layer',
    {
      ...{ ...gpt2, layers: 3, experts: 5, expertsPerToken: 3, expertHidden: 9, denseLayers: 1 },
      ...{ sharedExperts: 2, sharedHidden: 7, routerBiasRate: 0.001, routerScore: 'sigmoid' },
    },
  ],
  [
    'auxiliary losses, capacity, noise and dropout',
    {
      ...{ ...llama, layers: 2, experts: 8, expertsPerToken: 1, moeInterval: 2, dropout: 0.1 },
      ...{ balanceLoss: 0.01, routerZLoss: 0.001, routerNoise: 0.1, capacityFactor: 1.25 },
    },
  ],
] as const)('a mixture of experts with %s', (_, changes) => {
  const { report, experiment, plans, sampling } = recordOf({
    model: { ...changes, vocabulary: 65 },
    train: { accumulation: 2 },
  });

  it('adds up in every work, router and experts included', () => {
    for (const { rows, total, work } of report.tables) {
      expect([work, total.unexplainedFlops]).toEqual([work, 0]);
      expect(rows.map(({ term }) => term)).toContain('router');
      for (const row of rows) expect([row.term, row.unexplainedFlops]).toEqual([row.term, 0]);
      expect(total.usefulFlops + sum(total.waste)).toBe(total.launchedFlops);
      expect(total.parameters).toBe(countParameters(experiment.model));
    }
  });

  it('has a name for all of its arithmetic', () => {
    for (const { dispatches } of allPlans(plans, sampling)) {
      for (const dispatch of dispatches) {
        const { counted, differences } = splitDispatch(dispatch, {}, new Set());
        const parts = [...differences.values()];
        expect(differences.has('other arithmetic'), dispatch.kernel.name).toBe(false);
        expect(counted + parts.reduce((a, b) => a + b, 0)).toBe(costOf(dispatch).usefulFlops);
      }
    }
  });
});

describe('a measured kernel table', () => {
  const { experiment, plans } = record('Llama with accumulation');
  const dispatches = [...plans.accumulate.dispatches, ...plans.update.dispatches];
  const kernels: KernelTable = {
    method: 'by hand',
    rows: dispatches.map((dispatch, index) => ({
      index,
      label: dispatch.label,
      phase: dispatch.phase,
      kernel: dispatch.kernel.name,
      shape: '',
      workgroups: dispatch.workgroups,
      ...costOf(dispatch),
      // Binary fractions, so that sums are exact: every dispatch of qkv takes four times as long as any other.
      measuredSeconds: dispatch.term === 'qkv' ? 2 ** -8 : 2 ** -10,
      predictedSeconds: 2 ** -9,
      boundBy: 'unknown',
    })),
  };

  it('gives each term its seconds of a step and its share, micro-batches repeated', () => {
    const table = termReport(experiment, plans, undefined, kernels).tables[0];
    if (!table) throw new Error('no table');
    const { accumulation } = experiment.train;
    const inQkv = plans.accumulate.dispatches.filter(({ term }) => term === 'qkv').length;
    const all = plans.accumulate.dispatches.length;
    const seconds =
      accumulation * (inQkv * 2 ** -8 + (all - inQkv) * 2 ** -10) + plans.update.dispatches.length * 2 ** -10;
    expect(table.method).toBe('by hand');
    expect(table.total.measuredSeconds).toBe(seconds);
    expect(table.total.predictedSeconds).toBe(
      (accumulation * all + plans.update.dispatches.length) * 2 ** -9,
    );
    expect(rowOf(table, 'qkv')).toMatchObject({
      measuredSeconds: accumulation * inQkv * 2 ** -8,
      measuredShare: near((accumulation * inQkv * 2 ** -8) / seconds),
    });
    const shares = table.rows.reduce((sum, { measuredShare = 0 }) => sum + measuredShare, 0);
    expect(shares).toBeCloseTo(1, 12);
  });

  it('is joined to training alone, and leaves no seconds where there is none', () => {
    const [training, evaluation] = termReport(experiment, plans, undefined, kernels).tables;
    expect(training?.total).toHaveProperty('measuredShare', 1);
    expect(evaluation?.total).not.toHaveProperty('measuredSeconds');
    const [unmeasured] = termReport(experiment, plans).tables;
    expect(unmeasured).not.toHaveProperty('method');
    expect(unmeasured?.total).not.toHaveProperty('measuredShare');
  });
});
