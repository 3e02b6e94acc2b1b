// Tests of the cache of keys and values against the ratios of the literature.
import { describe, expect, test } from 'vitest';
import {
  type CacheEntry,
  type CacheLayout,
  cacheValues,
  cacheValuesPerToken,
  entryValues,
  reportCache,
  withoutDecoupledKey,
  withWindows,
} from '../../src/theory/kv-cache.ts';
import { near } from '../near.ts';

const one = (heads: number, headSize: number, entry: CacheEntry, layers = 1): CacheLayout => ({
  heads,
  headSize,
  groups: [{ layers, entry }],
});
const grouped = (heads: number, keyValueHeads: number, headSize: number, layers = 1): CacheLayout =>
  one(heads, headSize, { kind: 'heads', keyValueHeads, headSize }, layers);
const latent = one(128, 128, { kind: 'latent', latent: 512, decoupledKey: 64 }, 61);

describe('the key and value cache', () => {
  test('multi-head attention keeps 2·H·D per layer and token', () => {
    expect(cacheValuesPerToken(grouped(12, 12, 64, 12))).toBe(12 * 2 * 768);
    expect(reportCache(grouped(12, 12, 64, 12), 1024, 32)).toMatchObject({
      kind: 'MHA 12',
      bytesPerToken: 12 * 2 * 768 * 4,
      bytesAtContext: 12 * 2 * 768 * 4 * 1024,
      shareOfMultiHead: 1,
    });
  });

  test('grouped queries of Llama 3 70B keep 8 times less, multi-query 64 times', () => {
    expect(reportCache(grouped(64, 8, 128, 80), 8192, 16)).toMatchObject({
      kind: 'GQA 64:8',
      bytesPerToken: 327_680,
      shareOfMultiHead: near(1 / 8),
    });
    expect(reportCache(grouped(64, 1, 128, 80), 8192, 16)).toMatchObject({
      kind: 'MQA 64:1',
      shareOfMultiHead: near(1 / 64),
    });
  });

  test('latent attention keeps 1/64 without its decoupled key, and 576 values with it', () => {
    expect(entryValues({ kind: 'latent', latent: 512, decoupledKey: 64 })).toBe(576);
    const alone = reportCache(withoutDecoupledKey(latent), 1000, 16);
    expect(alone.shareOfMultiHead).toEqual(near(1 / 64));
    const report = reportCache(latent, 1000, 16);
    expect(report.kind).toBe('MLA 512+64');
    expect(report.bytesPerToken).toBe(61 * 576 * 2);
    expect(report.bytesPerTokenWithoutDecoupledKey).toBe(alone.bytesPerToken);
    expect(report.shareOfMultiHead).toBeCloseTo(576 / 32_768, 12);
  });

  test("Gemma 3 27B's windows keep 1024 tokens in 52 of 62 layers", () => {
    const layout = withWindows(grouped(32, 16, 128, 62), 1024, 6);
    const report = reportCache(layout, 131_072, 16);
    expect(report.kind).toBe('GQA 32:16, 52 of 62 layers with a window of 1024');
    expect(report.bytesPerToken).toBe(62 * 2 * 16 * 128 * 2);
    expect(report.bytesPerTokenBeyondWindows).toBe(10 * 2 * 16 * 128 * 2);
    expect(cacheValues(layout, 131_072)).toBe(2 * 16 * 128 * (52 * 1024 + 10 * 131_072));
    expect(cacheValues(layout, 1024)).toBe(1024 * cacheValuesPerToken(layout));
    expect(report).not.toHaveProperty('bytesPerTokenWithoutDecoupledKey');
  });

  test('a window in every layer, and one in none', () => {
    expect(withWindows(grouped(8, 8, 64, 4), 16, Infinity).groups).toEqual([
      { layers: 4, window: 16, entry: { kind: 'heads', keyValueHeads: 8, headSize: 64 } },
    ]);
    expect(withWindows(grouped(8, 8, 64, 4), 16, 1).groups).toEqual(grouped(8, 8, 64, 4).groups);
  });

  test('impossible lengths are refused', () => {
    expect(() => reportCache(latent, 0, 16)).toThrow(/the context is impossible: 0/);
    expect(() => reportCache(latent, 1.5, 16)).toThrow(/the context is no whole number: 1.5/);
    expect(() => reportCache(latent, 10, -8)).toThrow(/bits per value is impossible: -8/);
    expect(() => withWindows(latent, 0, 6)).toThrow(/the window is impossible: 0/);
  });
});
