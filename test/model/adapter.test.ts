// Low-rank adapters: nothing at the start, gradients of A and B against finite differences, and the same merged as beside the base.
import { describe, expect, it } from 'vitest';
import { freshWeights } from '../../src/lab/plans/open-model.ts';
import {
  type AdapterConfig,
  adapterSpecs,
  type LowRankAdapter,
  mergedValues,
} from '../../src/model/adapter.ts';
import type { ModelConfig } from '../../src/model/config.ts';
import { adapterOf } from '../../src/model/huggingface/adapter-modules.ts';
import { parameterSpecs } from '../../src/model/parameters.ts';
import { baselineCapabilities } from '../../src/plan/kernel.ts';
import { tinyExperiment } from '../lab/training/tiny-runs.ts';
import { fixtureJson, fixtureModel, type Rows, runModel } from './run-model.ts';

const { maxBindingBytes } = baselineCapabilities;

function configOf(targets: readonly string[], changes: Partial<AdapterConfig> = {}): AdapterConfig {
  return { rank: 3, alpha: 5, dropout: 0, isRankStabilised: false, targets, ...changes };
}

/** Weights of a base with an adapter's beside them: B at `spread`, where 0 is how it starts. */
function withAdapter(
  weights: ReadonlyMap<string, Float32Array>,
  adapter: LowRankAdapter,
  spread: number,
): Map<string, Float32Array> {
  const all = new Map(weights);
  for (const { name, shape } of adapterSpecs(adapter)) {
    const [rows = 1, columns = 1] = shape;
    const scale = name.endsWith('lora_B') ? spread : 0.3;
    all.set(
      name,
      Float32Array.from({ length: rows * columns }, (_, i) => scale * Math.sin(1 + 7 * i)),
    );
  }
  return all;
}

function merged(
  model: ModelConfig,
  adapter: LowRankAdapter,
  weights: ReadonlyMap<string, Float32Array>,
): Map<string, Float32Array> {
  return new Map(
    parameterSpecs(model).map(({ name, shape }) => {
      const values = weights.get(name) ?? new Float32Array();
      return [name, mergedValues(adapter, { name, first: 0, values }, shape.at(-1) ?? 1, weights)];
    }),
  );
}

/** Matrices eight times as they begin, so that attention chooses among its tokens. */
function wider(weights: ReadonlyMap<string, Float32Array>): Map<string, Float32Array> {
  return new Map(
    [...weights].map(([name, values]) => [
      name,
      values.map((value) => (/[nN]orm$/.test(name) ? value : 8 * value)),
    ]),
  );
}

const furthest = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Array.from(a).reduce((most, value, i) => Math.max(most, Math.abs(value - b[i])), 0);

const cases = [
  ['llama-c', ['q', 'v']],
  ['llama-c', ['all-linear']],
  ['gpt2-erf', ['all-linear']],
  ['gpt-neox', ['query_key_value']],
  ['phi3', ['qkv_proj', 'gate_up_proj']],
  ['deepseek-v3', ['q_b_proj', 'o_proj', 'shared_experts.down_proj']],
] as const;

