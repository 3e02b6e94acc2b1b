// Limit and expectation of some work, and the waterfall between them, on a device of round numbers.
import { describe, expect, it } from 'vitest';
import { expectWork, waterfallOf } from '../../../src/lab/plans/expectation.ts';
import { recordInferencePlans } from '../../../src/lab/plans/inference-plans.ts';
import { recordTrainingPlans } from '../../../src/lab/plans/training-plans.ts';
import { allWork, decodeWork, trainingWork } from '../../../src/lab/plans/work.ts';
import { atPace } from '../../../src/plan/device-profile.ts';
import { baselineCapabilities } from '../../../src/plan/kernel.ts';
import { costOf, predictPlan } from '../../../src/plan/predict.ts';
import { near } from '../../near.ts';
import { tinyExperiment } from '../training/tiny-runs.ts';
import { roundProfile as profile } from './round-profile.ts';

const { model, train } = tinyExperiment({ model: { vocabulary: 65 }, train: { accumulation: 2 } });
const options = { capabilities: baselineCapabilities };
const plans = recordTrainingPlans(model, train, options);
const sampling = recordInferencePlans(plans.model, options);

describe('expectWork', () => {
  it('sums what the plans predict, and adds the part of a submission that a short step takes', () => {
    const expected = expectWork(trainingWork(plans, train), profile);
    const onDevice =
      2 * predictPlan(plans.accumulate, profile).seconds + predictPlan(plans.update, profile).seconds;
    const together = Math.floor(0.05 / onDevice);
    expect(together).toBeGreaterThan(1);
    expect(expected.seconds).toBeCloseTo(onDevice + 1e-4 / Math.min(together, Math.floor(256 / 3)), 12);
    expect(expected.limitError).toEqual(near(0.04));
  });

  it('charges a burst of tokens with a wait between them', () => {
    const expected = expectWork(decodeWork(sampling, 3), profile);
    expect(expected.parts.hostAndQueue).toBeCloseTo(1e-3 / 16, 12);
  });

  it('never expects less than the limit of kernels that nobody measured', () => {
    for (const work of allWork(plans, sampling, train)) {
      const { limitSeconds, seconds } = expectWork(work, profile);
      expect(limitSeconds).toBeGreaterThan(0);
      expect(seconds).toBeGreaterThan(limitSeconds);
    }
  });
});

describe('the waterfall', () => {
  it('adds up to the measurement, whatever was measured', () => {
    for (const work of allWork(plans, sampling, train)) {
      const expectation = expectWork(work, profile);
      for (const measured of [expectation.seconds * 2, expectation.seconds / 2]) {
        const { measured: total, ...parts } = waterfallOf(expectation, measured);
        expect(total).toBe(measured);
        expect(Object.values(parts).reduce((sum, part) => sum + part, 0)).toBeCloseTo(measured, 12);
      }
      expect(waterfallOf(expectation, expectation.seconds).unexplained).toBe(0);
    }
  });

  it('begins with the useful flops at the peak, and counts a start for every dispatch', () => {
    const { parts } = expectWork(trainingWork(plans, train), profile);
    const dispatches = [
      ...plans.accumulate.dispatches,
      ...plans.accumulate.dispatches,
      ...plans.update.dispatches,
    ];
    const flops = dispatches.reduce((sum, dispatch) => sum + costOf(dispatch).usefulFlops, 0);
    expect(parts.arithmeticAtPeak).toBeCloseTo(flops / 1e11, 15);
    expect(parts.launches).toBeCloseTo(dispatches.length * 1e-5, 12);
    expect(parts.bandwidthExcess).toBeGreaterThan(0);
  });
});

it('at half the pace all but launches and hand-over takes twice as long, and still adds up', () => {
  const quick = expectWork(trainingWork(plans, train), profile);
  const slow = expectWork(trainingWork(plans, train), atPace(profile, 0.5));
  const paced = ({ seconds, parts }: typeof quick) => seconds - parts.launches - parts.hostAndQueue;
  expect(paced(slow)).toBeCloseTo(2 * paced(quick), 12);
  expect(slow.limitSeconds).toBe(quick.limitSeconds);
  const sum = Object.values(slow.parts).reduce((total, part) => total + part, 0);
  expect(sum).toBeCloseTo(slow.seconds, 12);
});
