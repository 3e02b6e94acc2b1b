// The runs that ship with the page are those of the fixtures, whose sources are named there.
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { readRecording } from '../../../src/ui/laws/recorded.ts';
import { epoch245 } from '../../laws/public-points.ts';

const shipped = JSON.parse(readFileSync('public/recorded-laws.json', 'utf8'));

it('are Chinchilla’s and tiny ones, each with its source', () => {
  expect(shipped).toMatchObject({ format: 'flopscope-laws', version: 1 });
  const [chinchilla, tiny] = readRecording(shipped);
  const read = epoch245.map(({ parameters, flops, loss }) => [parameters, flops, loss]);
  expect(chinchilla.points.map(({ parameters, flops, loss }) => [parameters, flops, loss])).toEqual(read);
  const rows: number[][] = JSON.parse(readFileSync('test/fixtures/zipf-runs.json', 'utf8'));
  expect(tiny.points.map(({ parameters, tokens, loss }) => [parameters, tokens, loss])).toEqual(rows);
  for (const { source } of [chinchilla, tiny]) expect(source).not.toBe('');
});
