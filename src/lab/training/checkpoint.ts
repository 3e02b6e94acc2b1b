// The exact-resume checkpoint: weights, what the optimizer keeps, step, data cursor and configuration in one safetensors file.
import * as v from 'valibot';
import { issueText } from '../../data/issue-text.ts';
import { readSafetensors, type TensorToWrite, writeSafetensors } from '../../data/safetensors.ts';
import type { Tokenizer } from '../../data/tokenizer.ts';
import { tokenizerFromJSON } from '../../data/tokenizers/file.ts';
import type { AdapterConfig } from '../../model/adapter.ts';
import { type Experiment, parseExperiment } from '../../model/config.ts';
import type { ParameterStore } from '../../plan/store.ts';
import type { Runtime } from '../../runtime/runtime.ts';
import type { Cursor } from '../plans/batches.ts';
import {
  type NamedArrays,
  type ParameterKind,
  readParameters,
  shapeOf,
  writeParameters,
} from '../plans/parameter-io.ts';
import type { AdapterBase } from './adapter-files.ts';
import type { Progress } from './trainer.ts';

/** File name inside a model directory. */
export const checkpointFileName = 'checkpoint.safetensors';

const version = 1;
const metadataKey = 'flopscope';

/** Everything that a run needs to go on as if it had never stopped. */
export interface Checkpoint {
  readonly experiment: Experiment;
  readonly progress: Progress;
  readonly cursor: Cursor;
  readonly tokenizer: Tokenizer | undefined;
  /** SHA-256 of the training text; undefined for listed batches. */
  readonly dataSha256: string | undefined;
  /** What the run trains, where that is not the model: then the weights are the adapter's alone. */
  readonly adapter?: { readonly config: AdapterConfig; readonly base: AdapterBase } | undefined;
  readonly weights: NamedArrays;
  /** What the optimizer keeps, by the name of the state. */
  readonly states: ReadonlyMap<string, NamedArrays>;
}

/** What a checkpoint says besides numbers. */
export type CheckpointFacts = Omit<Checkpoint, 'weights' | 'states'>;

const word = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(0xffffffff));
const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const versionSchema = v.looseObject({ version: v.number() });
const factsSchema = v.strictObject({
  version: v.literal(version),
  experiment: v.unknown(),
  progress: v.strictObject({
    step: count,
    tokens: count,
    seconds: v.pipe(v.number(), v.finite(), v.minValue(0)),
  }),
  cursor: v.variant('kind', [
    v.strictObject({ kind: v.literal('random'), state: v.tuple([word, word, word, word]) }),
    v.strictObject({ kind: v.literal('list'), next: count }),
  ]),
  tokenizer: v.optional(v.unknown()),
  dataSha256: v.optional(v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/))),
  adapter: v.optional(
    v.strictObject({
      config: v.strictObject({
        rank: v.pipe(v.number(), v.integer(), v.minValue(1)),
        alpha: v.pipe(v.number(), v.finite()),
        dropout: v.pipe(v.number(), v.minValue(0), v.ltValue(1)),
        targets: v.array(v.string()),
        isRankStabilised: v.boolean(),
      }),
      base: v.strictObject({ name: v.string(), type: v.optional(v.string()), checksum: v.optional(word) }),
    }),
  ),
});

/** The bytes of a checkpoint of a run whose steps are all done. */
export async function writeCheckpoint(
  runtime: Runtime,
  store: ParameterStore,
  facts: CheckpointFacts,
): Promise<Uint8Array<ArrayBuffer>> {
  const tensors: [string, TensorToWrite][] = [];
  const add = async (prefix: string, kind: ParameterKind) => {
    const arrays = await readParameters(runtime, store, kind);
    for (const [name, data] of arrays) {
      const parameter = store.parameters.get(name);
      const shape = parameter && shapeOf(parameter, kind);
      if (shape) tensors.push([`${prefix}.${name}`, { shape, data }]);
    }
  };
  await add('weights', 'trainedWeights');
  for (const { name } of store.states) await add(name, { state: name });
  const { experiment, progress, cursor, tokenizer, dataSha256, adapter } = facts;
  const json = JSON.stringify({
    version,
    experiment,
    progress,
    cursor,
    tokenizer: tokenizer?.toJSON(),
    dataSha256,
    adapter,
  });
  return writeSafetensors(tensors, [[metadataKey, json]]);
}

