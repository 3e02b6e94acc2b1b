// Routing against its reference, finite differences, and the rules of choice.
import { describe, expect, it } from 'vitest';
import {
  type RouterLosses,
  type RouterOptions,
  route,
  routerBackward,
  routerForward,
} from '../../src/kernels/router.ts';
import type { Kernel } from '../../src/plan/kernel.ts';
import type { Tape } from '../../src/plan/tape.ts';
import type { Tensor } from '../../src/plan/tensor.ts';
import { GpuRuntime } from '../../src/runtime/gpu-runtime.ts';
import {
  exampleScalars,
  guardElements,
  guardsIntact,
  type KernelProbe,
  probeOf,
} from '../../src/runtime/kernel-probe.ts';
import type { Runtime } from '../../src/runtime/runtime.ts';
import { loadWasmKernels } from '../../src/runtime/wasm/kernels.ts';
import { ownThread } from '../../src/runtime/wasm/pool.ts';
import { WasmRuntime } from '../../src/runtime/wasm-runtime.ts';
import { describeGpu, getTestDevice } from '../gpu-device.ts';
import { checkGradient, describeKernel } from './describe-kernel.ts';
import { expectClose, runOp } from './run-op.ts';

const noOption = { hasBias: 0, biasOffset: 0, noise: 0, operation: 0 };
const plain = { sigmoid: 0, renormalize: 1, scale: 1 };

describeKernel(routerForward, [
  { tokens: 1, experts: 1, perToken: 1, ...plain, ...noOption, time: 1 },
  { tokens: 63, experts: 7, perToken: 7, ...plain, renormalize: 0, ...noOption, time: 63 },
  { tokens: 64, experts: 8, perToken: 2, ...plain, ...noOption, time: 64 },
  {
    tokens: 65,
    experts: 65,
    perToken: 6,
    ...plain,
    sigmoid: 1,
    scale: 2.5,
    ...noOption,
    hasBias: 1,
    biasOffset: 130,
    time: 65,
  },
  { tokens: 96, experts: 5, perToken: 2, ...plain, ...noOption, noise: 0.7, operation: 4, time: 32 },
]);

const losses = { balance: 0.3, zLoss: 0.2 };
describeKernel(routerBackward, [
  { tokens: 1, experts: 1, perToken: 1, ...plain, ...losses },
  { tokens: 63, experts: 7, perToken: 7, ...plain, renormalize: 0, ...losses },
  { tokens: 64, experts: 8, perToken: 2, ...plain, ...losses },
  { tokens: 65, experts: 65, perToken: 6, sigmoid: 1, renormalize: 1, scale: 2.5, balance: 0.3, zLoss: 0 },
  { tokens: 129, experts: 13, perToken: 3, sigmoid: 1, renormalize: 0, scale: 1, balance: 0, zLoss: 0 },
]);

const options: RouterOptions = { perToken: 2, score: 'softmax', renormalize: true, scale: 1 };
const none: RouterLosses = { balance: 0, zLoss: 0 };
const noCounts = (tape: Tape, experts: number) => () => tape.tensor('counts', [experts], 'u32');
const recordWeights = (tape: Tape, logits: Tensor, wanted: RouterOptions, aux = none) =>
  route(tape, logits, wanted, aux, noCounts(tape, logits.shape[1] ?? 1)).weights;

for (const score of ['softmax', 'sigmoid'] as const) {
  for (const renormalize of [true, false]) {
    checkGradient(
      `${score} routing ${renormalize ? 'with' : 'without'} renormalised weights`,
      { logits: { shape: [5, 6] } },
      (tape, { logits }) => recordWeights(tape, logits, { ...options, score, renormalize, scale: 1.7 }),
    );
  }
}

/** Runs routing and returns one of its results, u32 as numbers. */
async function routed(
  rows: readonly (readonly number[])[],
  wanted: RouterOptions,
  which: 'selected' | 'weights',
  bias?: readonly number[],
): Promise<number[]> {
  const operands = {
    logits: { shape: [rows.length, rows[0]?.length ?? 0], values: rows.flat() },
    bias: { shape: [bias?.length ?? 1], values: bias ?? [0] },
  };
  const { y } = await runOp(
    operands,
    (tape, { logits, bias: tensor }) => {
      const choice = { ...wanted, bias: bias ? { tensor, offset: 0 } : undefined };
      return route(tape, logits, choice, none, noCounts(tape, 1))[which];
    },
    { training: false },
  );
  return y;
}

