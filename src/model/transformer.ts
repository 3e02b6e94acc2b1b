// Records a whole model: the trunk that training, evaluation and prefill share, and the one-token trunk of decoding.
import { attention } from '../kernels/attention.ts';
import { appendDecode, appendPrefill } from '../kernels/cache-append.ts';
import { decodeAttention } from '../kernels/decode-attention.ts';
import { dropout } from '../kernels/dropout.ts';
import { embedding, embeddingDecode } from '../kernels/embedding.ts';
import { rope, ropeDecode } from '../kernels/rope.ts';
import { scale } from '../kernels/scale.ts';
import type { Tape } from '../plan/tape.ts';
import type { Tensor } from '../plan/tensor.ts';
import { type Attend, recordBlock, recordNorm } from './block.ts';
import { hasFinalNorm } from './block-config.ts';
import { type ModelTensors, parameterOf, weightOf } from './model-tensors.ts';

/** Rows of a batch: `batch` sequences of `time` tokens. */
export interface BatchShape {
  readonly batch: number;
  readonly time: number;
}

/**
 * Records embedding, blocks and final norm on whole sequences.
 * @param tokens [B, T + 1] u32: inputs are each row's first T
 * @param caches one key/value cache per layer, [context, 2·G·D]: filled for the decode plan when given (B = 1)
 * @param recompute `blocks` keeps no activations inside blocks and records each again before its gradients
 * @returns [B·T, C]
 */
export function recordTrunk(
  tape: Tape,
  model: ModelTensors,
  tokens: Tensor,
  { batch, time }: BatchShape,
  caches?: readonly Tensor[],
  recompute: 'none' | 'blocks' = 'none',
): Tensor {
  const { config } = model;
  const attend: Attend = (qkv, layer) => {
    const shape = attentionShape(model);
    const rotated = model.ropeTable
      ? tape.scope('rope', () => rope(tape, qkv, model.ropeTable as Tensor, { ...shape, time }))
      : qkv;
    const cache = caches?.[layer];
    if (cache) tape.scope('cache', () => appendPrefill(tape, rotated, cache, { ...shape, time }));
    return tape.scope('attention', () =>
      attention(tape, rotated, { ...shape, batch, time, dropout: tape.training ? config.dropout : 0 }),
    );
  };
  let x = recordEmbedding(tape, () => {
    const positions = config.position === 'learned' ? weightOf(model, 'positionEmbedding') : undefined;
    const table = parameterOf(model, 'tokenEmbedding');
    const embedded = recordEmbeddingScale(
      tape,
      model,
      embedding(tape, tokens, { table, positions, batch, time }),
    );
    return dropout(tape, embedded, config.dropout, { time });
  });
  for (let layer = 0; layer < config.layers; layer++) {
    const input = x;
    const record = () => recordBlock(tape, model, layer, input, time, attend);
    x = recompute === 'blocks' ? tape.checkpoint([input], record) : record();
  }
  return recordFinalNorm(tape, model, x);
}

/**
 * Records one token at the position in `state`, reading and extending the caches.
 * @param state u32 [position, token, counter, produced]
 * @returns [1, C]
 */
export function recordDecodeTrunk(
  tape: Tape,
  model: ModelTensors,
  state: Tensor,
  caches: readonly Tensor[],
): Tensor {
  const { config } = model;
  const attend: Attend = (qkv, layer) => {
    const shape = attentionShape(model);
    const cache = caches[layer];
    if (!cache) throw new Error(`decode: there is no cache for layer ${layer}; ${caches.length} were given.`);
    const rotated = model.ropeTable
      ? tape.scope('rope', () => ropeDecode(tape, qkv, model.ropeTable as Tensor, state, shape))
      : qkv;
    tape.scope('cache', () => appendDecode(tape, rotated, cache, state, shape));
    return tape.scope('attention', () => decodeAttention(tape, rotated, cache, state, shape));
  };
  let x = recordEmbedding(tape, () => {
    const positions = config.position === 'learned' ? weightOf(model, 'positionEmbedding') : undefined;
    const table = parameterOf(model, 'tokenEmbedding');
    return recordEmbeddingScale(tape, model, embeddingDecode(tape, state, { table, positions }));
  });
  for (let layer = 0; layer < config.layers; layer++) x = recordBlock(tape, model, layer, x, 1, attend);
  return recordFinalNorm(tape, model, x);
}

function recordEmbeddingScale(tape: Tape, { config }: ModelTensors, x: Tensor): Tensor {
  return config.embeddingScale === 'sqrtWidth' ? scale(tape, x, Math.sqrt(config.width)) : x;
}

function recordFinalNorm(tape: Tape, model: ModelTensors, x: Tensor): Tensor {
  return hasFinalNorm(model.config) ? recordNorm(tape, model, 'finalNorm', x) : x;
}

function recordEmbedding(tape: Tape, record: () => Tensor): Tensor {
  return tape.scope('embedding', () => tape.term('embedding', record));
}

/** Head counts and sizes as the attention kernels want them; scores are scaled by 1/√D (Vaswani et al. 2017). */
export function attentionShape({ config }: ModelTensors) {
  const { heads, keyValueHeads, headSize } = config;
  return { heads, keyValueHeads, keySize: headSize, valueSize: headSize, scale: 1 / Math.sqrt(headSize) };
}
