// Quantised weights on a text: the same losses as a plain evaluation, full agreement with itself, and bytes that shrink.
import { describe, expect, it } from 'vitest';
import { trainCharacterTokenizer } from '../../../src/data/tokenizers/characters.ts';
import { evaluateText } from '../../../src/lab/evaluation/text-loss.ts';
import { compareWeights } from '../../../src/lab/evaluation/weight-quality.ts';
import { cpuEngine } from '../../../src/lab/plans/engine.ts';
import { tinyModel } from './tiny-model.ts';

const text = 'a cat sat. a mat sat at a cat';
const tokenizer = trainCharacterTokenizer(text);

describe('weights compared on a text', () => {
  it('have the loss of an evaluation each, by position too, and agree with the first', async () => {
    const files = await tinyModel(tokenizer);
    const windows = { context: 8, stride: 8, batch: 3 };
    const formats = [
      { weights: 'f32', cache: 'f32' },
      { weights: 'int8', cache: 'f32' },
      { weights: 'int4', cache: 'int8' },
    ] as const;
    const rows = await compareWeights(cpuEngine(), files, { tokenizer, text }, windows, formats);
    expect(rows.map(({ weights, cache, tokens }) => [weights, cache, tokens])).toEqual([
      ['f32', 'f32', text.length - 1],
      ['int8', 'f32', text.length - 1],
      ['int4', 'int8', text.length - 1],
    ]);
    for (const [index, row] of rows.entries()) {
      const alone = await evaluateText(cpuEngine(), files, tokenizer, text, {
        ...windows,
        ...formats[index],
      });
      expect(row.loss).toBeCloseTo(alone.loss, 6);
      expect(row.perplexity).toBeCloseTo(alone.perplexity, 4);
      // 28 predictions: three windows of eight and one of four.
      const counts = [4, 4, 4, 4, 3, 3, 3, 3];
      const sum = row.lossByPosition.reduce(
        (total, loss, at) => total + loss * (counts[at] ?? Number.NaN),
        0,
      );
      expect(sum / row.tokens).toBeCloseTo(row.loss, 6);
      expect(row.agreement).toBeGreaterThan(0.3);
      expect(row.agreement).toBeLessThanOrEqual(1);
    }
    const [f32, int8, int4] = rows.map(({ weightBytes }) => weightBytes);
    expect(int8).toBeLessThan(f32 ?? 0);
    expect(int4).toBeLessThan(f32 ?? 0);
    expect(rows[0]?.agreement).toBeCloseTo(1, 9);
  });

  it('are compared with the first of them, whichever it is', async () => {
    const files = await tinyModel(tokenizer);
    const windows = { context: 8, stride: 4, batch: 2 };
    const rows = await compareWeights(cpuEngine(), files, { tokenizer, text }, windows, [
      { weights: 'int4', cache: 'f32' },
      { weights: 'int4', cache: 'f32' },
    ]);
    expect(rows[1]?.agreement).toBeCloseTo(1, 9);
    expect(rows[1]?.loss).toBeCloseTo(rows[0]?.loss ?? Number.NaN, 9);
  });
});