describe('route', () => {
  it('gives ties to the lower index', async () => {
    expect(
      await routed(
        [
          [1, 3, 3, 3],
          [2, 2, 2, 2],
        ],
        options,
        'selected',
      ),
    ).toEqual([1, 2, 0, 1]);
  });

  it('chooses by score plus bias, and weighs by score alone', async () => {
    const bias = [0, 0, 5];
    expect(await routed([[2, 1, -3]], options, 'selected', bias)).toEqual([2, 0]);
    const [low, high] = [Math.exp(-3), Math.exp(2)];
    expectClose(await routed([[2, 1, -3]], options, 'weights', bias), [
      low / (low + high),
      high / (low + high),
    ]);
  });

  it('gives a token with a logit that is no finite number weights that are none', async () => {
    const rows = [
      [1, 2, 3],
      [1, Number.NaN, 3],
      [1, 2, Number.POSITIVE_INFINITY],
      [3, 2, 1],
    ];
    const weights = await routed(rows, options, 'weights');
    expect(weights.map(Number.isNaN)).toEqual([false, false, true, true, true, true, false, false]);
    expect(await routed(rows, options, 'selected')).toEqual([2, 1, 0, 1, 0, 1, 0, 1]);
  });

  it('gives every token weights that are none where a bias is no finite number', async () => {
    const rows = [
      [1, 2, 3],
      [3, 2, 1],
    ];
    const bias = [0, Number.NaN, 0];
    expect((await routed(rows, options, 'weights', bias)).map(Number.isNaN)).toEqual([
      true,
      true,
      true,
      true,
    ]);
    expect(await routed(rows, options, 'selected', bias)).toEqual([0, 1, 0, 1]);
  });

  it('refuses more experts per token than there are', async () => {
    await expect(routed([[1, 2]], { ...options, perToken: 3 }, 'weights')).rejects.toThrow(
      /3 experts per token/,
    );
  });

  it.each([
    { score: 'softmax' as const, balance: 0.5, zLoss: 0 },
    { score: 'softmax' as const, balance: 0, zLoss: 0.5 },
    { score: 'sigmoid' as const, balance: 0.5, zLoss: 0 },
  ])(
    'adds the gradients of the auxiliary losses: $score, $balance, $zLoss',
    async ({ score, balance, zLoss }) => {
      const [tokens, experts] = [4, 3];
      const logits = [0.3, -1, 2, 0.1, 0.9, -0.4, 1.5, 1.2, 0.2, -0.6, 0.8, 0.7];
      const counts = [1, 3, 4];
      const loss = (values: readonly number[]) => {
        const share = new Array<number>(experts).fill(0);
        let squares = 0;
        for (let n = 0; n < tokens; n++) {
          const row = values.slice(n * experts, (n + 1) * experts);
          const raised = row.map((x) => (score === 'softmax' ? Math.exp(x) : 1 / (1 + Math.exp(-x))));
          const sum = raised.reduce((a, b) => a + b, 0);
          raised.forEach((x, e) => {
            share[e] += x / sum / tokens;
          });
          squares += Math.log(sum) ** 2 / tokens;
        }
        const fractions = counts.map((count) => count / (tokens * 2));
        return balance * experts * fractions.reduce((a, f, e) => a + f * share[e], 0) + zLoss * squares;
      };
      const { gradients } = await runOp(
        {
          logits: { shape: [tokens, experts], values: logits },
          counts: { shape: [experts], values: counts, elementType: 'u32' },
        },
        (tape, { logits: x, counts: given }) =>
          route(tape, x, { ...options, score }, { balance, zLoss }, () => given).weights,
        { dy: new Array<number>(tokens * 2).fill(0) },
      );
      const epsilon = 1e-6;
      const numeric = logits.map((_, i) => {
        const moved = (by: number) => logits.map((x, j) => (j === i ? x + by : x));
        return (loss(moved(epsilon)) - loss(moved(-epsilon))) / (2 * epsilon);
      });
      expectClose(gradients.logits, numeric, 1e-8);
    },
  );
});

/** A choice of three of five experts, of which three have a bias that is no number: two are left to choose from. */
function brokenBias() {
  const dims = { tokens: 2, experts: 5, perToken: 3, ...plain, ...noOption, hasBias: 1, time: 2 };
  const probe = probeOf(routerForward as unknown as Kernel, dims);
  for (const { name, values } of probe.storages) {
    if (name === 'bias') values.fill(Number.NaN, guardElements + 1, guardElements + 4);
  }
  return probe;
}

async function expectFirstExperts(runtime: Runtime, { plan, storages }: KernelProbe): Promise<void> {
  for (const { whole, values } of storages) runtime.write(whole, values);
  await runtime.submit([{ plan, scalars: exampleScalars }]);
  for (const { name, whole, values } of storages) {
    const result = await runtime.read(whole);
    expect(guardsIntact(result, values), `guards of ${name}`).toBe(true);
    const inside = [...result.subarray(guardElements, result.length - guardElements)];
    if (name === 'selected') expect(inside).toEqual([0, 1, 2, 0, 1, 2]);
    if (name === 'weights') expect(inside.map(Number.isNaN)).toEqual(new Array(6).fill(true));
  }
  runtime.dispose();
}

describe('a bias that is no number', () => {
  it('leaves places of experts and weights that are none, on WASM', async () => {
    const probe = brokenBias();
    const kernels = await loadWasmKernels(false);
    await expectFirstExperts(await WasmRuntime.create(kernels, ownThread(), [probe.plan]), probe);
  });
});

describeGpu('a bias that is no number', () => {
  it('leaves places of experts and weights that are none, on the GPU', async () => {
    const probe = brokenBias();
    const { device } = await getTestDevice();
    await expectFirstExperts(await GpuRuntime.create(device, [probe.plan]), probe);
  });
});
