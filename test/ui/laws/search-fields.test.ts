// Tests of what is asked of a search: defaults from runs or study, and what is refused in a sentence.
import { describe, expect, it } from 'vitest';
import { readFields, usualFields } from '../../../src/ui/laws/search-fields.ts';
import { near } from '../../near.ts';

const points = [
  { parameters: 1000, tokens: 9e5, loss: 3 },
  { parameters: 4000, tokens: 1e5, loss: 3 },
  { parameters: 4000, tokens: 2e5, loss: 2.9 },
];

describe('the fields of a search', () => {
  it('begin with the largest size and its data, or with what the study looks for', () => {
    const read = readFields(usualFields(points, undefined));
    expect(read).toMatchObject({ kind: 'read', train: 0, wish: { parameters: 4000, tokens: 200_000 } });
    // A search counts the blocks, whatever the runs count.
    const counts = {
      parameters: 12_000,
      tokens: 5,
      loss: 2,
      counts: { blocks: 4000, withHead: 8000, all: 12_000 },
    };
    expect(readFields(usualFields([counts], undefined))).toMatchObject({ wish: { parameters: 4000 } });
    const study = {
      search: { parameters: 7000, tokens: 5, ratio: [0.1, 0.3], mlpToAttention: 2, lossSlack: 0.5 },
    };
    expect(readFields(usualFields(points, study))).toMatchObject({
      wish: {
        parameters: 7000,
        tokens: 5,
        ratio: [near(0.1), near(0.3)],
        mlpToAttention: [2],
        lossSlack: near(0.5),
      },
    });
  });

  it('are refused by name, with what was typed', () => {
    const usual = usualFields(points, undefined);
    const refusals: readonly (readonly [Partial<typeof usual>, RegExp])[] = [
      [{ parameters: '' }, /Parameters N.*“” is no number from 1\. Correct it/],
      [{ tokens: 'Infinity' }, /Tokens D: “Infinity”/],
      [{ ratio: '0,07' }, /d\/√N to try: “0,07” is no list of positive numbers/],
      [{ mlpToAttention: '-1' }, /r to try.*“-1”/],
      [{ prompt: '1.5' }, /Prompt.*“1\.5” is no whole number/],
      [{ train: '1000' }, /how many.*from 0 to 100/],
      [{ lossLimit: 'low' }, /Loss limit.*“low”/],
    ];
    for (const [change, message] of refusals)
      expect(readFields({ ...usual, ...change })).toMatchObject({
        kind: 'refused',
        message: expect.stringMatching(message),
      });
  });
});
