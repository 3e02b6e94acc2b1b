// The models that predictions are validated on: enough, valid, and none that calibration knows.
import { expect, it } from 'vitest';
import { validationGrid } from '../../../src/lab/cost/validation-grid.ts';
import { parseExperiment } from '../../../src/model/config.ts';
import { presets } from '../../../src/model/presets/catalogue.ts';

it.each(['small', 'full'] as const)(
  'the %s grid has at least 24 configurations, all valid and different',
  (grid) => {
    const models = validationGrid(grid);
    expect(models.reduce((sum, { kinds }) => sum + kinds.length, 0)).toBeGreaterThanOrEqual(24);
    expect(new Set(models.map(({ name }) => name)).size).toBe(models.length);
    for (const { name, experiment } of models)
      expect(parseExperiment(experiment), name).toMatchObject({ kind: 'ok' });
  },
);

it('every kind of work is in the small grid', () => {
  const kinds = new Set(validationGrid('small').flatMap((model) => model.kinds));
  expect(kinds).toEqual(new Set(['training', 'evaluation', 'prefill', 'decode']));
});

it('no model of the grid has the sizes of a preset, whose shapes calibration takes', () => {
  const sizesOf = (json: unknown) => {
    const parsed = parseExperiment(json);
    if (parsed.kind !== 'ok') throw new Error(parsed.problems[0]?.message);
    const { model, train } = parsed.experiment;
    return [model.width, model.context, train.batch].join();
  };
  const known = new Set(presets.map(({ experiment }) => sizesOf(experiment)));
  const shared = validationGrid('full').filter(({ experiment }) => known.has(sizesOf(experiment)));
  expect(shared).toEqual([]);
});
