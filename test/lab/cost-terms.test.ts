// Closed form against plan: matrix products equal, attention up to its causal half, the total once the named parts are added.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { termReport } from '../../src/lab/cost-terms.ts';
import { splitDispatch } from '../../src/lab/cost-terms-split.ts';
import { recordInferencePlans } from '../../src/lab/inference-plans.ts';
import { allPlans, predictTraining } from '../../src/lab/prediction.ts';
import { recordTrainingPlans } from '../../src/lab/training-plans.ts';
import { layerAttention } from '../../src/model/attention-config.ts';
import { type Experiment, parseExperiment } from '../../src/model/config.ts';
import { countParameters } from '../../src/model/parameters.ts';
import { presets } from '../../src/model/presets.ts';
import { baselineCapabilities, type Capabilities } from '../../src/plan/kernel.ts';
import { costOf } from '../../src/plan/predict.ts';
import type { KernelTable } from '../../src/worker/api.ts';
import type { NamedFlops, TermRow, TermTable } from '../../src/worker/api-terms.ts';
import { type Changes, families, tinyExperiment } from './tiny-runs.ts';

const software: Capabilities = {
  ...baselineCapabilities,
  features: new Set(['subgroups']),
  subgroupMinSize: 8,
  subgroupMaxSize: 8,
};

const { gpt2, llama } = families;
const sgd = { kind: 'sgd', learningRate: 0.1 };

/** Layouts, odd sizes, grouped heads, H·D ≠ C, tied and own heads, biases, accumulation, dropout, slices of products. */
const grid: Readonly<Record<string, Changes & { readonly device?: Capabilities }>> = {
  'GPT-2': { model: { ...gpt2, vocabulary: 65 } },
  'GPT-2 without biases, own head': { model: { ...gpt2, bias: false, tiedHead: false, vocabulary: 50 } },
  'GPT-2 of odd sizes': {
    model: { ...gpt2, layers: 3, width: 21, heads: 3, hidden: 37, context: 13, vocabulary: 67 },
    train: { batch: 3 },
  },
  'GPT-2 with dropout': { model: { ...gpt2, dropout: 0.2, vocabulary: 65 }, train: { accumulation: 3 } },
  Llama: { model: { ...llama, vocabulary: 65 } },
  'Llama of odd sizes, one key head': {
    model: { ...llama, width: 19, keyValueHeads: 1, headSize: 6, hidden: 23, context: 11, vocabulary: 33 },
    train: { batch: 5, optimizer: sgd },
  },
  'Llama with biases, tied, heads wider than the model': {
    model: { ...llama, bias: true, tiedHead: true, headSize: 10, vocabulary: 71, context: 70 },
  },
  'Llama with accumulation': { model: { ...llama, vocabulary: 65 }, train: { batch: 2, accumulation: 4 } },
  'learned positions, RMSNorm and a gate': {
    model: { ...gpt2, norm: 'rmsNorm', gated: true, activation: 'relu', vocabulary: 9 },
  },
  'loss on the last position': { model: { ...gpt2, vocabulary: 65 }, train: { lossPositions: 'last' } },
  'long sums, cut into slices': { model: { ...gpt2, context: 320, vocabulary: 65 }, train: { batch: 8 } },
  'long sums on a software GPU': {
    model: { ...llama, context: 300, vocabulary: 65 },
    train: { batch: 7 },
    device: software,
  },
  'windows, shorter than most': {
    model: { ...llama, layers: 3, windowPattern: 'LLG', window: 5, context: 16, vocabulary: 65 },
    train: { accumulation: 2 },
  },
  'windows of one token in every layer': {
    model: { ...gpt2, windowPattern: 'L', window: 1, vocabulary: 33 },
  },
  'normed heads, a cap on scores and sinks': {
    model: {
      ...{ ...llama, queryKeyNorm: 'head', attentionSoftcap: 3, attentionSinks: true, ropeFraction: 0.5 },
      ...{ normOffset: true, vocabulary: 65 },
    },
  },
  'all heads normed together, long, some layers without positions': {
    model: { ...llama, layers: 3, queryKeyNorm: 'all', positionPattern: 'RN', context: 200, vocabulary: 65 },
    train: { batch: 3 },
  },
  'sines and cosines, LayerNorm from 1': {
    model: { ...gpt2, position: 'sinusoidal', normOffset: true, vocabulary: 65 },
  },
  'no positions, windows and sinks on a software GPU': {
    model: {
      ...gpt2,
      position: 'none',
      windowPattern: 'GL',
      window: 9,
      attentionSinks: true,
      vocabulary: 65,
    },
    device: software,
  },
  'no skip connections': { model: { ...gpt2, skipConnections: false, vocabulary: 65 } },
};

