// Runs small enough for the reference loops: two layers, narrow, on a short generated text.
import { cpuEngine, type Engine } from '../../../src/lab/plans/engine.ts';
import { prepareRun, type Run, type RunOptions } from '../../../src/lab/training/run.ts';
import { type Experiment, parseExperiment } from '../../../src/model/config.ts';

/** Sections of an experiment that differ from the tiny one. */
export interface Changes {
  readonly model?: Readonly<Record<string, unknown>>;
  readonly train?: Readonly<Record<string, unknown>>;
  readonly data?: Readonly<Record<string, unknown>>;
}

/** The two families. */
export const families = {
  gpt2: { position: 'learned', norm: 'layerNorm', activation: 'geluTanh', bias: true },
  llama: {
    ...{ position: 'rope', norm: 'rmsNorm', activation: 'silu', gated: true, bias: false },
    ...{ heads: 4, keyValueHeads: 2, tiedHead: false },
  },
} as const;

/**
 * What tests on a GPU train where any model will do: a driver then compiles one set of kernels for all of them. The second
 * has dropout, whose masks are the same on all runtimes, and two micro-batches; the third experts.
 */
export const gpuChanges = {
  gpt2: { model: families.gpt2 },
  llama: { model: { ...families.llama, dropout: 0.1 }, train: { batch: 2, accumulation: 2 } },
  experts: { model: { ...families.llama, experts: 4, expertsPerToken: 2, hidden: 8 } },
} as const satisfies Readonly<Record<string, Changes>>;

/** A tiny experiment: 2 layers of 16 channels, 8 tokens, on a few stories. */
export function tinyExperiment({ model, train, data }: Changes = {}): Experiment {
  const parsed = parseExperiment({
    model: { layers: 2, width: 16, heads: 2, context: 8, ...model },
    train: {
      ...{ steps: 50, batch: 4, evaluationInterval: 0, evaluationBatches: 2, sampleInterval: 0 },
      optimizer: { learningRate: 0.01 },
      schedule: { kind: 'constant', warmupSteps: 0 },
      ...train,
    },
    data: { source: 'stories', characters: 4000, ...data },
  });
  if (parsed.kind === 'ok') return parsed.experiment;
  throw new Error(parsed.problems.map(({ message }) => message).join('; '));
}

/** A tiny run, on the reference loops unless told otherwise. */
export function tinyRun(
  changes: Changes = {},
  engine: Engine = cpuEngine(),
  options: Partial<RunOptions> = {},
): Promise<Run> {
  return prepareRun(engine, tinyExperiment(changes), { withSampler: false, ...options });
}

/** Takes steps and returns their records. */
export async function takeSteps({ trainer }: Pick<Run, 'trainer'>, steps: number) {
  const pending = [];
  for (let i = 0; i < steps; i++) pending.push((await trainer.submitStep()).record);
  return Promise.all(pending);
}

/** The losses of some steps. */
export async function takeLosses(run: Pick<Run, 'trainer'>, steps: number): Promise<number[]> {
  return (await takeSteps(run, steps)).map(({ loss }) => loss);
}

/** All flat buffers of a run's parameters: weights, and what the optimizer keeps. */
export async function stateOf({ runtime, plans }: Pick<Run, 'runtime' | 'plans'>): Promise<number[][]> {
  const { shards, factors } = plans.model.store;
  const tensors = [...shards.flatMap(({ weights, states }) => [weights, ...states.values()]), ...factors];
  const read: number[][] = [];
  for (const tensor of tensors) read.push([...(await runtime.read(tensor))]);
  return read;
}
