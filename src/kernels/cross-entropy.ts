// Kernels of the loss: cross-entropy that turns logits into their gradient in place, its targets, its sum.
import source from '../../shaders/cross-entropy.wgsl?raw';
import { defineKernel } from '../plan/kernel.ts';
import { cornerSumsSource } from './corner-sums.ts';
import { stepMark } from './gradient-norm.ts';
import { prologue } from './prologue.ts';

/** Target of a position that has none: it adds nothing to loss or gradient. */
export const ignoredTarget = 0xffffffff;

/** Invocations that share a row, as a power of two: 128 at most, as many as compatibility mode has. */
function laneLevels(columns: number): number {
  if (columns <= 128) return 2;
  if (columns <= 512) return 3;
  return columns <= 4096 ? 5 : 7;
}

/** Rows that one workgroup of max(64, lanes) invocations computes. */
function rowsPerGroup(columns: number): number {
  return Math.max(1, 64 >> laneLevels(columns));
}

const targetFill = (columns: number) => (uniform: number, index: number) =>
  index % 5 === 3 ? ignoredTarget : Math.floor(uniform * columns);

/**
 * loss = log Σ exp(logits) − logits[target] per row; with gradient = 1 logits become (softmax − one-hot) ·
 * lossScale. With a softcap the logits are first softcap · tanh(logits ÷ softcap), and so is their gradient's chain.
 * In place: logits are the largest tensor of a small model, and nobody needs them once their gradient is known.
 */
export const crossEntropyKernel = defineKernel({
  name: 'crossEntropy',
  role: 'loss',
  arithmetic: 'loss arithmetic',
  source: prologue + cornerSumsSource + source,
  entryPoint: 'forward',
  dims: ['rows', 'columns', 'gradient', 'softcap'],
  reads: ['targets'],
  writes: ['logits', 'loss'],
  constants: ({ columns }) => ({ laneLevels: laneLevels(columns) }),
  tensors: ({ rows, columns }) => ({
    targets: { shape: [rows], elementType: 'u32', fill: targetFill(columns) },
    logits: { shape: [rows, columns] },
    loss: { shape: [rows] },
  }),
  // A row for four, for eight and for 128 lanes; capped and not; with its gradient and without.
  selfTest: [
    { rows: 11, columns: 67, gradient: 1, softcap: 0 },
    { rows: 3, columns: 300, gradient: 0, softcap: 2 },
    { rows: 2, columns: 5000, gradient: 1, softcap: 30 },
  ],
  calibration: [
    { rows: 256, columns: 65, gradient: 1, softcap: 0 },
    { rows: 1024, columns: 257, gradient: 1, softcap: 0 },
    { rows: 2048, columns: 512, gradient: 1, softcap: 0 },
  ],
  workgroups: ({ rows, columns }) => Math.ceil(rows / rowsPerGroup(columns)),
  // max, subtract, exp, sum; scale, subtract
  usefulFlops: ({ rows, columns, gradient, softcap }) =>
    rows * columns * (4 + 2 * gradient + (softcap > 0 ? 3 + 3 * gradient : 0)),
  // the exponentials, and what caps, again in each pass
  launchedFlops: ({ rows, columns, gradient, softcap }) =>
    rows * columns * (4 + 4 * gradient + (softcap > 0 ? 6 + 6 * gradient : 0)),
  // twice read (maximum, sum); for the gradient once more, and written; the target and the loss
  bytes: ({ rows, columns, gradient }) => 4 * rows * (columns * (2 + 2 * gradient) + 2),
  reference({ targets, logits, loss }, { rows, columns, gradient, softcap }, { lossScale }) {
    const capped = (logit: number) => (softcap > 0 ? softcap * Math.tanh(logit / softcap) : logit);
    for (let row = 0; row < rows; row++) {
      const base = row * columns;
      const target = targets[row];
      let largest = Number.NEGATIVE_INFINITY;
      for (let c = 0; c < columns; c++) largest = Math.max(largest, capped(logits[base + c]));
      let sum = 0;
      for (let c = 0; c < columns; c++) sum += Math.exp(capped(logits[base + c]) - largest);
      const counts = target !== ignoredTarget;
      loss[row] = counts ? largest + Math.log(sum) - capped(logits[base + target]) : 0;
      if (gradient === 0) continue;
      // lossScale is 1 ÷ targets of the whole step: micro-batches then add up to a mean.
      const scale = counts ? lossScale : 0;
      for (let c = 0; c < columns; c++) {
        const logit = capped(logits[base + c]);
        // ∂(c·tanh(x ÷ c)) ÷ ∂x = 1 − tanh² = 1 − (capped ÷ c)².
        const slope = softcap > 0 ? 1 - (logit / softcap) ** 2 : 1;
        const probability = Math.exp(logit - largest) / sum;
        logits[base + c] = (probability - (c === target ? 1 : 0)) * scale * slope;
      }
    }
  },
});

