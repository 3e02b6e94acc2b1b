// The loss of a text: every token counted once, as one inspection counts them, in units that agree.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { byteTokenizer } from '../../../src/data/tokenizers/bytes.ts';
import { trainCharacterTokenizer } from '../../../src/data/tokenizers/characters.ts';
import { evaluateText, windowsOf } from '../../../src/lab/evaluation/text-loss.ts';
import { inspectModel } from '../../../src/lab/inside/inspection.ts';
import { cpuEngine } from '../../../src/lab/plans/engine.ts';
import { parseLabelledBatch } from '../../../src/lab/plans/labelled-batches.ts';
import { tinyModel } from './tiny-model.ts';

describe('windows', () => {
  it('count every token but the first once, and show each counted one what the stride promises', () => {
    const sizes = fc.record({
      length: fc.integer({ min: 2, max: 60 }),
      context: fc.integer({ min: 1, max: 12 }),
      share: fc.integer({ min: 1, max: 12 }),
    });
    fc.assert(
      fc.property(sizes, ({ length, context, share }) => {
        const stride = Math.min(share, context);
        const tokens = Uint32Array.from({ length }, (_, index) => index);
        const counted: number[] = [];
        for (const { tokens: row, from } of windowsOf(tokens, { context, stride })) {
          expect(row.length).toBeLessThanOrEqual(context + 1);
          for (let at = from; at < row.length; at++) {
            counted.push(row[at]);
            if (row[at] > context) expect(at).toBeGreaterThan(context - stride);
          }
        }
        expect(counted).toEqual([...tokens.subarray(1)]);
      }),
      { seed: 6 },
    );
  });
});

describe('the loss of a text', () => {
  const text = 'a cat sat. a mat';
  const tokenizer = trainCharacterTokenizer(text);

  it('is the mean of what inspections of its windows find, and the same in bits', async () => {
    const files = await tinyModel(tokenizer);
    const windows = { context: 8, stride: 8, batch: 3 };
    const found = await evaluateText(cpuEngine(), files, tokenizer, text, windows);
    const ids = [...tokenizer.encode(text)];
    let sum = 0;
    for (let start = 0; start < ids.length - 1; start += 8) {
      const row = ids.slice(start, start + 9);
      const batch = { inputs: [row.slice(0, -1)], targets: [row.slice(1)] };
      const labelled = parseLabelledBatch('test', batch, files.model);
      sum += (await inspectModel(cpuEngine(), files, labelled, {})).loss * (row.length - 1);
    }
    expect(found.loss).toBeCloseTo(sum / 15, 5);
    expect(found.perplexity).toBeCloseTo(Math.exp(found.loss), 6);
    expect(found.bitsPerByte).toBeCloseTo(found.loss / Math.LN2, 6);
    expect([found.tokens, found.characters]).toEqual([15, 16]);
  });

  it('counts as many tokens with windows that overlap, and bytes of what is no letter', async () => {
    const bytes = byteTokenizer();
    const files = await tinyModel(bytes);
    const found = await evaluateText(cpuEngine(), files, bytes, 'é☃ ab', { context: 8, stride: 2, batch: 2 });
    expect([found.tokens, found.characters]).toEqual([7, 5]);
    expect(found.bitsPerByte).toBeCloseTo(found.loss / Math.LN2, 6);
  });

  it('needs two tokens, and tokens that the model has', async () => {
    const files = await tinyModel(tokenizer);
    const windows = { context: 8, stride: 8, batch: 1 };
    const evaluate = (given: string, by = tokenizer) => evaluateText(cpuEngine(), files, by, given, windows);
    await expect(evaluate('a')).rejects.toThrow(/the text has 1 tokens, and 2 are needed/);
    await expect(evaluate('axe')).rejects.toThrow(/"x" \(U\+0078\) at position 1/);
    await expect(evaluate('zz', byteTokenizer())).rejects.toThrow(
      /token 122 is not in the model's vocabulary/,
    );
  });
});
