// Opening a device: the runtime that is chosen, and what there was where another one is refused.
import { expect, it } from 'vitest';
import type { RuntimeChoice } from '../../../src/contract/device.ts';
import type { Lab } from '../../../src/contract/lab.ts';
import { DeviceChecks } from '../../../src/ui/state/device-checks.ts';
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
  await checks.open();
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
