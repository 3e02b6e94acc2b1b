// Presets trained on the stories: each beats the counts of pairs, in full tests. engine.gpu.test.ts trains tiny models in all.
import { expect, it } from 'vitest';
import type { Dataset } from '../../../src/data/dataset.ts';
import { gpuEngine } from '../../../src/lab/plans/engine.ts';
import { prepareRun } from '../../../src/lab/training/run.ts';
import { type Experiment, parseExperiment } from '../../../src/model/config.ts';
import { countParameters } from '../../../src/model/parameters.ts';
import { findPreset, presets } from '../../../src/model/presets/catalogue.ts';
import { scaleModel } from '../../../src/model/size-dial.ts';
import { describeGpu, getTestDevice } from '../../gpu-device.ts';
import { takeSteps } from './tiny-runs.ts';

/** Parameters, tokens of a row and of a step: of what a software GPU trains in minutes. */
const most = { parameters: 3e6, context: 128, tokens: 1024 };

/** Steps between looks at the validation loss. */
const stride = 50;

/** A preset on little text; those of real sizes are brought down with the dial. */
function experimentOf(id: string): Experiment {
  const parsed = parseExperiment(findPreset(id)?.experiment);
  if (parsed.kind !== 'ok') throw new Error(`no preset ${id}`);
  const { experiment } = parsed;
  const model = {
    ...experiment.model,
    vocabulary: 0,
    context: Math.min(experiment.model.context, most.context),
  };
  const size = Math.min(1, most.parameters / countParameters({ ...model, vocabulary: 80 }));
  const batch = Math.min(experiment.train.batch, most.tokens / model.context);
  return {
    model: scaleModel(model, size),
    train: { ...experiment.train, batch, sampleInterval: 0, evaluationInterval: 0 },
    data: { ...experiment.data, characters: 400_000 },
  };
}

/** Mean of −ln (pairs + 0.1) / (firsts + 0.1 · V) over the validation split, counted in the training split. */
function bigramLoss({ training, validation, vocabularySize }: Dataset): number {
  const pairs = new Map<string, number>();
  const firsts = new Map<number, number>();
  const add = <K>(counts: Map<K, number>, key: K) => counts.set(key, (counts.get(key) ?? 0) + 1);
  for (let i = 1; i < training.length; i++) {
    add(firsts, training[i - 1]);
    add(pairs, `${training[i - 1]} ${training[i]}`);
  }
  let sum = 0;
  for (let i = 1; i < validation.length; i++) {
    const first = validation[i - 1];
    const pair = (pairs.get(`${first} ${validation[i]}`) ?? 0) + 0.1;
    sum -= Math.log(pair / ((firsts.get(first) ?? 0) + 0.1 * vocabularySize));
  }
  return sum / (validation.length - 1);
}

/** Trains until the validation loss is below the counts of pairs, or all steps are done. @returns the last one, and the floor */
async function trainBelowBigrams(experiment: Experiment) {
  const engine = gpuEngine(await getTestDevice());
  const run = await prepareRun(engine, experiment, { withSampler: false });
  try {
    const floor = bigramLoss(run.dataset);
    const losses: number[] = [];
    for (let step = 0; step < experiment.train.steps; step += stride) {
      await takeSteps(run, Math.min(stride, experiment.train.steps - step));
      losses.push(await run.trainer.evaluate(run.evaluation));
      if ((losses.at(-1) ?? Number.NaN) < floor) break;
    }
    return { last: losses.at(-1), floor, floors: run.floors };
  } finally {
    run.runtime.dispose();
  }
}

describeGpu('the presets', () => {
  it.runIf(process.env.FLOPSCOPE_FULL).each(presets.map(({ id }) => id))(
    '%s learns more than how often pairs are',
    async (id) => {
      const { last, floor, floors } = await trainBelowBigrams(experimentOf(id));
      expect(floor).toBeCloseTo(floors.bigram, 3);
      expect(last).toBeLessThan(floor);
    },
    1_800_000,
  );
});
