// What may be queued at once, with a clock that the test moves.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { submitLimits } from '../../src/runtime/governor.ts';
import { InFlight } from '../../src/runtime/in-flight.ts';

const submit = { seconds: 0.01, isTimed: false, endsStep: false };

/** A promise with its ends in hand. */
function deferred() {
  let resolve = () => {};
  let reject = (_error: Error) => {};
  const promise = new Promise<void>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}

const settleMicrotasks = () => new Promise((resolve) => setTimeout(resolve, 0));

describe('InFlight', () => {
  it('lets two steps through and holds the third until the first is done', async () => {
    const inFlight = new InFlight();
    const steps = [deferred(), deferred()];
    for (const { promise } of steps) {
      await inFlight.makeRoom({ ...submit, endsStep: true });
      inFlight.track(promise, { ...submit, endsStep: true }, () => undefined);
    }
    let isThrough = false;
    const third = inFlight.makeRoom({ ...submit, endsStep: true }).then(() => {
      isThrough = true;
    });
    await settleMicrotasks();
    expect([isThrough, inFlight.steps]).toEqual([false, 2]);
    steps[0]?.resolve();
    await third;
    expect(inFlight.steps).toBe(1);
  });

  it('lets a submit that alone exceeds the limit through an empty queue', async () => {
    const inFlight = new InFlight();
    const running = deferred();
    inFlight.track(running.promise, submit, () => undefined);
    let isThrough = false;
    const long = inFlight.makeRoom({ ...submit, seconds: 10 }).then(() => {
      isThrough = true;
    });
    await settleMicrotasks();
    expect(isThrough).toBe(false);
    running.resolve();
    await long;
    await inFlight.makeRoom({ ...submit, seconds: 10 });
  });

  it('gives a timed submit the queue for itself', async () => {
    const inFlight = new InFlight();
    const running = [deferred(), deferred()];
    for (const { promise } of running) inFlight.track(promise, submit, () => undefined);
    const timed = inFlight.makeRoom({ ...submit, isTimed: true });
    for (const { resolve } of running) resolve();
    await timed;
    expect(inFlight.seconds).toBe(0);
  });

  it('goes on after a submit that failed', async () => {
    const inFlight = new InFlight();
    const failing = deferred();
    inFlight.track(failing.promise, { ...submit, seconds: 1 }, () => expect.unreachable());
    const next = inFlight.makeRoom(submit);
    failing.reject(new Error('lost'));
    await next;
    expect(inFlight.seconds).toBe(0);
  });

  it('measures from the completion before, or from the hand-over when the queue was idle', async () => {
    let now = 0;
    const inFlight = new InFlight(() => now);
    const measured: number[] = [];
    const [first, second, third] = [deferred(), deferred(), deferred()];
    inFlight.track(first.promise, submit, (seconds) => measured.push(seconds));
    now = 1;
    inFlight.track(second.promise, submit, (seconds) => measured.push(seconds));
    now = 3;
    first.resolve();
    await settleMicrotasks();
    now = 7;
    second.resolve();
    await settleMicrotasks();
    now = 100;
    inFlight.track(third.promise, submit, (seconds) => measured.push(seconds));
    now = 102;
    third.resolve();
    await settleMicrotasks();
    expect(measured).toEqual([3, 4, 2]);
  });

  it('never queues more than its limits, over long random runs', async () => {
    const work = fc.record({
      seconds: fc.double({ min: 1e-4, max: 0.6, noNaN: true }),
      endsStep: fc.boolean(),
    });
    const property = fc.asyncProperty(fc.array(work, { minLength: 50, maxLength: 150 }), async (works) => {
      const inFlight = new InFlight();
      let last: Promise<void> = Promise.resolve();
      for (const { seconds, endsStep } of works) {
        const queued = { seconds, endsStep, isTimed: false };
        await inFlight.makeRoom(queued);
        last = last.then(() => new Promise((resolve) => setImmediate(resolve)));
        inFlight.track(last, queued, () => undefined);
        expect(inFlight.steps).toBeLessThanOrEqual(submitLimits.stepsInFlight);
        expect(inFlight.seconds).toBeLessThanOrEqual(Math.max(submitLimits.inFlight, seconds) + 1e-9);
      }
      await last;
      expect(inFlight.steps).toBe(0);
    });
    await fc.assert(property, { numRuns: 20, seed: 3 });
  });
});