describe('an adapter', () => {
  it.each(cases)(
    'of %s on %j is nothing at the start, and then the same beside the base as merged',
    async (folder, targets) => {
      const { model, weights, type } = await fixtureModel(folder);
      const rows = fixtureJson<Rows>(folder, 'tokens.json');
      const adapter = adapterOf(model, configOf(targets), type);
      const run = (spread: number) =>
        runModel(model, withAdapter(weights, adapter, spread), rows, maxBindingBytes, { adapter });
      const base = await runModel(model, weights, rows);
      const [start, later] = [await run(0), await run(0.2)];
      expect(Array.from(start.logits)).toEqual(Array.from(base.logits));
      const both = await runModel(model, merged(model, adapter, withAdapter(weights, adapter, 0.2)), rows);
      expect(furthest(later.logits, base.logits)).toBeGreaterThan(1e-3);
      expect(furthest(later.logits, both.logits)).toBeLessThan(1e-5);
      // Only A and B have gradients, and of A none yet, as B is zero.
      expect([...start.gradients.keys()]).toEqual(adapterSpecs(adapter).map(({ name }) => name));
      for (const [name, gradient] of start.gradients)
        expect(
          gradient.some((value) => value !== 0),
          name,
        ).toBe(name.endsWith('lora_B'));
    },
  );

  it.each([
    ['heads', 'rotary', {}, ['q', 'v', 'gate', 'down']],
    [
      'learned positions',
      'an activation',
      { position: 'learned', norm: 'layerNorm', gated: false, bias: true },
      ['all-linear'],
    ],
  ])('of %s with %s has the gradients of finite differences', async (_, __, kind, targets) => {
    const { model: shape } = tinyExperiment({
      model: {
        width: 12,
        heads: 3,
        context: 6,
        hidden: 10,
        position: 'rope',
        norm: 'rmsNorm',
        gated: true,
        bias: false,
        activation: 'gelu',
        tiedHead: false,
        ...kind,
      },
    });
    const model = { ...shape, vocabulary: 11 };
    const adapter = adapterOf(model, configOf(targets));
    const weights = withAdapter(wider(freshWeights(model, 3)), adapter, 0.3);
    const rows = { inputs: [[1, 4, 2, 9, 5, 0]], targets: [[4, 2, 9, 5, 0, 3]] };
    const lossWith = async (changed: ReadonlyMap<string, Float32Array>) =>
      (await runModel(model, changed, rows, maxBindingBytes, { adapter })).loss;
    const { gradients } = await runModel(model, weights, rows, maxBindingBytes, { adapter });
    for (const [name, gradient] of gradients) {
      const direction = gradient.map((_, i) => Math.cos(3 * i));
      const step = 2 ** -11;
      const moved = (by: number) => {
        const values = (weights.get(name) ?? new Float32Array()).map((value, i) => value + by * direction[i]);
        return lossWith(new Map([...weights, [name, values]]));
      };
      const slope = ((await moved(step)) - (await moved(-step))) / (2 * step);
      const expected = gradient.reduce((sum, value, i) => sum + value * direction[i], 0);
      expect(Math.abs(slope), name).toBeGreaterThan(1e-4);
      expect(Math.abs(expected - slope), name).toBeLessThan(1e-5 + 1e-3 * Math.abs(slope));
    }
  });

  it('is scaled by alpha ÷ rank, or by alpha ÷ √rank where it says so', async () => {
    const { model, weights, type } = await fixtureModel('llama-a');
    const difference = (changes: Partial<AdapterConfig>) => {
      const adapter = adapterOf(model, configOf(['o_proj'], { rank: 4, alpha: 8, ...changes }), type);
      const name = 'layers.0.attention.projection';
      const after = merged(model, adapter, withAdapter(weights, adapter, 0.2)).get(name) ?? [];
      return furthest(after, weights.get(name) ?? []);
    };
    expect(difference({ alpha: 4 }) / difference({})).toBeCloseTo(1 / 2, 4);
    expect(difference({ isRankStabilised: true }) / difference({})).toBeCloseTo(2, 4);
  });

  it('is merged into a part of a parameter as into the whole', async () => {
    const { model, weights, type } = await fixtureModel('llama-b');
    const adapter = adapterOf(model, configOf(['k_proj', 'v_proj']), type);
    const all = withAdapter(weights, adapter, 0.2);
    const name = 'layers.1.attention.qkv';
    const spec = parameterSpecs(model).find((one) => one.name === name);
    const [values, width] = [weights.get(name) ?? new Float32Array(), spec?.shape[1] ?? 0];
    const whole = mergedValues(adapter, { name, first: 0, values }, width, all);
    for (const [first, last] of [
      [0, 5],
      [7, values.length],
      [width - 1, width + 1],
      [3 * width, 5 * width + 9],
    ]) {
      const part = mergedValues(adapter, { name, first, values: values.subarray(first, last) }, width, all);
      expect(part).toEqual(whole.subarray(first, last));
    }
  });
});
