// Learning a tokenizer from the command line: what it says, what it writes, and what it refuses.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { expectedTokens } from '../data/tokenizers/fixtures.ts';
import { createFolder } from '../folders.ts';
import { jsonLines, runMain } from './run-command.ts';

it('learns the merges of a file and writes them as Python reads them', async () => {
  const folder = createFolder();
  writeFileSync(join(folder, 'text.txt'), expectedTokens.text);
  const args = ['train-tokenizer', 'text.txt', '--vocabulary', '512', '--out', 'made', '--json'];
  const result = await runMain(args, folder);
  expect([result.code, result.stderr]).toEqual([0, '']);
  const [line] = jsonLines(result);
  expect(line).toMatchObject({ vocabulary: 256 + expectedTokens.merges.length, out: join(folder, 'made') });
  expect(Number(line.bytesPerToken)).toBeGreaterThan(2);
  const file = JSON.parse(readFileSync(join(folder, 'made/tokenizer.json'), 'utf8'));
  expect(file.model.merges).toEqual(expectedTokens.merges);
});

it('reads generated corpora, and refuses sizes that it does not learn and files that are none', async () => {
  const stories = await runMain([
    'train-tokenizer',
    'stories',
    '--characters',
    '5000',
    '--vocabulary',
    '300',
    '--json',
  ]);
  expect(jsonLines(stories)[0]).toMatchObject({ vocabulary: 300 });
  const large = await runMain(['train-tokenizer', 'stories', '--vocabulary', '20000']);
  expect([large.code, large.stderr]).toEqual([1, expect.stringMatching(/from 257 to 16384/)]);
  expect((await runMain(['train-tokenizer', 'nowhere.txt'])).code).toBe(1);
});
