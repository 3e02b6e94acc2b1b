// Times every dispatch of a plan on a runtime of its own, so that a run is never touched.

import type { Measurement } from '../plan/device-profile.ts';
import type { Scalars } from '../plan/kernel.ts';
import type { Plan } from '../plan/plan.ts';
import { GpuRuntime } from './gpu-runtime.ts';
import { measureInRounds } from './timing/slope.ts';
import { PassTimer } from './timing/timer.ts';
import { wallClock } from './timing/wasm-probing.ts';
import type { WasmRuntime } from './wasm-runtime.ts';

/** Dispatches that are timed in turns. */
const together = 24;

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
  runtime: GpuRuntime | WasmRuntime,
  plan: Plan,
  scalars: Scalars,
  onProgress: (done: number, total: number) => void = () => undefined,
): Promise<PlanProfile> {
  const submission = await runtime.submit([{ plan, scalars }]);
  await submission.done;
  const timer = timerOf(runtime, plan, scalars);
  const total = plan.dispatches.length;
  const dispatches: Measurement[] = [];
  // A part of the plan at a time: its dispatches share their rounds, and progress moves on.
  for (let from = 0; from < total; from += together) {
    onProgress(from, total);
    const indices = Array.from({ length: Math.min(together, total - from) }, (_, i) => from + i);
    const times = indices.map((index) => (repetitions: number) => timer.seconds(index, repetitions));
    const options = { rounds: 5, budgetSeconds: 0.06 * times.length };
    dispatches.push(...(await measureInRounds(times, options)).measured);
  }
  timer.dispose();
  onProgress(total, total);
  return { dispatches, method: timer.method };
}

/** Times a plan's dispatches one by one, over and over. */
interface DispatchTimer {
  /** Ask when something was timed. */
  readonly method: string;
  seconds(index: number, repetitions: number): Promise<number>;
  dispose(): void;
}

function timerOf(runtime: GpuRuntime | WasmRuntime, plan: Plan, scalars: Scalars): DispatchTimer {
  if (!(runtime instanceof GpuRuntime)) {
    return {
      method: wallClock,
      seconds: (index, repetitions) => runtime.secondsOf([{ plan, scalars, index }], repetitions),
      dispose: () => undefined,
    };
  }
  runtime.setScalars(plan, scalars);
  const timer = new PassTimer(runtime.device);
  return {
    get method() {
      return timer.method;
    },
    seconds: (index, repetitions) =>
      timer.seconds((pass) => {
        for (let i = 0; i < repetitions; i++) runtime.encodeDispatch(pass, plan, index);
      }),
    dispose: () => timer.dispose(),
  };
}
