// Attention of one layer, from its normed input to the mixed values of its heads: over whole sequences, and of one token
// beside a cache.
import { attention } from '../kernels/attention.ts';
import { appendDecode, appendPrefill } from '../kernels/cache-append.ts';
import { decodeAttention } from '../kernels/decode-attention.ts';
import { headNorm } from '../kernels/head-norm.ts';
import { rope, ropeDecode } from '../kernels/rope.ts';
import type { Tape } from '../plan/tape.ts';
import type { Tensor } from '../plan/tensor.ts';
import { layerAttention, rotatedSize, scoreScale } from './attention-config.ts';
import { recordLatentAttention, recordLatentDecode } from './latent-attention.ts';
import { recordLinear } from './linear-layer.ts';
import { type ModelTensors, ropeTableOf, weightOf } from './tensors.ts';

/** Rows of a batch: `batch` sequences of `time` tokens. */
export interface BatchShape {
  readonly batch: number;
  readonly time: number;
}

/** Attends in a layer: takes its normed input [N, C], returns the heads side by side before their projection [N, H·D]. */
export type Attend = (normed: Tensor, layer: number) => Tensor;

/**
 * Attention of whole sequences.
 * @param caches one per layer, filled for the decode plan when given (B = 1): see recordInferencePlans for shapes
 */
export function attendSequences(
  tape: Tape,
  model: ModelTensors,
  { batch, time }: BatchShape,
  caches?: readonly Tensor[],
): Attend {
  const dropout = tape.training ? model.config.dropout : 0;
  return (normed, layer) => {
    if (model.config.attention === 'latent')
      return recordLatentAttention(tape, model, layer, normed, { batch, time }, caches?.[layer]);
    const qkv = recordHeadNorm(tape, model, layer, recordQkv(tape, model, layer, normed, time));
    return tape.term('attention', () => {
      const shape = attentionShape(model, layer);
      const table = ropeTableOf(model, layer);
      const rotated = table ? tape.scope('rope', () => rope(tape, qkv, table, { ...shape, time })) : qkv;
      const cache = caches?.[layer];
      if (cache) tape.scope('cache', () => appendPrefill(tape, rotated, cache, { ...shape, time }));
      return tape.scope('attention', () => attention(tape, rotated, { ...shape, batch, time, dropout }));
    });
  };
}

/**
 * Attention of one token a slot at the position in its state, which reads and extends the caches.
 * @param state u32 [slots, 4]: position, token, counter, produced
 */
export function attendToken(
  tape: Tape,
  model: ModelTensors,
  state: Tensor,
  caches: readonly Tensor[],
): Attend {
  return (normed, layer) => {
    const cache = caches[layer];
    if (!cache) throw new Error(`decode: there is no cache for layer ${layer}; ${caches.length} were given.`);
    if (model.config.attention === 'latent')
      return recordLatentDecode(tape, model, layer, normed, state, cache);
    const qkv = recordHeadNorm(tape, model, layer, recordQkv(tape, model, layer, normed, 1));
    return tape.term('attention', () => {
      const shape = attentionShape(model, layer);
      const table = ropeTableOf(model, layer);
      const rotated = table ? tape.scope('rope', () => ropeDecode(tape, qkv, table, state, shape)) : qkv;
      tape.scope('cache', () => appendDecode(tape, rotated, cache, state, shape));
      return tape.scope('attention', () => decodeAttention(tape, rotated, cache, state, shape));
    });
  };
}

/** Heads of a layer as the kernels of attention, rotation and caches want them. */
export function attentionShape(model: ModelTensors, layer: number) {
  const { config } = model;
  const { heads, keyValueHeads, headSize, attentionSoftcap: softcap } = config;
  const { window, isLocal } = layerAttention(config, layer);
  return {
    heads,
    keyValueHeads,
    keySize: headSize,
    valueSize: headSize,
    scale: scoreScale(config),
    rotated: rotatedSize(config),
    ...(isLocal ? { window } : {}),
    ...(softcap > 0 ? { softcap } : {}),
    ...(config.attentionSinks ? { sinks: weightOf(model, `layers.${layer}.attention.sinks`) } : {}),
  };
}

/** Queries, keys and values of all heads side by side: [N, (H + 2G)·D]. */
function recordQkv(tape: Tape, model: ModelTensors, layer: number, normed: Tensor, time: number): Tensor {
  return tape.scope('qkv', () =>
    tape.term('qkv', () =>
      recordLinear(tape, model, `layers.${layer}.attention.qkv`, normed, time, { name: 'qkv' }),
    ),
  );
}

/** RMSNorm of queries and keys, if the model has it; in place. */
function recordHeadNorm(tape: Tape, model: ModelTensors, layer: number, qkv: Tensor): Tensor {
  const { queryKeyNorm: over, normEpsilon: epsilon, normOffset } = model.config;
  if (over === 'none') return qkv;
  const weight = (name: string) => weightOf(model, `layers.${layer}.attention.${name}`);
  const weights = { query: weight('queryNorm'), key: weight('keyNorm') };
  const options = { ...attentionShape(model, layer), over, epsilon, offset: normOffset ? 1 : 0 } as const;
  return tape.scope('norm', () => tape.term('norm', () => headNorm(tape, qkv, weights, options)));
}
