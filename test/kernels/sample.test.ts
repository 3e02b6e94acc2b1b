// Sampling against its reference with every cut, its distribution, and its state.
import { describe, expect, it } from 'vitest';
import { sampleKernel } from '../../src/kernels/sample.ts';
import type { Kernel, Scalars } from '../../src/plan/kernel.ts';
import { describeKernel } from './describe-kernel.ts';

const shapes = [1, 2, 63, 64, 65, 1024, 1025, 5003].map((columns) => ({ columns, capacity: 4 }));

describe.each([
  { temperature: 0, topK: 0, topP: 1 },
  { temperature: 1, topK: 0, topP: 1 },
  { temperature: 0.7, topK: 10, topP: 1 },
  { temperature: 1.3, topK: 0, topP: 0.6 },
  { temperature: 0.8, topK: 40, topP: 0.9 },
  { temperature: 1e-6, topK: 3, topP: 1e-9 },
  { temperature: 0, topK: 0, topP: 1, drawable: 60 },
  { temperature: 1, topK: 40, topP: 0.9, drawable: 1000 },
  { temperature: 1, topK: 0, topP: 1, drawable: 4_000_000_000 },
])('with %j', (options) => {
  describeKernel(sampleKernel, shapes, { scalars: { ...options, samplingSeed: 4_000_000_000 } });
});

describe('with many ties', () => {
  const tied: Kernel<'columns' | 'capacity', 'logits' | 'state' | 'output'> = {
    ...sampleKernel,
    tensors: (dims) => ({
      ...sampleKernel.tensors(dims),
      logits: { shape: [dims.columns], fill: (uniform) => Math.floor(uniform * 4) - 2 },
    }),
  };
  for (const options of [
    { temperature: 0, topK: 0, topP: 1 },
    { temperature: 1, topK: 5, topP: 1 },
    { temperature: 1, topK: 0, topP: 0.3 },
  ]) {
    describeKernel(tied, [{ columns: 300, capacity: 1 }], { scalars: options });
  }
});

/** How often each of the logits is drawn in `draws` steps. */
function countDraws(logits: readonly number[], options: Scalars, draws: number): number[] {
  const columns = logits.length;
  const counts = new Array<number>(columns).fill(0);
  const state = new Uint32Array(4);
  const output = new Uint32Array(draws);
  const arrays = { logits: Float64Array.from(logits), state, output };
  for (let i = 0; i < draws; i++) {
    sampleKernel.reference(arrays, { columns, capacity: draws }, { samplingSeed: 1, ...options });
  }
  for (const token of output) counts[token] = (counts[token] ?? 0) + 1;
  expect([...state]).toEqual([draws, output[draws - 1], draws, draws]);
  return counts;
}

it('draws with the probabilities of the softmax', () => {
  const probabilities = [0.5, 0.25, 0.15, 0.07, 0.03];
  const draws = 40_000;
  const logits = probabilities.map((p) => 2 * Math.log(p));
  const counts = countDraws(logits, { temperature: 2, topK: 0, topP: 1 }, draws);
  const chiSquare = counts.reduce((sum, count, i) => {
    const expected = draws * (probabilities[i] ?? 0);
    return sum + (count - expected) ** 2 / expected;
  }, 0);
  expect(chiSquare).toBeLessThan(18.5); // 99.9 % of draws with 4 degrees of freedom
});

it.each([
  { what: 'the two largest', options: { topK: 2, topP: 1 }, kept: [1, 3] },
  { what: 'the smallest set of half the mass', options: { topK: 0, topP: 0.5 }, kept: [1, 3] },
  { what: 'one token for a tiny nucleus', options: { topK: 0, topP: 0.01 }, kept: [1] },
  { what: 'the nucleus of what topK left', options: { topK: 2, topP: 0.55 }, kept: [1] },
  { what: 'what is drawable', options: { topK: 0, topP: 1, drawable: 3 }, kept: [0, 1, 2] },
  { what: 'the largest of what is drawable', options: { topK: 1, topP: 1, drawable: 1 }, kept: [0] },
  { what: 'ties with the last', options: { topK: 3, topP: 1 }, kept: [0, 1, 2, 3] },
])('keeps $what', ({ options, kept }) => {
  const probabilities = [0.15, 0.4, 0.15, 0.25, 0.05];
  const counts = countDraws(
    probabilities.map((p) => Math.log(p)),
    { temperature: 1, ...options },
    600,
  );
  expect(counts.flatMap((count, id) => (count > 0 ? [id] : []))).toEqual(kept);
});

it('drops a token when the output is full', () => {
  const arrays = {
    logits: Float64Array.of(0, 1),
    state: Uint32Array.of(0, 0, 0, 1),
    output: Uint32Array.of(7),
  };
  sampleKernel.reference(arrays, { columns: 2, capacity: 1 }, { temperature: 0, topK: 0, topP: 1 });
  expect([...arrays.output]).toEqual([7]);
  expect([...arrays.state]).toEqual([1, 1, 1, 2]);
});
