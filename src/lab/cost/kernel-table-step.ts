// Times whole steps on a copy of a run, one behind the other as a run takes them: what the sum of the kernels is held against.
import type { Scalars } from '../../plan/kernel.ts';
import type { Runtime } from '../../runtime/runtime.ts';
import type { TrainingPlans } from '../plans/training-plans.ts';
import { median } from '../training/median.ts';

/** Steps before the first that counts: drivers compile and allocate late. */
const warmUps = 2;
/** Seconds of steps in a row that make one window, and how many windows. */
const windowSeconds = 0.2;
const windows = 3;
const longestWindow = 16;

/**
 * Median seconds of a step, without uploads and without reading its loss.
 * @param scalars of every replay; a learning rate of 0 leaves the weights as they are
 */
export async function timeSteps(
  runtime: Runtime,
  { accumulate, update }: Pick<TrainingPlans, 'accumulate' | 'update'>,
  accumulation: number,
  scalars: Scalars,
): Promise<number> {
  const replays = [
    ...Array.from({ length: accumulation }, () => ({ plan: accumulate, scalars })),
    { plan: update, scalars },
  ];
  const take = async (steps: number): Promise<number> => {
    const start = performance.now();
    let last: Promise<unknown> = Promise.resolve();
    for (let step = 0; step < steps; step++) last = (await runtime.submit(replays)).done;
    await last;
    return (performance.now() - start) / 1000 / steps;
  };
  let once = 0;
  for (let step = 0; step < warmUps; step++) once = await take(1);
  const steps = Math.max(1, Math.min(longestWindow, Math.round(windowSeconds / Math.max(once, 1e-6))));
  const times: number[] = [];
  for (let window = 0; window < windows; window++) times.push(await take(steps));
  return median(times);
}
