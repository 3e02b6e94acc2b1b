// Workers and the caller's own thread: equal bits whatever their number, and workers that die or never answer.
import { digest } from 'virtual:wasm-kernels';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import { nodePorts, nodeThreads } from '../../../src/cli/threads/wasm.ts';
import { recordMatmul } from '../../../src/kernels/matmul.ts';
import { softmaxForward } from '../../../src/kernels/softmax.ts';
import { type Engine, wasmCapabilities, wasmEngine } from '../../../src/lab/plans/engine.ts';
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
import { usualPatience } from '../../../src/runtime/wasm/silence.ts';
import type { ThreadAnswer, ThreadOrder } from '../../../src/runtime/wasm/thread.ts';
import { WasmRuntime } from '../../../src/runtime/wasm-runtime.ts';
import { exampleProfile } from '../../cli/example-profile.ts';
import { near } from '../../near.ts';

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

describe('a lone thread', () => {
  it('lets messages through, and goes on in a hidden tab, whose timers are held back', async () => {
    const { plan, y } = productPlan();
    const runtime = await WasmRuntime.create(await loadWasmKernels(false), ownThread(), [plan]);
    vi.useFakeTimers({ toFake: ['setTimeout'] }); // none ever comes
    let now = 0;
    vi.spyOn(performance, 'now').mockImplementation(() => (now += 50)); // each dispatch is a turn of its own
    let messages = 0;
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => messages++;
    try {
      const { done } = await runtime.submit([{ plan, scalars: {} }], [y]);
      port2.postMessage('meanwhile');
      await done;
      expect(messages).toBe(1);
    } finally {
      port1.close();
      vi.restoreAllMocks();
      vi.useRealTimers();
    }
  });
});

/** A port that answers by hand, but to `load`, which it answers by itself unless it is deaf. */
function fakePort(isDeaf = false) {
  const orders: ThreadOrder[] = [];
  let answer: (message: ThreadAnswer) => void = () => undefined;
  let fail: (error: Error) => void = () => undefined;
  let isEnded = false;
  const port: ThreadPort = {
    post: (order) => {
      orders.push(order);
      if (order.kind === 'load' && !isDeaf) answer({ runtime: order.runtime });
    },
    listen: (onAnswer, onFailure) => {
      [answer, fail] = [onAnswer, onFailure];
    },
    terminate: () => {
      isEnded = true;
    },
  };
  return {
    port,
    orders,
    isEnded: () => isEnded,
    answer: (message: ThreadAnswer) => answer(message),
    fail: (error: Error) => fail(error),
  };
}

const impatience = { lookMilliseconds: 2, looks: 3 };

/** A pool of fakes. */
function fakePool(ports: readonly ReturnType<typeof fakePort>[], patience = usualPatience) {
  let next = 0;
  return workerThreads(
    ports.length,
    () => {
      const port = ports[next++]?.port;
      if (!port) throw new Error('no more workers');
      return port;
    },
    patience,
  );
}

describe('a worker that fails', () => {
  afterEach(() => void vi.useRealTimers());
  const load = async () => {
    const ports = [fakePort(), fakePort()] as const;
    const threads = fakePool(ports);
    const { plan, y } = productPlan();
    const runtime = await WasmRuntime.create(await loadWasmKernels(true), threads, [plan]);
    const { done } = await runtime.submit([{ plan, scalars: {} }], [y]);
    return { threads, ports, plan, runtime, done };
  };

  it('fails what is under way and all that comes after, with its reason, and the others end', async () => {
    const { threads, ports, plan, runtime, done } = await load();
    ports[0].answer({ runtime: 0 });
    ports[1].fail(new Error('it exited with 1'));
    const reason = /thread 2 of 2 is gone: it exited with 1\. What comes next computes on fewer threads/;
    await expect(done).rejects.toThrow(reason);
    await expect((await runtime.submit([{ plan, scalars: {} }])).done).rejects.toThrow(reason);
    await expect(runtime.idle()).rejects.toThrow(reason);
    await expect(threads.lost).resolves.toMatchObject({ name: 'ThreadLostError' });
    expect(ports.map((port) => port.isEnded())).toEqual([true, true]);
  });

  it('is lost when nothing moves within a step, and not while something does', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    const { threads, ports, done } = await load();
    const [order] = ports[0].orders;
    if (order?.kind !== 'load') throw new Error('the first order loads');
    const { memory, controlAddress } = order.setup;
    const control = new Int32Array(memory.buffer, controlAddress, 8);
    for (let second = 0; second < 100; second++) {
      if (second % 50 === 0) Atomics.add(control, 1, 1); // a meeting
      vi.advanceTimersByTime(1000);
    }
    expect(threads.hasFailed()).toBe(false);
    vi.advanceTimersByTime(60_000);
    await expect(done).rejects.toThrow(/one of 2 threads does not answer: nothing moved for 60 s/);
    expect(ports.map((port) => port.isEnded())).toEqual([true, true]);
  });

  it('is not missed between steps, however long they are apart', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    const { threads, ports, done } = await load();
    for (const port of ports) port.answer({ runtime: 0 });
    await done;
    vi.advanceTimersByTime(600_000);
    expect(threads.hasFailed()).toBe(false);
  });

  it('hands over what is timed as one order, however often it runs', async () => {
    const ports = [fakePort(), fakePort()] as const;
    const { plan } = productPlan();
    const runtime = await WasmRuntime.create(await loadWasmKernels(true), fakePool(ports), [plan]);
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

  it('tells of a trap, which is no loss of a thread', async () => {
    const { ports, done } = await load();
    ports[1].answer({ runtime: 0, error: 'memory access out of bounds' });
    await expect(done).rejects.toThrow(/a thread stopped: memory access out of bounds/);
    await expect(done).rejects.not.toMatchObject({ name: 'ThreadLostError' });
  });

  it('is lost where a real worker waits for it within a step, and that one ends', async () => {
    const spawn = await nodePorts();
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    const silent = fakePort();
    let real: ThreadPort | undefined;
    const threads = workerThreads(2, () => {
      if (real) return silent.port;
      real = spawn();
      vi.spyOn(real, 'terminate');
      return real;
    });
    const { plan, y } = productPlan();
    const runtime = await WasmRuntime.create(await loadWasmKernels(true), threads, [plan]);
    const [order] = silent.orders;
    if (order?.kind !== 'load') throw new Error('the first order loads');
    const control = new Int32Array(order.setup.memory.buffer, order.setup.controlAddress, 1);
    const { done } = await runtime.submit([{ plan, scalars: {} }], [y]);
    // It has done its part of the first dispatch, or all of it, and waits for the other.
    await expect.poll(() => Atomics.load(control, 0)).toBe(1);
    vi.advanceTimersByTime(61_000);
    await expect(done).rejects.toThrow(/one of 2 threads does not answer: nothing moved for 60 s/);
    await expect(threads.lost).resolves.toMatchObject({ name: 'ThreadLostError' });
    expect(real?.terminate).toHaveBeenCalledOnce();
  });

  it('lets a real worker go that waits for one that is gone', async () => {
    const threads = await start(2);
    const { plan } = productPlan();
    const runtime = await WasmRuntime.create(await loadWasmKernels(true), threads, [plan]);
    threads.dispose();
    await expect((await runtime.submit([{ plan, scalars: {} }])).done).rejects.toThrow(/threads were ended/);
  });
});

