// Tests of the published models: every closed form gives the count of the released weights, to the last number.
import { describe, expect, test } from 'vitest';
import { cacheOfArchitecture, countArchitecture } from '../../src/theory/architecture.ts';
import { cacheValuesPerToken } from '../../src/theory/kv-cache.ts';
import {
  findPublishedModel,
  type PublishedModel,
  publishedModels,
} from '../../src/theory/published-models.ts';

function model(id: string): PublishedModel {
  const found = findPublishedModel(id);
  if (!found) throw new Error(`no ${id}`);
  return found;
}

describe('published models', () => {
  const released = publishedModels.filter(({ releasedParameters }) => releasedParameters !== undefined);

  test.each(released)('$name has as many parameters as were released', (row) => {
    const beside = row.extras.reduce((sum, { parameters }) => sum + parameters, 0);
    expect(countArchitecture(row.architecture).total + beside).toBe(row.releasedParameters);
    expect(row.source).toMatch(/^config\.json of \S+\/\S+ on /);
    expect(row.countSource).toMatch(/^\S+\/\S+: ./);
  });

  test.each(released)('$name states the same number of values in its count and in its source', (row) => {
    const bytes = row.countSource.match(/total_size ([\d ]+) of 2-byte/)?.[1];
    if (bytes !== undefined) expect(Number(bytes.replaceAll(' ', '')) / 2).toBe(row.releasedParameters);
    const byType = row.countSource.match(/safetensors: (.*)$/)?.[1].split(', ') ?? [];
    const sum = byType.reduce(
      (total, text) => total + Number(text.replace(/ \S+$/, '').replaceAll(' ', '')),
      0,
    );
    if (byType.length > 0) expect(sum).toBe(row.releasedParameters);
  });

  // Table 1 of arXiv 2510.18245; for Llama 3.2 3B it prints r = 4.80, which is that of the 1B.
  test.each([
    ['llama-3.2-1b', 4, 0.066, 4.8],
    ['panda-1b', 4, 0.082, 1.07],
    ['surefire-1b', 9, 0.082, 3.6],
    ['llama-3.2-3b', 3, 0.058, 3],
    ['panda-3b', 3, 0.077, 1],
    ['surefire-3b', 7, 0.077, 1],
  ])('%s has the proportions of the table that prints it', (id, grouping, widthRatio, mlpRatio) => {
    const { architecture } = model(id);
    const { feedForward, attention } = countArchitecture(architecture);
    expect(architecture.heads / architecture.keyValueHeads).toBe(grouping);
    expect(architecture.width / Math.sqrt(feedForward + attention)).toBeCloseTo(widthRatio, 3);
    expect(feedForward / attention).toBeCloseTo(mlpRatio, 2);
  });

  test('have ids of their own', () => {
    expect(new Set(publishedModels.map(({ id }) => id)).size).toBe(publishedModels.length);
    expect(findPublishedModel('gpt-5')).toBeUndefined();
  });

  test('DeepSeek-V3 without its extras has 671 billion', () => {
    expect(countArchitecture(model('deepseek-v3').architecture).total).toBe(671_026_419_200);
  });

  // Cards and papers: 17B (Llama 4), 12.9B (Mixtral), 37B (DeepSeek-V3, without the embedding), 3.3B and 22B (Qwen3).
  test.each([
    ['llama-4-scout', 17_172_894_720, 17_172_894_720 - 202_048 * 5120],
    ['llama-4-maverick', 17_184_691_200, 17_184_691_200 - 202_048 * 5120],
    ['mixtral-8x7b', 12_879_925_248, 12_879_925_248 - 32_000 * 4096],
    ['deepseek-v3', 37_552_297_472, 36_625_618_432],
    ['qwen3-30b-a3b', 3_353_032_704, 3_353_032_704 - 151_936 * 2048],
    ['qwen3-235b-a22b', 22_190_763_520, 22_190_763_520 - 151_936 * 4096],
  ])('%s uses as many parameters per token as published', (id, whole, withoutTable) => {
    const { active } = countArchitecture(model(id).architecture);
    expect(active.map(({ parameters }) => parameters)).toEqual([whole, withoutTable]);
  });

  test('a dense model uses all; only tables that are looked up are left out', () => {
    for (const id of ['gpt2', 'llama-3-8b', 'smollm3-3b']) {
      const { total, embedding, positions, head, active } = countArchitecture(model(id).architecture);
      expect(active[0].parameters).toBe(total);
      expect(active[1].parameters).toBe(total - positions - (head > 0 ? embedding : 0));
    }
  });

  test('caches hold as many values per token as the configurations say', () => {
    const values = (id: string): number => cacheValuesPerToken(cacheOfArchitecture(model(id).architecture));
    expect(values('gpt2')).toBe(12 * 2 * 768);
    expect(values('llama-3-70b')).toBe(80 * 2 * 8 * 128);
    expect(values('deepseek-v3')).toBe(61 * (512 + 64));
    expect(values('llama-4-scout')).toBe(48 * 2 * 8 * 128);
    expect(values('gemma-3-27b')).toBe(62 * 2 * 16 * 128);
  });
});
