// Tests of weights in several files: none is larger than asked for, all of it is there, and the index says where.
import { expect, test } from 'vitest';
import { readSafetensors } from '../../src/data/safetensors.ts';
import { writeWeightFiles } from '../../src/data/safetensors-shards.ts';

const tensors = new Map(
  [5, 1, 40, 3, 8].map((length, i) => [
    `t${i}`,
    { shape: [length], data: Float32Array.from({ length }, (_, j) => i + j) },
  ]),
);

test.each(['F32', 'BF16'] as const)('%s tensors fill files up to the size that is asked for', (dtype) => {
  const width = dtype === 'F32' ? 4 : 2;
  const files = [...writeWeightFiles(tensors, { dtype, shardBytes: 10 * width })];
  expect(files.map(({ name }) => name)).toEqual([
    'model-00001-of-00004.safetensors',
    'model-00002-of-00004.safetensors',
    'model-00003-of-00004.safetensors',
    'model-00004-of-00004.safetensors',
    'model.safetensors.index.json',
  ]);
  const index = JSON.parse(new TextDecoder().decode(files.at(-1)?.bytes));
  expect(index.metadata).toEqual({ total_parameters: 57, total_size: 57 * width });
  const held = files.slice(0, -1).map(({ bytes }) => readSafetensors(bytes).tensors);
  expect(held.map((shard) => [...shard.keys()])).toEqual([['t0', 't1'], ['t2'], ['t3'], ['t4']]);
  for (const [i, shard] of held.entries()) {
    for (const [name, tensor] of shard) {
      expect(index.weight_map[name]).toBe(files[i].name);
      expect(tensor.data()).toEqual(tensors.get(name)?.data);
    }
  }
});

test('what fits is one file without an index', () => {
  expect([...writeWeightFiles(tensors)].map(({ name }) => name)).toEqual(['model.safetensors']);
});