/**
 * Reads and checks a checkpoint.
 * @param takesAdapters whether the caller has the base of a run that trains an adapter alone
 * @throws an Error with one clear sentence for a file that is damaged, of a newer version, or holds what is no number.
 */
export function readCheckpoint(bytes: Uint8Array, takesAdapters = false): Checkpoint {
  const file = readSafetensors(bytes);
  const text = file.metadata.get(metadataKey);
  if (text === undefined)
    throw new Error('checkpoint: the file has no run in it. Choose a checkpoint.safetensors.');
  const facts = parseFacts(text);
  if (facts.adapter && !takesAdapters) {
    throw new Error(
      `checkpoint: it holds an adapter to ${facts.adapter.base.name} alone. In the command line, give that model with --adapter, or go on with train --resume.`,
    );
  }
  const groups = new Map<string, Map<string, Float32Array>>();
  for (const [tensor, { data }] of file.tensors) {
    const values = data();
    const bad = values.findIndex((value) => !Number.isFinite(value));
    if (bad >= 0)
      throw new Error(`checkpoint: ${tensor}[${bad}] is ${values[bad]}. The file is damaged; use another.`);
    const dot = tensor.indexOf('.');
    const [group, name] = [tensor.slice(0, dot), tensor.slice(dot + 1)];
    groups.set(group, (groups.get(group) ?? new Map<string, Float32Array>()).set(name, values));
  }
  const weights = groups.get('weights') ?? new Map<string, Float32Array>();
  groups.delete('weights');
  return { ...facts, weights, states: groups };
}

/**
 * Writes a checkpoint's numbers into a runtime whose plans were recorded for its experiment.
 * @throws if a parameter or a state of one is missing, of another length, or not of this model.
 */
export function restoreCheckpoint(runtime: Runtime, store: ParameterStore, checkpoint: Checkpoint): void {
  const parameters = [...store.parameters.values()];
  const wanted = store.states
    .map(({ name }) => name)
    .filter((state) => parameters.some((parameter) => shapeOf(parameter, { state })));
  const found = [...checkpoint.states.keys()];
  if (found.length !== wanted.length || found.some((name) => !wanted.includes(name))) {
    const list = (names: readonly string[]) => (names.length === 0 ? 'nothing' : names.join(', '));
    throw new Error(
      `checkpoint: it has ${list(found)} of the optimizer, and this run needs ${list(wanted)}. ` +
        'The file is damaged or of another run.',
    );
  }
  for (const arrays of [checkpoint.weights, ...checkpoint.states.values()]) {
    const unknown = [...arrays.keys()].find((name) => !store.parameters.has(name));
    if (unknown !== undefined)
      throw new Error(
        `checkpoint: ${unknown} is no parameter of this model. Use the checkpoint of this run.`,
      );
  }
  writeParameters(runtime, store, 'trainedWeights', checkpoint.weights);
  for (const [state, arrays] of checkpoint.states) writeParameters(runtime, store, { state }, arrays);
}

function parseFacts(text: string): CheckpointFacts {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new Error('checkpoint: its description is no JSON. The file is damaged; use another.');
  }
  // A newer version may have other fields: it is named as newer before they are looked at.
  const versioned = v.safeParse(versionSchema, json);
  if (versioned.success && versioned.output.version > version) {
    throw new Error(
      `checkpoint: version ${versioned.output.version} is newer than ${version}. Use a newer Flopscope.`,
    );
  }
  const parsed = v.safeParse(factsSchema, json);
  if (!parsed.success) {
    const fault = issueText(parsed.issues[0], 'the description');
    throw new Error(`checkpoint: ${fault}. The file is damaged or from another version.`);
  }
  const facts = parsed.output;
  const experiment = parseExperiment(facts.experiment);
  if (experiment.kind === 'problem') {
    throw new Error(`checkpoint: ${experiment.problems[0]?.path}: ${experiment.problems[0]?.message}`);
  }
  return {
    experiment: experiment.experiment,
    progress: facts.progress,
    cursor: facts.cursor,
    tokenizer: facts.tokenizer === undefined ? undefined : tokenizerFromJSON(facts.tokenizer),
    dataSha256: facts.dataSha256,
    adapter: facts.adapter,
  };
}
