// What plans launch on a device, as lines that a reviewer can read: kernels, variants, workgroups, and submits.
import type { TrainingPlans } from '../../../src/lab/plans/training-plans.ts';
import type { Dispatch } from '../../../src/plan/kernel.ts';
import type { Plan } from '../../../src/plan/plan.ts';
import { costOf } from '../../../src/plan/predict.ts';
import { Governor } from '../../../src/runtime/governor.ts';
import { observeWork, WorkQueue } from '../../../src/runtime/work-queue.ts';
import type { TypicalDevice } from './typical-devices.ts';

const widestLine = 110;

/** Dispatches and workgroups in all, a line for each chosen variant, and the kernels that have no variants. */
export function describeDispatches(what: string, dispatches: readonly Dispatch[]): string[] {
  const kernels = new Map<string, { count: number; workgroups: number }>();
  for (const { kernel, workgroups } of dispatches) {
    const sum = kernels.get(kernel.name) ?? { count: 0, workgroups: 0 };
    kernels.set(kernel.name, { count: sum.count + 1, workgroups: sum.workgroups + workgroups });
  }
  const rows = [...kernels].sort(([a], [b]) => (a < b ? -1 : 1));
  const workgroups = rows.reduce((sum, [, row]) => sum + row.workgroups, 0);
  const variants = rows
    .filter(([name]) => name.includes('/'))
    .map(([name, row]) => `    ${name} × ${row.count}, ${row.workgroups} workgroups`);
  const others = rows.filter(([name]) => !name.includes('/')).map(([name, row]) => `${name} × ${row.count}`);
  return [
    `  ${what}: ${dispatches.length} dispatches, ${workgroups} workgroups`,
    ...variants,
    ...wrapped(others, '    '),
  ];
}

/** Items in lines of a width that a reviewer's window shows, each line with the same start. */
export function wrapped(items: readonly string[], indent: string, separator = ', '): string[] {
  const lines: string[] = [];
  for (const item of items) {
    const line = lines.at(-1);
    const longer = `${line}${separator}${item}`;
    if (line && longer.length < widestLine) lines[lines.length - 1] = longer;
    else lines.push(`${indent}${item}`);
  }
  return lines;
}

/**
 * Submits of a first training step and of those that follow, where nothing was calibrated and every submit takes what the
 * data sheet's rates allow (or, without rates, what the governor assumes).
 */
export function submitsOf(
  { accumulate, update }: TrainingPlans,
  microBatches: number,
  { rates }: TypicalDevice,
): readonly [first: number, later: number] {
  const govern = ({ dispatches }: Plan) => ({
    dispatches,
    governor: new Governor(dispatches),
    truth: rates && dispatches.map((dispatch) => leastSeconds(dispatch, rates)),
  });
  const [batch, last] = [govern(accumulate), govern(update)];
  // As the trainer does: one submission a micro-batch, the update with the last of them.
  const submissions = Array.from({ length: microBatches }, (_, index) =>
    index === microBatches - 1 ? [batch, last] : [batch],
  );
  const countStep = () => {
    let submits = 0;
    for (const plans of submissions) {
      const queue = new WorkQueue(plans);
      while (!queue.isEmpty) {
        const work = queue.take();
        submits++;
        const seconds = work.pieces.reduce((sum, { plan, segment }) => {
          const { truth } = plan;
          const { from, to, slice } = segment;
          if (!truth) return sum + plan.governor.secondsOf(segment);
          if (!slice) return sum + truth.slice(from, to).reduce((a, b) => a + b, 0);
          const workgroups = plan.dispatches[from]?.workgroups ?? 1;
          return sum + ((truth[from] ?? 0) * (slice.end - slice.first)) / workgroups;
        }, 0);
        observeWork(work, seconds);
      }
    }
    return submits;
  };
  return [countStep(), countStep()];
}

/** Roofline of a dispatch by a data sheet, and 5 µs to launch it. */
function leastSeconds(dispatch: Dispatch, rates: NonNullable<TypicalDevice['rates']>): number {
  const { launchedFlops, bytes } = costOf(dispatch, {});
  return 5e-6 + Math.max(launchedFlops / rates.flopsPerSecond, bytes / rates.bytesPerSecond);
}
