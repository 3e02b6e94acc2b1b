// The version that records carry is the package's.
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { appVersion } from '../../src/text/app-version.ts';

it('is that of package.json', () => {
  expect(JSON.parse(readFileSync('package.json', 'utf8')).version).toBe(appVersion);
});
