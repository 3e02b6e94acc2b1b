// Teachers' links: they come back as they were made, and say what is wrong with them.
import { describe, expect, it } from 'vitest';
import { encodeText } from '../../src/classroom/code.ts';
import { encodeLink, longestText, readLink, type TeacherLink } from '../../src/classroom/link.ts';

const link: TeacherLink = {
  version: 1,
  place: 'lessons/heads',
  message: 'Guess first! 你好',
  text: { name: 'poem.txt', content: 'Über allen Gipfeln\n<script>alert(1)</script>' },
  hide: ['costs', 'run-files', 'train.batch'],
  lock: ['model.layers'],
};

describe('teachers’ links', () => {
  it('say again what was put into them, as a part of an address', () => {
    const parameter = encodeLink(link);
    expect(new URLSearchParams({ class: parameter }).toString()).toBe(`class=${parameter}`);
    expect(readLink(parameter)).toEqual({ kind: 'ok', value: link });
    expect(readLink(encodeLink({ version: 1, hide: [], lock: [] }))).toMatchObject({ kind: 'ok' });
  });

  it.each([
    ['cut off', encodeLink(link).slice(0, -5), /damaged: a part of it is missing.*The whole page is shown/],
    [
      'of a newer version',
      encodeText('L', { version: 2, hide: 3 }),
      /newer Flopscope: it is of version 2, and this page reads 1/,
    ],
    ['of something else', 'hello', /no teacher’s link/],
    ['with names that are none', encodeText('L', { version: 1, hide: ['a{}*'] }), /cannot be read: hide/],
    [
      'with a place that is none',
      encodeText('L', { version: 1, place: 'javascript:x' }),
      /cannot be read: place/,
    ],
    [
      'with too much text',
      encodeText('L', { version: 1, text: { name: 'a', content: 'x'.repeat(longestText + 1) } }),
      /cannot be read: text\.content/,
    ],
  ])('are refused when %s', (_, parameter, message) => {
    expect(readLink(parameter)).toMatchObject({ kind: 'problem', message: expect.stringMatching(message) });
  });
});