/** selected[b, t] = tokens[b, t + shift], or ignoredTarget before the last position if lastOnly = 1. */
export const selectTargetsKernel = defineKernel({
  name: 'crossEntropy.selectTargets',
  role: 'loss',
  arithmetic: 'loss arithmetic',
  source: prologue + cornerSumsSource + source,
  entryPoint: 'selectTargets',
  dims: ['rows', 'time', 'rowLength', 'shift', 'lastOnly'],
  reads: ['tokens'],
  writes: ['selected'],
  constants: () => ({ laneLevels: 3 }),
  tensors: ({ rows, time, rowLength, shift }) => ({
    tokens: {
      shape: [(rows / time - 1) * rowLength + time + shift],
      elementType: 'u32',
      fill: (_, index) => index + 1,
    },
    selected: { shape: [rows], elementType: 'u32', fill: () => 0 },
  }),
  selfTest: [
    { rows: 66, time: 11, rowLength: 12, shift: 1, lastOnly: 0 },
    { rows: 15, time: 5, rowLength: 5, shift: 0, lastOnly: 1 },
  ],
  calibration: [256, 1024, 4096].map((rows) => {
    return { rows, time: 64, rowLength: 65, shift: 1, lastOnly: 0 };
  }),
  workgroups: ({ rows }) => Math.ceil(rows / 64),
  usefulFlops: () => 0,
  bytes: ({ rows }) => 8 * rows,
  reference({ tokens, selected }, { rows, time, rowLength, shift, lastOnly }) {
    for (let row = 0; row < rows; row++) {
      const t = row % time;
      // A row of tokens is one longer than the sequence: shifted by one it holds the targets.
      const token = tokens[Math.floor(row / time) * rowLength + t + shift];
      selected[row] = lastOnly === 1 && t < time - 1 ? ignoredTarget : token;
    }
  },
});

/**
 * metrics[slot] = lossScale · Σ losses (+ metrics[slot]), in a fixed order; metrics[markSlot] = the step's number.
 * losses: [rows].
 */
export const lossSumKernel = defineKernel({
  name: 'crossEntropy.sumLosses',
  role: 'loss',
  arithmetic: 'loss arithmetic',
  source: prologue + cornerSumsSource + source,
  entryPoint: 'sumLosses',
  dims: ['rows', 'slot', 'markSlot', 'accumulate'],
  reads: ['losses'],
  writes: ['metrics'],
  constants: () => ({ laneLevels: 3 }),
  tensors: ({ rows, slot, markSlot }) => ({
    losses: { shape: [rows] },
    metrics: { shape: [Math.max(slot, markSlot) + 1] },
  }),
  selfTest: [
    { rows: 300, slot: 0, markSlot: 5, accumulate: 0 },
    { rows: 7, slot: 2, markSlot: 1, accumulate: 1 },
  ],
  calibration: [256, 1024, 16_384].map((rows) => ({ rows, slot: 0, markSlot: 5, accumulate: 0 })),
  // One workgroup, so that the order of addition is one; thousands of losses are little beside their logits.
  workgroups: () => 1,
  usefulFlops: ({ rows, accumulate }) => rows + accumulate,
  bytes: ({ rows, accumulate }) => 4 * (rows + 2 + accumulate),
  reference({ losses, metrics }, { rows, slot, markSlot, accumulate }, { lossScale, step }) {
    let sum = 0;
    for (let row = 0; row < rows; row++) sum += losses[row];
    metrics[slot] = sum * lossScale + (accumulate === 1 ? metrics[slot] : 0);
    // Beside the sum: a driver that dropped the work leaves an old mark, which is told from a loss.
    metrics[markSlot] = stepMark(step);
  },
});
