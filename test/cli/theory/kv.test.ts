// The kv command: configurations of ours, of Hugging Face, and directories.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createFolder } from '../../folders.ts';
import { near } from '../../near.ts';
import { fixturePath } from '../fixtures.ts';
import { jsonLines, runMain, tinyExperiment, writeJson } from '../run-command.ts';

const folder = createFolder();
const ours = writeJson(folder, 'ours.json', tinyExperiment);
const llama = {
  model_type: 'llama',
  hidden_size: 8192,
  num_hidden_layers: 80,
  num_attention_heads: 64,
  num_key_value_heads: 8,
  max_position_embeddings: 8192,
};
const published = writeJson(folder, 'llama.json', llama);

async function kv(...args: string[]): Promise<Record<string, unknown>[]> {
  const result = await runMain(['theory', 'kv', ...args, '--json'], folder);
  expect([result.code, result.stderr]).toEqual([0, '']);
  return jsonLines(result);
}

describe('theory kv', () => {
  it('reads the model section of a configuration of ours', async () => {
    const [line] = await kv(ours);
    expect(line).toMatchObject({
      config: ours,
      unit: 'bytes',
      kind: 'MHA 2',
      bytesPerToken: 2 * 16 * 2,
      context: 16,
    });
    expect(line.convention).toMatch(/keys and values/);
    const alone = writeJson(folder, 'alone.json', { model: { ...tinyExperiment.model, keyValueHeads: 1 } });
    expect((await kv(alone))[0]).toMatchObject({ kind: 'MQA 2:1', bytesPerToken: 2 * 8 * 2 });
  });

  it('reads windows and latents of ours', async () => {
    const sizes = { layers: 3, width: 32, heads: 4, context: 16, norm: 'rmsNorm', position: 'rope' };
    const local = writeJson(folder, 'local.json', { model: { ...sizes, windowPattern: 'LLG', window: 4 } });
    const [windows] = await kv(local);
    expect(windows).toMatchObject({
      kind: 'MHA 4, 2 of 3 layers with a window of 4',
      bytesPerToken: 3 * 64 * 2,
      bytesPerTokenBeyondWindows: 64 * 2,
      bytesAtContext: 2 * 64 * (16 + 2 * 4),
    });
    const latent = { ...sizes, attention: 'latent', latentSize: 24, ropeHeadSize: 4 };
    const [small] = await kv(writeJson(folder, 'latent.json', { model: latent }));
    expect(small).toMatchObject({
      valuesPerToken: 3 * (24 + 4),
      bytesPerTokenWithoutDecoupledKey: 3 * 24 * 2,
    });
  });

  it('takes the id of a published model, and every family that the lab reads', async () => {
    const [scout, large] = await kv('llama-4-scout', 'llama-3-405b');
    expect(scout).toMatchObject({ bytesPerToken: 48 * 2 * 8 * 128 * 2, bytesPerTokenBeyondWindows: 49_152 });
    expect(large).toMatchObject({ bytesPerToken: 126 * 2 * 8 * 128 * 2, context: 131_072 });
    const [granite, neo, coder] = await kv(
      ...['granite', 'gpt-neo', 'starcoder2'].map((name) => fixturePath(name)),
    );
    for (const line of [granite, neo, coder]) expect(line.bytesPerToken).toBeGreaterThan(0);
  });

  it('reads published files and directories, one line each in their order', async () => {
    const lines = await kv(published, fixturePath('llama-a'), 'ours.json');
    expect(lines.map(({ config }) => config)).toEqual([published, fixturePath('llama-a'), 'ours.json']);
    expect(lines[0]).toMatchObject({
      kind: 'GQA 64:8',
      bytesPerToken: 327_680,
      shareOfMultiHead: near(0.125),
    });
    expect(lines[1]).toMatchObject({ kind: 'MQA 5:1', layers: 2 });
  });

  it('reads a directory whose model no published layout can say', async () => {
    const model = {
      layers: 3,
      width: 32,
      heads: 4,
      keyValueHeads: 2,
      context: 8,
      vocabulary: 9,
      norm: 'rmsNorm',
    };
    const path = join(folder, 'own');
    mkdirSync(path);
    writeJson(path, 'config.json', { model_type: 'flopscope', flopscope: { ...model, position: 'learned' } });
    expect((await kv(path))[0]).toMatchObject({ kind: 'GQA 4:2', valuesPerToken: 3 * 2 * 2 * 8 });
  });

  it('takes another context and size of values', async () => {
    const [line] = await kv(published, '--context', '100', '--bits', '4');
    expect(line).toMatchObject({ context: 100, bytesPerToken: 81_920, bytesAtContext: 8_192_000 });
  });

  it('shows windows and the decoupled key to people', async () => {
    const latent = {
      ...llama,
      model_type: 'deepseek_v3',
      kv_lora_rank: 512,
      qk_rope_head_dim: 64,
      v_head_dim: 128,
    };
    const windowed = { ...llama, model_type: 'gemma2', sliding_window: 1024 };
    const paths = [writeJson(folder, 'mla.json', latent), writeJson(folder, 'window.json', windowed)];
    const { stdout } = await runMain(['theory', 'kv', ...paths]);
    expect(stdout).toMatch(/^without the decoupled key +81920$/m);
    expect(stdout).toMatch(/^attention +GQA 64:8, 40 of 80 layers with a window of 1024, 80 layers$/m);
    expect(stdout).toMatch(/^once windows are full +327680$/m);
  });

  it.each([
    [
      'missing.json',
      undefined,
      /missing\.json is no published model and no file\. See flopscope theory models/,
    ],
    ['empty.json', {}, /empty\.json: there is neither model nor model_type/],
    ['mamba.json', { model_type: 'mamba' }, /mamba\.json: model_type "mamba" is not known/],
    ['heads.json', { model: { ...tinyExperiment.model, heads: 3 } }, /heads\.json: .*model\.heads/],
  ])('refuses %s, and shows nothing of the others', async (name, json, message) => {
    if (json !== undefined) writeJson(folder, name, json);
    const { code, stdout, stderr } = await runMain(['theory', 'kv', ours, name, '--json'], folder);
    expect([code, stdout, stderr]).toEqual([1, '', expect.stringMatching(message)]);
  });

  it('refuses impossible sizes', async () => {
    const { code, stderr } = await runMain(['theory', 'kv', ours, '--bits', '0']);
    expect([code, stderr]).toEqual([1, expect.stringMatching(/bits per value is impossible: 0/)]);
  });
});
