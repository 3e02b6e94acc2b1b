// Figures of the device that grow while a run trains, with a clock of the test's own.
import { beforeEach, expect, it, vi } from 'vitest';
import type { CalibrationReport } from '../../src/contract/device.ts';
import type { LabEvent } from '../../src/contract/runs.ts';
import type { Devices } from '../../src/worker/devices.ts';
import { Refinement } from '../../src/worker/refinement.ts';
import type { Runs } from '../../src/worker/run/runs.ts';

let now: number;
beforeEach(() => {
  now = 0;
  vi.spyOn(performance, 'now').mockImplementation(() => now);
});

const steps: LabEvent = { kind: 'steps', steps: [] };

/** A run whose device gives these figures one after another, each after so many milliseconds. */
function refinementOf(figures: readonly (CalibrationReport | Error)[], milliseconds = 200) {
  const left = [...figures];
  const refine = vi.fn<Devices['refine']>(async () => {
    now += milliseconds;
    const next = left.shift();
    if (next instanceof Error) throw next;
    return next;
  });
  const run = { plans: {}, sampling: undefined };
  const withRun = ((task: (opened: unknown) => unknown) => Promise.resolve(task(run))) as Runs['withRun'];
  const told: LabEvent[] = [];
  const refinement = new Refinement({ refine }, { withRun }, (event) => told.push(event));
  const train = async (seconds: number) => {
    for (const end = now + 1000 * seconds; now < end; now += 100) {
      refinement.follow(steps);
      await new Promise(setImmediate);
    }
  };
  return { refinement, refine, told, train };
}

const report = { timer: 'test' } as CalibrationReport;
const prepared = { kind: 'prepared' } as LabEvent;

it('measures a moment now and then until nothing is left, and tells what it found', async () => {
  const { refinement, refine, told, train } = refinementOf([report, report]);
  await train(10);
  expect(refine).not.toHaveBeenCalled(); // nothing was prepared
  refinement.follow(prepared);
  await train(3);
  expect(refine).not.toHaveBeenCalled();
  await train(20);
  expect(told).toEqual([
    { kind: 'calibrated', report },
    { kind: 'calibrated', report },
  ]);
  expect(refine).toHaveBeenCalledTimes(3);
  await train(60);
  expect(refine).toHaveBeenCalledTimes(3);
});

it('lets the run train nineteen times as long as a moment took', async () => {
  const { refinement, refine, train } = refinementOf([report, report, report], 2000);
  refinement.follow(prepared);
  await train(5);
  expect(refine).toHaveBeenCalledTimes(1);
  await train(35);
  expect(refine).toHaveBeenCalledTimes(1);
  await train(5);
  expect(refine).toHaveBeenCalledTimes(2);
});

it('leaves it at what is known where there is no room beside the run', async () => {
  const { refinement, refine, told, train } = refinementOf([new Error('no memory'), report]);
  refinement.follow(prepared);
  await train(60);
  expect([told, refine.mock.calls.length]).toEqual([[], 1]);
});

it('goes on with a run that was prepared while the one before had its last moment', async () => {
  const { refinement, refine, told, train } = refinementOf([]);
  refine.mockImplementationOnce(async () => {
    now += 200;
    refinement.follow(prepared);
    return undefined; // of the run before nothing is left
  });
  refine.mockImplementationOnce(async () => report);
  refinement.follow(prepared);
  await train(20);
  expect(told).toEqual([{ kind: 'calibrated', report }]);
});
