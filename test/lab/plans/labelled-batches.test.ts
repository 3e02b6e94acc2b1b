// Inputs and targets from JSON: what is read, and one sentence for everything that is wrong with it.
import { describe, expect, it } from 'vitest';
import { ignoredTarget } from '../../../src/lab/plans/batches.ts';
import { parseLabelledBatch, parseLabelledBatches } from '../../../src/lab/plans/labelled-batches.ts';

const limits = { vocabulary: 10, context: 4 };
const row = [1, 2, 3];

describe('a labelled batch', () => {
  it('is read with its ignored targets', () => {
    const json = {
      inputs: [row, [4, 5, 6]],
      targets: [
        [2, -100, 9],
        [-100, -100, 0],
      ],
    };
    expect(parseLabelledBatch('tokens', json, limits)).toEqual({
      ...{ batch: 2, time: 3, targetCount: 3 },
      inputs: Uint32Array.of(1, 2, 3, 4, 5, 6),
      targets: Uint32Array.of(2, ignoredTarget, 9, ignoredTarget, ignoredTarget, 0),
    });
  });

  const wrong: [string, unknown, RegExp][] = [
    ['no targets', { inputs: [row] }, /targets/],
    ['an unknown key', { inputs: [row], targets: [row], labels: [] }, /labels/],
    ['no rows', { inputs: [], targets: [] }, /inputs/],
    ['an empty row', { inputs: [[]], targets: [[]] }, /inputs/],
    ['text for a token', { inputs: [['a']], targets: [[1]] }, /inputs\.0\.0/],
    ['nothing', null, /the file/],
    [
      'rows of different lengths',
      { inputs: [row, [1]], targets: [row, [1]] },
      /row 1 of inputs has 1 tokens, not 3/,
    ],
    [
      'fewer targets than inputs',
      { inputs: [row, row], targets: [row] },
      /2 rows of inputs, but 1 of targets/,
    ],
    ['shorter targets', { inputs: [row], targets: [[1, 2]] }, /row 0 of targets has 2/],
    ['a token outside the vocabulary', { inputs: [[1, 10]], targets: [[1, 1]] }, /inputs\[0\]\[1\] is 10/],
    ['a negative token', { inputs: [[-1]], targets: [[1]] }, /inputs\[0\]\[0\] is -1/],
    ['a fraction of a token', { inputs: [[1.5]], targets: [[1]] }, /is 1\.5/],
    ['another negative target', { inputs: [[1]], targets: [[-1]] }, /targets\[0\]\[0\] is -1/],
    ['an ignored input', { inputs: [[-100]], targets: [[1]] }, /inputs\[0\]\[0\] is -100/],
    ['nothing but ignored targets', { inputs: [[1]], targets: [[-100]] }, /every target is ignored/],
    ['rows beyond the context', { inputs: [[1, 1, 1, 1, 1]], targets: [[1, 1, 1, 1, 1]] }, /context of 4/],
  ];

  it.each(wrong)('with %s is refused in one sentence', (_, json, message) => {
    expect(() => parseLabelledBatch('tokens.json', json, limits)).toThrow(message);
    expect(() => parseLabelledBatch('tokens.json', json, limits)).toThrow(/^tokens\.json: [^\n]*$/);
  });
});

describe('labelled batches', () => {
  it('are read in order', () => {
    const json = { batches: [1, 2].map((token) => ({ inputs: [[token]], targets: [[3]] })) };
    expect(parseLabelledBatches('b', json, limits).map(({ inputs }) => inputs[0])).toEqual([1, 2]);
  });

  it.each([
    [
      'of different shapes',
      [
        { inputs: [row], targets: [row] },
        { inputs: [[1]], targets: [[1]] },
      ],
      /different shapes.*\[1, 3\].*\[1, 1\]/,
    ],
    [
      'of which one is wrong',
      [
        { inputs: [row], targets: [row] },
        { inputs: [[1, 2, 99]], targets: [row] },
      ],
      /batch 1: inputs\[0\]\[2\] is 99/,
    ],
    ['that are none', [], /batches/],
  ])('%s are refused', (_, batches, message) => {
    expect(() => parseLabelledBatches('b', { batches }, limits)).toThrow(message);
  });
});
