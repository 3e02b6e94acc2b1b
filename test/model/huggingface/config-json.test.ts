// Tests of config.json as text: floats have a point, whole numbers have none, and it reads as what was given.
import { expect, test } from 'vitest';
import { configText } from '../../../src/model/huggingface/config-json.ts';

test('numbers of float keys have a point or an exponent, others have not', () => {
  const config = {
    model_type: 'x',
    hidden_size: 8,
    rms_norm_eps: 1e-6,
    rope_theta: 10000,
    attention_dropout: 0,
    rope_scaling: { factor: 8, original_max_position_embeddings: 64, short_factor: [1, 1.5] },
    layer_types: [],
    mlp_only_layers: [0, 2],
    attention_types: [[['global', 'local'], 2]],
    tie_word_embeddings: true,
    eos_token_id: null,
    flopscope: { dropout: 0, factor: 1 },
  } as const;
  const text = configText(config);
  expect(JSON.parse(text)).toEqual(config);
  const flat = text.replace(/\s+/g, '');
  for (const part of [
    ...['"hidden_size":8,', '"rms_norm_eps":0.000001,', '"rope_theta":10000.0,', '"attention_dropout":0.0,'],
    ...['"factor":8.0,', '"original_max_position_embeddings":64,', '[1.0,1.5]', '"layer_types":[]', '[0,2]'],
    ...['[[["global","local"],2]]', '"flopscope":{"dropout":0,"factor":1}'],
  ])
    expect(flat).toContain(part);
  expect(text.endsWith('}\n')).toBe(true);
});
