// Which of two machines takes a training step sooner: both time the heaviest kernels of that very step, within a second each.
import { parseExperiment } from '../../model/config.ts';
import { familyOf, workText } from '../../plan/kernel.ts';
import type { Plan } from '../../plan/plan.ts';
import type { Shape } from '../../runtime/calibrate-quickly.ts';
import { measureSlope } from '../../runtime/timing/slope.ts';
import { type Engine, wasmCapabilities } from '../plans/engine.ts';
import { expectWork } from '../plans/expectation.ts';
import { LabError } from '../plans/problem.ts';
import { trainingWork, type Work } from '../plans/work.ts';
import { measurableOf, recordTypical, weightOf } from './calibration.ts';

/** What a look at an engine says of a training step. */
export interface StepEstimate {
  readonly seconds: number;
  /** Part of the step's work whose kernels were timed; 1 by a full calibration. The rest is taken to be as quick. */
  readonly measuredShare: number;
}

/** Seconds after which no further kernel is made ready, and the part of a step's work that is enough. */
const budget = { seconds: 0.8, share: 0.9 } as const;
/** A dispatch that takes so many seconds is timed once. */
const longSeconds = 0.05;

/**
 * About how long an engine takes for a training step of an experiment in JSON: by a full calibration, which measures nothing,
 * or by timing the kernels with most work until a second is over.
 * @throws LabError if the experiment is refused, or of an engine that cannot be measured
 */
export async function estimateStep(
  engine: Engine,
  experiment: unknown,
  onProgress: (fraction: number, what: string) => void = () => undefined,
): Promise<StepEstimate> {
  const work = workOf(experiment, engine);
  const { profile } = engine;
  if (profile && !profile.isQuick) return { seconds: expectWork(work, profile).seconds, measuredShare: 1 };
  const shapes = shapesOf(work);
  const whole = sum(shapes, ({ weight }) => weight);
  const probing = measurableOf(engine).openProbing();
  let start: number | undefined;
  let [seconds, timed, dispatches] = [0, 0, 0];
  let least = Number.POSITIVE_INFINITY;
  try {
    for (const { shape, weight, times } of shapes) {
      // Counted from where the first is ready: threads and a driver have to wake up.
      const spent = start === undefined ? 0 : (performance.now() - start) / 1000;
      if (dispatches > 0 && (spent > budget.seconds || timed > budget.share * whole)) break;
      onProgress(Math.min(0.9, spent / budget.seconds), shape.kernel.name);
      const { time } = await probing.prepare(shape.kernel, shape.dims);
      start ??= performance.now();
      const once = await time(1);
      const options = { rounds: 3, budgetSeconds: 0.05 };
      const each = once > longSeconds ? once : (await measureSlope(time, options)).value;
      least = Math.min(least, each);
      seconds += times * each;
      timed += weight;
      dispatches += times;
    }
  } finally {
    probing.dispose();
  }
  // What was not timed is small: it takes its part of the work, and a dispatch no less than the shortest that was timed.
  const left = sum(shapes, ({ times }) => times) - dispatches;
  const rest = Math.max((seconds * (whole - timed)) / timed, left * least);
  return { seconds: seconds + rest, measuredShare: timed / whole };
}

/** What tells whether a comparison for one experiment says something of another. */
export interface StepKind {
  readonly families: ReadonlySet<string>;
  readonly weight: number;
}

/** A step that is this many times as much work, or as little, is compared again. */
const muchLarger = 4;

/** Which kernels a training step has, whatever runs it, and how much work it is. @throws LabError if it is refused */
export function stepKindOf(experiment: unknown): StepKind {
  const work = workOf(experiment, { capabilities: wasmCapabilities });
  const shapes = shapesOf(work);
  return {
    families: new Set(shapes.map(({ shape }) => familyOf(shape.kernel.name))),
    weight: sum(shapes, ({ weight }) => weight),
  };
}

/** Whether two steps have the same kernels, and about as much work. */
export function areAlike(a: StepKind, b: StepKind): boolean {
  const ratio = a.weight / b.weight;
  return (
    ratio < muchLarger &&
    ratio > 1 / muchLarger &&
    a.families.size === b.families.size &&
    [...a.families].every((family) => b.families.has(family))
  );
}

function workOf(experiment: unknown, engine: Pick<Engine, 'capabilities' | 'variants'>): Work {
  const parsed = parseExperiment(experiment);
  const plans = recordTypical(experiment, engine);
  if (parsed.kind === 'ok' && plans) return trainingWork(plans, parsed.experiment.train);
  const message = 'The experiment has a setting that is refused: it cannot be compared on two devices.';
  throw new LabError({ kind: 'invalidConfig', message });
}

interface WeightedShape {
  readonly shape: Shape;
  /** Work of all its dispatches in a step. */
  readonly weight: number;
  /** Dispatches in a step. */
  readonly times: number;
}

/** The shapes of a step, those with most work first. */
function shapesOf({
  replays,
}: {
  readonly replays: readonly { plan: Plan; times: number }[];
}): WeightedShape[] {
  const shapes = new Map<string, WeightedShape>();
  for (const { plan, times } of replays) {
    for (const dispatch of plan.dispatches) {
      const { kernel, dims } = dispatch;
      const key = `${kernel.name} ${workText(dims)}`;
      const known = shapes.get(key) ?? { shape: { kernel, dims }, weight: 0, times: 0 };
      const weight = known.weight + times * weightOf(dispatch);
      shapes.set(key, { ...known, weight, times: known.times + times });
    }
  }
  return [...shapes.values()].sort((a, b) => b.weight - a.weight);
}

function sum<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((total, item) => total + of(item), 0);
}
