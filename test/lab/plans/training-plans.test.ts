// What a training run's plans hold: linear attention memory, blocks of large tables, refusals, and repeatable recording.
import { describe, expect, it } from 'vitest';
import { allPlans, recordInferencePlans } from '../../../src/lab/plans/inference-plans.ts';
import { isOfStep, parameterCopies, recordTrainingPlans } from '../../../src/lab/plans/training-plans.ts';
import { type Experiment, parseExperiment } from '../../../src/model/config.ts';
import { findPreset, presets } from '../../../src/model/presets/catalogue.ts';
import { baselineCapabilities } from '../../../src/plan/kernel.ts';
import type { Plan } from '../../../src/plan/plan.ts';
import { elementCount } from '../../../src/plan/tensor.ts';
import { costTerms } from '../../../src/theory/terms.ts';
import { families, tinyExperiment } from '../training/tiny-runs.ts';

const options = { capabilities: baselineCapabilities };

function record({ model, train }: Experiment, extra = {}) {
  return recordTrainingPlans({ ...model, vocabulary: model.vocabulary || 65 }, train, {
    ...options,
    ...extra,
  });
}

function preset(id: string): Experiment {
  const parsed = parseExperiment(findPreset(id)?.experiment);
  if (parsed.kind !== 'ok') throw new Error(`no preset ${id}`);
  return parsed.experiment;
}

/** Bytes of a plan's buffers, and of its largest transient tensor. */
function memoryOf(plan: Plan): { readonly pooled: number; readonly largest: number } {
  const elements = [...plan.bufferOf.keys()].map((storage) => storage.elements);
  return { pooled: plan.buffers.reduce((sum, { bytes }) => sum + bytes, 0), largest: Math.max(...elements) };
}

it('a step replays two of the plans', () => {
  const plans = record(tinyExperiment());
  const all = allPlans(plans, recordInferencePlans(plans.model, options));
  expect(all.length).toBeGreaterThan(4);
  expect(all.filter(isOfStep)).toEqual([plans.accumulate, plans.update]);
});

describe('memory of attention', () => {
  const times = [256, 512, 1024, 2048];
  const cases = [
    ['GPT-2', { ...families.gpt2, dropout: 0.1 }],
    ['Llama', families.llama],
  ] as const;

  it.each(cases)('of %s grows linearly with the context, forward and backward', (_, family) => {
    const model = { ...family, width: 64, heads: 4, vocabulary: 65 };
    const byTime = times.map((context) => {
      const plans = record(tinyExperiment({ model: { ...model, context }, train: { batch: 1 } }));
      return { training: memoryOf(plans.accumulate), evaluation: memoryOf(plans.evaluate) };
    });
    for (const kind of ['training', 'evaluation'] as const) {
      const pooled = byTime.map((memory) => memory[kind].pooled);
      for (let i = 1; i < times.length; i++) {
        // Twice the context, twice the bytes; a constant part may only make the ratio smaller.
        expect((pooled[i] ?? 0) / (pooled[i - 1] ?? 1)).toBeLessThanOrEqual(2.02);
        expect((pooled[i] ?? 0) / (pooled[i - 1] ?? 1)).toBeGreaterThan(1.8);
      }
    }
  });

  it.each(cases)('of %s has no tensor of the size of all scores', (_, family) => {
    for (const context of [1024, 2048]) {
      const model = { ...family, width: 64, heads: 4, vocabulary: 65, context };
      const { accumulate, evaluate } = record(tinyExperiment({ model, train: { batch: 1 } }));
      for (const plan of [accumulate, evaluate])
        expect(memoryOf(plan).largest).toBeLessThan(context * context);
    }
  });
});

describe('recomputation of blocks', () => {
  it('keeps less the more layers there are, and says so before a run', () => {
    const bytesOf = (recompute: string, layers: number) =>
      memoryOf(
        record(tinyExperiment({ model: { ...families.gpt2, layers, width: 64 }, train: { recompute } }))
          .accumulate,
      ).pooled;
    expect(bytesOf('blocks', 8)).toBeLessThan(0.4 * bytesOf('none', 8));
    // One layer more keeps its input only.
    const [kept, again] = (['none', 'blocks'] as const).map((kind) => bytesOf(kind, 9) - bytesOf(kind, 8));
    expect(again).toBe(4 * 4 * 8 * 64);
    expect(kept).toBeGreaterThan(10 * (again ?? 0));
  });

  it('computes every block a second time and nothing else', () => {
    const flopsOf = (recompute: string) => {
      const { accumulate } = record(tinyExperiment({ model: families.llama, train: { recompute } }));
      const flops = (only: boolean) =>
        accumulate.dispatches
          .filter(({ isRecomputed, layer, phase }) =>
            only ? isRecomputed : layer !== undefined && phase === 'forward',
          )
          .reduce((sum, { kernel, dims }) => sum + kernel.usefulFlops(dims, {}), 0);
      return [flops(true), flops(false)];
    };
    expect(flopsOf('none')[0]).toBe(0);
    const [again, forward] = flopsOf('blocks');
    expect(again).toBe(forward);
  });
});

