// Looks into a model with given tokens: the loss, every logit, and the gradient of the loss by every parameter.

import { headLogits, headLoss, lossChunkRows, lossSum } from '../../kernels/head-loss.ts';
import type { ModelConfig } from '../../model/config.ts';
import { createModelTensors, headOf, type ModelTensors, registerParameters } from '../../model/tensors.ts';
import { recordTrunk } from '../../model/transformer.ts';
import type { WeightOptions } from '../../model/weight-format.ts';
import { atContext } from '../../model/working-context.ts';
import { freeze, type Plan } from '../../plan/plan.ts';
import { bytesByClass, persistentTensor, storagesOf } from '../../plan/store.ts';
import { Tape } from '../../plan/tape.ts';
import { rowsOf, type Tensor } from '../../plan/tensor.ts';
import { checkCapacity } from '../plans/capacity.ts';
import type { Engine } from '../plans/engine.ts';
import type { LabelledBatch } from '../plans/labelled-batches.ts';
import { openModel, storedAtContext } from '../plans/open-model.ts';
import { type NamedArrays, readParameters, type StoredWeights } from '../plans/parameter-io.ts';
import { stage } from '../plans/problem.ts';
import type { RecordingOptions } from '../plans/training-plans.ts';

/** What is wanted besides the loss. */
export interface InspectionRequest extends WeightOptions {
  /** Gets the logits in order, some rows of [B·T, V] at a time; the array is the caller's. */
  readonly onLogits?: (rows: Float32Array) => Promise<void>;
  readonly gradients?: boolean;
}

/** What was found. */
export interface Inspection {
  /** Mean over the targets that count. */
  readonly loss: number;
  /** What the weights take, padding included. */
  readonly weightBytes: number;
  /** ∂loss by parameter; undefined unless asked for. */
  readonly gradients?: NamedArrays | undefined;
}

/** What an inspection executes, and its tensors. */
export interface InspectionPlans {
  readonly model: ModelTensors;
  /** u32 [B, T] */
  readonly tokens: Tensor;
  /** u32 [B, T] */
  readonly targets: Tensor;
  /** f32 [8], the loss first. */
  readonly metrics: Tensor;
  /** Forward and loss, and backward when gradients are wanted. */
  readonly loss: Plan;
  /** Forward alone, up to `output` [B·T, C]. */
  readonly trunk: { readonly plan: Plan; readonly output: Tensor };
  /** [B·T, C], which the chunks read. */
  readonly hidden: Tensor;
  /** The head on some rows of `hidden` each. */
  readonly chunks: readonly { readonly plan: Plan; readonly logits: Tensor }[];
}

/** Records an inspection of [B, T] tokens; dropout is off. @throws if it does not fit the device's limits. */
export function recordInspectionPlans(
  config: ModelConfig,
  { batch, time }: Pick<LabelledBatch, 'batch' | 'time'>,
  options: RecordingOptions & WeightOptions & { readonly gradients: boolean },
): InspectionPlans {
  const { capabilities, gradients, weights = 'f32', unquantised = [] } = options;
  const model = createModelTensors(
    { ...atContext(config, time), dropout: 0 },
    { maxBindingBytes: capabilities.maxBindingBytes, gradients, weights, unquantised },
  );
  const tokens = persistentTensor('tokens', [batch, time], 'u32', 'data');
  const targets = persistentTensor('targets', [batch, time], 'u32', 'data');
  const metrics = persistentTensor('metrics', [8], 'f32', 'state');
  const positionLoss = persistentTensor('loss by position', [batch * time], 'f32', 'state');
  const hidden = persistentTensor('hidden', [batch * time, config.width], 'f32', 'activations');

  const lossTape = new Tape({ ...options, training: gradients });
  if (gradients) registerParameters(lossTape, model, 0);
  const x = recordTrunk(lossTape, model, tokens, { batch, time });
  headLoss(lossTape, x, headOf(model), { tokens, targets }, positionLoss, { time, lossPositions: 'all' });
  lossSum(lossTape, positionLoss, metrics, { accumulate: 0 });
  if (gradients) lossTape.backward();

  const trunkTape = new Tape(options);
  const output = recordTrunk(trunkTape, model, tokens, { batch, time });
  return {
    model,
    tokens,
    targets,
    metrics,
    hidden,
    loss: freeze('loss', lossTape),
    trunk: { plan: freeze('trunk', trunkTape, [output]), output },
    chunks: recordChunks(model, hidden, options),
  };
}

function recordChunks(model: ModelTensors, hidden: Tensor, options: RecordingOptions) {
  const [rows = 0] = hidden.shape;
  const { vocabulary } = model.config;
  const size = lossChunkRows(rows, vocabulary, options.capabilities);
  return Array.from({ length: Math.ceil(rows / size) }, (_, index) => {
    const start = index * size;
    const count = Math.min(size, rows - start);
    const tape = new Tape(options);
    const logits = tape.tensor('logits', [count, vocabulary]);
    headLogits(tape, rowsOf(hidden, start, count), headOf(model), logits);
    return { plan: freeze(`logits ${start}`, tape, [logits]), logits };
  });
}

/** Runs a model on tokens. @throws LabError when it does not fit the machine. */
export async function inspectModel(
  engine: Engine,
  { model: config, weights }: { readonly model: ModelConfig; readonly weights: StoredWeights },
  tokens: LabelledBatch,
  { onLogits, gradients = false, ...format }: InspectionRequest,
): Promise<Inspection> {
  const plans = await stage('tooLarge', () => {
    checkCapacity(engine, atContext(config, tokens.time), gradients ? 2 : 1, format);
    return recordInspectionPlans(config, tokens, { ...engine, gradients, ...format });
  });
  const { model, trunk, chunks } = plans;
  const all = [plans.loss, ...(onLogits ? [trunk.plan, ...chunks.map(({ plan }) => plan)] : [])];
  const runtime = await openModel(engine, all, model, storedAtContext(model.config, weights));
  try {
    runtime.write(plans.tokens, tokens.inputs);
    runtime.write(plans.targets, tokens.targets);
    const scalars = { lossScale: 1 / tokens.targetCount };
    const submission = await runtime.submit([{ plan: plans.loss, scalars }], [plans.metrics]);
    const loss = (await submission.done)[0]?.[0] ?? Number.NaN;
    const found = gradients
      ? atWholeContext(config, await readParameters(runtime, model.store, 'gradients'))
      : undefined;
    if (onLogits) {
      await runtime.submit([{ plan: trunk.plan, scalars: {} }]);
      runtime.write(plans.hidden, await runtime.read(trunk.output));
      for (const { plan, logits } of chunks) {
        await runtime.submit([{ plan, scalars: {} }]);
        await onLogits((await runtime.read(logits)) as Float32Array);
      }
    }
    const { weights: weightBytes = 0 } = bytesByClass(storagesOf(model.store));
    return { loss, weightBytes, gradients: found };
  } finally {
    runtime.dispose();
  }
}

/** Gradients of the whole model: those of positions that no token stood at are zero. */
function atWholeContext(
  { context, width, position }: ModelConfig,
  gradients: ReadonlyMap<string, Float32Array<ArrayBuffer>>,
): NamedArrays {
  const positions = gradients.get('positionEmbedding');
  if (position !== 'learned' || positions === undefined) return gradients;
  const whole = new Float32Array(context * width);
  whole.set(positions);
  return new Map([...gradients, ['positionEmbedding', whole]]);
}
