// Head and loss as one operation over chunks of tokens, so that the logits of a whole batch are never stored.
//
// Per chunk: logits = x·Wᵀ, cross-entropy that leaves dlogits in their place, dx = dlogits·W, dW +=
// dlogitsᵀ·x. The head's table may be cut in blocks of rows, which are then blocks of columns of the logits.
import type { Capabilities } from '../plan/kernel.ts';
import type { Parameter, ParameterBlock } from '../plan/store.ts';
import type { Tape } from '../plan/tape.ts';
import { describeTensor, elementCount, rowsOf, type Tensor, viewOf } from '../plan/tensor.ts';
import { passGradient } from './add.ts';
import { crossEntropyKernel, lossSumKernel, selectTargetsKernel } from './cross-entropy.ts';
import { metricSlots } from './gradient-norm.ts';
import { largest } from './largest.ts';
import { recordMatmul } from './matmul.ts';
import { recordQuantisedMatmul } from './quantised-matmul.ts';
import { recordSoftcap } from './softcap.ts';

/** The table that turns channels into logits, [V, C]; with a softcap they become softcap · tanh(logits ÷ softcap). */
export interface Head extends Parameter {
  readonly softcap?: number;
}

/** Bytes of logits that exist at one time. */
const logitsBudget = 64 * 2 ** 20;

/** Views of rows must start at multiples of 64 elements (256 bytes), whatever the width. */
const rowAlignment = 64;

/**
 * Where targets come from: `targets` u32 [B, T] if given, else each row of tokens [B, T + 1] shifted by one.
 */
export interface LossTargets {
  readonly tokens: Tensor;
  readonly targets: Tensor | undefined;
}

/** Which positions count, and the sequence length. */
export interface HeadLossOptions {
  readonly time: number;
  readonly lossPositions: 'all' | 'last';
  /** u32 [B·T]: gets the token that each position finds most likely. */
  readonly choices?: Tensor | undefined;
  /** Rows whose logits exist at one time, a multiple of 64; by default what fits 64 MiB. */
  readonly chunkRows?: number;
}

/** Rows of the largest tile of a product: a chunk of another size launches a part of one for nothing. */
const tileRows = 128;

/** Rows per chunk: as many whole tiles, or else a multiple of 64, as have logits that fit the budget and one binding. */
export function lossChunkRows(rows: number, vocabulary: number, device: Capabilities): number {
  const fitting = Math.min(logitsBudget, device.maxBindingBytes) / 4 / vocabulary;
  const unit = fitting < tileRows ? rowAlignment : tileRows;
  return Math.min(rows, Math.max(unit, Math.floor(fitting / unit) * unit));
}

/**
 * Loss of each position, −log softmax(x·headᵀ)[target], 0 where there is no target. While training it also
 * records the gradients of lossScale · Σ loss: that of x is adopted at once, so no gradient is to be given
 * for the loss. Its matrix products belong to the caller's term, all else to the term `loss`.
 * @param x [B·T, C]
 * @param head [V, C]
 * @param loss [B·T], written
 */
export function headLoss(
  tape: Tape,
  x: Tensor,
  head: Head,
  { tokens, targets }: LossTargets,
  loss: Tensor,
  { time, lossPositions, choices, chunkRows }: HeadLossOptions,
): Tensor {
  const { rows, columns, vocabulary } = headSizes(x, head);
  const wanted = tape.term('loss', () => recordTargets(tape, rows, time, { tokens, targets }, lossPositions));
  const wantsX = tape.needsGradient(x);
  const wantsHead = head.blocks.some(({ weight }) => tape.needsGradient(weight));
  const dx = wantsX ? tape.tensor(`∂${x.name}`, x.shape) : undefined;
  const chunk = chunkRows ?? lossChunkRows(rows, vocabulary, tape.capabilities);
  for (let start = 0; start < rows; start += chunk) {
    const count = Math.min(chunk, rows - start);
    const part = { x: rowsOf(x, start, count), logits: tape.tensor('logits', [count, vocabulary]) };
    recordLogits(tape, part.x, head, part.logits);
    // A cap keeps the order.
    if (choices) largest(tape, part.logits, viewOf(choices, start, [count]));
    const gradient = wantsX || wantsHead ? 1 : 0;
    tape.term('loss', () =>
      tape.dispatch(
        crossEntropyKernel,
        { rows: count, columns: vocabulary, gradient, softcap: head.softcap ?? 0 },
        {
          logits: part.logits,
          targets: viewOf(wanted, start, [count]),
          loss: viewOf(loss, start, [count]),
        },
      ),
    );
    tape.phase('backward', () => {
      head.blocks.forEach((block, index) => {
        const dlogits = blockColumns(part.logits, block);
        const blockRows = block.weight.shape[0] ?? 0;
        if (dx) {
          recordMatmul(
            tape,
            'nn',
            { x: dlogits, w: block.weight, y: rowsOf(dx, start, count) },
            { rows: count, columns, inner: blockRows, xStride: vocabulary, accumulate: index > 0 ? 1 : 0 },
          );
        }
        if (tape.needsGradient(block.weight)) {
          const { gradient: dw, accumulate } = tape.gradientTarget(block.weight);
          recordMatmul(
            tape,
            'tn',
            { x: dlogits, w: part.x, y: dw },
            { rows: blockRows, columns, inner: count, xStride: vocabulary, accumulate },
          );
        }
      });
    });
  }
  if (dx) tape.phase('backward', () => passGradient(tape, x, dx));
  return loss;
}

