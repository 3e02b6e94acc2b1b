// FNV-1a against the values that its authors publish.
import { expect, it } from 'vitest';
import { fnv1a } from '../../src/text/checksum.ts';

it.each([
  ['', 0x811c9dc5],
  ['a', 0xe40c292c],
  ['foobar', 0xbf9cf968],
])('the hash of %j', (text, hash) => {
  expect(fnv1a(new TextEncoder().encode(text))).toBe(hash);
});
