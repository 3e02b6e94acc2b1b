// Tests of GGUF's block types against llama.cpp's own Python package (test/fixtures/make-gguf.py).
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { dequantise, readableTypes } from '../../../src/data/gguf/dequantise.ts';
import { ggufTypes } from '../../../src/data/gguf/types.ts';
import { near } from '../../near.ts';

const golden: Readonly<Record<string, { readonly bytes: string; readonly values: readonly number[] }>> =
  JSON.parse(readFileSync('test/fixtures/gguf/blocks.json', 'utf8'));

test('every type that is read is tested, and every type of the issue is read', () => {
  expect([...readableTypes].sort()).toEqual([...Object.keys(golden), 'F32'].sort());
  for (const name of ['F32', 'F16', 'BF16', 'Q8_0', 'Q4_0', 'Q4_1', 'Q4_K', 'Q6_K'])
    expect(readableTypes).toContain(name);
});

test.each(Object.entries(golden))('%s blocks stand for the numbers that llama.cpp reads', (name, of) => {
  const type = [...ggufTypes.values()].find((type) => type.name === name);
  if (!type) throw new Error(`${name} has no type.`);
  // Nine digits tell a float of 32 bits. Bytes need not begin where typed arrays can.
  const bytes = new Uint8Array(Buffer.from(`00${of.bytes}`, 'hex')).subarray(1);
  const values = dequantise(type, bytes);
  expect(values.length).toBe(of.values.length);
  expect([...values]).toEqual(of.values.map((value) => near(Math.fround(value))));
});
