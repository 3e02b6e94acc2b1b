// The whole model against PyTorch in float64: logits, loss and every gradient of the golden models of both families.
import { describe, expect, it } from 'vitest';
import { readSafetensors } from '../../src/data/safetensors.ts';
import { headLoss } from '../../src/kernels/head-loss.ts';
import { exportParameters } from '../../src/model/huggingface/weights.ts';
import { createModelTensors, headOf, registerParameters } from '../../src/model/tensors.ts';
import { recordDecodeTrunk, recordTrunk } from '../../src/model/transformer.ts';
import { baselineCapabilities } from '../../src/plan/kernel.ts';
import { persistentTensor } from '../../src/plan/store.ts';
import { Tape } from '../../src/plan/tape.ts';
import { fixtureBytes, fixtureJson, fixtureModel, type Rows, runModel } from './run-model.ts';

const norm = (values: ArrayLike<number>) => Math.sqrt(Array.from(values).reduce((sum, v) => sum + v * v, 0));

/** Compares one golden model with PyTorch's numbers. */
async function expectGolden(folder: string, maxBindingBytes?: number): Promise<void> {
  const { model, weights, names } = await fixtureModel(folder);
  const rows = fixtureJson<Rows>(folder, 'tokens.json');
  const expected = readSafetensors(fixtureBytes(folder, 'expected.safetensors'));
  const { loss, parameters } = fixtureJson<{ loss: number; parameters: number }>(folder, 'expected.json');
  const found = await runModel(model, weights, rows, maxBindingBytes);

  expect(Math.abs(found.loss - loss)).toBeLessThan(1e-6);
  expect([...weights.values()].reduce((sum, { length }) => sum + length, 0)).toBe(parameters);
  const logits = expected.tensors.get('logits')?.data() ?? new Float32Array(0);
  expect(found.logits).toHaveLength(logits.length);
  const worst = logits.reduce((most, value, i) => Math.max(most, Math.abs(value - found.logits[i])), 0);
  expect(worst).toBeLessThan(1e-5);

  const gradients = exportParameters(model, (name) => found.gradients.get(name) ?? new Float32Array(0), {
    content: 'gradients',
    names,
  });
  const wanted = [...expected.tensors].filter(([name]) => name !== 'logits');
  expect([...gradients.keys()].sort()).toEqual(wanted.map(([name]) => name).sort());
  const all = norm(wanted.map(([, tensor]) => norm(tensor.data())));
  for (const [name, tensor] of wanted) {
    const golden = tensor.data();
    const ours = gradients.get(name)?.data ?? new Float32Array(0);
    expect(ours, name).toHaveLength(golden.length);
    const distance = norm(golden.map((value, i) => value - ours[i]));
    expect(distance, `∂${name}`).toBeLessThanOrEqual(1e-5 * norm(golden) + 1e-7 * all);
  }
}

describe('the whole model', () => {
  it.each(['gpt2-a', 'gpt2-b', 'gpt2-erf', 'llama-a', 'llama-b', 'llama-c'])(
    'has the logits, the loss and the gradients of PyTorch for %s',
    (folder) => expectGolden(folder),
  );

  it.each(['gpt2-b', 'llama-b'])(
    'has the same numbers for %s when its token table is cut in row blocks',
    (folder) => expectGolden(folder, 256 * 48 * 4),
  );
});

describe('frozen parameters', () => {
  const relative = (a: ArrayLike<number>, b: ArrayLike<number>) =>
    norm(Array.from(a).map((value, i) => value - b[i])) / norm(b);

  it.each([
    ['gpt2-b', /ffn\.expand$|attentionNorm$/],
    ['llama-b', /attention\.qkv$|finalNorm$/],
    ['llama-b', /layers\.1\.ffn\.contract$/],
  ])('of %s take nothing away from the gradients of the others, %s', async (folder, trained) => {
    const { model, weights } = await fixtureModel(folder);
    const rows = fixtureJson<Rows>(folder, 'tokens.json');
    const isFrozen = (name: string) => !trained.test(name);
    const all = await runModel(model, weights, rows);
    const some = await runModel(model, weights, rows, undefined, { isFrozen });
    expect(some.loss).toBeCloseTo(all.loss, 9);
    const names = [...all.gradients.keys()].filter((name) => trained.test(name));
    expect([...some.gradients.keys()]).toEqual(names);
    for (const name of names)
      expect(relative(some.gradients.get(name) ?? [], all.gradients.get(name) ?? []), name).toBeLessThan(
        1e-6,
      );
  });

  it('cost no gradient: below the last layer that is trained nothing is computed backwards', async () => {
    const { model: config } = await fixtureModel('llama-a');
    const record = (isFrozen: (name: string) => boolean) => {
      const model = createModelTensors(config, { maxBindingBytes: 2 ** 27, gradients: true, isFrozen });
      const tokens = persistentTensor('tokens', [1, 9], 'u32', 'data');
      const tape = new Tape({ capabilities: baselineCapabilities, training: true });
      registerParameters(tape, model, 0);
      const x = recordTrunk(tape, model, tokens, { batch: 1, time: 8 });
      const loss = persistentTensor('loss', [8], 'f32', 'state');
      headLoss(tape, x, headOf(model), { tokens, targets: undefined }, loss, {
        time: 8,
        lossPositions: 'all',
      });
      tape.backward();
      const frozen = [...model.store.parameters.values()].filter((parameter) => parameter.isFrozen);
      const weights = new Set(frozen.flatMap(({ blocks }) => blocks.map(({ weight }) => weight.storage)));
      for (const { kernel, bindings } of tape.dispatches)
        for (const name of kernel.writes)
          expect(weights.has(bindings[name]?.storage ?? tokens.storage)).toBe(false);
      return tape.dispatches.filter(({ phase }) => phase === 'backward');
    };
    const last = record((name) => name !== 'layers.1.ffn.contract');
    expect(new Set(last.map(({ layer }) => layer))).toEqual(new Set([undefined, 1]));
    // ∂x by the head, through the last norm, and the one matrix.
    expect(last.map(({ kernel }) => kernel.role)).toEqual(['product', 'norm', 'product']);
    expect(record(() => false).length).toBeGreaterThan(10 * last.length);
  });
});

describe('the trunk of decoding', () => {
  it('needs a cache for every layer', async () => {
    const { model: config } = await fixtureModel('llama-a');
    const model = createModelTensors(config, { maxBindingBytes: 2 ** 27, gradients: false });
    const state = persistentTensor('state', [4], 'u32', 'state');
    const tape = new Tape({ capabilities: baselineCapabilities });
    expect(() => recordDecodeTrunk(tape, model, state, [])).toThrow('no cache for layer 0');
  });

  it('labels every dispatch with its place in the model', async () => {
    const { model: config } = await fixtureModel('llama-a');
    const model = createModelTensors(config, { maxBindingBytes: 2 ** 27, gradients: false });
    const tokens = persistentTensor('tokens', [1, 9], 'u32', 'data');
    const tape = new Tape({ capabilities: baselineCapabilities });
    recordTrunk(tape, model, tokens, { batch: 1, time: 8 });
    const labels = new Set(tape.dispatches.map(({ label }) => label));
    expect([...labels]).toEqual([
      'embedding',
      ...[0, 1].flatMap((layer) =>
        [
          ...['attention / norm', 'attention / qkv', 'attention / rope', 'attention / attention'],
          ...['attention / projection', 'ffn / norm', 'ffn / expand', 'ffn / activation', 'ffn / contract'],
        ].map((part) => `layer ${layer} / ${part}`),
      ),
      'norm',
    ]);
  });
});
