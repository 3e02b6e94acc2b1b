// At which steps a run writes a sample: text changes most at first, so that early ones lie closer together.

/** Before the first regular sample: half decades, as long as they come before it. */
const earlySteps = [0, 10, 30, 100, 300] as const;

/** Whether a sample is due after this step; an interval of 0 wants none. */
export function isSampleDue(step: number, interval: number): boolean {
  if (interval <= 0) return false;
  if (step % interval === 0) return true;
  return step < interval && (earlySteps as readonly number[]).includes(step);
}
