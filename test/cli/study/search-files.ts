// A study of shapes, its table of runs and a profile as files, for tests of the search.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { profileToJson } from '../../../src/cli/profiles.ts';
import { readyStudies } from '../../../src/lab/studies/ready.ts';
import { createFolder } from '../../folders.ts';
import { syntheticStudy } from '../../laws/public-points.ts';
import { exampleProfile } from '../example-profile.ts';
import { writeJson } from '../run-command.ts';

/** Files of a search with a law that is known. @returns arguments of the command */
export function prepareSearch(search: object, runtime = 'cpu'): string[] {
  const folder = createFolder();
  const columns = ['parameters', 'tokens', 'loss', 'ratio', 'mlpToAttention', 'part'] as const;
  const rows = syntheticStudy('multiplicative', 1).map((run) =>
    columns.map((column) => run[column]).join(','),
  );
  writeFileSync(join(folder, 'runs.csv'), [columns.join(','), ...rows, ''].join('\n'));
  const { base, ...rest } = readyStudies.shapes as { base: { data: object } };
  const small = { ...base, data: { ...base.data, characters: 20_000, validationFraction: 0.1 } };
  const study = writeJson(folder, 'study.json', { ...rest, base: small, validationTokens: 64, search });
  const profile = writeJson(folder, 'profile.json', profileToJson(exampleProfile));
  return [study, '--runs', join(folder, 'runs.csv'), '--profile', profile, '--runtime', runtime, '--json'];
}

/** Small enough to be trained in seconds. */
export const wish = { parameters: 3000, tokens: 2048, ratio: [0.14, 0.3], mlpToAttention: [1, 2] };
