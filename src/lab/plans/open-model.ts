// A model on a runtime: plans compiled, constant tables and weights written. The one way to begin any work on one.
import { adapterSpecs, type LowRankAdapter } from '../../model/adapter.ts';
import type { ModelConfig } from '../../model/config.ts';
import { initialiseParameters } from '../../model/initialise.ts';
import { type ParameterSpec, parameterSpecs } from '../../model/parameters.ts';
import { constantTables, type ModelTensors } from '../../model/tensors.ts';
import { partAtContext } from '../../model/working-context.ts';
import type { Plan } from '../../plan/plan.ts';
import { storagesOf } from '../../plan/store.ts';
import type { Runtime } from '../../runtime/runtime.ts';
import type { Engine } from './engine.ts';
import { loadWeights, type NamedArrays, type StoredWeights, writeParameters } from './parameter-io.ts';
import { stage } from './problem.ts';

/** Where the weights come from: arrays by name, a file that they stay in till then, or what writes them itself, as a checkpoint does with its moments. */
export type WeightSource = NamedArrays | StoredWeights | ((runtime: Runtime) => void | Promise<void>);

/**
 * Makes a runtime for plans over one model's storages and fills it. The caller disposes of it; nothing is left behind
 * where filling fails.
 * @throws LabError of kind `internal` if no runtime can be made, and whatever the weights' source throws
 */
export async function openModel(
  engine: Engine,
  plans: readonly Plan[],
  model: ModelTensors,
  weights: WeightSource,
  onProgress?: (done: number, total: number) => void,
): Promise<Runtime> {
  const runtime = await stage('internal', () =>
    engine.createRuntime(plans, storagesOf(model.store), onProgress),
  );
  try {
    for (const { tensor, values } of constantTables(model)) runtime.write(tensor, values);
    if (typeof weights === 'function') await weights(runtime);
    else if ('forEachPart' in weights)
      await stage('invalidFile', () => loadWeights(runtime, model.store, weights));
    else writeParameters(runtime, model.store, 'weights', weights);
    return runtime;
  } catch (error) {
    runtime.dispose();
    throw error;
  }
}

/** Weights as a new model begins with them, drawn from a seed: arrays by parameter name. */
export function freshWeights(model: ModelConfig, seed: number): NamedArrays {
  return initialised(parameterSpecs(model), seed);
}

/** The same of an adapter: it changes nothing of its base yet. */
export function freshAdapter(adapter: LowRankAdapter, seed: number): NamedArrays {
  return initialised(adapterSpecs(adapter), seed);
}

function initialised(specs: readonly ParameterSpec[], seed: number): NamedArrays {
  const weights = new Map<string, Float32Array>();
  initialiseParameters(specs, seed, (name, values) => weights.set(name, values));
  return weights;
}

/** Weights that are stored for a longer context than the model's. */
export function storedAtContext(model: ModelConfig, weights: StoredWeights): StoredWeights {
  return {
    forEachPart: (take) =>
      weights.forEachPart((part) => {
        const cut = partAtContext(model, part);
        return cut && take(cut);
      }),
  };
}