function record(name: string) {
  const { device, ...changes } = grid[name] ?? {};
  return recordOf(changes, device);
}

function recordOf(changes: Changes, device: Capabilities = baselineCapabilities) {
  const experiment = tinyExperiment(changes);
  const plans = recordTrainingPlans(experiment.model, experiment.train, { capabilities: device });
  const sampling = recordInferencePlans(plans.model, { capabilities: device });
  return { experiment, plans, sampling, report: termReport(experiment, plans, sampling) };
}

function tableOf({ report }: ReturnType<typeof recordOf>, work: TermTable['work']): TermTable {
  const found = report.tables.find((table) => table.work === work);
  if (!found) throw new Error(`no table of ${work}`);
  return found;
}

function rowOf({ rows }: TermTable, term: string): TermRow {
  const found = rows.find((row) => row.term === term);
  if (!found) throw new Error(`no row of ${term}`);
  return found;
}

const partOf = (parts: readonly NamedFlops[], name: string) =>
  parts.find((part) => part.name === name)?.flops ?? 0;
const sum = (parts: readonly NamedFlops[]) => parts.reduce((all, { flops }) => all + flops, 0);

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
      activation: fc.constantFrom('geluTanh', 'gelu', 'silu', 'relu'),
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
  const train = fc.record({ batch: size(1, 9), accumulation: size(1, 3) });
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

describe('named differences', () => {
  it('are the cap of scores, three operations a pair forward and three backward, and the sinks', () => {
    const recorded = record('normed heads, a cap on scores and sinks');
    const { model, train } = recorded.experiment;
    const { layers, heads, context: time } = model;
    const rows = layers * train.batch * train.accumulation * heads * time;
    const { differences } = rowOf(tableOf(recorded, 'training'), 'attention');
    expect(partOf(differences, 'score cap')).toBe((6 * rows * (time + 1)) / 2);
    // Four a row each way, and the sum of samples.
    const summed = layers * train.batch * train.accumulation * heads;
    const accumulated = layers * heads * (train.accumulation - 1);
    expect(partOf(differences, 'attention sinks')).toBe(8 * rows + summed);
    expect(partOf(differences, 'sums of gradients')).toBe(accumulated);
  });

  it('are the logits that prefill leaves out', () => {
    const recorded = record('GPT-2');
    const { context, width, vocabulary } = recorded.experiment.model;
    const row = rowOf(tableOf(recorded, 'prefill'), 'head');
    expect(row.forwardFlops).toBe(2 * context * width * vocabulary);
    expect(row.differences).toMatchObject([
      { name: 'fewer logits', flops: -2 * (context - 1) * width * vocabulary },
    ]);
  });

  it('are the sums of slices where the device is wide, and none where it is narrow', () => {
    const slicesIn = (name: string) =>
      partOf(tableOf(record(name), 'training').total.differences, 'sums of slices');
    expect(slicesIn('long sums, cut into slices')).toBeGreaterThan(0);
    expect(slicesIn('long sums on a software GPU')).toBe(0);
  });

  it('are biases of one addition per value, and as many in their gradients', () => {
    const recorded = record('GPT-2');
    const { layers, width, hidden, context } = recorded.experiment.model;
    const tokens = recorded.experiment.train.batch * context;
    const { total } = tableOf(recorded, 'training');
    const values = layers * (3 * width + width + hidden + width);
    expect(partOf(total.differences, 'bias')).toBe(2 * tokens * values);
    expect(partOf(total.differences, 'residual')).toBe(2 * tokens * layers * width);
  });

  it('are the recomputation of a checkpointed block', () => {
    const { plans } = record('GPT-2');
    const [dispatch] = plans.accumulate.dispatches.filter(({ term }) => term === 'qkv');
    if (!dispatch) throw new Error('no dispatch of qkv');
    const { usefulFlops } = costOf(dispatch);
    const { counted, differences } = splitDispatch({ ...dispatch, isRecomputed: true }, {}, new Set());
    expect([counted, [...differences]]).toEqual([0, [['recomputation', usefulFlops]]]);
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
      measuredShare: (accumulation * inQkv * 2 ** -8) / seconds,
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
