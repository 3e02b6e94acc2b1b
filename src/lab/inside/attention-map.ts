// The attention matrix of one layer and head for a short text: the trunk up to that layer, on a runtime of its own.

import type { AttentionRequest } from '../../contract/inside.ts';
import type { LessonFigure } from '../../contract/lessons.ts';
import { normaliseText } from '../../data/text-pieces.ts';
import { attentionMap, longestMap } from '../../kernels/attention-map.ts';
import type { ModelConfig } from '../../model/config.ts';
import { createModelTensors, type ModelTensors } from '../../model/tensors.ts';
import { recordTrunk } from '../../model/transformer.ts';
import { freeze, type Plan } from '../../plan/plan.ts';
import { persistentTensor } from '../../plan/store.ts';
import { Tape } from '../../plan/tape.ts';
import type { Tensor } from '../../plan/tensor.ts';
import { tokenNames } from '../plans/corpus.ts';
import type { Engine } from '../plans/engine.ts';
import { openModel } from '../plans/open-model.ts';
import type { NamedArrays } from '../plans/parameter-io.ts';
import { LabError, stage } from '../plans/problem.ts';
import type { RecordingOptions } from '../plans/training-plans.ts';
import { type Run, weightsOf } from '../training/run.ts';

/** Which matrix. */
export interface AttentionMapRequest {
  /** Token ids, at most `longestMap` and the model's context. */
  readonly tokens: readonly number[];
  /** From 0. */
  readonly layer: number;
  /** Query head, from 0. */
  readonly head: number;
}

/** A matrix of attention. */
export interface AttentionMap {
  /** T */
  readonly time: number;
  /** [T, T] row by row, queries by keys: each row sums to 1, to less with sinks, and keys after the query have 0. */
  readonly probabilities: Float32Array;
}

/** Plan and tensors of one map. */
export interface AttentionMapPlan {
  /** The model up to the layer that is looked at. */
  readonly model: ModelTensors;
  /** [1, T + 1] u32; the last is not read. */
  readonly tokens: Tensor;
  /** [T, T] */
  readonly map: Tensor;
  readonly plan: Plan;
}

/** Records the layers up to the one that is looked at, and that head's probabilities. Dropout is off. */
export function recordAttentionMap(
  config: ModelConfig,
  { time, layer, head }: { readonly time: number; readonly layer: number; readonly head: number },
  options: RecordingOptions,
): AttentionMapPlan {
  const { maxBindingBytes } = options.capabilities;
  const shallow = { ...config, layers: layer + 1, dropout: 0 };
  const model = createModelTensors(shallow, { maxBindingBytes, gradients: false });
  const tokens = persistentTensor('tokens', [1, time + 1], 'u32', 'data');
  const tape = new Tape(options);
  recordTrunk(tape, model, tokens, { batch: 1, time });
  const attention = tape.dispatches.findLast(({ kernel }) => kernel.role === 'attention');
  if (!attention) throw new Error(`attention map: layer ${layer} recorded no attention.`);
  const map = attentionMap(tape, attention, head);
  return { model, tokens, map, plan: freeze('attention map', tape, [map]) };
}

/** Computes one matrix with the given weights. @throws LabError when the request does not fit the model. */
export async function computeAttentionMap(
  engine: Engine,
  { model: config, weights }: { readonly model: ModelConfig; readonly weights: NamedArrays },
  request: AttentionMapRequest,
): Promise<AttentionMap> {
  checkRequest(config, request);
  const { tokens: ids, layer, head } = request;
  const time = ids.length;
  const { model, tokens, map, plan } = recordAttentionMap(config, { time, layer, head }, engine);
  const runtime = await openModel(engine, [plan], model, weights);
  try {
    runtime.write(tokens, Uint32Array.of(...ids, 0));
    await runtime.submit([{ plan, scalars: {} }]);
    return { time, probabilities: (await runtime.read(map)) as Float32Array };
  } finally {
    runtime.dispose();
  }
}

function checkRequest(config: ModelConfig, { tokens, layer, head }: AttentionMapRequest): void {
  const { layers, heads, vocabulary } = config;
  const longest = Math.min(longestMap, config.context);
  const unknown = tokens.find((token) => !Number.isInteger(token) || token < 0 || token >= vocabulary);
  const isIndex = (value: number, count: number) => Number.isInteger(value) && value >= 0 && value < count;
  const problem =
    tokens.length < 1 || tokens.length > longest
      ? `the text has ${tokens.length} tokens. Give 1 to ${longest}.`
      : unknown !== undefined
        ? `token ${unknown} is not in the vocabulary of ${vocabulary}.`
        : !isIndex(layer, layers)
          ? `there is no layer ${layer} of ${layers}. Count from 0.`
          : !isIndex(head, heads)
            ? `there is no head ${head} of ${heads}. Count from 0.`
            : undefined;
  if (problem) throw new LabError({ kind: 'invalidRequest', message: `attention map: ${problem}` });
}

/** One head's attention over a text, by the weights of the open run. @throws LabError when text or head do not fit */
export async function readAttentionFigure(
  engine: Engine,
  run: Run,
  { text, layer, head }: AttentionRequest,
): Promise<LessonFigure> {
  const tokens = await stage('invalidRequest', async () => [
    ...(await run.corpus.tokenizer.encode(normaliseText(text))),
  ]);
  const model = { model: run.experiment.model, weights: await weightsOf(run) };
  const { time, probabilities } = await computeAttentionMap(engine, model, { tokens, layer, head });
  const names = tokenNames(run.corpus, tokens);
  return {
    kind: 'matrix',
    title: `Attention of layer ${layer + 1}, head ${head + 1} at step ${run.trainer.progress.step}`,
    rowLabel: 'position',
    columnLabel: 'looks at',
    rows: names,
    columns: names,
    values: names.map((_, row) => [...probabilities.subarray(row * time, (row + 1) * time)]),
  };
}
