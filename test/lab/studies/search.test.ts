// Tests of the search: what it ranks by, its limit, grouped variants, and what it cannot do.
import { describe, expect, test } from 'vitest';
import { expandStudy } from '../../../src/lab/studies/expand.ts';
import { readyStudies } from '../../../src/lab/studies/ready.ts';
import {
  candidatesOf,
  groupedVariants,
  judgeSearch,
  trainingStudy,
  wishOf,
} from '../../../src/lab/studies/search.ts';
import { shapeOf } from '../../../src/lab/studies/shape.ts';
import { parseStudy } from '../../../src/lab/studies/study.ts';
import { baselineCapabilities } from '../../../src/plan/kernel.ts';
import { exampleProfile } from '../../cli/example-profile.ts';
import { exampleLaw } from './example-study.ts';

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
const law = exampleLaw;

describe('a search', () => {
  const all = candidatesOf(study, law, device, 24);
  const wish = wishOf(study);
  const found = judgeSearch(wish, all, false);

  test('finds the best shape of the law, and the fastest within the limit', () => {
    expect(Math.abs(Math.log(found.panda.shape.ratio / 0.16))).toBeLessThan(0.1);
    expect(Math.abs(Math.log(found.panda.shape.mlpToAttention / 2))).toBeLessThan(0.3);
    expect(found.surefire.predictedLoss).toBeLessThanOrEqual(found.lossLimit);
    for (const { predictedLoss, predictedTokensPerSecond } of found.candidates) {
      if (predictedLoss > found.lossLimit) continue;
      expect(predictedTokensPerSecond).toBeLessThanOrEqual(found.surefire.predictedTokensPerSecond ?? 0);
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

  test('holds trained losses against each other alone, and groups against no prediction', () => {
    const [first, second, third] = all;
    const trained = [
      { ...first, loss: 2, measuredTokensPerSecond: 100 },
      { ...second, predictedLoss: 1, loss: 2.01, measuredTokensPerSecond: 300 },
      { ...third, predictedLoss: 3, loss: 2.5, measuredTokensPerSecond: 900 },
      { ...second, isGrouped: true, loss: 2.005, measuredTokensPerSecond: 400 },
    ] as const;
    const judged = judgeSearch(wish, [...trained, { ...third, predictedLoss: 0.1 }], true);
    expect(judged.panda.loss).toBe(2);
    expect(judged.surefire.measuredTokensPerSecond).toBe(400);
    expect(judged.gain).toBeCloseTo(3, 9);
    expect(judged.trained).toBe(4);
    expect(judged.spearman).toBeGreaterThan(0); // of three: the groups are no shape that the law ranked
  });

  test('holds trained losses against the lowest where the baseline came to none', () => {
    const [own, ...others] = all;
    const trained = others.map((one, index) => (index < 2 ? { ...one, loss: 9 + index } : one));
    // By its predicted loss, which is far below, nothing that was trained would be good enough.
    expect(judgeSearch(wish, [own, ...trained], false).lossLimit).toBeCloseTo(9 * 1.01, 9);
  });

  test('has no model twice', () => {
    const parameters = all[0].shape;
    const same = {
      ...study,
      search: { ...wish, ratio: [parameters.ratio], mlpToAttention: [parameters.mlpToAttention] },
    };
    const models = candidatesOf(same, law, device, 24).map(({ experiment }) =>
      JSON.stringify(experiment.model),
    );
    expect(new Set(models).size).toBe(models.length);
  });

  test('names Panda as Surefire where nothing is within the limit', () => {
    const { panda, surefire } = judgeSearch({ ...wish, lossLimit: 0.01 }, all, false);
    expect(surefire).toEqual(panda);
  });

  test('needs a law with best shapes, and a wish', () => {
    const flat = { ...law, parameters: { ...law.parameters, optimumX: undefined as unknown as number } };
    expect(() => candidatesOf(study, flat, device, 24)).toThrow(/show no best shape/);
    const { search: _, ...without } = study;
    expect(() => candidatesOf(without, law, device, 24)).toThrow(/has no "search" in it/);
  });
});
