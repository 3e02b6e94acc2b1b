// Leaves the processor to a software GPU while Dawn waits.
//
// Dawn's binding asks whether work is done in a loop over `setImmediate`: a whole core, as long as a promise is pending.
// On a software adapter that core is part of the GPU: its threads then share the other one, half as fast, for as long
// as the scheduler does not notice.

/** How long the thread sleeps before it asks again: short against a dispatch worth waiting for. Milliseconds. */
const napMilliseconds = 0.2;

let isInstalled = false;

/**
 * Makes Dawn's polls sleep in between. Measured with two cores and lavapipe: the same arithmetic goes at 105 GFLOP/s instead
 * of 84, and rarely at half speed. The thread keeps its priority: a lower one would hand every core that other programs
 * use to them, and the run would stand still.
 */
export function yieldToDriver(): void {
  if (isInstalled) return;
  isInstalled = true;
  const setImmediately = globalThis.setImmediate;
  const never = new Int32Array(new SharedArrayBuffer(4));
  const napFirst = (callback: (...values: unknown[]) => void, ...values: unknown[]) => {
    if (isNative(callback)) Atomics.wait(never, 0, 0, napMilliseconds);
    return setImmediately(callback, ...values);
  };
  globalThis.setImmediate = Object.assign(napFirst, setImmediately);
}

/** True for Dawn's callbacks; those of JavaScript wait for nothing. */
function isNative(callback: unknown): boolean {
  return Function.prototype.toString.call(callback).includes('[native code]');
}
