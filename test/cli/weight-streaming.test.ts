// Weights of 1.5 GB go from the disk to where they are used in parts: what is in memory meanwhile stays below 300 MB.
import { ftruncateSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { readModel } from '../../src/cli/files.ts';
import { encodeSafetensorsHeader } from '../../src/data/safetensors.ts';
import { readHuggingFaceConfig } from '../../src/model/huggingface/config.ts';
import { planImport } from '../../src/model/huggingface/import-plan.ts';
import { countParameters, parameterSpecs } from '../../src/model/parameters.ts';
import { createFolder } from '../folders.ts';

const config = {
  ...{ model_type: 'llama', vocab_size: 49_152, hidden_size: 1024, intermediate_size: 4096 },
  ...{
    num_hidden_layers: 20,
    num_attention_heads: 16,
    max_position_embeddings: 64,
    tie_word_embeddings: true,
  },
};

/** Names and shapes of a Llama's file. */
function shapesOf({
  hidden_size: width,
  intermediate_size: hidden,
  vocab_size,
  num_hidden_layers,
}: typeof config) {
  const layer = [
    ...['input_layernorm', 'post_attention_layernorm'].map((name) => [name, [width]] as const),
    ...['q', 'k', 'v', 'o'].map((name) => [`self_attn.${name}_proj`, [width, width]] as const),
    ...['gate', 'up'].map((name) => [`mlp.${name}_proj`, [hidden, width]] as const),
    ['mlp.down_proj', [width, hidden]] as const,
  ];
  const layers = Array.from({ length: num_hidden_layers }, (_, i) =>
    layer.map(([name, shape]) => [`model.layers.${i}.${name}.weight`, shape] as const),
  ).flat();
  return [
    ['model.embed_tokens.weight', [vocab_size, width]] as const,
    ...layers,
    ['model.norm.weight', [width]] as const,
  ];
}

it.runIf(process.env.FLOPSCOPE_FULL)('are never in memory together', { timeout: 600_000 }, async () => {
  const folder = createFolder();
  const model = readHuggingFaceConfig(config);
  const shapes = shapesOf(config);
  expect(() => planImport(model, new Map(shapes))).not.toThrow();
  const bytes = 4 * countParameters(model);
  expect(bytes).toBeGreaterThan(1.5e9);
  writeFileSync(join(folder, 'config.json'), JSON.stringify(config));
  // A sparse file: zeros that take no room on the disk.
  const header = encodeSafetensorsHeader(shapes);
  const file = openSync(join(folder, 'model.safetensors'), 'w');
  writeSync(file, header);
  ftruncateSync(file, header.length + bytes);

  const { weights } = await readModel(folder, () => {});
  const before = process.memoryUsage();
  let read = 0;
  let most = 0;
  let resident = 0;
  await weights.forEachPart(({ values }) => {
    read += values.byteLength;
    const { arrayBuffers, heapUsed, rss } = process.memoryUsage();
    most = Math.max(most, arrayBuffers + heapUsed - before.arrayBuffers - before.heapUsed);
    resident = Math.max(resident, rss - before.rss);
  });
  expect(read).toBe(
    4 * parameterSpecs(model).reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b), 0),
  );
  process.stdout.write(
    `${(bytes / 1e6).toFixed(0)} MB of weights: ${(most / 1e6).toFixed(0)} MB in memory at most, ` +
      `resident memory grew by ${(resident / 1e6).toFixed(0)} MB\n`,
  );
  expect(most).toBeLessThan(300e6);
});
