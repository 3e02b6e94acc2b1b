// What `flopscope predict --expect` shows: both predictions of all work, on a profile of round numbers.

import { expect, it } from 'vitest';
import { describeExpectations } from '../../../src/cli/predict/expectations.ts';
import { profileToJson } from '../../../src/cli/profiles.ts';
import type { WorkExpectation } from '../../../src/contract/validation.ts';
import { plainSpaces } from '../../../src/text/numbers.ts';
import { createFolder } from '../../folders.ts';
import { exampleProfile } from '../example-profile.ts';
import { jsonLines, runMain, tinyExperiment, writeJson } from '../run-command.ts';

it('limit and expectation stand in columns, each with its error', () => {
  const text = describeExpectations([
    {
      ...{
        kind: 'decode',
        what: 'a token after 9',
        tokens: 1,
        usefulFlops: 5,
        limitSeconds: 1e-5,
        limitError: 0.02,
      },
      ...{ seconds: 2e-3, relativeError: 0.11 },
    },
  ]);
  expect(plainSpaces(text).split('\n')).toEqual([
    'work                             limit        expected          rate',
    'decode, a token after 9  10.0 µs ± 2 %  2.00 ms ± 11 %  500 tokens/s',
  ]);
});

it('--expect predicts training, evaluation, prefill and decoding for a device that is not here', async () => {
  const folder = createFolder();
  writeJson(folder, 'config.json', tinyExperiment);
  writeJson(folder, 'profile.json', profileToJson(exampleProfile));
  const result = await runMain(
    ['predict', 'config.json', '--profile', 'profile.json', '--expect', '--json'],
    folder,
  );
  expect(result.code).toBe(0);
  const [line] = jsonLines(result) as { secondsPerStep?: number; expectations?: WorkExpectation[] }[];
  expect(line?.expectations?.length).toBeGreaterThan(4);
  const kinds = new Set(line?.expectations?.map(({ kind }) => kind));
  expect(kinds).toEqual(new Set(['training', 'evaluation', 'prefill', 'decode']));
  expect(line?.expectations?.[0]?.seconds).toBe(line?.secondsPerStep);
  for (const { limitSeconds, seconds } of line?.expectations ?? [])
    expect(seconds).toBeGreaterThan(limitSeconds);
});
