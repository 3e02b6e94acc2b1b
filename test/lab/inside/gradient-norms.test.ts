// Norms by layer against the gradients themselves and against the norm of all that a step reports.
import { expect, it } from 'vitest';
import { readGradientNorms, recordGradientNorms } from '../../../src/lab/inside/gradient-norms.ts';
import { ListedBatches } from '../../../src/lab/plans/batches.ts';
import { cpuEngine } from '../../../src/lab/plans/engine.ts';
import { readParameters, writeParameters } from '../../../src/lab/plans/parameter-io.ts';
import { recordTrainingPlans } from '../../../src/lab/plans/training-plans.ts';
import { Trainer } from '../../../src/lab/training/trainer.ts';
import { initialiseParameters } from '../../../src/model/initialise.ts';
import { parameterSpecs } from '../../../src/model/parameters.ts';
import { storagesOf } from '../../../src/plan/store.ts';
import { tinyExperiment } from '../training/tiny-runs.ts';

it('the norms of the layers and of the rest are those of the gradients, and together that of the step', async () => {
  const { model: config, train } = tinyExperiment({ model: { vocabulary: 11, layers: 3 } });
  const engine = cpuEngine();
  const plans = recordTrainingPlans(config, train, engine);
  const { store } = plans.model;
  const norms = recordGradientNorms(store, engine);
  const runtime = await engine.createRuntime(
    [plans.accumulate, plans.update, plans.evaluate, norms.plan],
    storagesOf(store),
  );
  const weights = new Map<string, Float32Array>();
  initialiseParameters(parameterSpecs(config), 1, (name, values) => weights.set(name, values));
  writeParameters(runtime, store, 'weights', weights);
  const tokens = Uint32Array.from({ length: train.batch * (config.context + 1) }, (_, i) => (i * i + 3) % 11);
  const trainer = new Trainer(runtime, plans, train, new ListedBatches([{ tokens }]));
  const { gradientNorm } = await (await trainer.submitStep()).record;
  const found = await readGradientNorms(runtime, norms);
  const gradients = await readParameters(runtime, store, 'gradients');
  const normOf = (pattern: RegExp) =>
    Math.hypot(...[...gradients].filter(([name]) => pattern.test(name)).flatMap(([, values]) => [...values]));
  expect(found.layers).toHaveLength(3);
  found.layers.forEach((norm, layer) => {
    expect(norm).toBeGreaterThan(0);
    expect(norm / normOf(new RegExp(`^layers\\.${layer}\\.`))).toBeCloseTo(1, 5);
  });
  expect(found.others / normOf(/^(?!layers)/)).toBeCloseTo(1, 5);
  expect(Math.hypot(...found.layers, found.others) / gradientNorm).toBeCloseTo(1, 5);
  runtime.dispose();
});
