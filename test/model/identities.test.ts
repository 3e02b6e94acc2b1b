// Identities between architectures, on any accepted configuration: two ways to say one model give the same numbers.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ModelConfig, parseExperiment } from '../../src/model/config.ts';
import { initialiseParameters } from '../../src/model/initialise.ts';
import { parameterSpecs } from '../../src/model/parameters.ts';
import { anyExperiment } from '../lab/training/any-experiment.ts';
import { type ModelResult, runModel } from './run-model.ts';

type Weights = ReadonlyMap<string, Float32Array>;
type Section = Readonly<Record<string, unknown>>;

const runs = { numRuns: 30, seed: 5 };

/** Accepted models with some settings fixed; nothing that depends on training, on the batch or on chance. */
function anyModel(fixed: Section): fc.Arbitrary<ModelConfig> {
  const quiet = {
    ...{ dropout: 0, balanceLoss: 0, routerZLoss: 0, routerNoise: 0, capacityFactor: 0, routerBiasRate: 0 },
    ...fixed,
  };
  return anyExperiment
    .map((json) => {
      const { model, train } = json as { readonly model: Section; readonly train: Section };
      const parsed = parseExperiment({ model: { ...model, ...quiet }, train });
      return parsed.kind === 'ok' ? parsed.experiment.model : undefined;
    })
    .filter((model) => model !== undefined);
}

/** Weights far from their small start, so that attention and gates are far from uniform. */
function weightsOf(model: ModelConfig): Weights {
  const weights = new Map<string, Float32Array>();
  initialiseParameters(parameterSpecs(model), 3, (name, values) =>
    weights.set(
      name,
      /orm/.test(name)
        ? values.map((value, i) => value + 0.1 * Math.sin(i))
        : values.map((value) => 12 * value),
    ),
  );
  return weights;
}

function rowsFor({ context, vocabulary }: ModelConfig, batch = 1) {
  const token = (row: number, i: number) => (i * i * 7 + 3 * i + 5 * row) % vocabulary;
  const inputs = Array.from({ length: batch }, (_, row) =>
    Array.from({ length: context }, (_, i) => token(row, i)),
  );
  return { inputs, targets: inputs.map((row) => row.map((id) => (id + 1) % vocabulary)) };
}

function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  expect(a.length).toBe(b.length);
  let worst = 0;
  for (let i = 0; i < a.length; i++)
    worst = Math.max(worst, Math.abs((a[i] ?? Number.NaN) - (b[i] ?? Number.NaN)));
  return worst;
}

/** Same loss and logits, and the same gradients where parameters have one name and size. */
function expectSame(a: ModelResult, b: ModelResult): void {
  expect(Math.abs(a.loss - b.loss)).toBeLessThan(1e-9);
  expect(largestDifference(a.logits, b.logits)).toBeLessThan(1e-8);
  for (const [name, gradient] of a.gradients) {
    const other = b.gradients.get(name);
    if (other?.length === gradient.length)
      expect(largestDifference(gradient, other), name).toBeLessThan(1e-5);
  }
}

