// Records a whole model: the trunk that training, evaluation and prefill share, and the one-token trunk of decoding.
import { dropout } from '../kernels/dropout.ts';
import { embedding, embeddingDecode } from '../kernels/embedding.ts';
import { scale } from '../kernels/scale.ts';
import type { Tape } from '../plan/tape.ts';
import type { Tensor } from '../plan/tensor.ts';
import { attendSequences, attendToken, type BatchShape } from './attention-block.ts';
import { recordBlock, recordNorm } from './block.ts';
import { embeddingFactor, hasFinalNorm } from './block-config.ts';
import { type ModelTensors, parameterOf, weightOf } from './tensors.ts';

/**
 * Records embedding, blocks and final norm on whole sequences.
 * @param tokens [B, T + 1] u32: inputs are each row's first T
 * @param caches one per layer, filled for the decode plan when given (B = 1)
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
  const attend = attendSequences(tape, model, { batch, time }, caches);
  let x = recordEmbedding(tape, () => {
    const positions = positionsOf(model);
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
 * Records one token a slot at the position in its state, reading and extending the caches.
 * @param state u32 [slots, 4]: position, token, counter, produced
 * @returns [slots, C]
 */
export function recordDecodeTrunk(
  tape: Tape,
  model: ModelTensors,
  state: Tensor,
  caches: readonly Tensor[],
): Tensor {
  const { config } = model;
  const attend = attendToken(tape, model, state, caches);
  let x = recordEmbedding(tape, () => {
    const positions = positionsOf(model);
    const table = parameterOf(model, 'tokenEmbedding');
    return recordEmbeddingScale(tape, model, embeddingDecode(tape, state, { table, positions }));
  });
  for (let layer = 0; layer < config.layers; layer++) x = recordBlock(tape, model, layer, x, 1, attend);
  return recordFinalNorm(tape, model, x);
}

/** What is added to embeddings by position, [context, C]: trained, or sines and cosines. */
function positionsOf(model: ModelTensors): Tensor | undefined {
  return model.config.position === 'learned' ? weightOf(model, 'positionEmbedding') : model.sinusoids;
}

function recordEmbeddingScale(tape: Tape, { config }: ModelTensors, x: Tensor): Tensor {
  const factor = embeddingFactor(config);
  return factor === 1 ? x : scale(tape, x, factor);
}

function recordFinalNorm(tape: Tape, model: ModelTensors, x: Tensor): Tensor {
  const normed = hasFinalNorm(model.config) ? recordNorm(tape, model, 'finalNorm', x) : x;
  const { logitScale } = model.config;
  // Logits are linear in what enters the head: its channels are fewer than they.
  return logitScale === 1
    ? normed
    : tape.scope('head', () => tape.term('head', () => scale(tape, normed, logitScale)));
}

function recordEmbedding(tape: Tape, record: () => Tensor): Tensor {
  return tape.scope('embedding', () => tape.term('embedding', record));
}
