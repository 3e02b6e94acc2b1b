// Codes to paste: they come back as they went, and say when a part is missing.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeText, encodeText, resultMark } from '../../src/classroom/code.ts';

const decode = (text: string) => decodeText('MARK', text, 'code of a result', 100_000);

describe('codes to paste', () => {
  it('carry any JSON, through line breaks too', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = encodeText('MARK', value);
        expect(text).toMatch(/^MARK\.[\w-]+\.[0-9a-f]{8}$/);
        const broken = text.replace(/(.{7})/g, '$1\r\n ');
        expect(decode(broken)).toEqual({ kind: 'ok', value: JSON.parse(JSON.stringify(value)) });
      }),
      { numRuns: 40 },
    );
  });

  it('tell what was lost on the way', () => {
    const text = encodeText('MARK', { name: 'Äöü 你好', list: [1, 2, 3] });
    for (const damaged of [
      text.slice(0, -3),
      text.slice(0, 20),
      `${text}.x`,
      text.replace(/.(?=\.[^.]*$)/, '!'),
    ])
      expect(decode(damaged)).toMatchObject({ kind: 'problem', message: expect.stringMatching(/damaged/) });
    expect(decode(encodeText('OTHER', 1))).toMatchObject({
      message: expect.stringMatching(/begin with MARK/),
    });
    expect(decode('M'.repeat(100_001))).toMatchObject({ message: expect.stringMatching(/too long/) });
    expect(resultMark).toMatch(/^[\w-]+$/); // a mark with a point would be read as two parts
  });
});