describe('the engine of threads', () => {
  /** Pools by their size; what is not there does not start. */
  const engineOf = async (pools: Readonly<Record<number, () => WasmThreads>>, threads: number) => {
    const told: string[] = [];
    const started: number[] = [];
    const engine = wasmEngine(await loadWasmKernels(true), {
      threads,
      start: (count) => {
        started.push(count);
        return (
          pools[count]?.() ??
          fakePool(
            Array.from({ length: count }, () => fakePort(true)),
            impatience,
          )
        );
      },
    });
    engine.onDropped = (message) => void told.push(message);
    return { engine, told, started };
  };
  const { plan, y } = productPlan();
  const compute = async ({ createRuntime }: Engine) => {
    const runtime = await createRuntime([plan], []);
    return (await runtime.submit([{ plan, scalars: {} }], [y])).done;
  };

  it('takes half of the threads, then its own, where workers never answer', async () => {
    const { engine, told, started } = await engineOf({}, 4);
    expect(engine.measurable?.processor?.threads).toBe(4);
    engine.profile = exampleProfile.profile;
    engine.trainingFlopsPerSecond = 8e9;
    expect(await compute(engine)).toHaveLength(1);
    expect(started).toEqual([4, 2, 1]);
    expect(told).toEqual([
      expect.stringMatching(/one of 4 threads does not answer.* Now it is 2 threads\./),
      expect.stringMatching(/one of 2 threads does not answer.* Now it is 1 thread\./),
      expect.stringMatching(/the only thread does not answer.* Now it is the thread of the lab\./),
    ]);
    expect(engine.measurable?.processor?.threads).toBe(1);
    expect(engine.measurable?.facts).toContain('1 thread');
    // A profile is kept by these: one of other kernels is none of these.
    expect(engine.measurable?.facts).toContain(`kernels ${digest}`);
    expect(engine.profile).toBeUndefined(); // it was of four threads
    expect(engine.trainingFlopsPerSecond).toEqual(near(2e9));
  });

  it('names the one that never starts, and the ones that the browser refuses', async () => {
    const deaf = () => fakePool([fakePort(), fakePort(true)], impatience);
    const none = () => workerThreads(1, () => fail('too many workers'));
    const { engine, told } = await engineOf({ 2: deaf, 1: none }, 2);
    await compute(engine);
    expect(told).toEqual([
      expect.stringMatching(/thread 2 of 2 does not answer: nothing moved/),
      expect.stringMatching(/the only thread did not start: too many workers/),
    ]);
  });

  it('goes on with fewer after a thread that found no memory, and after one that died in a step', async () => {
    const three = [fakePort(), fakePort(), fakePort(true)] as const;
    const one = fakePort();
    const pools = { 3: () => fakePool(three), 1: () => fakePool([one]) };
    const { engine, told } = await engineOf(pools, 3);
    const created = engine.createRuntime([plan], []);
    await expect.poll(() => three[2].orders.length).toBe(1);
    three[2].answer({ runtime: 0, error: 'could not allocate memory' });
    const runtime = await created;
    expect(told).toEqual([expect.stringMatching(/thread 3 of 3 did not start: could not allocate memory/)]);
    const { done } = await runtime.submit([{ plan, scalars: {} }], [y]);
    one.fail(new Error('it exited with 1'));
    await expect(done).rejects.toThrow('the only thread is gone: it exited with 1');
    expect(told[1]).toMatch(/Now it is the thread of the lab/);
    expect(await compute(engine)).toHaveLength(1);
  });

  it('tells of refused memory at once: fewer threads would not help', async () => {
    const { engine, started } = await engineOf({ 2: () => fakePool([fakePort(), fakePort()]) }, 2);
    const moments = persistentTensor('all moments', [2 ** 30], 'f32', 'moments');
    await expect(engine.createRuntime([plan], [moments.storage])).rejects.toMatchObject({
      name: 'OutOfMemoryError',
      message: expect.stringMatching(/all moments alone takes 4294967296\. Choose a smaller model/),
    });
    expect(started).toEqual([2]);
  });
});

function fail(message: string): never {
  throw new Error(message);
}
