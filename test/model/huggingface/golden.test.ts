// Families against Transformers 5 in float64: logits, loss and every gradient, and the tokens that decoding draws beside a cache.
import { describe, expect, test } from 'vitest';
import { readSafetensors } from '../../../src/data/safetensors.ts';
import { cpuEngine } from '../../../src/lab/plans/engine.ts';
import { recordInferencePlans } from '../../../src/lab/plans/inference-plans.ts';
import { writeParameters } from '../../../src/lab/plans/parameter-io.ts';
import { Sampler } from '../../../src/lab/sampling/sampler.ts';
import { exportParameters } from '../../../src/model/huggingface/weights.ts';
import { constantTables, createModelTensors } from '../../../src/model/tensors.ts';
import { storagesOf } from '../../../src/plan/store.ts';
import { fixtureBytes, fixtureJson, fixtureModel, type Rows, runModel } from '../run-model.ts';
import { goldenFamilies } from './family-fixtures.ts';

const norm = (values: ArrayLike<number>) => Math.sqrt(Array.from(values).reduce((sum, v) => sum + v * v, 0));

interface Expected {
  readonly loss: number;
  /** Drawn greedily after the first nine tokens. */
  readonly greedy: readonly number[];
}

describe.each(goldenFamilies)('%s', (folder) => {
  const rows = fixtureJson<Rows>(folder, 'tokens.json');
  const { loss, greedy } = fixtureJson<Expected>(folder, 'expected.json');

  test('has the logits, the loss and the gradients of Transformers', async () => {
    const { model, weights, names, type } = await fixtureModel(folder);
    const { tensors } = readSafetensors(fixtureBytes(folder, 'expected.safetensors'));
    const found = await runModel(model, weights, rows);
    expect(Math.abs(found.loss - loss)).toBeLessThan(1e-6);
    const logits = tensors.get('logits')?.data() ?? new Float32Array();
    expect(found.logits).toHaveLength(logits.length);
    const worst = logits.reduce((most, value, i) => Math.max(most, Math.abs(value - found.logits[i])), 0);
    expect(worst).toBeLessThan(1e-5);
    const get = (name: string) => found.gradients.get(name) ?? new Float32Array();
    const gradients = exportParameters(model, get, { content: 'gradients', names, type });
    const wanted = [...tensors].filter(([name]) => name !== 'logits');
    expect([...gradients.keys()].sort()).toEqual(wanted.map(([name]) => name).sort());
    const all = norm(wanted.map(([, tensor]) => norm(tensor.data())));
    for (const [name, tensor] of wanted) {
      const golden = tensor.data();
      const ours = gradients.get(name)?.data ?? new Float32Array();
      const distance = norm(golden.map((value, i) => value - ours[i]));
      expect(distance, `∂${name}`).toBeLessThanOrEqual(1e-5 * norm(golden) + 1e-7 * all);
    }
  });

  test('draws the tokens of Transformers, with a cache and without', async () => {
    const { model, weights } = await fixtureModel(folder);
    const engine = cpuEngine();
    const { maxBindingBytes } = engine.capabilities;
    const tensors = createModelTensors(model, { maxBindingBytes, gradients: false });
    const plans = recordInferencePlans(tensors, engine);
    const all = [...plans.prefill.map(({ plan }) => plan), plans.decode];
    const runtime = await engine.createRuntime(all, storagesOf(tensors.store));
    for (const { tensor, values } of constantTables(plans.model)) runtime.write(tensor, values);
    writeParameters(runtime, plans.model.store, 'weights', weights);
    const sampler = new Sampler(runtime, plans);
    const prompt = rows.inputs[0]?.slice(0, 9) ?? [];
    const options = { maximumTokens: greedy.length, temperature: 0, topK: 0, topP: 1, seed: 1 };
    for (const useCache of [true, false])
      expect((await sampler.generate(prompt, { ...options, useCache })).tokens).toEqual(greedy);
    runtime.dispose();
  });
});