describe('the shape of GPT-2 124M', () => {
  const { model, train } = preset('gpt2-124m');

  it('is recorded in row blocks of the token table within 128 MiB per binding', () => {
    const plans = recordTrainingPlans(model, train, options);
    const blocks = plans.model.store.parameters.get('tokenEmbedding')?.blocks ?? [];
    expect(blocks.length).toBe(2);
    expect(blocks.reduce((rows, { weight }) => rows + (weight.shape[0] ?? 0), 0)).toBe(50_257);
    for (const plan of [plans.accumulate, plans.update, plans.evaluate]) {
      for (const { bindings } of plan.dispatches) {
        for (const { storage, elementType } of Object.values(bindings)) {
          expect(elementType === 'u32' || elementType === 'f32').toBe(true);
          expect(storage.elements * 4).toBeLessThanOrEqual(baselineCapabilities.maxBindingBytes);
        }
      }
    }
  });

  it('never stores the logits of a whole batch', () => {
    const { accumulate } = recordTrainingPlans(model, train, options);
    expect(memoryOf(accumulate).largest).toBeLessThan(train.batch * model.context * model.vocabulary);
  });

  it('has 124 million parameters and their gradients in equal shards', () => {
    const { store } = recordTrainingPlans(model, train, options).model;
    const count = [...store.parameters.values()].reduce((sum, { shape }) => sum + elementCount(shape), 0);
    expect(count).toBe(124_439_808); // the published model
    for (const { weights, gradients, states } of store.shards) {
      for (const other of [gradients, ...states.values()]) expect(other.shape).toEqual(weights.shape);
    }
  });
});

describe('recording', () => {
  it('gives the same dispatches every time', () => {
    const describePlan = (plan: Plan) =>
      plan.dispatches.map(({ kernel, dims, label }) => [kernel.name, dims, label, plan.buffers.length]);
    for (const { id } of presets) {
      const [first, second] = [record(preset(id)), record(preset(id))];
      for (const name of ['accumulate', 'update', 'evaluate'] as const) {
        expect(describePlan(second[name])).toEqual(describePlan(first[name]));
      }
    }
  });

  it.each(presets.map(({ id }) => id))('attributes every dispatch of %s to a term and its layer', (id) => {
    const terms: readonly string[] = costTerms.filter((term) => term !== 'other');
    const plans = record(preset(id));
    const { layers } = plans.model.config;
    for (const { name, dispatches } of allPlans(plans, recordInferencePlans(plans.model, options))) {
      for (const { term, layer, label, kernel } of dispatches) {
        const isSampling = term === 'other' && kernel.name === 'sample';
        expect(isSampling || terms.includes(term ?? ''), `${name}: ${label}: ${kernel.name}`).toBe(true);
        // The final norm and what surrounds the blocks belong to no layer.
        const inLayer = /layer (\d+)/.exec(label)?.[1];
        expect(layer).toBe(inLayer === undefined ? undefined : Number(inLayer));
        if (['qkv', 'attention', 'projection', 'ffn'].includes(term ?? ''))
          expect(layer).toBeLessThan(layers);
      }
    }
  });

  it('refuses a model too large for the device, naming the tensor, its bytes and the limit', () => {
    const capabilities = { ...baselineCapabilities, maxBindingBytes: 2 ** 20 };
    const wide = tinyExperiment({ model: { width: 1024, heads: 8, vocabulary: 65 } });
    expect(() => record(wide, { capabilities })).toThrow(
      'layers.0.attention.qkv [1024, 3072] needs 12582912 bytes, more than this device binds at once (1048576)',
    );
    const long = tinyExperiment({ model: { context: 8192, vocabulary: 65 }, train: { batch: 64 } });
    expect(() => record(long, { capabilities })).toThrow(/tensor .* needs \d+ bytes.*1048576/);
  });

  it('has one state of the parameters’ size for SGD and two for AdamW, beside weights and gradients', () => {
    const { train } = tinyExperiment({ train: { optimizer: { kind: 'sgd', learningRate: 0.1 } } });
    expect(parameterCopies(train)).toBe(3);
    expect(parameterCopies(tinyExperiment().train)).toBe(4);
  });

  it('of shorter batches than the context and of separate targets shapes the tokens so', () => {
    const { tokens, targets, time } = record(tinyExperiment(), { time: 5, separateTargets: true });
    expect([tokens.shape, targets?.shape, time]).toEqual([[4, 6], [4, 5], 5]);
  });

  it('runs one dispatch of the optimizer per shard', () => {
    const { update, model } = record(preset('gpt2-124m'));
    const dispatches = update.dispatches.filter(({ label }) => label === 'optimizer');
    expect(dispatches).toHaveLength(model.store.shards.length);
  });
});
