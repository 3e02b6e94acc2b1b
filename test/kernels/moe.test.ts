// Mixtures of experts: PyTorch's numbers, finite differences, what they equal when trivial, and the same bits every run.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { ActivationName } from '../../src/kernels/activation-functions.ts';
import { gatedActivation } from '../../src/kernels/gated-activation.ts';
import { linear } from '../../src/kernels/linear.ts';
import { expertCapacity, type MoeOptions, moe } from '../../src/kernels/moe.ts';
import { baselineCapabilities } from '../../src/plan/kernel.ts';
import { freeze } from '../../src/plan/plan.ts';
import { persistentTensor } from '../../src/plan/store.ts';
import { Tape } from '../../src/plan/tape.ts';
import type { Tensor } from '../../src/plan/tensor.ts';
import { GpuRuntime } from '../../src/runtime/gpu-runtime.ts';
import { exampleScalars } from '../../src/runtime/kernel-probe.ts';
import { describeGpu, getTestDevice } from '../gpu-device.ts';
import { checkGradient } from './describe-kernel.ts';
import { expectClose, runOp } from './run-op.ts';

const options: MoeOptions = {
  router: { perToken: 2, score: 'softmax', renormalize: true, scale: 1 },
  gated: true,
  activation: 'silu',
};

/** Shapes of the operands: N tokens, C wide, F hidden, E experts. */
function shapesOf(tokens: number, width: number, hidden: number, experts: number, gated = true) {
  return {
    x: { shape: [tokens, width] },
    router: { shape: [width, experts] },
    expand: { shape: [experts, width, (gated ? 2 : 1) * hidden] },
    contract: { shape: [experts, hidden, width] },
  };
}

/** Plausible numbers for each operand. */
function withValues<T extends Readonly<Record<string, { readonly shape: readonly number[] }>>>(shapes: T) {
  const entries = Object.entries(shapes).map(([name, { shape }], seed) => {
    const values = Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) =>
      Math.sin(1 + 1.7 * i + seed * 0.31),
    );
    return [name, { shape, values }] as const;
  });
  return Object.fromEntries(entries) as unknown as Record<
    keyof T,
    { shape: readonly number[]; values: number[] }
  >;
}

const record =
  (wanted: MoeOptions) =>
  (tape: Tape, { x, router, expand, contract }: Readonly<Record<string, Tensor>>) =>
    moe(tape, x, { router, expand, contract }, wanted);

checkGradient('a mixture', shapesOf(5, 3, 4, 4), record(options));
checkGradient(
  'a mixture of ungated experts with sigmoid scores',
  shapesOf(6, 3, 2, 3, false),
  record({
    ...options,
    router: { ...options.router, score: 'sigmoid', renormalize: false, scale: 1.5 },
    gated: false,
    activation: 'gelu',
  }),
);

interface Golden {
  readonly [key: string]: number | readonly number[] | string | boolean;
  readonly tokens: number;
  readonly width: number;
  readonly hidden: number;
  readonly experts: number;
  readonly perToken: number;
  readonly score: 'softmax' | 'sigmoid';
  readonly renormalize: boolean;
  readonly scale: number;
  readonly gated: boolean;
  readonly activation: ActivationName;
  readonly balance: number;
  readonly zLoss: number;
  readonly capacity: number;
  readonly y: readonly number[];
  readonly dy: readonly number[];
}

const golden = JSON.parse(
  readFileSync(new URL('../fixtures/moe.json', import.meta.url), 'utf8'),
) as readonly Golden[];

