// A run as a folder that goes on elsewhere: model, optimizer, tokens and a script for PyTorch, which takes over where it stands.
import type { NamedFile } from '../../contract/values.ts';
import type { Dataset } from '../../data/dataset.ts';
import type { TokenArray, Tokenizer } from '../../data/tokenizer.ts';
import type { Experiment, ModelConfig } from '../../model/config.ts';
import { isOfTransformers } from '../../model/huggingface/config.ts';
import { planImport } from '../../model/huggingface/import-plan.ts';
import { exportParameters } from '../../model/huggingface/weights.ts';
import { planFlops } from '../../plan/predict.ts';
import { termReport } from '../cost/terms.ts';
import type { NamedArrays } from '../plans/parameter-io.ts';
import { LabError } from '../plans/problem.ts';
import type { TrainingPlans } from '../plans/training-plans.ts';
import type { Checkpoint } from '../training/checkpoint.ts';
import { modelFiles } from '../training/model-files.ts';
import script from './continuation.py?raw';
import { continuationGuide, type JobCosts } from './continuation-guide.ts';

/** A run that is to go on elsewhere. */
export interface Continued {
  readonly checkpoint: Checkpoint;
  readonly tokenizer: Tokenizer;
  /** The tokens of the run, split as it splits them. */
  readonly dataset: Dataset;
  readonly costs: JobCosts;
}

/** Optimizers that the script has: the names of its table of states. */
const optimizersThere: readonly string[] = [
  ...(/^STATES = \{\n([\s\S]*?)^\}/m.exec(script)?.[1] ?? '').matchAll(/^ {4}"(\w+)":/gm),
].map(([, name = '']) => name);

/** Refuses a run that PyTorch's script would not go on with as it was. @throws LabError that says why and what to do */
export function checkContinuable({
  experiment: { model, train },
  cursor,
}: Pick<Checkpoint, 'experiment' | 'cursor'>): void {
  const refuse = (why: string, instead: string): never => {
    throw new LabError({ kind: 'invalidConfig', message: `continue elsewhere: ${why}. ${instead}` });
  };
  if (cursor.kind === 'list')
    refuse('its batches were given as a list', 'Export the model, without --continue.');
  if (!isOfTransformers(model))
    refuse('no family of Transformers computes this model', 'Build it like one of the published families.');
  if (model.experts > 0)
    refuse(
      `its ${model.experts} experts are kept in balance here in a way that Transformers has not`,
      'Export the model, without --continue, and choose a way there.',
    );
  if (train.lossPositions === 'answers')
    refuse(
      'it learns from answers alone, whose marks the folder does not carry',
      'Export the model, without --continue.',
    );
  const { kind } = train.optimizer;
  if (!optimizersThere.includes(kind))
    refuse(
      `its optimizer is ${kind}, and the script has ${optimizersThere.join(', ')}`,
      'Export the model, without --continue, and choose an optimizer there.',
    );
}

/** Part of a GPU's peak that a good program reaches with a large model. */
export const usualUtilization = 0.4;

/** What a token of training costs, by the closed form and by the plans of the run. */
export function jobCosts(
  experiment: Experiment,
  plans: TrainingPlans,
  utilization = usualUtilization,
): JobCosts {
  const [training] = termReport(experiment, plans).tables;
  const { batch, accumulation } = experiment.train;
  const flops = planFlops(plans.accumulate) * accumulation + planFlops(plans.update);
  return {
    pressFlopsPerToken: training.total.closedFlops / training.tokens,
    planFlopsPerToken: flops / (batch * accumulation * plans.time),
    utilization,
  };
}

/** Where the run stands, as the script reads it. */
function runFile({ checkpoint, dataset }: Continued, frozen: readonly string[]): object {
  const { experiment, progress, cursor, dataSha256 } = checkpoint;
  const { training, validation } = dataset;
  const dtype = `uint${8 * training.BYTES_PER_ELEMENT}`;
  return {
    format: 'flopscope-continuation',
    version: 1,
    experiment,
    progress,
    cursor,
    dataSha256,
    tokens: { dtype, training: training.length, validation: validation.length },
    frozen,
  };
}

/**
 * The files of the folder, one after the other. States of the optimizer are models of their own, so that Transformers turns them
 * into the layout of its parameters as it does with weights.
 * @throws LabError as `checkContinuable` does
 */
export function* continuationFiles(continued: Continued): Generator<NamedFile> {
  const { checkpoint, tokenizer, dataset, costs } = continued;
  checkContinuable(checkpoint);
  const { experiment, progress, weights, states } = checkpoint;
  const { model } = experiment;
  yield textFile('README.md', continuationGuide(experiment, progress, costs));
  yield textFile('train.py', script);
  yield textFile(
    'run.json',
    `${JSON.stringify(runFile(continued, frozenNames(model, weights)), undefined, 2)}\n`,
  );
  yield { name: 'training.bin', bytes: bytesOf(dataset.training) };
  yield { name: 'validation.bin', bytes: bytesOf(dataset.validation) };
  yield* inFolder('model', modelFiles(model, weights, tokenizer));
  for (const [name, state] of states)
    yield* inFolder(`optimizer/${name}`, modelFiles(model, state, undefined));
}

/** Tensors that the family's files must have and the run has not: zeros, which stay zeros. */
function frozenNames(model: ModelConfig, weights: NamedArrays): readonly string[] {
  const none = new Float32Array();
  const tensors = exportParameters(model, (name) => weights.get(name) ?? none, { content: 'weights' });
  return planImport(model, new Map([...tensors].map(([name, { shape }]) => [name, shape]))).zeros;
}

function* inFolder(folder: string, files: Iterable<NamedFile>): Generator<NamedFile> {
  for (const { name, bytes } of files) yield { name: `${folder}/${name}`, bytes };
}

function bytesOf({ buffer, byteOffset, byteLength }: TokenArray): Uint8Array<ArrayBuffer> {
  return new Uint8Array(buffer, byteOffset, byteLength).slice();
}

function textFile(name: string, text: string): NamedFile {
  return { name, bytes: new TextEncoder().encode(text) };
}
