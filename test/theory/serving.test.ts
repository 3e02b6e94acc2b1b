// Serving in closed form: known ratios, what fits to the last byte, and where bounds cross.
import { describe, expect, it } from 'vitest';
import { publishedModels } from '../../src/theory/published-models.ts';
import {
  cacheBytesOf,
  crossoverBatch,
  decodeStep,
  expertsTaken,
  largestBatch,
  longestContext,
  overtakingBatch,
  overtakingContext,
  priceOfMillionTokens,
  servedArchitecture,
  weightBytesOf,
} from '../../src/theory/serving.ts';
import { near } from '../near.ts';

const half = { weightBits: 16, cacheBits: 16 };
/** An H100 SXM by NVIDIA's data sheet: 80 GB, 3.35 TB/s, 989 Tflop/s in bfloat16. */
const h100 = { memoryBytes: 80e9, bytesPerSecond: 3.35e12, flopsPerSecond: 989e12 };

function published(id: string) {
  const found = publishedModels.find((model) => model.id === id);
  if (!found) throw new Error(`there is no ${id}`);
  return servedArchitecture(found.architecture);
}

const llama = published('llama-3-8b');
const deepSeek = published('deepseek-v3');

describe('a decoding step', () => {
  it('of Llama 3 8B spends 2 flops on each weight that it reads, and 4·H·D on each cached token and layer', () => {
    const { flops, weightBytes, cacheBytes } = decodeStep(llama, { batch: 1, context: 1000 }, half, h100);
    const used = 8_030_261_248 - 128_256 * 4096; // the embedding is looked up
    expect(weightBytes).toBe(2 * used);
    expect(flops).toBe(2 * used + 32 * 4 * 4096 * 1000);
    expect(cacheBytes).toBe(32 * 2 * 1024 * 2 * 1000);
  });

  it('of one sequence takes the time to read the weights, of many that of the arithmetic', () => {
    const one = decodeStep(llama, { batch: 1, context: 128 }, half, h100);
    expect(one.bound).toBe('bandwidth');
    expect(one.tokensPerSecond).toEqual(near(1 / one.bandwidthSeconds));
    expect(one.tokensPerSecond).toBeGreaterThan(200); // 15 GB at 3.35 TB/s
    expect(one.tokensPerSecond).toBeLessThan(230);
    const many = decodeStep(llama, { batch: 2000, context: 128 }, half, h100);
    expect(many.bound).toBe('arithmetic');
    expect(many.seconds).toEqual(near(many.arithmeticSeconds));
  });

  it('of a mixture reads what a batch takes of its experts, and spends flops on those of each token', () => {
    expect(expertsTaken(256, 8, 1)).toEqual(near(8));
    expect(expertsTaken(8, 2, 2)).toEqual(near(8 * (1 - 0.75 ** 2)));
    expect(expertsTaken(8, 2, 1e6)).toEqual(near(8));
    const [one, many] = [1, 1000].map((batch) => decodeStep(deepSeek, { batch, context: 1 }, half, h100));
    if (!one || !many) throw new Error('unreachable');
    expect(one.weightBytes / 2).toBeGreaterThan(36e9); // 37B of 671B parameters
    expect(one.weightBytes / 2).toBeLessThan(38e9);
    expect(many.weightBytes / 2).toBeGreaterThan(665e9);
    expect(many.flops).toEqual(near(1000 * one.flops));
  });

  it('of latent attention reads d_c and the rotated key of a token, absorbed', () => {
    const at = (context: number) => decodeStep(deepSeek, { batch: 1, context }, half, h100);
    expect(at(1001).cacheBytes - at(1).cacheBytes).toBe(61 * (512 + 64) * 2 * 1000);
    expect(at(1001).flops - at(1).flops).toBe(61 * 2 * 128 * (2 * 512 + 64) * 1000);
  });

  it('refuses what cannot be', () => {
    expect(() => decodeStep(llama, { batch: 1.5, context: 8 }, half, h100)).toThrow('no whole number: 1.5');
    expect(() => decodeStep(llama, { batch: 0, context: 8 }, half, h100)).toThrow(
      'the batch is impossible: 0',
    );
    expect(() => decodeStep(llama, { batch: 1, context: 8 }, { ...half, weightBits: 0 }, h100)).toThrow(
      'bits',
    );
    const slow = { ...h100, bytesPerSecond: 0 };
    expect(() => decodeStep(llama, { batch: 1, context: 8 }, half, slow)).toThrow(
      'the bandwidth is impossible',
    );
  });
});

