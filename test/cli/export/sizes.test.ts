// Sizes of files as they are written.
import { expect, it } from 'vitest';
import { parseBytes } from '../../../src/cli/export/sizes.ts';

it.each([
  ['5GB', 5e9],
  ['1.5 MB', 1_500_000],
  ['64kib', 65_536],
  ['2048B', 2048],
])('%s is %i bytes', (text, bytes) => {
  expect(parseBytes(text)).toBe(bytes);
});

it.each(['5', '5 TB', '-1GB', '10B', '', 'GB'])('"%s" is refused', (text) => {
  expect(() => parseBytes(text)).toThrow(/such as 500MB or 5GB/);
});
