// Sampling against its reference with every cut, its distribution, and its state.
import { describe, expect, it } from 'vitest';
import {
  type DrawSettings,
  packSettings,
  sample,
  sampleKernel,
  sampleNarrow,
  settingNumbers,
} from '../../src/kernels/sample.ts';
import { baselineCapabilities } from '../../src/plan/kernel.ts';
import { Tape } from '../../src/plan/tape.ts';
import { describeKernel } from './describe-kernel.ts';

const columnCounts = process.env.FLOPSCOPE_FULL ? [1, 2, 63, 64, 65, 1024, 1025, 5003] : [1, 65, 1024, 5003];
const shapes = columnCounts.map((columns, index) => ({
  ...{ rows: 1 + (index % 2), slots: 1 + 2 * (index % 2), columns, capacity: 4 },
}));

const all = { end: 1000, seed: 4_000_000_000, topK: 0, drawable: 0, temperature: 1, topP: 1 };

/** The kernel on slots that all draw by the same settings. */
function drawingBy(settings: Partial<DrawSettings>): typeof sampleKernel {
  const packed = packSettings({ ...all, ...settings });
  return {
    ...sampleKernel,
    tensors: (dims) => {
      const tensors = sampleKernel.tensors(dims);
      const fill = (_: number, index: number) => packed[index % settingNumbers] ?? 0;
      return { ...tensors, settings: { ...tensors.settings, fill } };
    },
  };
}

describe.each<Partial<DrawSettings>>([
  { temperature: 0, topK: 0, topP: 1 },
  { temperature: 1, topK: 0, topP: 1 },
  { temperature: 0.7, topK: 10, topP: 1 },
  { temperature: 1.3, topK: 0, topP: 0.6 },
  { temperature: 0.8, topK: 40, topP: 0.9 },
  { temperature: 1e-6, topK: 3, topP: 1e-9 },
  { temperature: 0, topK: 0, topP: 1, drawable: 60 },
  { temperature: 1, topK: 40, topP: 0.9, drawable: 1000 },
  { temperature: 1, topK: 0, topP: 1, drawable: 4_000_000_000 },
  { end: 5 }, // a slot that has drawn all of its tokens
])('with %j', (settings) => {
  describeKernel(drawingBy(settings), shapes);
});

const one: readonly Partial<DrawSettings>[] = [{ topP: 0.3 }];
describe.each([
  {
    what: 'many ties',
    fill: (uniform: number) => Math.floor(uniform * 4) - 2,
    cuts: [{ temperature: 0 }, { topK: 5 }, ...one],
  },
  { what: 'no number', fill: (_: number, index: number) => (index === 64 ? Number.NaN : 0), cuts: one },
  {
    what: 'an infinity',
    fill: (_: number, index: number) => (index === 7 ? Number.POSITIVE_INFINITY : 0),
    cuts: one,
  },
])('with $what', ({ fill, cuts }) => {
  for (const settings of cuts) {
    const kernel = drawingBy(settings);
    const filled: typeof kernel = {
      ...kernel,
      tensors: (dims) => ({ ...kernel.tensors(dims), logits: { shape: [dims.rows, dims.columns], fill } }),
    };
    describeKernel(filled, [{ rows: 2, slots: 3, columns: 65, capacity: 4 }]);
  }
});

/** How often each of the logits is drawn in `draws` steps. */
function countDraws(logits: readonly number[], settings: Partial<DrawSettings>, draws: number): number[] {
  const columns = logits.length;
  const counts = new Array<number>(columns).fill(0);
  const state = new Uint32Array(4);
  const output = new Uint32Array(draws);
  const packed = Uint32Array.from(packSettings({ ...all, end: draws, seed: 1, ...settings }));
  const arrays = { logits: Float64Array.from(logits), settings: packed, state, output };
  const dims = { rows: 1, slots: 1, columns, capacity: draws };
  for (let i = 0; i < draws; i++) sampleKernel.reference(arrays, dims, {});
  for (const token of output) counts[token] = (counts[token] ?? 0) + 1;
  expect([...state]).toEqual([draws, output[draws - 1], draws, draws]);
  return counts;
}

// Where a workgroup has 128 invocations.
describeKernel(sampleNarrow, [{ rows: 2, slots: 2, columns: 1500, capacity: 2 }]);

it('draws the same in any company and any slot', () => {
  const columns = 50;
  const row = Float64Array.from({ length: columns }, (_, i) => 2 * Math.sin(3 * i));
  const own = packSettings({ ...all, temperature: 0.9, topK: 30 });
  const draw = (company: readonly Partial<DrawSettings>[], slot: number, rows: number): number => {
    const slots = company.length;
    const packed = company.map((settings) => packSettings({ ...all, ...settings }));
    packed[slot] = own;
    const logits = Float64Array.from({ length: rows * columns }, (_, i) => Math.cos(i));
    logits.set(row, rows === 1 ? 0 : slot * columns);
    const state = Uint32Array.from({ length: 4 * slots }, (_, i) => (i === 4 * slot + 2 ? 17 : 1));
    const output = new Uint32Array(2 * slots);
    const arrays = { logits, settings: Uint32Array.from(packed.flat()), state, output };
    sampleKernel.reference(arrays, { rows, slots, columns, capacity: 2 }, { slot: rows === 1 ? slot : 0 });
    return output[2 * slot + (state[4 * slot + 3] ?? 1) - 1] ?? -1;
  };
  const alone = draw([{}], 0, 1);
  expect(draw([{ seed: 5 }, {}, { temperature: 0 }], 1, 3)).toBe(alone);
  expect(draw([{ seed: 5 }, {}, { temperature: 0 }], 2, 3)).toBe(alone);
  expect(draw([{}, {}], 1, 1)).toBe(alone);
});

it('refuses logits, settings and output of other slots', () => {
  const tape = new Tape({ capabilities: baselineCapabilities });
  const tensors = {
    logits: tape.tensor('logits', [2, 7]),
    settings: tape.tensor('settings', [2, settingNumbers], 'u32'),
    state: tape.tensor('state', [2, 4], 'u32'),
    output: tape.tensor('output', [2, 3], 'u32'),
  };
  expect(() => sample(tape, tensors)).not.toThrow();
  expect(() => sample(tape, { ...tensors, logits: tape.tensor('logits', [3, 7]) })).toThrow('fit 2 slots');
  expect(() => sample(tape, { ...tensors, output: tape.tensor('output', [1, 3], 'u32') })).toThrow(
    'fit 2 slots',
  );
});

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
    settings: Uint32Array.from(packSettings({ ...all, temperature: 0 })),
    state: Uint32Array.of(0, 0, 0, 1),
    output: Uint32Array.of(7),
  };
  sampleKernel.reference(arrays, { rows: 1, slots: 1, columns: 2, capacity: 1 }, {});
  expect([...arrays.output]).toEqual([7]);
  expect([...arrays.state]).toEqual([1, 1, 1, 2]);
});
