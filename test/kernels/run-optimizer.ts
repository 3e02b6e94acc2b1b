// Takes steps of an optimizer by the references in float64, with given weights and gradients.
import type { Optimizer } from '../../src/kernels/optimizer.ts';
import type { OptimizerConfig } from '../../src/model/fields/optimizer.ts';
import { baselineCapabilities, type Scalars } from '../../src/plan/kernel.ts';
import { freeze } from '../../src/plan/plan.ts';
import {
  layoutParameters,
  type ParameterShape,
  type ParameterStore,
  persistentTensor,
  storagesOf,
} from '../../src/plan/store.ts';
import { Tape } from '../../src/plan/tape.ts';
import { elementCount, type Tensor } from '../../src/plan/tensor.ts';
import { CpuRuntime } from '../../src/runtime/cpu-runtime.ts';

/** Numbers by parameter. */
export type Numbers = Readonly<Record<string, readonly number[]>>;

/** What is run. */
export interface OptimizerCase {
  readonly parameters: readonly ParameterShape[];
  readonly weights: Numbers;
  readonly gradients: readonly Numbers[];
  readonly settings: OptimizerConfig;
}

/** How it is run: a device that binds little cuts tables into blocks; a step that is not finite changes nothing. */
export interface OptimizerRun {
  readonly maxBindingBytes?: number;
  readonly isFiniteStep?: boolean;
}

/** Weights after each step, and what is left at the end in every buffer but the weights' by its name. */
export async function runOptimizer(
  optimizer: Pick<Optimizer<OptimizerConfig>, 'states' | 'record'>,
  { parameters, weights, gradients, settings }: OptimizerCase,
  { maxBindingBytes = 2 ** 27, isFiniteStep = true }: OptimizerRun = {},
): Promise<{
  readonly after: readonly Numbers[];
  readonly buffers: Numbers;
  readonly store: ParameterStore;
}> {
  const store = layoutParameters(parameters, optimizer.states, maxBindingBytes);
  const metrics = persistentTensor('metrics', [8], 'f32', 'state');
  const tape = new Tape({ capabilities: baselineCapabilities });
  optimizer.record(tape, store, metrics, { ...settings, clearGradient: 1 });
  const plan = freeze('update', tape);
  const runtime = new CpuRuntime([plan], [...storagesOf(store), metrics.storage], 'f64');
  runtime.write(metrics, Float64Array.of(0, 1, isFiniteStep ? 1 : 0, 1, 0, 0, 0, 0));
  const write = (kind: 'weight' | 'gradient', numbers: Numbers) => {
    for (const { name, shape, blocks } of store.parameters.values()) {
      const columns = elementCount(shape.slice(1));
      for (const block of blocks) {
        const start = block.firstRow * columns;
        const part = (numbers[name] ?? []).slice(start, start + elementCount(block.weight.shape));
        runtime.write(block[kind], Float64Array.from(part));
      }
    }
  };
  const readAll = async (tensors: readonly Tensor[]) => {
    const parts = await Promise.all(tensors.map((tensor) => runtime.read(tensor)));
    return parts.flatMap((part) => [...part]);
  };
  write('weight', weights);
  const after: Numbers[] = [];
  for (const [index, given] of gradients.entries()) {
    write('gradient', given);
    await runtime.submit([{ plan, scalars: scalarsOf(settings, index + 1) }]);
    const entries = [...store.parameters.values()].map(async ({ name, blocks }) => {
      return [name, await readAll(blocks.map(({ weight }) => weight))] as const;
    });
    after.push(Object.fromEntries(await Promise.all(entries)));
  }
  const kept = [
    ...store.shards.flatMap((shard) => [shard.gradients, ...shard.states.values()]),
    ...store.factors,
  ];
  const buffers = kept.map(async (tensor) => [tensor.storage.name, await readAll([tensor])] as const);
  return { after, buffers: Object.fromEntries(await Promise.all(buffers)), store };
}

function scalarsOf({ learningRate, beta1, beta2 }: OptimizerConfig, step: number): Scalars {
  const [biasCorrection1, biasCorrection2] = [1 - beta1 ** step, 1 - beta2 ** step];
  return { step, learningRate, biasCorrection1, biasCorrection2 };
}
