// Tests of the counts of flops per token against published figures for GPT-2 124M.
import { expect, test } from 'vitest';
import {
  flopsPerToken,
  inferenceFlopsPerToken,
  type TransformerNumbers,
} from '../../src/theory/conventions.ts';

const gpt2: TransformerNumbers = {
  layers: 12,
  width: 768,
  heads: 12,
  keyValueHeads: 12,
  headSize: 64,
  hidden: 3072,
  gated: false,
  context: 1024,
  vocabulary: 50257,
  parameters: 124_439_808,
  positionParameters: 786_432,
};

function count(model: TransformerNumbers, convention: string): { flops: number; parameters: number } {
  const found = flopsPerToken(model).find((row) => row.convention === convention);
  if (!found) throw new Error(`no ${convention}`);
  return found;
}

test('PaLM and nanoGPT count 854,553,600 for GPT-2 124M without biases, N without positions', () => {
  const row = count({ ...gpt2, parameters: 124_337_664 }, 'PaLM / nanoGPT');
  expect(row).toMatchObject({ flops: 854_553_600, parameters: 123_551_232 });
  // nanoGPT's transformer_sizing.ipynb: 875,062,886,400 for a sequence of 1024 tokens.
  expect(row.flops * 1024).toBe(875_062_886_400);
});

test('llm.c counts 803,261,952 for GPT-2 124M, N with everything', () => {
  expect(count(gpt2, 'llm.c')).toMatchObject({ flops: 803_261_952, parameters: 124_439_808 });
});

test('the cookbook counts 700,051,968 for GPT-2 124M, and 907,670,016 with checkpointing', () => {
  expect(count(gpt2, 'cookbook').flops).toBe(700_051_968);
  expect(count(gpt2, 'cookbook, checkpointed').flops).toBe(907_670_016);
});

test('PaLM and nanoGPT count 5,168,640 for the nanoGPT CPU configuration', () => {
  const cpu = {
    ...gpt2,
    layers: 4,
    width: 128,
    heads: 4,
    headSize: 32,
    hidden: 512,
    context: 64,
    vocabulary: 65,
  };
  const row = count({ ...cpu, parameters: 804_096, positionParameters: 8192 }, 'PaLM / nanoGPT');
  expect(row.flops).toBe(5_168_640);
});

test('shared key/value heads make projections smaller and attention no cheaper', () => {
  const shared = { ...gpt2, keyValueHeads: 4 };
  const saved = count(gpt2, 'cookbook').flops - count(shared, 'cookbook').flops;
  expect(saved).toBe(3 * 12 * 2 * 768 * 2 * 8 * 64); // 3 passes, L, multiply-add, C, key and value, 8 heads fewer, D
  expect(count(shared, 'llm.c').flops).toBe(count(gpt2, 'llm.c').flops); // N is given
});

test('inference counts attention once as printed and twice with a multiply-add as two', () => {
  const body = 124_439_808 - 786_432 - 50257 * 768;
  const [printed, two] = inferenceFlopsPerToken(gpt2, body);
  expect(printed).toMatchObject({ convention: 'inference, as printed', parameters: body });
  expect(printed.flops).toBe(2 * body + 2 * 12 * 1024 * 768);
  expect(two.flops).toBe(2 * body + 4 * 12 * 1024 * 768);
});
