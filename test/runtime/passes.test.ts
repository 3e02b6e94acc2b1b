// Cutting a submit into passes where replays are given or asked for something.
import { describe, expect, it } from 'vitest';
import { type BufferCopy, passesOf, timestampsOf } from '../../src/runtime/passes.ts';

const copy = (bytes: number) => ({ bytes }) as BufferCopy;
const plan = { dispatches: [1, 2, 3] };
const piece = (replay: number, from: number, to: number, slice?: { first: number; end: number }) => ({
  plan,
  replay,
  segment: { from, to, seconds: 0, ...(slice ? { slice } : {}) },
});
const work = (...pieces: ReturnType<typeof piece>[]) => ({ pieces, seconds: 0, isTimed: false });

describe('passesOf', () => {
  const none = { before: [], after: [] };

  it('takes one pass where nothing is copied', () => {
    const pieces = [piece(0, 0, 3), piece(1, 0, 3)];
    expect(passesOf(work(...pieces), [none, none])).toEqual([{ before: [], pieces, after: [] }]);
  });

  it('begins one at each replay that is given something, and ends one behind each that is read', () => {
    const [given, read] = [[copy(1)], [copy(2)]];
    const pieces = [piece(0, 0, 3), piece(1, 0, 3), piece(2, 0, 3), piece(3, 0, 3)];
    const copies = [
      { before: given, after: [] },
      { before: [], after: read },
      { before: given, after: [] },
      { before: [], after: read },
    ];
    expect(passesOf(work(...pieces), copies)).toEqual([
      { before: given, pieces: pieces.slice(0, 2), after: read },
      { before: given, pieces: pieces.slice(2), after: read },
    ]);
  });

  it('copies once for a replay that several submits share', () => {
    const copies = [{ before: [copy(1)], after: [copy(2)] }];
    const slices = [
      piece(0, 0, 0, { first: 0, end: 4 }),
      piece(0, 0, 1, { first: 4, end: 8 }),
      piece(0, 1, 3),
    ];
    const passes = slices.map((one) => passesOf(work(one), copies)[0]);
    expect(passes.map((pass) => [pass?.before.length, pass?.after.length])).toEqual([
      [1, 0],
      [0, 0],
      [0, 1],
    ]);
  });
});

describe('timestampsOf', () => {
  it('spans all passes with one pair', () => {
    const querySet = {} as GPUQuerySet;
    const writes = { querySet, beginningOfPassWriteIndex: 4, endOfPassWriteIndex: 5 };
    expect(timestampsOf(writes, 0, 1)).toEqual({ timestampWrites: writes });
    expect([0, 1, 2].map((index) => timestampsOf(writes, index, 3))).toEqual([
      { timestampWrites: { querySet, beginningOfPassWriteIndex: 4 } },
      {},
      { timestampWrites: { querySet, endOfPassWriteIndex: 5 } },
    ]);
    expect(timestampsOf(undefined, 0, 1)).toEqual({});
  });
});
