// SHA-1 in pieces against the standard's example, and the name that Git gives an empty file.
import { expect, it } from 'vitest';
import { createSha1 } from '../../src/data/sha1.ts';

it.each([
  [['abc'], 'a9993e364706816aba3e25717850c26c9cd0d89d'],
  [['a', '', 'bc'], 'a9993e364706816aba3e25717850c26c9cd0d89d'],
  [['blob 0\0'], 'e69de29bb2d1d6434b8b29ae775ad8c2e48c5391'],
])('of %j is %s', (pieces, digest) => {
  const hash = createSha1();
  for (const piece of pieces) hash.update(new TextEncoder().encode(piece));
  expect(hash.digest()).toBe(digest);
});
