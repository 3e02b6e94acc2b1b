// Times every dispatch of a plan on a runtime of its own, so that a run is never touched.
import type { Scalars } from '../plan/kernel.ts';
import type { Plan } from '../plan/plan.ts';
import type { Measurement } from '../plan/predict.ts';
import type { GpuRuntime } from './gpu-runtime.ts';
import { measureSlope } from './slope.ts';
import { PassTimer } from './timer.ts';

/** Measured rows by dispatch index, and how they were measured. */
export interface PlanProfile {
  readonly dispatches: readonly Measurement[];
  readonly method: string;
}

/**
 * Runs the plan once in order, so that every dispatch has real inputs, then times each one alone, repeated.
 * The runtime's numbers are garbage afterwards: pass one that nobody trains with.
 */
export async function profilePlan(
  runtime: GpuRuntime,
  plan: Plan,
  scalars: Scalars,
  onProgress: (done: number, total: number) => void = () => undefined,
): Promise<PlanProfile> {
  const submission = await runtime.submit([{ plan, scalars }]);
  await submission.done;
  runtime.setScalars(plan, scalars);
  const timer = new PassTimer(runtime.device);
  const dispatches: Measurement[] = [];
  for (let index = 0; index < plan.dispatches.length; index++) {
    onProgress(index, plan.dispatches.length);
    dispatches.push(
      await measureSlope(
        (repetitions) =>
          timer.seconds((pass) => {
            for (let i = 0; i < repetitions; i++) runtime.encodeDispatch(pass, plan, index);
          }),
        { budgetSeconds: 0.02 },
      ),
    );
  }
  timer.dispose();
  onProgress(plan.dispatches.length, plan.dispatches.length);
  return { dispatches, method: timer.method };
}
