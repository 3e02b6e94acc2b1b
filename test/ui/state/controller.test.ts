// The page's logic over a fake lab: what is asked of the worker, in which order, and what is shown.

import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { DeviceInfo } from '../../../src/contract/device.ts';
import type { Problem } from '../../../src/contract/values.ts';
import { fakeCalibration, fakeGpu } from '../page/fake-device.ts';
import { fakeStep } from '../page/fake-lab.ts';
import { kinds, open, replaced } from './page-bench.ts';

beforeEach(() => {
  vi.useFakeTimers();
});

describe('lab controller', () => {
  it('opens the device and predicts, but starts nothing', async () => {
    const bench = await open({}, 'preset=small-llama');
    const { state } = bench.controller;
    expect(state.presetId).toBe('small-llama');
    expect(state.device.kind).toBe('done');
    expect(state.prediction.kind).toBe('done');
    expect(bench.calls).not.toContain('start');
    expect(bench.calls).not.toContain('selfTest');
    expect(bench.calls).not.toContain('calibrate');
  });

  it('shows what an address did not mean', async () => {
    const { controller } = await open({}, 'preset=nonsense');
    expect(controller.state.notices).toEqual(['The address names no preset of ours: nonsense.']);
  });

  it('checks and calibrates what each run needs before it starts', async () => {
    const bench = await open();
    await bench.controller.train();
    const order = ['selfTest', 'calibrateQuickly', 'start'];
    expect(bench.calls.filter((name) => order.includes(name))).toEqual(order);
    await bench.controller.stop();
    await bench.controller.train();
    expect(bench.calls.filter((name) => order.includes(name))).toEqual([...order, ...order]);
  });

  it('does not calibrate when it is told not to', async () => {
    const bench = await open();
    bench.controller.setMeasureFirst('never');
    await bench.controller.train();
    expect(bench.calls).not.toContain('calibrateQuickly');
    expect(bench.calls).toContain('start');
    await bench.controller.stop();
    bench.controller.setMeasureFirst('fully');
    await bench.controller.train();
    expect(bench.calls).toContain('calibrate');
  });

  it('predicts the open run anew once its device is measured', async () => {
    const { controller } = await open();
    controller.setMeasureFirst('never');
    await controller.train();
    expect(controller.state.run.prediction?.secondsPerStep).toBeUndefined();
    await controller.calibrate(false);
    expect(controller.state.run).toMatchObject({ state: 'running' });
    expect(controller.state.run.prediction?.secondsPerStep).toBeGreaterThan(0);
  });

  it('takes the figures that were measured while a run trains, and predicts it by them', async () => {
    let secondsPerStep = 2;
    const bench = await open({ isCalibrated: true }, '', (lab) =>
      replaced(lab, {
        predict: async (experiment) => {
          const predicted = await lab.predict(experiment);
          return predicted.kind === 'ok'
            ? { ...predicted, value: { ...predicted.value, secondsPerStep } }
            : predicted;
        },
      }),
    );
    await bench.controller.train();
    secondsPerStep = 1;
    bench.fake.send({ kind: 'calibrated', report: { ...fakeCalibration, timer: 'more of it' } });
    await vi.advanceTimersByTimeAsync(10);
    const { calibration, run } = bench.controller.state;
    expect(calibration).toMatchObject({ kind: 'done', value: { timer: 'more of it' } });
    expect(run).toMatchObject({ state: 'running', prediction: { secondsPerStep: 1 } });
  });

  it('does not train on a device that failed its check unless it is trusted', async () => {
    const bench = await open({ selfTestPasses: false });
    await bench.controller.train();
    expect(bench.calls).not.toContain('start');
    expect(bench.calls).not.toContain('acceptWrongKernels');
    await bench.controller.train(true);
    const asked = bench.calls.filter((name) => name === 'acceptWrongKernels' || name === 'start');
    expect(asked).toEqual(['acceptWrongKernels', 'start']); // the worker would refuse otherwise
    await bench.controller.pause();
    await bench.controller.resume();
    expect(bench.calls).toContain('resume');
  });

  it('collects the curve and counts it in the title', async () => {
    const bench = await open();
    await bench.controller.train();
    bench.fake.send({ kind: 'steps', steps: [fakeStep(1), fakeStep(2)] });
    const { state } = bench.controller;
    expect(state.series.points.map(({ step }) => step)).toEqual([1, 2]);
    expect(state.series.floors?.uniform).toBeCloseTo(Math.log(65));
    expect(state.run).toMatchObject({ state: 'running', totalSteps: 400 });
    expect(bench.titles[bench.titles.length - 1]).toBe(
      `0% · loss ${fakeStep(2).loss.toFixed(3)} · Flopscope`,
    );
  });

  it('asks for one update in a frame, however many events come', async () => {
    const bench = await open();
    for (const frame of bench.frames.splice(0)) frame();
    const before = bench.updates;
    for (let step = 1; step <= 50; step += 1) bench.fake.send({ kind: 'steps', steps: [fakeStep(step)] });
    expect(bench.frames.length).toBe(1);
    for (const frame of bench.frames.splice(0)) frame();
    expect(bench.updates).toBe(before + 1);
  });

  it('shows a refused start with its reason', async () => {
    const problem: Problem = { kind: 'tooLarge', message: 'plan: logits need 3.2 GB, the limit is 2 GB.' };
    const bench = await open({ startProblem: problem });
    await bench.controller.train();
    expect(bench.controller.state.problems[0]?.problem).toEqual(problem);
    expect(bench.controller.state.run.state).toBe('failed');
  });

  it('goes on without a GPU, without calibrating, and says why', async () => {
    const bench = await open({
      device: {
        kind: 'ok',
        value: {
          runtime: 'cpu',
          vendor: '',
          architecture: '',
          description: '',
          isSoftware: true,
          features: [],
          limits: [],
          fallbackReason: { kind: 'noAdapter', message: 'requestAdapter gave none.' },
        },
      },
    });
    expect(kinds(bench)).toEqual(['noAdapter']);
    await bench.controller.train();
    expect(bench.calls).not.toContain('calibrate');
    expect(bench.calls).not.toContain('selfTest');
    expect(bench.calls).toContain('start');
  });

  it('measures the threads of a processor before a run, which nobody has to check', async () => {
    const value: DeviceInfo = { ...fakeGpu, runtime: 'wasm', description: 'Your processor, 2 threads' };
    const bench = await open({ device: { kind: 'ok', value } });
    await bench.controller.train();
    const order = ['selfTest', 'calibrateQuickly', 'start'];
    expect(bench.calls.filter((name) => order.includes(name))).toEqual(order.slice(1));
  });

  it('takes the runtime of the address, and closes the run when another is chosen', async () => {
    const { controller, fake } = await open({}, 'preset=small-llama&runtime=wasm&threads=1');
    const { state } = controller;
    expect(state).toMatchObject({ presetId: 'small-llama', notices: [], runtime: { threads: 1 } });
    await controller.train();
    await controller.stop();
    expect(await controller.chooseRuntime({ runtime: 'gpu' })).toBe(true);
    expect(controller.state).toMatchObject({ runtime: { runtime: 'gpu' }, run: { state: 'idle' }, busy: '' });
    expect(fake.calls.filter((name) => name === 'openDevice')).toHaveLength(2);
  });

  it('says that the worker is gone and stops waiting', async () => {
    const bench = await open();
    await bench.controller.train();
    bench.die('it ended');
    await vi.advanceTimersByTimeAsync(1);
    expect(bench.controller.state).toMatchObject({ isWorkerGone: true, busy: '' });
    expect(bench.controller.state.run.state).toBe('failed');
    expect(kinds(bench)).toEqual(['internal']);
  });

  it('turns an exception of the worker into a problem on display', async () => {
    const fromAddress = () => Promise.reject(new Error('address: broken'));
    const bench = await open({}, '', (lab) => replaced(lab, { fromAddress }));
    expect(bench.controller.state.problems[0]?.problem).toEqual({
      kind: 'internal',
      message: 'address: broken',
    });
  });

  it('steps only a paused run', async () => {
    const bench = await open();
    await bench.controller.train();
    await bench.controller.step();
    expect(bench.calls).not.toContain('step');
    await bench.controller.pause();
    await bench.controller.step();
    expect(bench.controller.state.run.last?.step).toBe(1);
  });

  it('does not let late text overwrite what the sampler returned', async () => {
    let late: ((text: string) => void) | undefined;
    const bench = await open({}, '', (lab) =>
      replaced(lab, {
        sample: (request, onText) => {
          late = onText;
          return lab.sample(request, onText);
        },
      }),
    );
    await bench.controller.sample({
      prompt: 'Once',
      maximumTokens: 10,
      temperature: 1,
      topK: 0,
      topP: 1,
      seed: 1,
    });
    late?.('too late');
    expect(bench.controller.state.sampler.text.startsWith('Once')).toBe(true);
    expect(bench.controller.state.sampler).toMatchObject({ isRunning: false, report: { tokens: 10 } });
  });

  it('continues a saved run with its whole curve', async () => {
    const bench = await open({ hasSavedRun: true });
    expect(bench.controller.state.savedRuns).toHaveLength(1);
    await bench.controller.saved.goOn('a');
    expect(bench.controller.state.series.points).toHaveLength(120);
    expect(bench.controller.state.run.state).toBe('running');
    expect(bench.calls).toContain('selfTest');
  });

  it('asks for the device again when it was lost', async () => {
    const bench = await open();
    await bench.controller.train();
    const count = (): number => bench.calls.filter((name) => name === 'openDevice').length;
    expect(count()).toBe(1);
    bench.fake.send({
      kind: 'problem',
      problem: { kind: 'deviceLost', message: 'The GPU was lost (unknown).' },
    });
    await vi.advanceTimersByTimeAsync(10);
    expect(count()).toBe(2);
    expect(bench.controller.state.device.kind).toBe('done');
    expect(kinds(bench)).toEqual(['deviceLost']);
  });

  it('asks what computes when a thread was replaced while a runtime was made, and the run goes on', async () => {
    let threads = 2;
    const bench = await open({}, '', (lab) =>
      replaced(lab, {
        openDevice: async (choice) => {
          const opened = await lab.openDevice(choice);
          return opened.kind === 'ok' ? { ...opened, value: { ...opened.value, threads } } : opened;
        },
      }),
    );
    await bench.controller.train();
    const shown = () => {
      const { device } = bench.controller.state;
      return device.kind === 'done' ? device.value.threads : undefined;
    };
    expect(shown()).toBe(2);
    threads = 1;
    bench.fake.send({ kind: 'deviceChanged' });
    await vi.advanceTimersByTimeAsync(10);
    expect(shown()).toBe(1);
    expect(bench.controller.state.run.state).toBe('running');
    expect(kinds(bench)).toEqual([]);
  });

  it('does not go on with the run before when a saved one does not open', async () => {
    const problem: Problem = { kind: 'invalidFile', message: 'saved runs: damaged.' };
    const bench = await open({}, '', (lab) =>
      replaced(lab, { openSavedRun: async () => ({ kind: 'problem', problem }) }),
    );
    await bench.controller.train();
    await bench.controller.pause();
    await bench.controller.saved.goOn('a');
    expect(bench.calls).not.toContain('resume');
    expect(kinds(bench)).toEqual(['invalidFile']);
    expect(
      await bench.controller.saved.importRun([{ name: 'good.safetensors', content: new Blob(['x']) }]),
    ).toBe(true);
    expect(kinds(bench)).toEqual([]);
  });

  it('prepares a run for the kernel table when there is none', async () => {
    const bench = await open();
    await bench.controller.showKernels(true);
    expect(bench.calls).toContain('prepare');
    expect(bench.controller.state.run.state).toBe('paused');
    expect(bench.controller.state.kernels.kind).toBe('done');
  });

  it('says why there is no kernel table when no run could be prepared, and nothing else', async () => {
    const startProblem: Problem = { kind: 'tooLarge', message: 'model: needs 9 GiB.' };
    const bench = await open({ startProblem });
    await bench.controller.showKernels(true);
    expect(kinds(bench)).toEqual(['tooLarge']);
    expect(bench.calls).not.toContain('kernelTable');
  });

  it('writes the address of the form and closes the worker with the page', async () => {
    const bench = await open();
    bench.controller.form.choosePreset('shakespeare-cpu');
    await vi.advanceTimersByTimeAsync(100);
    expect(bench.addresses[bench.addresses.length - 1]).toBe('v=1&preset=shakespeare-cpu');
    bench.controller.hostDisconnected();
    expect(bench.closed).toBe(true);
  });

  it('looks for other tabs’ runs no more once the page is gone', async () => {
    let answer: (() => void) | undefined;
    let looks = 0;
    const run = { id: 'a', title: 'Nano', savedAt: '', step: 1, totalSteps: 2, loss: 1, bytes: 1 };
    const bench = await open({}, '', (lab) =>
      replaced(lab, {
        savedRuns: async () => {
          looks += 1;
          if (looks > 1)
            await new Promise<void>((resolve) => {
              answer = resolve;
            });
          return [{ ...run, isElsewhere: true }];
        },
      }),
    );
    await vi.advanceTimersByTimeAsync(3000);
    expect(looks).toBe(2);
    bench.controller.hostDisconnected();
    answer?.();
    await vi.advanceTimersByTimeAsync(10);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('says that storage is full until something is saved again', async () => {
    const bench = await open();
    await bench.controller.train();
    bench.fake.send({ kind: 'problem', problem: { kind: 'storageFull', message: 'no room' } });
    expect(kinds(bench)).toEqual(['storageFull']);
    bench.fake.send({ kind: 'saved', step: 10, bytes: 100 });
    expect(kinds(bench)).toEqual([]);
  });
});