describe('any model', () => {
  it('is full attention where its window is as long as its context', async () => {
    const allLocal = { windowPattern: 'L', window: 100, localRopeBase: 0 };
    await fc.assert(
      fc.asyncProperty(anyModel({ attention: 'heads', ...allLocal }), async (model) => {
        const weights = weightsOf(model);
        const full = { ...model, windowPattern: '' };
        expectSame(
          await runModel(model, weights, rowsFor(model)),
          await runModel(full, weights, rowsFor(model)),
        );
      }),
      runs,
    );
  });

  it('with shared keys and values is one with a copy of them for each head', async () => {
    const shared = anyModel({ attention: 'heads', heads: 4, keyValueHeads: 2, width: 16, headSize: 4 });
    await fc.assert(
      fc.asyncProperty(shared, async (model) => {
        const copied = { ...model, keyValueHeads: model.heads };
        const weights = new Map(weightsOf(model));
        const apart = new Map(weights);
        for (const [name, values] of weights) {
          if (/qkv(Bias)?$/.test(name)) apart.set(name, copyHeads(model, values, true));
          if (/keyNorm$/.test(name) && values.length > model.headSize)
            apart.set(name, copyHeads(model, values, false));
        }
        expectSame(
          await runModel(model, weights, rowsFor(model)),
          await runModel(copied, apart, rowsFor(model)),
        );
      }),
      runs,
    );
  });

  it('with one expert is a dense one', async () => {
    const one = anyModel({
      ...{ experts: 1, expertsPerToken: 1, sharedExperts: 0, denseLayers: 0, moeInterval: 1 },
      ...{ renormalize: true, routerScale: 1, ffnBias: 'off' },
    });
    await fc.assert(
      fc.asyncProperty(one, async (model) => {
        const dense = { ...model, experts: 0, hidden: model.expertHidden };
        const weights = weightsOf(model);
        const plain = new Map(
          [...weights]
            .filter(([name]) => !name.includes('router'))
            .map(([name, values]) => [name.replace('.experts.', '.ffn.'), values]),
        );
        expectSame(
          await runModel(model, weights, rowsFor(model)),
          await runModel(dense, plain, rowsFor(model)),
        );
      }),
      runs,
    );
  });

  it('has the gradients of a batch as the mean of those of its rows', async () => {
    await fc.assert(
      fc.asyncProperty(anyModel({}), async (model) => {
        const weights = weightsOf(model);
        const rows = rowsFor(model, 2);
        const whole = await runModel(model, weights, rows);
        const parts = await Promise.all(
          [0, 1].map((row) =>
            runModel(model, weights, {
              inputs: rows.inputs.slice(row, row + 1),
              targets: rows.targets.slice(row, row + 1),
            }),
          ),
        );
        for (const [name, gradient] of whole.gradients) {
          const [first, second] = parts.map((part) => part.gradients.get(name) ?? new Float32Array(0));
          const mean = first?.map((value, i) => (value + (second?.[i] ?? 0)) / 2) ?? [];
          expect(largestDifference(gradient, mean), name).toBeLessThan(1e-5);
        }
      }),
      runs,
    );
  });

  it('shows no token what comes after it, to the last bit', async () => {
    await fc.assert(
      fc.asyncProperty(anyModel({}), fc.nat(), async (model, at) => {
        const weights = weightsOf(model);
        const { inputs, targets } = rowsFor(model);
        const changed = 1 + (at % (model.context - 1));
        const others = inputs.map((row) =>
          row.map((id, i) => (i === changed ? (id + 1) % model.vocabulary : id)),
        );
        const before = await runModel(model, weights, { inputs, targets });
        const after = await runModel(model, weights, { inputs: others, targets });
        const seen = changed * model.vocabulary;
        expect([...after.logits.slice(0, seen)]).toEqual([...before.logits.slice(0, seen)]);
        expect([...after.logits.slice(seen)]).not.toEqual([...before.logits.slice(seen)]);
      }),
      runs,
    );
  });
});

/** Columns query | keys | values, or keys alone, with each key (and value) head once for every query head of its group. */
function copyHeads(model: ModelConfig, values: Float32Array, isPacked: boolean): Float32Array {
  const { heads, keyValueHeads, headSize } = model;
  const query = isPacked ? heads * headSize : 0;
  const parts = isPacked ? 2 : 1;
  const columns = query + parts * keyValueHeads * headSize;
  const out: number[] = [];
  for (let row = 0; row < values.length / columns; row++) {
    const start = row * columns;
    out.push(...values.subarray(start, start + query));
    for (let part = 0; part < parts; part++) {
      for (let head = 0; head < heads; head++) {
        const group = Math.floor((head * keyValueHeads) / heads);
        const from = start + query + (part * keyValueHeads + group) * headSize;
        out.push(...values.subarray(from, from + headSize));
      }
    }
  }
  return Float32Array.from(out);
}
