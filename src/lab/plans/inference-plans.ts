// Records the plans of sampling: prefill of one sequence for a few prompt lengths, and one decoded token of all of them.
import { headLogits } from '../../kernels/head-loss.ts';
import { sample, settingNumbers } from '../../kernels/sample.ts';
import { selectRow } from '../../kernels/select-row.ts';
import { slotNumbers } from '../../kernels/slots.ts';
import { cacheLength, cacheWidth } from '../../model/attention-config.ts';
import { headOf, type ModelTensors } from '../../model/tensors.ts';
import { recordDecodeTrunk, recordTrunk } from '../../model/transformer.ts';
import { freeze, type Plan } from '../../plan/plan.ts';
import type { CacheFormat } from '../../plan/quantised-cache.ts';
import { persistentTensor } from '../../plan/store.ts';
import { Tape } from '../../plan/tape.ts';
import { rowsOf, type Tensor } from '../../plan/tensor.ts';
import type { RecordingOptions, TrainingPlans } from './training-plans.ts';

/** Prefill for prompts up to `length` tokens; the real length is a step scalar. */
export interface PrefillPlan {
  readonly length: number;
  /** [1, length + 1] u32. */
  readonly tokens: Tensor;
  readonly plan: Plan;
}

/** Several tokens of one text run through the model at once, beside the cache of those before them. */
export interface CheckPlan {
  /** Tokens at once. */
  readonly rows: number;
  /** u32 [rows, 4]: position and token of each, in order; the rest is not read. */
  readonly state: Tensor;
  /** [rows, V], of the tokens after each of them. */
  readonly logits: Tensor;
  readonly plan: Plan;
}

/** What a sampler executes, and its tensors. */
export interface InferencePlans {
  readonly model: ModelTensors;
  /** Sequences that are decoded together, at most. */
  readonly slots: number;
  /** u32 [slots, 4]: position, token, counter, produced; advanced by the kernels. */
  readonly state: Tensor;
  /** u32 [slots, 6]: how each slot draws, from `packSettings`. */
  readonly settings: Tensor;
  /** Tokens sampled since `produced` was set to 0, [slots, decodeBurst]. */
  readonly output: Tensor;
  /** Logits of the last tokens, [slots, V]; a prompt's are in the first row. */
  readonly logits: Tensor;
  readonly prefill: readonly PrefillPlan[];
  readonly decode: Plan;
  /** Tokens at the end of a text that others may be put for: windows still hold what these see. */
  readonly retractable: number;
  /** Only where tokens are drafted. */
  readonly check?: CheckPlan;
}

/** Tokens decoded per submission: enough to hide the readback, few enough to feel live. */
export const decodeBurst = 16;

/** What recording of sampling depends on besides the model. */
export interface InferenceOptions extends RecordingOptions {
  /** Lengths of the prompts that will come, at most the context; any, unless given. */
  readonly prompts?: readonly number[];
  /** Sequences that are decoded together, at most; 1 unless given. */
  readonly slots?: number;
  /** How keys and values are kept; f32 unless given. */
  readonly cache?: CacheFormat;
  /** Tokens of one text that are checked at once; none unless given, and one slot only. */
  readonly checked?: number;
  /** Tokens decoded in a row that may be taken back together, as drafts are; 1 unless given. */
  readonly retractable?: number;
}

/** Records sampling for a model whose store may also be in training. */
export function recordInferencePlans(model: ModelTensors, options: InferenceOptions): InferencePlans {
  const { config } = model;
  const { slots = 1, cache = 'f32', checked = 0, retractable = 1 } = options;
  if (checked > 0 && slots !== 1) throw new Error(`recordInferencePlans: ${slots} slots cannot be checked.`);
  const state = persistentTensor('sampler state', [slots, slotNumbers], 'u32', 'state');
  const settings = persistentTensor('sampler settings', [slots, settingNumbers], 'u32', 'state');
  const output = persistentTensor('sampled tokens', [slots, decodeBurst], 'u32', 'state');
  const logits = persistentTensor('logits', [slots, config.vocabulary], 'f32', 'state');
  const width = cacheWidth(config, cache);
  const elementType = cache === 'f32' ? 'f32' : 'u32';
  // Of tokens that are checked together the first ones do not see the last, which stand in the ring already; nor do tokens that
  // take the place of drafts see these.
  const together = Math.max(1, checked, retractable);
  const caches = Array.from({ length: config.layers }, (_, layer) =>
    persistentTensor(
      `cache ${layer}`,
      [slots, cacheLength(config, layer, together), width],
      elementType,
      'cache',
    ),
  );
  const recordSample = (tape: Tape, x: Tensor) => {
    const drawn = rowsOf(logits, 0, x.shape[0] ?? 1);
    tape.scope('head', () => tape.term('head', () => headLogits(tape, x, headOf(model), drawn)));
    const tensors = { logits: drawn, settings, state, output };
    tape.scope('sample', () => tape.term('other', () => sample(tape, tensors)));
  };

  const lengths = [...new Set(options.prompts ?? bucketLengths(config.context))].sort((a, b) => a - b);
  const prefill = lengths.map((length): PrefillPlan => {
    const tokens = persistentTensor(`prompt ${length}`, [1, length + 1], 'u32', 'data');
    const tape = new Tape(options);
    const x = recordTrunk(tape, model, tokens, { batch: 1, time: length }, caches);
    recordSample(
      tape,
      tape.term('head', () => selectRow(tape, x)),
    );
    return { length, tokens, plan: freeze(`prefill ${length}`, tape) };
  });

  const tape = new Tape(options);
  recordSample(tape, recordDecodeTrunk(tape, model, state, caches));
  const check = checked > 0 ? { check: recordCheck(model, caches, checked, options) } : {};
  const tensors = { state, settings, output, logits };
  return { model, slots, ...tensors, prefill, decode: freeze('decode', tape), retractable, ...check };
}

/** Decoding with as many rows as there are tokens, which share the one slot's caches. */
function recordCheck(
  model: ModelTensors,
  caches: readonly Tensor[],
  rows: number,
  options: RecordingOptions,
): CheckPlan {
  const state = persistentTensor('checked tokens', [rows, slotNumbers], 'u32', 'state');
  const logits = persistentTensor('checked logits', [rows, model.config.vocabulary], 'f32', 'state');
  const tape = new Tape(options);
  const x = recordDecodeTrunk(tape, model, state, caches);
  tape.scope('head', () => tape.term('head', () => headLogits(tape, x, headOf(model), logits)));
  return { rows, state, logits, plan: freeze(`check ${rows}`, tape) };
}

/** Prompt lengths that get a plan: an eighth of the context, and all of it. */
export function bucketLengths(context: number): number[] {
  const short = Math.max(16, Math.ceil(context / 8));
  return short < context ? [short, context] : [context];
}

/** The plans of a run in the order in which a runtime gets them. */
export function allPlans(plans: TrainingPlans, sampling?: InferencePlans): Plan[] {
  return [
    plans.accumulate,
    plans.update,
    plans.evaluate,
    ...(sampling ? [...sampling.prefill.map(({ plan }) => plan), sampling.decode] : []),
  ];
}
