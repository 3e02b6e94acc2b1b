// The models that the page offers to begin with.
import { expect, it } from 'vitest';
import { knownModels } from '../../../src/lab/hub/known-models.ts';
import { parseHubName } from '../../../src/lab/hub/repository.ts';

it('begins with models whose names can be asked for, the smallest first', () => {
  const names = knownModels.map(({ name }) => parseHubName(name).id);
  expect(new Set(names).size).toBe(names.length);
  expect(knownModels.map(({ bytes }) => bytes)).toEqual(
    knownModels.map(({ bytes }) => bytes).toSorted((a, b) => a - b),
  );
});
