// Recordings that ship with the page: taken if they are what they should be, and left out otherwise.
import { expect, it } from 'vitest';
import { fetchRecording } from '../../../src/ui/state/recording.ts';

const kind = { format: 'flopscope-run', version: 1 } as const;
const file = (content: string): string => `data:application/json,${encodeURIComponent(content)}`;

it('takes a recording of its format and version', async () => {
  const recording = { ...kind, steps: [1] };
  expect(await fetchRecording(file(JSON.stringify(recording)), kind)).toEqual(recording);
});

it.each([
  ['another version', JSON.stringify({ ...kind, version: 2 })],
  ['another format', JSON.stringify({ ...kind, format: 'flopscope-inside' })],
  ['no JSON', '<!doctype html>'],
  ['nothing', 'null'],
])('leaves out %s', async (_, content) => {
  expect(await fetchRecording(file(content), kind)).toBeUndefined();
});

it('leaves out what cannot be fetched', async () => {
  expect(await fetchRecording('nowhere:', kind)).toBeUndefined();
});
