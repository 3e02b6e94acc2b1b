// Head and loss as one operation: gradients by finite differences, chunks and blocks against the whole.
import { expect, it } from 'vitest';
import { ignoredTarget } from '../../src/kernels/cross-entropy.ts';
import { type HeadLossOptions, headLogits, headLoss, lossChunkRows } from '../../src/kernels/head-loss.ts';
import { baselineCapabilities } from '../../src/plan/kernel.ts';
import type { Parameter } from '../../src/plan/store.ts';
import type { Tensor } from '../../src/plan/tensor.ts';
import { exampleScalars } from '../../src/runtime/kernel-probe.ts';
import { expectClose, type Operand, runOp } from './run-op.ts';

/** A head whose blocks start at the given rows. */
function headOf(...weights: readonly Tensor[]): Parameter {
  let rows = 0;
  const blocks = weights.map((weight) => {
    const firstRow = rows;
    rows += weight.shape[0] ?? 0;
    return { firstRow, weight, gradient: weight, states: new Map() };
  });
  const shape = [rows, weights[0]?.shape[1] ?? 0];
  return { name: 'head', shape, decay: true, blocks, factors: new Map() };
}

/** Numbers in [−1, 1) from a linear congruential generator. */
function numbers(count: number, seed: number): number[] {
  let state = seed;
  return Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}

interface Case {
  readonly batch: number;
  readonly time: number;
  readonly columns: number;
  /** Rows of each block of the head. */
  readonly blocks: readonly number[];
}

function operandsOf({ batch, time, columns, blocks }: Case): Record<string, Operand> {
  const vocabulary = blocks.reduce((a, b) => a + b, 0);
  const ids = (count: number, seed: number) =>
    numbers(count, seed).map((value) => Math.floor(((value + 1) / 2) * vocabulary));
  const weights = numbers(vocabulary * columns, 3);
  let first = 0;
  const heads = blocks.map((rows, i): [string, Operand] => {
    const values = weights.slice(first * columns, (first + rows) * columns);
    first += rows;
    return [`head${i}`, { shape: [rows, columns], values }];
  });
  return {
    x: { shape: [batch * time, columns], values: numbers(batch * time * columns, 1) },
    tokens: { shape: [batch, time + 1], values: ids(batch * (time + 1), 2), elementType: 'u32' },
    targets: {
      shape: [batch, time],
      values: ids(batch * time, 5).map((id, i) => (i % 3 === 1 ? ignoredTarget : id)),
      elementType: 'u32',
    },
    ...Object.fromEntries(heads),
  };
}

type Run = Partial<HeadLossOptions> & {
  readonly separate?: boolean;
  readonly training?: boolean;
  readonly softcap?: number;
};

/** Loss by position, and the gradients, of one case. */
function run(size: Case, operands: Record<string, Operand>, options: Run = {}) {
  const { separate = false, training = true, lossPositions = 'all', softcap = 0, ...rest } = options;
  return runOp(
    operands,
    (tape, tensors) => {
      const blocks = size.blocks.map((_, i) => tensors[`head${i}`] as Tensor);
      const head = { ...headOf(...blocks), softcap };
      const loss = tape.tensor('loss', [size.batch * size.time]);
      const source = { tokens: tensors.tokens, targets: separate ? tensors.targets : undefined };
      return headLoss(tape, tensors.x, head, source, loss, { time: size.time, lossPositions, ...rest });
    },
    { training },
  );
}

const small: Case = { batch: 2, time: 3, columns: 3, blocks: [5] };

it.each([
  { lossPositions: 'all', separate: false },
  { lossPositions: 'all', separate: true },
  { lossPositions: 'last', separate: false },
  { lossPositions: 'last', separate: true },
  { lossPositions: 'all', separate: true, softcap: 0.7 },
] as const)('has the gradients of finite differences with %j', async (options) => {
  const operands = operandsOf(small);
  const { gradients } = await run(small, operands, options);
  const total = async (changed: Record<string, Operand>) => {
    const { y } = await run(small, changed, { ...options, training: false });
    return y.reduce((a, b) => a + b, 0) * (exampleScalars.lossScale ?? 0);
  };
  for (const name of ['x', 'head0']) {
    const operand = operands[name] as Operand;
    const numeric: number[] = [];
    for (let i = 0; i < operand.values.length; i++) {
      const nudged = (by: number) => {
        const values = operand.values.map((value, j) => (i === j ? value + by : value));
        return total({ ...operands, [name]: { ...operand, values } });
      };
      numeric.push(((await nudged(1e-5)) - (await nudged(-1e-5))) / 2e-5);
    }
    expectClose(gradients[name], numeric, 1e-8);
  }
});

