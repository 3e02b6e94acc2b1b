// Tests of reading a cache from published configurations: families, windows, latent attention, and what is refused.
import { describe, expect, test } from 'vitest';
import { isPublishedConfig, readCacheConfig } from '../../src/theory/cache-config.ts';
import { cacheValuesPerToken } from '../../src/theory/kv-cache.ts';

const llama = {
  model_type: 'llama',
  hidden_size: 4096,
  num_hidden_layers: 32,
  num_attention_heads: 32,
  num_key_value_heads: 8,
  max_position_embeddings: 8192,
};
const gemma = { head_dim: 128, num_attention_heads: 32, num_key_value_heads: 16, num_hidden_layers: 62 };
const qwen = { ...llama, model_type: 'qwen3', head_dim: 128, sliding_window: 4096 };

function windows(config: object): (readonly [number, number | undefined])[] {
  return readCacheConfig(config).layout.groups.map(({ layers, window }) => [layers, window] as const);
}

describe('the cache of a config.json', () => {
  test('of GPT-2 has all heads', () => {
    const { layout, context } = readCacheConfig({
      model_type: 'gpt2',
      n_layer: 12,
      n_head: 12,
      n_embd: 768,
      n_positions: 1024,
    });
    expect([cacheValuesPerToken(layout), context]).toEqual([12 * 2 * 768, 1024]);
  });

  test('of Llama has its key and value heads, or all where the file names none', () => {
    expect(cacheValuesPerToken(readCacheConfig(llama).layout)).toBe(32 * 2 * 8 * 128);
    const { num_key_value_heads: _, ...older } = llama;
    expect(cacheValuesPerToken(readCacheConfig(older).layout)).toBe(32 * 2 * 4096);
    expect(cacheValuesPerToken(readCacheConfig({ ...llama, head_dim: 64 }).layout)).toBe(32 * 2 * 8 * 64);
  });

  test('of DeepSeek has the latent vector and the decoupled key', () => {
    const sizes = { kv_lora_rank: 512, qk_rope_head_dim: 64, v_head_dim: 128 };
    const { layout } = readCacheConfig({
      ...llama,
      ...sizes,
      model_type: 'deepseek_v3',
      num_hidden_layers: 61,
    });
    expect(cacheValuesPerToken(layout)).toBe(61 * 576);
  });

  test('of Gemma 3 is that of its text model, five windows to one global layer', () => {
    const text = { ...gemma, sliding_window: 1024, model_type: 'gemma3_text' };
    expect(windows({ model_type: 'gemma3', text_config: text })).toEqual([
      [52, 1024],
      [10, undefined],
    ]);
    const { layout } = readCacheConfig({
      model_type: 'gemma3',
      text_config: { num_hidden_layers: 34, sliding_window: 1024 },
    });
    expect(cacheValuesPerToken(layout)).toBe(34 * 2 * 4 * 256);
  });

  test('of Gemma 2 and gpt-oss slides in every other layer, of Mistral in all', () => {
    expect(windows({ ...llama, model_type: 'gemma2', num_hidden_layers: 42 })).toEqual([
      [21, 4096],
      [21, undefined],
    ]);
    expect(windows({ ...llama, model_type: 'gpt_oss', num_hidden_layers: 24 })).toEqual([
      [12, 128],
      [12, undefined],
    ]);
    expect(windows({ ...llama, model_type: 'mistral', sliding_window: 4096 })).toEqual([[32, 4096]]);
    for (const model_type of ['mistral', 'gemma2']) {
      expect(windows({ ...llama, model_type, sliding_window: null })).toEqual([[32, undefined]]);
    }
  });

  test('of Qwen slides only where it is switched on, behind the first layers', () => {
    expect(windows({ ...qwen, use_sliding_window: false })).toEqual([[32, undefined]]);
    expect(windows({ ...qwen, use_sliding_window: true, max_window_layers: 28 })).toEqual([
      [4, 4096],
      [28, undefined],
    ]);
  });

  test('of Llama 4 keeps a chunk in three layers of four, or in those that rotate', () => {
    const text = { ...llama, model_type: 'llama4_text', num_hidden_layers: 48 };
    const chunks = [
      [36, 8192],
      [12, undefined],
    ];
    expect(windows(text)).toEqual(chunks);
    expect(windows({ model_type: 'llama4', text_config: text })).toEqual(chunks);
    const no_rope_layers = Array.from({ length: 48 }, (_, layer) => (layer % 4 === 3 ? 0 : 1));
    expect(windows({ ...text, no_rope_layers })).toEqual(chunks);
    expect(windows({ ...text, no_rope_layers: [] })).toEqual(chunks);
    expect(windows({ ...text, attention_chunk_size: 4096 })[0]).toEqual([36, 4096]);
    expect(windows({ ...text, attention_chunk_size: null })).toEqual([[48, undefined]]);
    const layer_types = no_rope_layers.map((turns) => (turns ? 'chunked_attention' : 'full_attention'));
    expect(windows({ ...text, layer_types })).toEqual(chunks);
    expect(() => windows({ ...text, no_rope_layers: [1] })).toThrow(/no_rope_layers does not name 48 layers/);
  });

  test('goes by the list of layer types where there is one', () => {
    const types = (slides: number): string[] =>
      Array.from({ length: 32 }, (_, layer) => (layer < slides ? 'sliding_attention' : 'full_attention'));
    expect(windows({ ...llama, sliding_window: 128, layer_types: types(3) })).toEqual([
      [3, 128],
      [29, undefined],
    ]);
    expect(windows({ ...llama, sliding_window: 128, layer_types: types(0) })).toEqual([[32, undefined]]);
  });

  test.each([
    [[], /model_type is missing/],
    [{ model_type: 'mamba' }, /model_type "mamba" is not known\. Known: .*llama/],
    [{ model_type: '__proto__' }, /"__proto__" is not known/],
    [{ ...llama, num_hidden_layers: 0 }, /num_hidden_layers is 0, not a whole number/],
    [{ ...llama, num_hidden_layers: '32' }, /num_hidden_layers is "32"/],
    [{ ...llama, max_position_embeddings: undefined }, /max_position_embeddings is missing/],
    [{ ...llama, num_attention_heads: 33 }, /num_attention_heads 33 does not divide hidden_size 4096/],
    [{ ...llama, num_key_value_heads: 5 }, /num_key_value_heads 5 does not divide/],
    [{ ...llama, sliding_window: 8, layer_types: ['full_attention'] }, /does not name 32 layers/],
    [{ ...llama, sliding_window: 8, layer_types: Array(32).fill('ssm') }, /"ssm", whose cache is not known/],
  ])('refuses what it cannot tell: %#', (config, message) => {
    expect(() => readCacheConfig(config)).toThrow(message);
  });

  test('a configuration of ours is none', () => {
    expect(isPublishedConfig({ model: {} })).toBe(false);
    expect(isPublishedConfig(undefined)).toBe(false);
    expect(isPublishedConfig(llama)).toBe(true);
  });
});
