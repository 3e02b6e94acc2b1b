// The recorded run seen from inside, as it ships with the page.
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import type { RecordedInside, RunRecord } from '../../../src/contract/records.ts';
import { recordedReading } from '../../../src/ui/inside/recorded.ts';

const shipped = JSON.parse(readFileSync('public/recorded-inside.json', 'utf8')) as RecordedInside;
const run = JSON.parse(readFileSync('public/recorded-run.json', 'utf8')) as RunRecord;

it('is of the end of the run that ships with the page, or of one of the same settings, under one name', () => {
  expect(shipped.title).toBe(run.title);
  expect(shipped.losses.step).toBe(run.totalSteps);
  expect(Math.abs(shipped.losses.loss / (run.evaluations.at(-1)?.loss ?? Number.NaN) - 1)).toBeLessThan(0.02);
});

it('has a reading for the maps of every layer, whose rows are probabilities to a thousandth', () => {
  const { layers = 0 } = shipped.readings[0] ?? {};
  expect(shipped.readings).toHaveLength(layers);
  for (let layer = 0; layer < layers; layer++) {
    const reading = recordedReading(shipped, layer);
    if (reading === undefined) throw new Error(`no reading of layer ${layer}`);
    const time = reading.tokens.length;
    expect(reading.windows).toEqual(Array.from({ length: layers }, () => undefined));
    for (const map of reading.maps) {
      for (let row = 0; row < time; row++) {
        const sum = map.subarray(row * time, (row + 1) * time).reduce((a, b) => a + b, 0);
        expect(Math.abs(sum - 1)).toBeLessThan(0.001 * time);
      }
    }
  }
  expect(recordedReading(shipped, layers)).toBeUndefined();
});
