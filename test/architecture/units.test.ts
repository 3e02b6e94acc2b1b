// Units are the same in every room: bytes of memory in powers of 1024, and of 1000 where published models are priced.
import { expect, it } from 'vitest';
import { listFiles, withoutComments } from './source-files.ts';

it('only the room of costs writes bytes in powers of 1000; elsewhere only rates, as data sheets have them', () => {
  const found = [...listFiles('src/ui', '.ts'), ...listFiles('src/lab/records', '.ts')]
    .filter(({ path }) => !path.startsWith('src/ui/costs/'))
    .filter(({ text }) => /formatSi\([^;]*, 'B'\)|[\d}] ?[kKMG]B\b/.test(withoutComments(text)))
    .map(({ path }) => path);
  // What a file may have is a round number for its reader.
  expect(found).toEqual(['src/ui/page/problem-text.ts', 'src/ui/train/own-text.ts']);
});
