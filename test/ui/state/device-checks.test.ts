// Opening a device: the runtime that is chosen, and what there was where another one is refused.
import { expect, it } from 'vitest';
import type { RuntimeChoice } from '../../../src/contract/device.ts';
import type { Lab } from '../../../src/contract/lab.ts';
import { DeviceChecks } from '../../../src/ui/state/device-checks.ts';
import type { PageState } from '../../../src/ui/state/state.ts';
import { PageStore } from '../../../src/ui/state/store.ts';
import { fakeCalibration, fakeGpu } from '../page/fake-device.ts';

it('opens what is chosen, and keeps it where another choice is refused', async () => {
  const asked: unknown[] = [];
  let isRefused = false;
  const lab: Partial<Lab> = {
    openDevice: async (choice) => {
      asked.push(choice);
      return isRefused
        ? { kind: 'problem', problem: { kind: 'busy', message: 'A run is training: pause it or wait.' } }
        : { kind: 'ok', value: { ...fakeGpu, runtime: choice?.runtime ?? 'cpu' } };
    },
    keptCalibration: async () => undefined,
  };
  const store = new PageStore(() => undefined);
  store.connect({ lab: lab as Lab, died: new Promise(() => undefined), close: () => undefined });
  const checks = new DeviceChecks(store);
  const processor: RuntimeChoice = { runtime: 'wasm', threads: 2 };

  expect(await checks.open()).toBe(true);
  expect(store.state.device).toMatchObject({ kind: 'done', value: { runtime: 'gpu' } });
  store.set({ calibration: { kind: 'done', value: fakeCalibration } });

  isRefused = true;
  expect(await checks.open(processor)).toBe(false);
  expect(store.state.problems.map(({ problem }) => problem.kind)).toEqual(['busy']);
  expect(store.state.device).toMatchObject({ kind: 'done', value: { runtime: 'gpu' } });
  expect(store.state).toMatchObject({ runtime: { runtime: 'gpu' }, calibration: { kind: 'done' } });

  isRefused = false;
  expect(await checks.open(processor)).toBe(true);
  // What was measured was another device.
  expect(store.state).toMatchObject({ runtime: processor, calibration: { kind: 'none' } });

  // The same choice with fewer threads than were measured: the lab keeps nothing of it.
  store.set({ calibration: { kind: 'done', value: fakeCalibration } });
  await checks.open();
  expect(store.state.calibration.kind).toBe('none');
  expect(asked).toEqual([{ runtime: 'gpu' }, processor, processor, processor]);
});

it('does not wait for ever for a device whose opening broke off', async () => {
  let isBroken = true;
  const lab: Partial<Lab> = {
    openDevice: async () => {
      if (isBroken) throw new Error('the message was lost');
      return { kind: 'ok', value: fakeGpu };
    },
    keptCalibration: async () => undefined,
  };
  const store = new PageStore(() => undefined);
  store.connect({ lab: lab as Lab, died: new Promise(() => undefined), close: () => undefined });
  const checks = new DeviceChecks(store);
  expect(await checks.open()).toBe(false);
  expect(store.state.device.kind).toBe('none');
  isBroken = false;
  expect(await checks.open()).toBe(true);
  isBroken = true; // what was open stays
  expect(await checks.open({ runtime: 'wasm' })).toBe(false);
  expect(store.state.device.kind).toBe('done');
});

it('goes on with the quicker of a software GPU that nobody chose and the processor', async () => {
  const software = { ...fakeGpu, isSoftware: true };
  const comparison = { gpuSeconds: 1.3, processorSeconds: 0.2, threads: 2, measuredShare: 0.9 };
  let asked = 0;
  const lab: Partial<Lab> = {
    openDevice: async () => ({ kind: 'ok', value: software }),
    takeQuicker: async (report) => {
      asked++;
      report(0.5, 'matmul');
      return { kind: 'ok', value: { ...software, runtime: 'wasm', comparison } };
    },
    keptCalibration: async () => fakeCalibration,
  };
  const store = new PageStore(() => undefined);
  store.connect({ lab: lab as Lab, died: new Promise(() => undefined), close: () => undefined });
  const checks = new DeviceChecks(store);
  const compare = async (changes: Partial<PageState>) => {
    store.set(changes);
    await checks.open();
    await checks.takeQuicker(store.state.experiment);
    return store.state.runtime;
  };
  const automatic = { runtime: 'gpu', isAutomatic: true } as const;
  // A choice counts, and so does that nothing is to be measured before a run.
  expect(await compare({ runtime: { runtime: 'gpu' } })).toEqual({ runtime: 'gpu' });
  expect(await compare({ runtime: automatic, measureFirst: 'never' })).toEqual(automatic);
  expect(asked).toBe(0);
  const taken = await compare({ runtime: automatic, measureFirst: 'quickly' });
  expect(taken).toEqual({ runtime: 'wasm', isAutomatic: true });
  expect(store.state.device).toMatchObject({ kind: 'done', value: { runtime: 'wasm', comparison } });
  expect(store.state.calibration.kind).toBe('done');
  // Each run is asked for: one that is much larger may be quicker on the GPU again.
  lab.takeQuicker = async () => ({ kind: 'ok', value: { ...software, comparison } });
  await checks.takeQuicker(store.state.experiment);
  expect(store.state.runtime).toEqual(automatic);
  // Where they cannot be compared, the GPU computes.
  lab.takeQuicker = async () => ({
    kind: 'problem',
    problem: { kind: 'busy', message: 'Calibration runs.' },
  });
  expect(await compare({ runtime: automatic })).toEqual(automatic);
  expect(store.state.device).toMatchObject({ kind: 'done', value: { runtime: 'gpu' } });
});
