// Results of any origin: what is kept, what is refused and in which words.
import { describe, expect, it } from 'vitest';
import { cleanName, maximumResultBytes, readResult, readResultText } from '../../src/classroom/result.ts';
import { sampleResult } from './sample-result.ts';

describe('readResult', () => {
  it('reads what the page makes, and drops what it does not know', () => {
    const result = sampleResult();
    expect(readResult({ ...result, extra: '<img onerror=x>' })).toEqual({ kind: 'ok', value: result });
  });

  it.each([
    [{ version: 2 }, /of version 2; here version 1/],
    [{ format: 'flopscope-run' }, /no result of Flopscope: format/],
    [{ measured: -1 }, /no result of Flopscope: measured/],
    [{ loss: Number.POSITIVE_INFINITY }, /no result of Flopscope: loss/],
    [{ student: '../../etc' }, /no result of Flopscope: student/],
    [{ title: 'x'.repeat(201) }, /no result of Flopscope: title/],
    [{ curve: Array.from({ length: 49 }, (_, step) => [step, 1]) }, /no result of Flopscope: curve/],
    [{ device: { name: 'a', runtime: 'tpu', isSoftware: false } }, /no result of Flopscope: device\.runtime/],
  ])('refuses %j', (change, message) => {
    expect(readResult({ ...sampleResult(), ...change })).toMatchObject({
      kind: 'problem',
      message: expect.stringMatching(message),
    });
  });

  it.each([null, 3, 'text', [], {}])('refuses %j', (value) => {
    expect(readResult(value).kind).toBe('problem');
  });

  it('refuses what is no JSON, and what is too long', () => {
    expect(readResultText('{')).toMatchObject({ message: expect.stringMatching(/not JSON/) });
    expect(readResultText(' '.repeat(maximumResultBytes + 1)).kind).toBe('problem');
  });
});

describe('cleanName', () => {
  it('makes one line without what is invisible', () => {
    expect(cleanName('  Ana\u202e\n Li\u0000 ')).toBe('Ana Li');
    expect(cleanName(' \u200b ')).toBeUndefined();
    expect(cleanName('ß'.repeat(500))).toHaveLength(40);
  });
});