describe('moe', () => {
  it.each(golden)('equals PyTorch: $experts experts, $perToken per token, $score', async (one) => {
    const { tokens, width, hidden, experts, perToken, capacity, gated } = one;
    const shapes = shapesOf(tokens, width, hidden, experts, gated);
    const of = (name: string) => one[name] as readonly number[];
    const operands = {
      ...Object.fromEntries(
        Object.entries(shapes).map(([name, { shape }]) => [name, { shape, values: of(name) }]),
      ),
      bias: { shape: [experts], values: of('routerBias') },
    };
    const { y, gradients } = await runOp(
      operands,
      (tape, { bias: tensor, ...rest }) =>
        record({
          ...one,
          router: { ...one, bias: { tensor, offset: 0 } },
          losses: { balance: one.balance, zLoss: one.zLoss },
          capacityFactor: (capacity * experts) / (tokens * perToken),
        })(tape, rest),
      { dy: one.dy },
    );
    expectClose(y, one.y, 1e-10);
    for (const name of Object.keys(shapes)) expectClose(gradients[name], of(`d${name}`), 1e-9);
  });

  it('with one expert is the dense layer', async () => {
    const operands = withValues(shapesOf(7, 4, 5, 1));
    const dy = Array.from({ length: 28 }, (_, i) => Math.cos(i));
    const mixture = await runOp(
      operands,
      record({ ...options, router: { ...options.router, perToken: 1 } }),
      { dy },
    );
    const { x, expand, contract } = operands;
    const flat = {
      x,
      expand: { ...expand, shape: expand.shape.slice(1) },
      contract: { ...contract, shape: contract.shape.slice(1) },
    };
    const dense = await runOp(
      flat,
      (tape, t) => linear(tape, gatedActivation(tape, linear(tape, t.x, t.expand), 'silu'), t.contract),
      { dy },
    );
    expectClose(mixture.y, dense.y, 1e-12);
    for (const name of ['x', 'expand', 'contract']) {
      expectClose(mixture.gradients[name], dense.gradients[name] ?? [], 1e-12);
    }
  });

  it('with every expert chosen is the sum of all by their scores', async () => {
    const [tokens, width, hidden, experts] = [3, 2, 2, 3];
    const operands = withValues(shapesOf(tokens, width, hidden, experts, false));
    const { y } = await runOp(
      operands,
      record({ ...options, gated: false, activation: 'relu', router: { ...options.router, perToken: 3 } }),
    );
    const { x, router, expand, contract } = operands;
    const expected = Array.from({ length: tokens * width }, (_, at) => {
      const [n, c] = [Math.floor(at / width), at % width];
      const sum = (size: number, term: (i: number) => number) =>
        Array.from({ length: size }, (_, i) => term(i)).reduce((a, b) => a + b, 0);
      const logit = (e: number) =>
        sum(width, (i) => x.values[n * width + i] * router.values[i * experts + e]);
      const total = sum(experts, (e) => Math.exp(logit(e)));
      return sum(experts, (e) => {
        const out = sum(hidden, (f) => {
          const before = sum(
            width,
            (i) => x.values[n * width + i] * expand.values[(e * width + i) * hidden + f],
          );
          return Math.max(0, before) * contract.values[(e * hidden + f) * width + c];
        });
        return (Math.exp(logit(e)) / total) * out;
      });
    });
    expectClose(y, expected, 1e-12);
  });

  it('drops nothing while evaluating, whatever the capacity', async () => {
    const operands = withValues(shapesOf(8, 3, 4, 4));
    const run = (capacityFactor: number) =>
      runOp(operands, record({ ...options, capacityFactor }), { training: false });
    expectClose((await run(0.1)).y, (await run(0)).y, 0);
    const trained = await runOp(operands, record({ ...options, capacityFactor: 0.1 }));
    expect(trained.y).not.toEqual((await run(0)).y);
  });

  it('rounds an expert’s capacity up to whole tokens', () => {
    expect([expertCapacity(1, 16, 4), expertCapacity(1.25, 16, 4), expertCapacity(0.1, 16, 4)]).toEqual([
      4, 5, 1,
    ]);
    expect(expertCapacity(100, 16, 4)).toBe(16);
  });

  it('refuses operands that do not fit by name', () => {
    const tape = new Tape({ capabilities: baselineCapabilities });
    const parameters = {
      router: tape.tensor('gate', [4, 3]),
      expand: tape.tensor('up', [3, 4, 10]),
      contract: tape.tensor('down', [3, 6, 4]),
    };
    expect(() => moe(tape, tape.tensor('x', [5, 4]), parameters, options)).toThrow(
      /gate.*up.*down.*\[E, C, 2F\]/,
    );
  });
});