describe('what fits', () => {
  it('is the last batch and the last token that do', () => {
    const weights = weightBytesOf(llama, half);
    const total = (batch: number, context: number) => weights + cacheBytesOf(llama, { batch, context }, half);
    const batch = largestBatch(llama, 4096, half, h100);
    expect(batch).toBe(119); // 63.9 GB of 0.537 GB each
    expect(total(batch, 4096)).toBeLessThanOrEqual(80e9);
    expect(total(batch + 1, 4096)).toBeGreaterThan(80e9);
    const context = longestContext(llama, 7, half, h100) ?? 0;
    expect(total(7, context)).toBeLessThanOrEqual(80e9);
    expect(total(7, context + 1)).toBeGreaterThan(80e9);
  });

  it('is nothing where the weights do not, until they have fewer bits', () => {
    const large = published('llama-3-70b');
    const fits = (weightBits: number) => largestBatch(large, 4096, { ...half, weightBits }, h100) > 0;
    expect([16, 8, 4].map(fits)).toEqual([false, true, true]);
    expect(longestContext(large, 1, half, h100)).toBe(0);
  });

  it('has no longest context where every layer has a window', () => {
    const entry = { kind: 'heads', keyValueHeads: 2, headSize: 8 } as const;
    const cache = { heads: 4, headSize: 8, groups: [{ layers: 3, entry, window: 100 }] };
    const windowed = { parameters: 1000, denseParameters: 900, cache };
    expect(longestContext(windowed, 1, half, h100)).toBeUndefined();
    expect(overtakingContext(windowed, 1, { weightBits: 1e6, cacheBits: 8 })).toBeUndefined();
  });
});

describe('the crossings', () => {
  it('from bandwidth to arithmetic is near the ridge for short contexts, later for longer ones, and then never', () => {
    const ridge = 989e12 / 3.35e12; // flops per byte: of 2-byte weights as many sequences
    const short = crossoverBatch(llama, 1, half, h100) ?? 0;
    expect(short).toBeGreaterThan(ridge);
    expect(short).toBeLessThan(1.1 * ridge);
    expect(crossoverBatch(llama, 200, half, h100) ?? 0).toBeGreaterThan(1.5 * short);
    // A token's 15 Gflop take 15 µs, and to read its cache of 66 MB takes 20.
    expect(crossoverBatch(llama, 500, half, h100)).toBeUndefined();
    // The first of its kind: one sequence fewer is bound by bandwidth.
    expect(decodeStep(llama, { batch: short - 1, context: 1 }, half, h100).bound).toBe('bandwidth');
    expect(decodeStep(llama, { batch: short, context: 1 }, half, h100).bound).toBe('arithmetic');
  });

  it('from weights to caches come with the batch, or with the context', () => {
    const weights = weightBytesOf(llama, half);
    const bytes = (batch: number, context: number) => cacheBytesOf(llama, { batch, context }, half);
    const batch = overtakingBatch(llama, 4096, half);
    expect(bytes(batch, 4096)).toBeGreaterThan(weights);
    expect(bytes(batch - 1, 4096)).toBeLessThanOrEqual(weights);
    const context = overtakingContext(llama, 16, half) ?? 0;
    expect(bytes(16, context)).toBeGreaterThan(weights);
    expect(bytes(16, context - 1)).toBeLessThanOrEqual(weights);
  });
});

it('a million tokens cost energy and time of the device', () => {
  const price = priceOfMillionTokens(1000, { watts: 700, dollarsPerKilowattHour: 0.1, dollarsPerHour: 3.6 });
  expect(price.kilowattHours).toEqual(near(0.7 / 3.6));
  expect(price.energyDollars).toEqual(near(0.07 / 3.6));
  expect(price.deviceDollars).toEqual(near(1));
  const rates = { watts: 1, dollarsPerKilowattHour: 1, dollarsPerHour: 1 };
  expect(() => priceOfMillionTokens(0, rates)).toThrow('tokens per second is impossible');
});
