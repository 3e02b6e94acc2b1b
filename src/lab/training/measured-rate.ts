// How fast an engine without a calibration trains: a small model's steps, timed, so that the time of a run is known before it.

import { parseExperiment } from '../../model/config.ts';
import type { Engine } from '../plans/engine.ts';
import { prepareRun } from './run.ts';

/** Small enough for a moment on the reference loops, with every kind of kernel that a plain model has. */
const probe = {
  model: { layers: 1, width: 32, heads: 2, context: 32 },
  train: {
    steps: 100,
    batch: 4,
    evaluationInterval: 0,
    evaluationBatches: 1,
    sampleInterval: 0,
    optimizer: { learningRate: 1e-3 },
  },
  data: { source: 'arithmetic', tokenizer: 'characters', characters: 4000 },
};

/** As many times as wide, for an engine whose kernels outgrow the cost of starting them. */
const widening = 4;

/** Steps before the clock counts: the first ones compile loops and fill caches. */
const warmupSteps = 2;
const leastSteps = 3;
/** Seconds after which no further step is taken. */
const leastSeconds = 0.1;

/** Useful flops per second of training steps, from the quickest of a few. Frees what it allocates. */
export async function measureTrainingRate(engine: Engine): Promise<number> {
  const width = probe.model.width * (engine.kind === 'cpu' ? 1 : widening);
  const parsed = parseExperiment({ ...probe, model: { ...probe.model, width } });
  if (parsed.kind !== 'ok') throw new Error(`training rate: ${parsed.problems[0].message}`);
  const { trainer, runtime } = await prepareRun(engine, parsed.experiment, { withSampler: false });
  try {
    const takeStep = async (): Promise<number> => {
      const begin = performance.now();
      await (await trainer.submitStep()).record;
      return (performance.now() - begin) / 1000;
    };
    for (let step = 0; step < warmupSteps; step++) await takeStep();
    let quickest = Number.POSITIVE_INFINITY;
    let passed = 0;
    for (let step = 0; step < leastSteps || passed < leastSeconds; step++) {
      const seconds = await takeStep();
      passed += seconds;
      quickest = Math.min(quickest, seconds);
    }
    return trainer.flopsPerStep / quickest;
  } finally {
    runtime.dispose();
  }
}