describeGpu('moe on the device', () => {
  const [tokens, width, hidden, experts] = [150, 24, 20, 5];
  const shapes = shapesOf(tokens, width, hidden, experts);

  /** Records forward and backward with statistics on this device; runs twice and reads everything as bits. */
  async function build(change: (values: Record<keyof typeof shapes, { values: number[] }>) => void) {
    const { device, capabilities } = await getTestDevice();
    const operands = withValues(shapes);
    change(operands);
    const tape = new Tape({ capabilities, training: true });
    const tensors: Record<string, Tensor> = {};
    const gradients: Record<string, Tensor> = {};
    for (const [name, { shape }] of Object.entries(shapes)) {
      tensors[name] = persistentTensor(name, shape, 'f32', 'state');
      gradients[name] = persistentTensor(`∂${name}`, shape, 'f32', 'state');
      tape.parameter(tensors[name], gradients[name]);
    }
    const statistics = persistentTensor('statistics', [1, 4 + 4 * experts], 'f32', 'state');
    const losses = { balance: 0.1, zLoss: 0.01 };
    const y = record({ ...options, losses, statistics: { tensor: statistics, layer: 0 } })(tape, tensors);
    const dy = persistentTensor('dy', y.shape, 'f32', 'state');
    tape.adoptGradient(y, dy);
    tape.backward();
    const plan = freeze('moe', tape, [y]);
    const read = [y, ...Object.values(gradients), statistics];
    const extra = [...Object.values(tensors), ...read, dy].map(({ storage }) => storage);
    const runtime = await GpuRuntime.create(device, [plan], {
      extra: extra.filter(({ kind }) => kind === 'persistent'),
    });
    for (const [name, { values }] of Object.entries(operands)) {
      const tensor = tensors[name];
      if (tensor) runtime.write(tensor, Float32Array.from(values));
    }
    runtime.write(
      dy,
      Float32Array.from({ length: tokens * width }, (_, i) => Math.cos(i)),
    );
    const run = async () => {
      runtime.write(statistics, new Float32Array(4 + 4 * experts));
      await runtime.submit([{ plan, scalars: exampleScalars }]);
      const arrays = [];
      for (const tensor of read) arrays.push(await runtime.read(tensor));
      return arrays as Float32Array[];
    };
    return { run, dispose: () => runtime.dispose(), operands };
  }

  it('gives the same bits in every run, and those of the reference up to rounding', async () => {
    const { run, dispose, operands } = await build(() => undefined);
    const [first, second] = [await run(), await run()];
    dispose();
    expect(second.map((array) => [...new Uint32Array(array.buffer)])).toEqual(
      first.map((array) => [...new Uint32Array(array.buffer)]),
    );
    const dy = Array.from({ length: tokens * width }, (_, i) => Math.cos(i));
    const losses = { balance: 0.1, zLoss: 0.01 };
    const { y, gradients } = await runOp(operands, record({ ...options, losses }), { dy });
    const [actual, ...actualGradients] = first;
    expectClose([...(actual ?? [])], y, 1e-4);
    Object.keys(shapes).forEach((name, i) => {
      expectClose([...(actualGradients[i] ?? [])], gradients[name] ?? [], 1e-3);
    });
  });

  it('counts every choice in the statistics', async () => {
    const { run, dispose } = await build(() => undefined);
    const statistics = (await run()).at(-1) ?? new Float32Array(0);
    dispose();
    const row = (i: number) => [...statistics.slice(4 + i * experts, 4 + (i + 1) * experts)];
    const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);
    expect([statistics[0], sum(row(0)), sum(row(1))]).toEqual([tokens, 2 * tokens, 0]);
    expect(sum(row(2))).toBeCloseTo(tokens, 3);
    expect(statistics[1]).toBeLessThanOrEqual(tokens * Math.log(experts));
  });

  it('makes a token with a score that is no number visible in its output and in the router’s gradient', async () => {
    const { run, dispose } = await build(({ x }) => {
      x.values[3 * width] = Number.NaN;
    });
    const [y, , dRouter] = await run();
    dispose();
    const broken = Array.from({ length: tokens }, (_, n) =>
      [...(y ?? [])].slice(n * width, (n + 1) * width).some(Number.isNaN),
    );
    expect(broken.flatMap((is, n) => (is ? [n] : []))).toEqual([3]);
    expect([...(dRouter ?? [])].some(Number.isNaN)).toBe(true);
  });
});
