// What drafts gained, as rows and a sentence: measured beside predicted, and a dash where nothing is known.
import { describe, expect, it } from 'vitest';
import type { DraftedServing } from '../../../src/contract/serving.ts';
import { draftRows, draftSentence } from '../../../src/ui/serving/draft-data.ts';

const measured = {
  tokensPerSecond: 300,
  plainTokensPerSecond: 200,
  speedUp: 1.5,
  spread: 0.04,
  acceptance: 0.7,
  tokensPerCheck: 2.5,
  checkedShare: 0.9,
  draftSeconds: 0.002,
  isSame: true,
};
const bytes = { weightBytes: 4096, cacheBytes: 1024, draftBytes: 0 };
const predicted = {
  acceptance: 0.7,
  tokenSeconds: 0.005,
  draftSeconds: 0.001,
  checkSeconds: 0.006,
  tokensPerCheck: 2.77,
  speedUp: 1.4,
};

describe('figures of drafts', () => {
  const cellsOf = (found: DraftedServing, name: string) => draftRows(found).find(([one]) => one === name);

  it('stand beside what was predicted', () => {
    const found = { ...bytes, measured, predicted: [predicted] };
    expect(cellsOf(found, 'Speed-up')?.[1]).toMatch(/^1\.50 ±.4.%$/);
    expect(cellsOf(found, 'Speed-up')?.[2]).toBe('1.40');
    expect(cellsOf(found, 'Tokens a check')).toEqual(['Tokens a check', '2.50', '2.77']);
    // A token alone takes 5 ms, and 1.4 are drawn in that time.
    expect(cellsOf(found, 'With drafts')?.[2]).toMatch(/^280.tokens\/s$/);
    expect(cellsOf(found, 'Without')?.[2]).toMatch(/^200.tokens\/s$/);
  });

  it('stand alone where the device is not calibrated', () => {
    const rows = draftRows({ ...bytes, measured, predicted: [] });
    expect(rows.every(([, , cell]) => cell === '–')).toBe(true);
    expect(draftRows({ ...bytes, predicted: [predicted] })).toEqual([]);
  });

  it('are said in a sentence', () => {
    const say = (changes: Partial<typeof measured>) =>
      draftSentence({ ...bytes, measured: { ...measured, ...changes } });
    expect(say({})).toBe('1.50 times as fast with drafts. The texts are the same, token for token.');
    expect(say({ isSame: false })).toMatch(/The texts differ/);
    expect(say({ tokensPerCheck: 0 })).toMatch(/^Nothing could be drafted/);
  });
});
