// What people wait for, as replays of plans.
import { expect, it } from 'vitest';
import { recordInferencePlans } from '../../../src/lab/plans/inference-plans.ts';
import { recordTrainingPlans } from '../../../src/lab/plans/training-plans.ts';
import { allWork, decodeWork, prefillWork, trainingWork } from '../../../src/lab/plans/work.ts';
import { baselineCapabilities } from '../../../src/plan/kernel.ts';
import { costOf } from '../../../src/plan/predict.ts';
import { near } from '../../near.ts';
import { tinyExperiment } from '../training/tiny-runs.ts';

const experiment = tinyExperiment({ model: { vocabulary: 65, context: 64 }, train: { accumulation: 3 } });
const options = { capabilities: baselineCapabilities };
const plans = recordTrainingPlans(experiment.model, experiment.train, options);
const sampling = recordInferencePlans(plans.model, options);

it('a training step replays every micro-batch and updates once, and is not waited for', () => {
  const work = trainingWork(plans, experiment.train);
  expect(work.replays.map(({ plan, times }) => [plan.name, times])).toEqual([
    ['accumulate', 3],
    ['update', 1],
  ]);
  expect([work.tokens, work.waits]).toEqual([3 * 4 * 64, 0]);
  expect(work.what).toBe('a step of 3 × 4 × 64 tokens');
});

it('a prompt and a burst of tokens are waited for', () => {
  expect(prefillWork(sampling, 0)).toMatchObject({ what: 'a prompt of 16 tokens', tokens: 16, waits: 1 });
  expect(decodeWork(sampling, 5)).toMatchObject({ what: 'a token after 5', tokens: 1, waits: near(1 / 16) });
  expect(() => prefillWork(sampling, 9)).toThrow('there is no plan 9');
});

it('a later token costs more than an early one', () => {
  const flops = (position: number) => {
    const [replay] = decodeWork(sampling, position).replays;
    return (replay?.plan.dispatches ?? []).reduce(
      (sum, dispatch) => sum + costOf(dispatch, replay?.scalars).usefulFlops,
      0,
    );
  };
  expect(flops(40)).toBeGreaterThan(flops(4));
});

it('all work is a step, a batch, every prompt plan, and tokens along the context', () => {
  const kinds = allWork(plans, sampling, experiment.train).map(({ kind }) => kind);
  expect(kinds).toEqual(['training', 'evaluation', 'prefill', 'prefill', 'decode', 'decode', 'decode']);
  expect(allWork(plans, undefined, experiment.train)).toHaveLength(2);
});
