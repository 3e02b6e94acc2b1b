// Views of storages: offsets, bytes, and the errors that keep them legal bindings.
import { describe, expect, it } from 'vitest';
import { persistentTensor } from '../../src/plan/store.ts';
import {
  describeTensor,
  elementBytes,
  elementCount,
  rowsOf,
  storageBytes,
  tensorBytes,
  viewOf,
} from '../../src/plan/tensor.ts';

const table = persistentTensor('table', [10, 64], 'f32', 'weights');

describe('a tensor', () => {
  it('counts elements and bytes by its type', () => {
    expect([elementCount([]), elementCount([3]), elementCount([2, 3, 4])]).toEqual([1, 3, 24]);
    expect([elementBytes('f32'), elementBytes('u32'), elementBytes('f16')]).toEqual([4, 4, 2]);
    expect(tensorBytes(table)).toBe(2560);
    expect(describeTensor(table)).toBe('table [10, 64] f32');
  });

  it('takes a storage rounded up to four bytes', () => {
    expect(storageBytes(persistentTensor('h', [3], 'f16', 'weights').storage)).toBe(8);
    expect(storageBytes(table.storage)).toBe(2560);
  });

  it('is viewed by rows and from a view again, in the same storage', () => {
    const rows = rowsOf(table, 2, 3);
    expect(rows).toMatchObject({ shape: [3, 64], offset: 128, name: 'table[2…]' });
    const inner = viewOf(rows, 64, [32], 'part');
    expect(inner).toMatchObject({ shape: [32], offset: 192, name: 'part' });
    expect(inner.storage).toBe(table.storage);
  });

  it('refuses a view that starts between binding boundaries', () => {
    expect(() => viewOf(table, 32, [1])).toThrow('byte 128 is no multiple of 256. Pad the rows.');
    expect(() => viewOf(persistentTensor('h', [512], 'f16', 'weights'), 64, [1])).toThrow('byte 128');
    expect(viewOf(persistentTensor('h', [512], 'f16', 'weights'), 128, [1]).offset).toBe(128);
  });

  it('refuses a view past the end of its storage', () => {
    expect(rowsOf(table, 9, 1).offset).toBe(576);
    expect(() => rowsOf(table, 9, 2)).toThrow('runs past table (640 elements)');
  });
});
