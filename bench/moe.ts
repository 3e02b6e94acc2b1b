// Mixtures of experts: forward and backward by number of experts at fixed active size, and the grouped products' rate.

import { placeTokens } from '../src/kernels/expert-placement.ts';
import { recordGroupedMatmul } from '../src/kernels/grouped-matmul.ts';
import { expertTileRows } from '../src/kernels/grouped-matmul-variants.ts';
import { recordMatmul } from '../src/kernels/matmul.ts';
import type { MatmulLayout } from '../src/kernels/matmul-sizes.ts';
import { moe } from '../src/kernels/moe.ts';
import { median } from '../src/lab/training/median.ts';
import { freeze, type Plan } from '../src/plan/plan.ts';
import { planFlops } from '../src/plan/predict.ts';
import { persistentTensor } from '../src/plan/store.ts';
import { Tape } from '../src/plan/tape.ts';
import { elementCount, type Tensor } from '../src/plan/tensor.ts';
import type { OpenDevice } from '../src/runtime/device.ts';
import { GpuRuntime } from '../src/runtime/gpu-runtime.ts';

/** N·K = 4096 choices: 64 tokens for each of the most experts. */
const [tokens, perToken, width, hidden] = [2048, 2, 128, 128];
const expertCounts = [4, 8, 16, 32, 64];
const rounds = 7;

/** Replays of one submit, so that handing over costs little, and products in a row of one plan. */
const replays = 4;
const repeats = 4;

/** Prints milliseconds of a layer, and the rate of each grouped product beside the dense one of equal work. */
export async function benchMoe(open: OpenDevice): Promise<void> {
  console.log(
    `${tokens} tokens, ${perToken} experts each, ${width} → 2 · ${hidden} gated: forward and backward`,
  );
  console.log('experts   parameters   active Mflop   ms   GFLOP/s');
  for (const experts of expertCounts) {
    const { plan, tensors } = recordLayer(open, experts);
    const seconds = await timePlan(open, plan, tensors);
    const parameters = experts * 3 * width * hidden;
    console.log(
      `${String(experts).padStart(7)}${parameters.toLocaleString('en').padStart(13)}` +
        `${(planFlops(plan) / 1e6).toFixed(0).padStart(15)}${(1000 * seconds).toFixed(2).padStart(9)}` +
        `${(planFlops(plan) / seconds / 1e9).toFixed(1).padStart(8)}`,
    );
  }
  console.log('\nproduct   experts   tokens each   grouped GFLOP/s   dense GFLOP/s   share');
  for (const layout of ['nn', 'nt', 'tn'] as const) {
    for (const experts of [8, 64]) await compareProducts(open, layout, experts);
  }
}

/** One layer with gradients of everything; numbers that route evenly enough. */
function recordLayer({ capabilities }: OpenDevice, experts: number) {
  const tape = new Tape({ capabilities, training: true });
  const leaf = (name: string, shape: readonly number[], deviation: number): Filled => {
    const tensor = persistentTensor(name, shape, 'f32', 'state');
    tape.parameter(tensor, persistentTensor(`∂${name}`, shape, 'f32', 'state'));
    return { tensor, values: noise(elementCount(shape), deviation) };
  };
  const x = leaf('x', [tokens, width], 1);
  const router = leaf('router', [width, experts], 0.1);
  const expand = leaf('expand', [experts, width, 2 * hidden], 0.1);
  const contract = leaf('contract', [experts, hidden, width], 0.1);
  const y = moe(
    tape,
    x.tensor,
    { router: router.tensor, expand: expand.tensor, contract: contract.tensor },
    {
      router: { perToken, score: 'softmax', renormalize: true, scale: 1 },
      gated: true,
      activation: 'silu',
      losses: { balance: 0.01, zLoss: 0 },
    },
  );
  const dy = persistentTensor('∂y', y.shape, 'f32', 'state');
  tape.adoptGradient(y, dy);
  tape.backward();
  const filled = [x, router, expand, contract, { tensor: dy, values: noise(tokens * width, 1) }];
  return { plan: freeze(`moe ${experts}`, tape), tensors: filled };
}

