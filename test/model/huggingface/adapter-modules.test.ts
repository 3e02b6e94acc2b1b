// Targets of adapters: which layers of which family they mean, in whose columns, and what is said of others.
import { describe, expect, it } from 'vitest';
import { adaptableLayers, adapterOf, targetNames } from '../../../src/model/huggingface/adapter-modules.ts';
import { qkvColumns } from '../../../src/model/parameters.ts';
import { fixtureModel } from '../run-model.ts';

const config = { rank: 2, alpha: 4, dropout: 0, isRankStabilised: false };

describe('the targets of an adapter', () => {
  it.each([
    ['llama-b', ['q', 'down'], ['self_attn.q_proj', 'mlp.down_proj'], ['q_proj', 'down_proj']],
    ['llama-b', ['layers.1.self_attn.v_proj'], ['1.self_attn.v_proj'], ['layers.1.self_attn.v_proj']],
    ['gpt2-erf', ['c_proj'], ['attn.c_proj', 'mlp.c_proj'], ['c_proj']],
    ['gpt2-erf', ['mlp.c_proj'], ['mlp.c_proj'], ['mlp.c_proj']],
  ])('of %s, %j, are the layers whose names end so', async (folder, targets, ends, named) => {
    const { model, type } = await fixtureModel(folder);
    const { updates, config: found } = adapterOf(model, { ...config, targets }, type);
    const all = adaptableLayers(model, type).map(({ module }) => module);
    expect(updates.map(({ module }) => module)).toEqual(
      all.filter((name) => ends.some((end) => name.endsWith(end))),
    );
    expect(updates.length).toBeGreaterThan(0);
    expect(found.targets).toEqual(named);
  });

  it('are columns of our packed projections', async () => {
    const { model, type } = await fixtureModel('llama-c');
    const { query, key } = qkvColumns(model);
    const first = adaptableLayers(model, type).filter(
      ({ parameter }) => parameter === 'layers.0.attention.qkv',
    );
    expect(first.map(({ column, outputs, inputs }) => [column, outputs, inputs])).toEqual([
      [0, query, model.width],
      [query, key, model.width],
      [query + key, key, model.width],
    ]);
  });

  it('are all layers but those of experts, routers, tables and what decoding absorbs', async () => {
    const { model, type } = await fixtureModel('deepseek-v3');
    const kinds = targetNames(adaptableLayers(model, type));
    expect(kinds).toContain('o_proj');
    expect(kinds.filter((kind) => /kv_b_proj|embed|lm_head|gate$|experts\.\d/.test(kind))).toEqual([]);
    const { updates } = adapterOf(model, { ...config, targets: ['all-linear'] }, type);
    expect(updates).toEqual(adaptableLayers(model, type));
  });

  it('are told by name where there are none such', async () => {
    const { model, type } = await fixtureModel('gpt2-erf');
    expect(() => adapterOf(model, { ...config, targets: ['c_attn', 'q'] }, type)).toThrow(
      'no linear layer "q_proj" that can be adapted. Use c_attn, attn.c_proj, c_fc, mlp.c_proj or all-linear.',
    );
  });
});
