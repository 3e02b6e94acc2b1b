// Workers and the caller's own thread: equal bits whatever their number, and a worker that dies.
import { afterAll, describe, expect, it } from 'vitest';
import { nodeThreads } from '../../../src/cli/wasm-threads.ts';
import { recordMatmul } from '../../../src/kernels/matmul.ts';
import { softmaxForward } from '../../../src/kernels/softmax.ts';
import { wasmCapabilities } from '../../../src/lab/plans/engine.ts';
import { freeze } from '../../../src/plan/plan.ts';
import { persistentTensor } from '../../../src/plan/store.ts';
import { Tape } from '../../../src/plan/tape.ts';
import { loadWasmKernels } from '../../../src/runtime/wasm/kernels.ts';
import {
  ownThread,
  type ThreadPort,
  type WasmThreads,
  workerThreads,
} from '../../../src/runtime/wasm/pool.ts';
import type { ThreadAnswer, ThreadOrder } from '../../../src/runtime/wasm/thread.ts';
import { WasmRuntime } from '../../../src/runtime/wasm-runtime.ts';

const pools: WasmThreads[] = [];
const start = async (count: number) => {
  const threads = (await nodeThreads())(count);
  pools.push(threads);
  return threads;
};

afterAll(() => {
  for (const pool of pools) pool.dispose();
});

const [rows, columns, inner] = [150, 130, 97];

/** softmax(x · w), several times over. */
function productPlan() {
  const tape = new Tape({ capabilities: wasmCapabilities });
  const x = persistentTensor('x', [rows, inner], 'f32', 'state');
  const w = persistentTensor('w', [inner, columns], 'f32', 'state');
  const y = persistentTensor('y', [rows, columns], 'f32', 'state');
  const product = tape.tensor('product', [rows, columns]);
  for (let i = 0; i < 20; i++) {
    recordMatmul(tape, 'nn', { x, w, y: product }, { rows, columns, inner });
    tape.dispatch(softmaxForward, { rows, columns }, { x: product, y });
  }
  return { plan: freeze('product', tape), x, w, y };
}

async function compute(threads: WasmThreads, isShared: boolean) {
  const { plan, x, w, y } = productPlan();
  const runtime = await WasmRuntime.create(await loadWasmKernels(isShared), threads, [plan]);
  runtime.write(
    x,
    Float32Array.from({ length: rows * inner }, (_, i) => Math.sin(i)),
  );
  runtime.write(
    w,
    Float32Array.from({ length: inner * columns }, (_, i) => Math.cos(i)),
  );
  const { done } = await runtime.submit([{ plan, scalars: {} }], [y]);
  const [result] = await done;
  runtime.dispose();
  return Float32Array.from(result ?? []);
}

describe('threads', () => {
  it('give the same bits in any number, and where memory is not shared', async () => {
    const alone = await compute(ownThread(), false);
    expect(alone.reduce((sum, value) => sum + value, 0)).toBeCloseTo(rows, 3);
    for (const count of [1, 2, 3]) expect(await compute(await start(count), true)).toEqual(alone);
  });

  it('serve several runtimes one after another', async () => {
    const threads = await start(2);
    expect(await compute(threads, true)).toEqual(await compute(threads, true));
  });
});

/** A port that answers by hand. */
function fakePort() {
  const orders: ThreadOrder[] = [];
  let answer: (message: ThreadAnswer) => void = () => undefined;
  let fail: (error: Error) => void = () => undefined;
  const port: ThreadPort = {
    post: (order) => {
      orders.push(order);
      if (order.kind === 'load') answer({ runtime: order.runtime });
    },
    listen: (onAnswer, onFailure) => {
      [answer, fail] = [onAnswer, onFailure];
    },
    terminate: () => undefined,
  };
  return {
    port,
    orders,
    answer: (message: ThreadAnswer) => answer(message),
    fail: (error: Error) => fail(error),
  };
}

describe('a worker that fails', () => {
  const load = async () => {
    const ports = [fakePort(), fakePort()] as const;
    let next = 0;
    const threads = workerThreads(2, () => (ports[next++] ?? ports[0]).port);
    const { plan, y } = productPlan();
    const runtime = await WasmRuntime.create(await loadWasmKernels(true), threads, [plan]);
    const { done } = await runtime.submit([{ plan, scalars: {} }], [y]);
    return { ports, plan, runtime, done };
  };

  it('fails what is under way and all that comes after, with its reason', async () => {
    const { ports, plan, runtime, done } = await load();
    ports[0].answer({ runtime: 0 });
    ports[1].fail(new Error('it exited with 1'));
    await expect(done).rejects.toThrow(/a thread is gone: it exited with 1\. Start again/);
    await expect((await runtime.submit([{ plan, scalars: {} }])).done).rejects.toThrow(/a thread is gone/);
    await expect(runtime.idle()).rejects.toThrow(/a thread is gone/);
  });

  it('hands over what is timed as one order, however often it runs', async () => {
    const ports = [fakePort(), fakePort()] as const;
    let next = 0;
    const threads = workerThreads(2, () => (ports[next++] ?? ports[0]).port);
    const { plan } = productPlan();
    const runtime = await WasmRuntime.create(await loadWasmKernels(true), threads, [plan]);
    const dispatches = [0, 1, 3].map((index) => ({ plan, scalars: {}, index }));
    const timed = runtime.secondsOf(dispatches, 500);
    await expect.poll(() => ports[1].orders.length).toBe(2);
    const run = ports[0].orders[1];
    expect(run).toMatchObject({ kind: 'run', times: 500 });
    expect(run?.kind === 'run' && run.jobs.map(({ from, to }) => [from, to])).toEqual([
      [0, 1],
      [1, 2],
      [3, 4],
    ]);
    for (const port of ports) port.answer({ runtime: 0 });
    expect(await timed).toBeGreaterThanOrEqual(0);
    expect(ports[0].orders).toHaveLength(2);
  });

  it('tells of a trap', async () => {
    const { ports, done } = await load();
    ports[1].answer({ runtime: 0, error: 'memory access out of bounds' });
    await expect(done).rejects.toThrow(/a thread stopped: memory access out of bounds/);
  });

  it('lets a real worker go that waits for one that is gone', async () => {
    const threads = await start(2);
    const { plan } = productPlan();
    const runtime = await WasmRuntime.create(await loadWasmKernels(true), threads, [plan]);
    threads.dispose();
    await expect((await runtime.submit([{ plan, scalars: {} }])).done).rejects.toThrow(/threads were ended/);
  });
});