interface Filled {
  readonly tensor: Tensor;
  readonly values: Float32Array | Uint32Array;
}

/** The first product of the layer by layout, grouped and dense, over the same rows. */
async function compareProducts(open: OpenDevice, layout: MatmulLayout, experts: number): Promise<void> {
  const choices = tokens * perToken;
  const [inner, columns] = [width, 2 * hidden];
  const of = {
    nn: { rows: choices, columns, inner },
    nt: { rows: choices, columns: inner, inner: columns },
    tn: { rows: inner, columns, inner: choices },
  }[layout];
  const shapes = {
    x: layout === 'tn' ? [choices, inner] : [choices, of.inner],
    w: layout === 'nn' ? [inner, columns] : layout === 'nt' ? [inner, columns] : [choices, columns],
    y: [of.rows, of.columns],
  };
  const time = async (grouped: boolean) => {
    const tape = new Tape({ capabilities: open.capabilities });
    const selected = persistentTensor('selected', [tokens, perToken], 'u32', 'state');
    const stack = (shape: readonly number[], isPerExpert: boolean) =>
      grouped && isPerExpert ? [experts, ...shape] : shape;
    const x = persistentTensor('x', shapes.x, 'f32', 'state');
    const w = persistentTensor('w', stack(shapes.w, layout !== 'tn'), 'f32', 'state');
    const y = persistentTensor('y', stack(shapes.y, layout === 'tn'), 'f32', 'state');
    const tileRows = expertTileRows(open.capabilities, choices, experts);
    const placement = grouped ? placeTokens(tape, selected, experts, { tileRows }) : undefined;
    for (let i = 0; i < repeats; i++) {
      if (placement) recordGroupedMatmul(tape, layout, { x, w, y }, placement, of);
      else recordMatmul(tape, layout, { x, w, y }, of);
    }
    const even = Uint32Array.from({ length: choices }, (_, i) => (i * 5 + Math.floor(i / experts)) % experts);
    const filled: Filled[] = [
      { tensor: x, values: noise(elementCount(x.shape), 1) },
      { tensor: w, values: noise(elementCount(w.shape), 1) },
      ...(grouped ? [{ tensor: selected, values: even }] : []),
    ];
    const seconds = await timePlan(open, freeze('products', tape), filled);
    return (repeats * 2 * of.rows * of.columns * of.inner) / seconds;
  };
  const [grouped, dense] = [await time(true), await time(false)];
  console.log(
    `${layout.padEnd(7)}${String(experts).padStart(10)}${String(choices / experts).padStart(14)}` +
      `${(grouped / 1e9).toFixed(1).padStart(18)}${(dense / 1e9).toFixed(1).padStart(16)}` +
      `${`${((100 * grouped) / dense).toFixed(0)} %`.padStart(8)}`,
  );
}

/** Median seconds of one replay, warm. */
async function timePlan(open: OpenDevice, plan: Plan, filled: readonly Filled[]): Promise<number> {
  const runtime = await GpuRuntime.create(open.device, [plan], {
    extra: filled.map(({ tensor }) => tensor.storage),
  });
  for (const { tensor, values } of filled) runtime.write(tensor, values);
  const scalars = { step: 1, sampleOffset: 0, dropoutSeed: 1, lossScale: 1 };
  const times: number[] = [];
  for (let round = 0; round < rounds + 2; round++) {
    const start = performance.now();
    await (await runtime.submit(new Array(replays).fill({ plan, scalars }))).done;
    if (round >= 2) times.push((performance.now() - start) / 1000 / replays);
  }
  runtime.dispose();
  return median(times);
}

/** Numbers of mean 0 from a fixed seed (a linear congruential generator: it need not be good). */
function noise(count: number, deviation: number): Float32Array {
  let state = 12_345;
  const uniform = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  return Float32Array.from(
    { length: count },
    () => deviation * (uniform() + uniform() + uniform() + uniform() - 2),
  );
}