it('counts the last position only when asked', async () => {
  const { y } = await run(small, operandsOf(small), { lossPositions: 'last' });
  expect(y.map((value) => value > 0)).toEqual([false, false, true, false, false, true]);
});

it('skips ignored targets', async () => {
  const { y } = await run(small, operandsOf(small), { separate: true });
  expect(y.map((value) => value > 0)).toEqual([true, false, true, true, false, true]);
});

it('gives the same in chunks and blocks as whole', async () => {
  const whole: Case = { batch: 5, time: 31, columns: 4, blocks: [71] };
  const cut: Case = { ...whole, blocks: [64, 7] };
  const expected = await run(whole, operandsOf(whole));
  const actual = await run(cut, operandsOf(cut), { chunkRows: 64 });
  expectClose(actual.y, expected.y, 1e-12);
  expectClose(actual.gradients.x, expected.gradients.x ?? [], 1e-12);
  const blocks = [...(actual.gradients.head0 ?? []), ...(actual.gradients.head1 ?? [])];
  expectClose(blocks, expected.gradients.head0 ?? [], 1e-12);
});

it('caps the logits that are sampled as those of the loss', async () => {
  const operands = operandsOf(small);
  const logitsWith = async (softcap: number) => {
    const { y } = await runOp(
      operands,
      (tape, { x, head0 }) => headLogits(tape, x, { ...headOf(head0), softcap }, tape.tensor('y', [6, 5])),
      { training: false },
    );
    return y;
  };
  const [plain, capped] = [await logitsWith(0), await logitsWith(0.7)];
  expectClose(
    capped,
    plain.map((value) => 0.7 * Math.tanh(value / 0.7)),
    1e-12,
  );
  const { y } = await run(small, operands, { softcap: 0.7 });
  const targets = operands.tokens?.values ?? [];
  const losses = Array.from({ length: 6 }, (_, row) => {
    const logits = capped.slice(5 * row, 5 * row + 5);
    const target = targets[row + Math.floor(row / 3) + 1] ?? 0;
    return Math.log(logits.reduce((sum, value) => sum + Math.exp(value), 0)) - (logits[target] ?? 0);
  });
  expectClose(y, losses, 1e-12);
});

it('writes logits over the whole vocabulary', async () => {
  const size: Case = { batch: 1, time: 3, columns: 2, blocks: [64, 3] };
  const operands = operandsOf(size);
  const { y } = await runOp(
    operands,
    (tape, { x, head0, head1 }) => headLogits(tape, x, headOf(head0, head1), tape.tensor('y', [3, 67])),
    { training: false },
  );
  const x = operands.x?.values ?? [];
  const head = [...(operands.head0?.values ?? []), ...(operands.head1?.values ?? [])];
  const expected = Array.from({ length: 3 * 67 }, (_, i) => {
    const [row, id] = [Math.floor(i / 67), i % 67];
    return [0, 1].reduce((sum, c) => sum + (x[row * 2 + c] ?? 0) * (head[id * 2 + c] ?? 0), 0);
  });
  expectClose(y, expected, 1e-12);
});

it('stores no more logits than the budget', () => {
  expect(lossChunkRows(16_384, 50_257, baselineCapabilities)).toBe(256); // whole tiles of 128: 333 fit
  expect(lossChunkRows(768, 65, baselineCapabilities)).toBe(768);
  expect(lossChunkRows(1000, 140_000, baselineCapabilities)).toBe(64); // 119 fit
  expect(lossChunkRows(1000, 300_000, baselineCapabilities)).toBe(64);
});

it('refuses tokens without a target for every position', async () => {
  await expect(run({ ...small, time: 4 }, operandsOf(small))).rejects.toThrow(
    'has no target for 4 positions',
  );
});
