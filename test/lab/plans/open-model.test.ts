// A model on a runtime: its tables and weights are there, and nothing is left behind where filling fails.
import { expect, it } from 'vitest';
import { cpuEngine, type Engine } from '../../../src/lab/plans/engine.ts';
import { freshWeights, openModel } from '../../../src/lab/plans/open-model.ts';
import { readParameters } from '../../../src/lab/plans/parameter-io.ts';
import { recordTrainingPlans } from '../../../src/lab/plans/training-plans.ts';
import { parseExperiment } from '../../../src/model/config.ts';
import { constantTables } from '../../../src/model/tensors.ts';
import type { Runtime } from '../../../src/runtime/runtime.ts';
import { families, tinyExperiment } from '../training/tiny-runs.ts';

function recorded() {
  const parsed = parseExperiment(tinyExperiment({ model: { ...families.llama, vocabulary: 11 } }));
  if (parsed.kind !== 'ok') throw new Error('the experiment is wrong');
  const { model, train } = parsed.experiment;
  return { config: model, plans: recordTrainingPlans(model, train, cpuEngine()) };
}

/** The reference loops, with a count of runtimes that were not disposed of. */
function counted(): { readonly engine: Engine; open: () => number } {
  const engine = cpuEngine();
  let count = 0;
  const createRuntime: Engine['createRuntime'] = async (...request) => {
    const runtime = await engine.createRuntime(...request);
    const dispose = runtime.dispose.bind(runtime);
    count++;
    runtime.dispose = () => {
      count--;
      dispose();
    };
    return runtime;
  };
  return { engine: { ...engine, createRuntime }, open: () => count };
}

it('writes rotations and weights', async () => {
  const { config, plans } = recorded();
  const weights = freshWeights(config, 7);
  const runtime = await openModel(cpuEngine(), [plans.accumulate, plans.update], plans.model, weights);
  const [table] = constantTables(plans.model);
  if (!table) throw new Error('Llama has rotations');
  expect(await runtime.read(table.tensor)).toEqual(table.values);
  expect(await readParameters(runtime, plans.model.store, 'weights')).toEqual(weights);
  runtime.dispose();
});

it('disposes of the runtime where the weights do not fit or their source fails', async () => {
  const { plans } = recorded();
  const { engine, open } = counted();
  const tried = (weights: Parameters<typeof openModel>[3]): Promise<Runtime> =>
    openModel(engine, [plans.accumulate], plans.model, weights);
  await expect(tried(new Map())).rejects.toThrow(/needs \[.*got none/);
  await expect(tried(() => Promise.reject(new Error('the file is cut')))).rejects.toThrow('the file is cut');
  expect(open()).toBe(0);
});

it('draws the same weights from the same seed', () => {
  const { config } = recorded();
  expect(freshWeights(config, 7)).toEqual(freshWeights(config, 7));
  expect(freshWeights(config, 8)).not.toEqual(freshWeights(config, 7));
});
