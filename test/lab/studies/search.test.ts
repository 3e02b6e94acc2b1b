// Tests of the search: what it ranks by, its limit, grouped variants, and what it cannot do.
import { describe, expect, test } from 'vitest';
import { expandStudy } from '../../../src/lab/studies/expand.ts';
import { readyStudies } from '../../../src/lab/studies/ready.ts';
import {
  fastestWithin,
  groupedVariants,
  searchShapes,
  trainingStudy,
} from '../../../src/lab/studies/search.ts';
import { shapeOf } from '../../../src/lab/studies/shape.ts';
import { parseStudy } from '../../../src/lab/studies/study.ts';
import type { LawReport } from '../../../src/laws/law-report.ts';
import { baselineCapabilities } from '../../../src/plan/kernel.ts';
import { exampleProfile } from '../../cli/example-profile.ts';

const study = parseStudy(
  {
    ...readyStudies.shapes,
    search: {
      parameters: 30_000,
      tokens: 2_000_000,
      ratio: [0.1, 0.16, 0.25],
      mlpToAttention: [1, 2, 4],
      lossSlack: 0.01,
    },
  },
  'x',
);
const device = { capabilities: baselineCapabilities, profile: exampleProfile.profile };
const law: LawReport = {
  ...{ law: 'conditional', method: 'least-squares', form: 'multiplicative', points: 42 },
  ...{ leftOut: [], objective: 0, warnings: [] },
  parameters: {
    ...{ c: 1, kappaX: 0.06, optimumX: 0.16, kappaR: 0.03, optimumR: 2 },
    ...{ E: 0.8, A: 14, B: 40, alpha: 0.3, beta: 0.33 },
  },
};

describe('a search', () => {
  const found = searchShapes(study, law, device, 24);

  test('finds the best shape of the law, and the fastest within the limit', () => {
    expect(Math.abs(Math.log(found.panda.shape.ratio / 0.16))).toBeLessThan(0.1);
    expect(Math.abs(Math.log(found.panda.shape.mlpToAttention / 2))).toBeLessThan(0.3);
    expect(found.surefire.predictedLoss).toBeLessThanOrEqual(found.lossLimit);
    for (const { predictedLoss, predictedTokensPerSecond } of found.candidates) {
      if (predictedLoss > found.lossLimit) continue;
      expect(predictedTokensPerSecond).toBeLessThanOrEqual(found.surefire.predictedTokensPerSecond);
    }
    expect(found.candidates.some(({ isOnFront }) => isOnFront)).toBe(true);
  });

  test('tries fewer groups of keys and values at the same number of parameters', () => {
    const variants = groupedVariants(found.baseline, study, device, 24);
    const { heads } = found.baseline.experiment.model;
    expect(variants.map(({ experiment }) => experiment.model.keyValueHeads)).toEqual(
      Array.from({ length: heads - 1 }, (_, i) => heads - 1 - i).filter((groups) => heads % groups === 0),
    );
    for (const { experiment } of variants) {
      const { parameters } = shapeOf(experiment.model, 'blocks', 24);
      expect(parameters / found.baseline.shape.parameters).toBeCloseTo(1, 2);
    }
  });

  test('trains a candidate on its tokens, at the rate of the formulas', () => {
    const { runs } = expandStudy(trainingStudy(study, found.panda.experiment), 24);
    expect(runs).toHaveLength(1);
    expect(runs[0].tokens / 2_000_000).toBeCloseTo(1, 2);
    expect(runs[0].experiment.train.optimizer.learningRate).toBeCloseTo(
      0.08 * runs[0].shape.parameters ** -0.25,
      9,
    );
  });

  test('names nothing where nothing is within the limit', () => {
    expect(fastestWithin([{ predictedLoss: 2, predictedTokensPerSecond: 1 }], 1)).toBeUndefined();
  });

  test('needs a law with best shapes, a calibrated device, and a wish', () => {
    const flat = { ...law, parameters: { ...law.parameters, optimumX: undefined as unknown as number } };
    expect(() => searchShapes(study, flat, device, 24)).toThrow(/show no best shape/);
    expect(() => searchShapes(study, law, { ...device, profile: undefined }, 24)).toThrow(
      /calibrated device/,
    );
    const { search: _, ...without } = study;
    expect(() => searchShapes(without, law, device, 24)).toThrow(/has no "search" in it/);
  });
});
