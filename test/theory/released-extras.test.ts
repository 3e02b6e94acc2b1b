// Tests of what releases hold besides the language model, each against a sum of its own.
import { expect, test } from 'vitest';
import { findPublishedModel } from '../../src/theory/published-models.ts';
import {
  blockScales,
  llama4Vision,
  multiTokenModule,
  siglipTower,
} from '../../src/theory/released-extras.ts';

const deepSeek = findPublishedModel('deepseek-v3')?.architecture;

test('the module of DeepSeek-V3 has 11.6 billion numbers of its own, and two tables', () => {
  if (!deepSeek) throw new Error('no row');
  const tables = 2 * 129_280 * 7168;
  expect(multiTokenModule(deepSeek) - tables).toBe(11_610_068_224);
});

test('the scales are the numbers in F32 of the release less the biases of 59 routers', () => {
  if (!deepSeek) throw new Error('no row');
  expect(blockScales(deepSeek, 1)).toBe(41_555_600 - 59 * 256);
});

test('no other model is stored in blocks', () => {
  const llama = findPublishedModel('llama-3-8b')?.architecture;
  expect(() => llama && blockScales(llama, 0)).toThrow(/DeepSeek-V3 alone/);
});

test("SigLIP's tower has 416,866,032 numbers besides Gemma's projector", () => {
  expect(siglipTower(5376) - (1152 * 5376 + 1152)).toBe(416_866_032);
});

test("Llama 4's vision is what Scout's release holds beside its 107,769,861,120 numbers of text", () => {
  expect(107_769_861_120 + llama4Vision).toBe(108_641_793_536);
});
