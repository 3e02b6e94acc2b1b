// What the worker says of the processor's threads when some of them are replaced by fewer.
import { expect, it, vi } from 'vitest';
import { cpuEngine, type Engine } from '../../src/lab/plans/engine.ts';
import { Devices } from '../../src/worker/devices.ts';
import { MemoryStorage } from './memory-storage.ts';

/** The devices of a worker whose processor has two threads, one of which can be lost, and whom they tell. */
async function openFake() {
  let threads = 2;
  const createRuntime = vi.fn(() => Promise.reject(new Error('no rate is measured here')));
  const engine: Engine = { ...cpuEngine(2 ** 30), kind: 'wasm', createRuntime };
  const processor = {
    engine,
    get threads() {
      return threads;
    },
    close: () => undefined,
  };
  const [onLost, onChanged] = [vi.fn(), vi.fn()];
  const devices = new Devices(new MemoryStorage().asRunStorage(), onLost, onChanged, async () => processor);
  await devices.choose({ runtime: 'wasm' });
  const lose = () => {
    threads = 1;
    engine.onDropped?.('WasmRuntime: thread 2 of 2 is gone. Now it is 1 thread.');
  };
  return { devices, lose, onLost, onChanged, createRuntime };
}

it('tells that threads were replaced, and the next opening says by how many and why', async () => {
  const { devices, lose, onLost, onChanged } = await openFake();
  expect(await devices.open()).toMatchObject({ threads: 2, description: 'Your processor, 2 threads' });
  lose();
  expect(onChanged).toHaveBeenCalledOnce();
  expect(onLost).not.toHaveBeenCalled();
  expect(await devices.open()).toMatchObject({
    threads: 1,
    description: 'Your processor, 1 thread',
    advice: expect.stringMatching(/thread 2 of 2 is gone.* Now it is 1 thread/),
  });
});

it('times no probe beside a run when threads were replaced', async () => {
  const { devices, lose, createRuntime } = await openFake();
  await devices.open();
  const calls = createRuntime.mock.calls.length;
  expect(calls).toBeGreaterThan(0);
  lose();
  await devices.open();
  expect(createRuntime.mock.calls.length).toBe(calls);
});

it('says nothing of threads that something else has taken the place of', async () => {
  const { devices, lose, onChanged } = await openFake();
  await devices.open();
  await devices.choose({ runtime: 'gpu' });
  lose();
  expect(onChanged).not.toHaveBeenCalled();
});

it('computes by reference loops where WebAssembly does not serve, and says why', async () => {
  const why =
    'wasm: this machine runs no WebAssembly with SIMD. Update the browser, or take another runtime.';
  const none = () => Promise.reject(new Error(why));
  const devices = new Devices(new MemoryStorage().asRunStorage(), vi.fn(), vi.fn(), none);
  await devices.choose({ runtime: 'wasm' });
  const { runtime, description, advice } = await devices.open();
  expect([runtime, description]).toEqual(['cpu', 'Reference loops on the processor']);
  expect(advice).toContain(why);
});
