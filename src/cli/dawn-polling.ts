// Leaves the processor to a software GPU while Dawn waits.
//
// Dawn's binding asks whether work is done in a loop over `setImmediate`: a whole core, as long as a promise is pending.
// On a software adapter that core is part of the GPU: its threads then share the other one, half as fast, for as long
// as the scheduler does not notice.

/**
 * How long the thread sleeps before it asks again: an eighth of how long it has slept, so that what comes soon is heard of
 * soon, and between these. Milliseconds. A question takes 0.1 ms of the processor. A GPU of its own gains nothing by long
 * naps, and a burst of tokens would wait for each of them: there the shortest do.
 */
const [shortestNap, longestNap] = [0.1, 2];

let isInstalled = false;
let napsLong = false;

/**
 * Makes Dawn's polls sleep in between. Measured with two cores and lavapipe, polls of a busy loop against naps of 0.2 ms: the
 * same arithmetic goes at 105 GFLOP/s instead of 84, and rarely at half speed. The thread keeps its priority: a lower one
 * would hand every core that other programs use to them, and the run would stand still.
 * @param isSoftware whether the device that was opened computes on the processor
 */
export function yieldToDriver(isSoftware: boolean): void {
  napsLong ||= isSoftware;
  if (isInstalled) return;
  isInstalled = true;
  const setImmediately = globalThis.setImmediate;
  const never = new Int32Array(new SharedArrayBuffer(4));
  let slept = 0; // since promises are pending without a break
  let isAsking = false;
  let asksAgain = false;
  const napFirst = (callback: (...values: unknown[]) => void, ...values: unknown[]) => {
    if (!isNative(callback)) return setImmediately(callback, ...values);
    if (isAsking) asksAgain = true;
    else slept = 0;
    const nap = napsLong ? Math.min(longestNap, Math.max(shortestNap, slept / 8)) : shortestNap;
    Atomics.wait(never, 0, 0, nap);
    slept += nap;
    return setImmediately(() => {
      [isAsking, asksAgain] = [true, false];
      callback(...values);
      isAsking = false;
      if (!asksAgain) slept = 0;
    });
  };
  globalThis.setImmediate = Object.assign(napFirst, setImmediately);
}

/** True for Dawn's callbacks; those of JavaScript wait for nothing. */
function isNative(callback: unknown): boolean {
  return Function.prototype.toString.call(callback).includes('[native code]');
}
