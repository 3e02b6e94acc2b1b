// Decoding with a cache against the whole forward pass: the logits of every position, for both families.
import { describe, expect, it } from 'vitest';
import { packSettings } from '../../../src/kernels/sample.ts';
import { bucketLengths, decodeBurst, recordInferencePlans } from '../../../src/lab/plans/inference-plans.ts';
import { writeParameters } from '../../../src/lab/plans/parameter-io.ts';
import { initialiseParameters } from '../../../src/model/initialise.ts';
import { parameterSpecs } from '../../../src/model/parameters.ts';
import { constantTables, createModelTensors } from '../../../src/model/tensors.ts';
import { baselineCapabilities } from '../../../src/plan/kernel.ts';
import { storagesOf } from '../../../src/plan/store.ts';
import { CpuRuntime } from '../../../src/runtime/cpu-runtime.ts';
import { families, tinyExperiment } from '../training/tiny-runs.ts';

const context = 40;
const tokens = Array.from({ length: context }, (_, i) => (i * i * 7 + 3 * i) % 50);

function loadedModel(family: keyof typeof families) {
  const { model: config } = tinyExperiment({ model: { ...families[family], context, vocabulary: 50 } });
  const model = createModelTensors(config, { maxBindingBytes: 2 ** 27, gradients: false });
  const plans = recordInferencePlans(model, { capabilities: baselineCapabilities });
  const all = [plans.decode, ...plans.prefill.map(({ plan }) => plan)];
  const runtime = new CpuRuntime(all, storagesOf(model.store));
  for (const { tensor, values } of constantTables(model)) runtime.write(tensor, values);
  const weights = new Map<string, Float32Array>();
  // Ten times the usual deviation, so that attention is far from uniform.
  initialiseParameters(parameterSpecs(config), 3, (name, values) =>
    weights.set(name, /orm/.test(name) ? values : values.map((value) => 10 * value)),
  );
  writeParameters(runtime, model.store, 'weights', weights);

  const greedy = { end: 1000, seed: 0, topK: 0, drawable: 0, temperature: 0, topP: 1 };
  runtime.write(plans.settings, Uint32Array.from(packSettings(greedy)));
  const prefill = async (length: number, bucketLength: number) => {
    const bucket = plans.prefill.find((one) => one.length === bucketLength);
    if (!bucket) throw new Error(`no bucket of ${bucketLength}`);
    runtime.write(
      bucket.tokens,
      Uint32Array.from({ length: bucketLength + 1 }, (_, i) => (i < length ? (tokens[i] ?? 0) : 49)),
    );
    runtime.write(plans.state, Uint32Array.of(length - 1, 0, 0, 0));
    await runtime.submit([{ plan: bucket.plan, scalars: { length } }]);
    return [...(await runtime.read(plans.logits))];
  };
  const decode = async (position: number) => {
    runtime.write(plans.state, Uint32Array.of(position, tokens[position] ?? 0, 0, 0));
    await runtime.submit([{ plan: plans.decode, scalars: { position } }]);
    return [...(await runtime.read(plans.logits))];
  };
  return { plans, runtime, prefill, decode };
}

const distance = (a: readonly number[], b: readonly number[]) =>
  Math.max(...a.map((value, i) => Math.abs(value - (b[i] ?? Number.NaN))));

describe.each(['gpt2', 'llama'] as const)('the plans of sampling a %s model', (family) => {
  it('decode every position to the logits of the whole forward pass', async () => {
    const { prefill, decode } = loadedModel(family);
    const expected: number[][] = [];
    for (let length = 1; length <= context; length++) expected.push(await prefill(length, context));
    await prefill(1, 16);
    const spread = Math.max(...(expected[context - 1] ?? [])) - Math.min(...(expected[context - 1] ?? []));
    expect(spread).toBeGreaterThan(0.1);
    for (let position = 1; position < context; position++) {
      expect(distance(await decode(position), expected[position] ?? []), `position ${position}`).toBeLessThan(
        1e-4,
      );
    }
  });

  it('prefill the same from a short bucket as from a long one', async () => {
    const { prefill, decode } = loadedModel(family);
    for (const length of [1, 7, 16]) {
      const short = await prefill(length, 16);
      const afterShort = await decode(length);
      expect(distance(short, await prefill(length, context))).toBeLessThan(1e-5);
      expect(distance(afterShort, await decode(length))).toBeLessThan(1e-5);
    }
  });

  it('advance position, token and counter without the host', async () => {
    const { plans, runtime, prefill } = loadedModel(family);
    await prefill(3, 16);
    const [position, token, counter, produced] = await runtime.read(plans.state);
    expect([position, counter, produced]).toEqual([3, 1, 1]);
    expect((await runtime.read(plans.output))[0]).toBe(token);
    await runtime.submit([1, 2, 3].map(() => ({ plan: plans.decode, scalars: {} })));
    const after = await runtime.read(plans.state);
    expect([after[0], after[2], after[3]]).toEqual([6, 4, 4]);
    expect((await runtime.read(plans.output))[3]).toBe(after[1]);
  });
});

it('prompts have buckets of an eighth of the context, at least 16, and of all of it', () => {
  expect(bucketLengths(1024)).toEqual([128, 1024]);
  expect(bucketLengths(64)).toEqual([16, 64]);
  expect(bucketLengths(16)).toEqual([16]);
  expect(bucketLengths(1)).toEqual([1]);
  expect(decodeBurst).toBeGreaterThan(1);
});
