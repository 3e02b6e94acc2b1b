// Places of quantised parameters: words in shards of their own, tables in blocks below the binding limit.
import { describe, expect, it } from 'vitest';
import { quantisedWords } from '../../src/plan/quantised.ts';
import { layoutQuantised } from '../../src/plan/quantised-store.ts';
import { bytesByClass, type ParameterShape, storagesOf } from '../../src/plan/store.ts';

const shapes: readonly ParameterShape[] = [
  { name: 'wte', shape: [200, 64], decay: true, isTable: true },
  { name: 'norm', shape: [64], decay: false },
  { name: 'qkv', shape: [64, 192], decay: true },
];
const isMatrix = ({ shape }: ParameterShape) => shape.length > 1;

describe('layoutQuantised', () => {
  it('keeps names, shapes and order, and says which weights are quantised', () => {
    const store = layoutQuantised(shapes, 2 ** 20, (shape) => (isMatrix(shape) ? 'int4' : 'f32'));
    expect([...store.parameters.keys()]).toEqual(['wte', 'norm', 'qkv']);
    const formats = [...store.parameters.values()].map(({ blocks }) => blocks[0]?.weight.quantised?.format);
    expect(formats).toEqual(['int4', undefined, 'int4']);
    const [qkv] = store.parameters.get('qkv')?.blocks ?? [];
    expect([qkv?.weight.shape, qkv?.weight.elementType]).toEqual([[64, 192], 'u32']);
    // 8000 and 7680 bytes of 0.625 a value, each rounded up to 1024, and the norm in f32.
    expect(bytesByClass(storagesOf(store)).weights).toBe(8192 + 8192 + 1024);
  });

  it('cuts a table in blocks of 64 outputs or more, each within the limit and on a boundary', () => {
    const limit = 8192;
    const store = layoutQuantised(shapes.slice(0, 2), limit, (shape) => (isMatrix(shape) ? 'int8' : 'f32'));
    const blocks = store.parameters.get('wte')?.blocks ?? [];
    expect(blocks.map(({ firstRow, weight }) => [firstRow, weight.shape[0]])).toEqual([
      [0, 64],
      [64, 64],
      [128, 64],
      [192, 8],
    ]);
    for (const { weight } of blocks) {
      expect(weight.offset % 64).toBe(0);
      expect(4 * (weight.quantised ? quantisedWords(weight.quantised) : Number.NaN)).toBeLessThanOrEqual(
        limit,
      );
      expect(4 * weight.storage.elements).toBeLessThanOrEqual(limit);
    }
  });

  it('refuses a matrix that the device cannot bind, with its bytes', () => {
    expect(() => layoutQuantised(shapes.slice(2), 4096, () => 'int8')).toThrow(
      /qkv \[64, 192\] needs \d+ bytes in int8, more than this device binds at once \(4096\)/,
    );
  });
});
