// Adapters in PEFT's layout: its logits and gradients in float64, the same files again, and one clear sentence for what is another.
import { describe, expect, it } from 'vitest';
import { readSafetensors, writeSafetensors } from '../../../src/data/safetensors.ts';
import { readStored, storedArrays } from '../../../src/lab/plans/parameter-io.ts';
import {
  adapterFileNames,
  readAdapterFiles,
  withAdapter,
  writeAdapterFiles,
} from '../../../src/lab/training/adapter-files.ts';
import { inMemory, type OpenFile } from '../../../src/lab/training/weight-files.ts';
import { parameterSpecs } from '../../../src/model/parameters.ts';
import { fixtureBytes, fixtureJson, fixtureModel, type Rows, runModel } from '../../model/run-model.ts';

const { config: configName, weights: weightsName } = adapterFileNames;
const folders = ['qwen2', 'gpt2-erf', 'gpt-neox'];

/** The files of a fixture, some of them others. */
function opener(folder: string, others: Readonly<Record<string, Uint8Array | undefined>> = {}): OpenFile {
  return async (name) => {
    const bytes = name in others ? others[name] : fixtureBytes(`adapters/${folder}`, name);
    return bytes && inMemory(bytes);
  };
}

const json = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));
const norm = (values: ArrayLike<number>) => Math.hypot(...Array.from(values));
const furthest = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Array.from(a).reduce((most, value, i) => Math.max(most, Math.abs(value - b[i])), 0);

describe('the files of an adapter', () => {
  it.each(folders)(
    'that PEFT saved for %s compute what PEFT computes, beside the base and merged',
    async (folder) => {
      const files = await fixtureModel(folder);
      const found = await readAdapterFiles(opener(folder), files);
      const rows = fixtureJson<Rows>(folder, 'tokens.json');
      const expected = readSafetensors(fixtureBytes(`adapters/${folder}`, 'expected.safetensors')).tensors;
      const logits = expected.get('logits')?.data() ?? [];
      const both = new Map([...files.weights, ...found.weights]);
      // PEFT's numbers are of evaluation: nothing is dropped.
      const adapter = { ...found.adapter, config: { ...found.adapter.config, dropout: 0 } };
      const beside = await runModel(files.model, both, rows, undefined, { adapter });
      expect(beside.logits).toHaveLength(logits.length);
      expect(furthest(beside.logits, logits)).toBeLessThan(1e-5);
      const stored = withAdapter({ model: files.model, weights: storedArrays(files.weights) }, found).weights;
      const merged = await runModel(files.model, await readStored(stored, parameterSpecs(files.model)), rows);
      expect(furthest(merged.logits, logits)).toBeLessThan(1e-5);
      // Gradients are written as weights are: under PEFT's names, in its order.
      const gradients = writeAdapterFiles(
        { adapter: found.adapter, weights: beside.gradients },
        { name: folder },
      );
      const ours = readSafetensors(gradients[1].bytes).tensors;
      expect([...ours.keys()]).toEqual([...expected.keys()].filter((name) => name !== 'logits'));
      for (const [name, tensor] of ours) {
        const [golden, given] = [expected.get(name), tensor.data()];
        expect(tensor.shape).toEqual(golden?.shape);
        const values = golden?.data() ?? new Float32Array();
        expect(norm(values.map((value, i) => value - given[i])), name).toBeLessThan(
          1e-5 * norm(values) + 1e-7,
        );
      }
    },
  );

  it.each(folders)('of %s come back the same', async (folder) => {
    const { model, type } = await fixtureModel(folder);
    const found = await readAdapterFiles(opener(folder), { model, type });
    const [config, weights] = writeAdapterFiles(found, { name: folder, type });
    expect(weights.bytes).toEqual(fixtureBytes(`adapters/${folder}`, weightsName));
    const theirs = JSON.parse(new TextDecoder().decode(fixtureBytes(`adapters/${folder}`, configName)));
    expect(theirs).toMatchObject(JSON.parse(new TextDecoder().decode(config.bytes)));
    const again = await readAdapterFiles(
      opener(folder, { [configName]: config.bytes, [weightsName]: weights.bytes }),
      {
        model,
        type,
      },
    );
    expect(again).toEqual(found);
  });

  it.each([
    [{ peft_type: 'IA3' }, /peft_type.*Only LoRA/],
    [{ use_dora: true }, /"use_dora" is true, which is not computed/],
    [{ alpha_pattern: { q_proj: 4 } }, /"alpha_pattern" is \{"q_proj":4\}/],
    [{ modules_to_save: ['lm_head'] }, /"modules_to_save"/],
    [{ some_new_scale: 2 }, /"some_new_scale" is 2/],
    [{ bias: 'all' }, /bias/],
    [{ r: 0 }, /\br\b/],
    [{ init_lora_weights: 'pissa_niter_4' }, /changes the base too/],
    [{ r: 5 }, /lora_A\.weight is \[3, 14\].* make it \[5, 14\]/],
  ])('with %j are refused', async (changes, message) => {
    const files = await fixtureModel('qwen2');
    const config = { ...fixtureJson<object>('adapters/qwen2', configName), ...changes };
    await expect(readAdapterFiles(opener('qwen2', { [configName]: json(config) }), files)).rejects.toThrow(
      message,
    );
  });

  it('of another model, cut or with what is no number, are refused by the tensor', async () => {
    const files = await fixtureModel('qwen2');
    const tensors = [...readSafetensors(fixtureBytes('adapters/qwen2', weightsName)).tensors].map(
      ([name, { shape, data }]): [string, { shape: readonly number[]; data: Float32Array }] => [
        name,
        { shape, data: data().slice() },
      ],
    );
    const refused = (changed: typeof tensors, message: RegExp) =>
      expect(
        readAdapterFiles(opener('qwen2', { [weightsName]: writeSafetensors(changed) }), files),
      ).rejects.toThrow(message);
    await refused(tensors.slice(1), /layers\.0\.mlp\.down_proj\.lora_A\.weight is missing/);
    await refused([], /no tensor/);
    await refused(
      [['base_model.model.model.layers.7.mlp.down_proj.lora_A.weight', tensors[0][1]]],
      /layers\.7.*no linear layer/,
    );
    const [name, { shape, data }] = tensors[3];
    await refused(
      [[name, { shape, data: data.map((value, i) => (i === 2 ? Number.NaN : value)) }]],
      /\[2\] is NaN/,
    );
    await expect(readAdapterFiles(opener('qwen2', { [weightsName]: undefined }), files)).rejects.toThrow(
      'there is no adapter_model',
    );
    const gpt2 = await fixtureModel('gpt2-erf');
    await expect(readAdapterFiles(opener('qwen2'), gpt2)).rejects.toThrow(
      /no linear layer that can be adapted here \(c_attn/,
    );
  });
});
