// Sizes and comparisons of the fake lab: models that are sized already, none of which is trained.
import type { ComparedModel, ComparisonApi } from '../../../src/contract/comparison.ts';
import { fakeCatalogue } from './fake-catalogue.ts';

/** A compared model as the worker describes it. */
export function fakeMatch(presetId: string, index: number): ComparedModel {
  const { title, experiment } =
    fakeCatalogue.presets.find(({ id }) => id === presetId) ?? fakeCatalogue.presets[0];
  return {
    ...{ presetId, title, experiment },
    change: index === 0 ? '' : 'width 96 → 104, hidden 256 → 270',
    ...{ parameters: 450_000 * (index + 1), activeParameters: 450_000, flopsPerToken: 3_000_000 },
    ...{ ratio: 1 + 0.004 * index, tokensPerStep: 1024, steps: 500 },
  };
}

/** Answers at once. */
export const fakeComparison: ComparisonApi = {
  sizeComparison: async (ids) => ({ kind: 'ok', value: ids.map(fakeMatch) }),
  runComparison: async () => ({
    kind: 'problem',
    problem: { kind: 'noAdapter', message: 'compare: there is no GPU in a fake lab.' },
  }),
  cancelComparison: async () => undefined,
};