/**
 * logits = x·headᵀ, all at once: for sampling and inspection.
 * @param x [N, C]
 * @param head [V, C]
 * @param logits [N, V], written
 */
export function headLogits(tape: Tape, x: Tensor, head: Head, logits: Tensor): Tensor {
  const { rows, vocabulary } = headSizes(x, head);
  if (elementCount(logits.shape) !== rows * vocabulary) {
    throw new Error(`headLogits: ${describeTensor(logits)} cannot hold [${rows}, ${vocabulary}]. Resize it.`);
  }
  recordLogits(tape, x, head, logits);
  recordSoftcap(tape, logits, head.softcap ?? 0);
  return logits;
}

/**
 * Records metrics[slot] = lossScale · Σ loss (+ what is there, over micro-batches), and the step's number beside it.
 * @param loss [N]
 */
export function lossSum(
  tape: Tape,
  loss: Tensor,
  metrics: Tensor,
  { accumulate, slot = 0 }: { readonly accumulate: 0 | 1; readonly slot?: number },
): void {
  const rows = elementCount(loss.shape);
  tape.dispatch(
    lossSumKernel,
    { rows, slot, markSlot: metricSlots.lossStep, accumulate },
    { losses: loss, metrics },
  );
}

function headSizes(x: Tensor, head: Parameter): { rows: number; columns: number; vocabulary: number } {
  const [vocabulary = 0, columns = 0] = head.shape;
  if (x.shape.length !== 2 || x.shape[1] !== columns) {
    throw new Error(
      `head: ${describeTensor(x)} does not fit ${head.name} [${vocabulary}, ${columns}]. ` +
        `Pass rows of ${columns}.`,
    );
  }
  return { rows: x.shape[0] ?? 0, columns, vocabulary };
}

/** Targets as [B·T]: what was given, or gathered from rows of tokens. */
function recordTargets(
  tape: Tape,
  rows: number,
  time: number,
  { tokens, targets }: LossTargets,
  lossPositions: 'all' | 'last',
): Tensor {
  if (targets && lossPositions === 'all') return targets;
  const source = targets ?? tokens;
  const rowLength = source.shape.at(-1) ?? 1;
  const shift = targets ? 0 : 1;
  if (rowLength < time + shift) {
    throw new Error(
      `headLoss: ${describeTensor(source)} has no target for ${time} positions. Pass longer rows.`,
    );
  }
  const selected = tape.tensor('targets', [rows], 'u32');
  const lastOnly = lossPositions === 'last' ? 1 : 0;
  tape.dispatch(
    selectTargetsKernel,
    { rows, time, rowLength, shift, lastOnly },
    { tokens: source, selected },
  );
  return selected;
}

function recordLogits(tape: Tape, x: Tensor, head: Parameter, logits: Tensor): void {
  const [rows = 0, inner = 0] = x.shape;
  const vocabulary = head.shape[0] ?? 0;
  for (const block of head.blocks) {
    const columns = block.weight.shape[0] ?? 0;
    const tensors = { x, w: block.weight, y: blockColumns(logits, block) };
    if (block.weight.quantised) recordQuantisedMatmul(tape, tensors, { rows, yStride: vocabulary });
    else recordMatmul(tape, 'nt', tensors, { rows, columns, inner, yStride: vocabulary });
  }
}

/**
 * Columns of the logits that belong to a block of the vocabulary; the row length stays that of the logits.
 */
function blockColumns(logits: Tensor, { firstRow, weight }: ParameterBlock): Tensor {
  if (firstRow === 0) return logits;
  const columns = weight.shape[0] ?? 0;
  return viewOf(logits, firstRow, [columns], `logits from ${firstRow}`);
}
