// Trains small models with variants that the built-in order may never choose on the machine of a test, by a variant table.

import { allKernels } from '../../src/lab/plans/kernel-catalogue.ts';
import { type NamedArrays, readParameters, writeParameters } from '../../src/lab/plans/parameter-io.ts';
import { recordTrainingPlans } from '../../src/lab/plans/training-plans.ts';
import { parseExperiment } from '../../src/model/config.ts';
import { initialiseParameters } from '../../src/model/initialise.ts';
import { parameterSpecs } from '../../src/model/parameters.ts';
import { constantTables } from '../../src/model/tensors.ts';
import { type Capabilities, familyOf, type VariantTable } from '../../src/plan/kernel.ts';
import { storagesOf } from '../../src/plan/store.ts';
import { CpuRuntime } from '../../src/runtime/cpu-runtime.ts';
import { GpuRuntime } from '../../src/runtime/gpu-runtime.ts';
import { exampleScalars } from '../../src/runtime/kernel-probe.ts';
import type { PipelineCache } from '../../src/runtime/pipelines.ts';
import type { Runtime } from '../../src/runtime/runtime.ts';

/**
 * Rows, widths and contexts over, under and between the tiles; the two dispatch other products. Layers of one width, so
 * that products share their pipelines: a software driver compiles each for seconds.
 */
const experiments = {
  dense: {
    model: {
      ...{ layers: 1, width: 66, heads: 3, keyValueHeads: 1, hidden: 66, context: 33, vocabulary: 66 },
      ...{ position: 'rope', norm: 'rmsNorm', activation: 'silu', gated: false },
    },
    train: { steps: 1, batch: 2, optimizer: { learningRate: 0.01 } },
    data: {},
  },
  experts: {
    model: {
      ...{ layers: 1, width: 32, heads: 2, context: 17, vocabulary: 33 },
      ...{ experts: 4, expertsPerToken: 2, expertHidden: 20 },
    },
    train: { steps: 1, batch: 3, optimizer: { learningRate: 0.01 } },
    data: {},
  },
} as const;

/**
 * Which variant of every family a step takes: the one chosen for the device, or the n-th of those that it can run (of
 * dense products tiles of 128, of 64 in two ways). A full run takes all tables with both models; `npm test` what real GPUs
 * get, and no experts, for a software driver compiles some thirty pipelines for each.
 */
export function variantsToRun(isFull: boolean) {
  const tables: readonly (number | undefined)[] = isFull ? [undefined, 2, 3, 5] : [undefined];
  return { tables, models: isFull ? variantModels : (['dense'] as const) };
}

/** A table that takes the n-th variant of every family, counted round. */
function nthVariants(n: number): VariantTable {
  return (runnable) => {
    const family = familyOf(runnable[0]?.name ?? '');
    const variants = allKernels.filter(
      ({ name, requires }) => familyOf(name) === family && !requires?.length,
    );
    return variants[n % variants.length];
  };
}

/** What one step came to, beside the reference loops. */
export interface VariantRun {
  readonly model: string;
  readonly table: number | undefined;
  /** Variants that the step dispatched. */
  readonly chosen: readonly string[];
  /** max |GPU − reference| ÷ max |reference| over all gradients, over all weights, and of the loss. */
  readonly gradientError: number;
  readonly weightError: number;
  readonly lossError: number;
}

const variantModels = Object.keys(experiments) as (keyof typeof experiments)[];

/** One step of every model by one table. */
export async function runVariants(
  device: GPUDevice,
  capabilities: Capabilities,
  pipelines: PipelineCache,
  table: number | undefined,
  models: readonly (keyof typeof experiments)[],
): Promise<VariantRun[]> {
  const runs: VariantRun[] = [];
  for (const model of models) {
    const parsed = parseExperiment(experiments[model]);
    if (parsed.kind !== 'ok') throw new Error(JSON.stringify(parsed.problems));
    const { model: config, train } = parsed.experiment;
    const variants = table === undefined ? {} : { variants: nthVariants(table) };
    const plans = recordTrainingPlans(config, train, { capabilities, ...variants });
    const recorded = [plans.accumulate, plans.update];
    const names = recorded.flatMap(({ dispatches }) => dispatches.map(({ kernel }) => kernel.name));
    const extra = storagesOf(plans.model.store);
    const cpu = new CpuRuntime(recorded, extra);
    const gpu = await GpuRuntime.create(device, recorded, { extra, pipelines });
    const step = async (runtime: Runtime) => {
      for (const { tensor, values } of constantTables(plans.model)) runtime.write(tensor, values);
      const weights = new Map<string, Float32Array>();
      initialiseParameters(parameterSpecs(config), 7, (name, values) => weights.set(name, values));
      writeParameters(runtime, plans.model.store, 'weights', weights);
      const tokens = Uint32Array.from(
        { length: train.batch * (config.context + 1) },
        (_, i) => (i * i * 7 + 3 * i) % config.vocabulary,
      );
      runtime.write(plans.tokens, tokens);
      const scalars = { ...exampleScalars, step: 1, lossScale: 1 / (train.batch * config.context) };
      const { done } = await runtime.submit(
        recorded.map((plan) => ({ plan, scalars })),
        [plans.metrics],
      );
      const [metrics] = await done;
      const gradients = await readParameters(runtime, plans.model.store, 'gradients');
      return {
        loss: Float32Array.of(metrics?.[0] ?? Number.NaN),
        gradients,
        weights: await readParameters(runtime, plans.model.store, 'weights'),
      };
    };
    const [expected, actual] = [await step(cpu), await step(gpu)];
    gpu.dispose();
    runs.push({
      model,
      table,
      chosen: [...new Set(names)].filter((name) => name.includes('/')).sort(),
      gradientError: errorOf(expected.gradients, actual.gradients),
      weightError: errorOf(expected.weights, actual.weights),
      lossError: errorOf(new Map([['loss', expected.loss]]), new Map([['loss', actual.loss]])),
    });
  }
  return runs;
}

/** max |expected − actual| ÷ max |expected| over all arrays; Infinity where one is missing or no number. */
function errorOf(expected: NamedArrays, actual: NamedArrays): number {
  let [difference, largest] = [0, 0];
  for (const [name, values] of expected) {
    const others = actual.get(name);
    for (const [i, value] of values.entries()) {
      const distance = Math.abs(value - (others?.[i] ?? Number.NaN));
      if (!Number.isFinite(distance)) return Number.POSITIVE_INFINITY;
      difference = Math.max(difference, distance);
      largest = Math.max(largest, Math.abs(value));
    }
  }
  return difference / largest;
}
