// What a fit is asked for and what it answers: the same object for the page, the command line and a file.
import { type Bootstrap, bootstrap, type Interval } from './bootstrap.ts';
import type { OptimumExponents } from './chinchilla-law.ts';
import type { ConditionalForm } from './conditional-law.ts';
import type { LackOfFit } from './lack-of-fit.ts';
import type { RateCurve } from './learning-rate-law.ts';
import { meanSquaredError, spearman } from './ranks.ts';
import type { RunPoint } from './run-point.ts';

/** The laws that can be fitted. */
export const lawNames = [
  'chinchilla',
  'isoflop',
  'envelope',
  'conditional',
  'u-shape',
  'experts',
  'learning-rate',
] as const;

/** A law that can be fitted. */
export type LawName = (typeof lawNames)[number];

/** Ways to fit. */
export const fitMethods = ['huber', 'variable-projection', 'least-squares', 'lowest', 'akima'] as const;

/** A way to fit. */
export type FitMethod = (typeof fitMethods)[number];

/** What is asked. */
export interface FitRequest {
  readonly law: LawName;
  /** The law's first method unless given. */
  readonly method?: FitMethod;
  readonly form?: ConditionalForm;
  /** The column of a U. */
  readonly x?: 'ratio' | 'mlpToAttention' | 'experts' | 'width' | 'parameters' | 'tokens';
  /** Runs that the fit has not seen. */
  readonly test?: readonly RunPoint[];
  /** Names of runs that are left out: in the study, or their numbers in the list, from 1. */
  readonly leaveOut?: readonly string[];
  /** How many runs of the highest loss are left out. */
  readonly leaveOutHighest?: number;
  /** Resamples; none unless given. */
  readonly bootstrap?: number;
  readonly seed?: number;
}

/** How a law does on runs that it has not seen. */
export interface TestScore {
  readonly points: number;
  /** nats² */
  readonly meanSquaredError: number;
  /** undefined for a single run, or where all losses or predictions are equal. */
  readonly spearman: number | undefined;
}

/** A run that was not fitted, and why. */
export interface LeftOutRun extends RunPoint {
  readonly reason: string;
}

/** One step up in size: fitted on the scales below, tested on the next. */
export interface ProgressiveTask {
  /** Sizes N that were fitted. */
  readonly fitted: readonly number[];
  readonly tested: number;
  readonly all: TestScore;
  /** The same from the nearest scale only. */
  readonly nearest: TestScore | undefined;
}

/** The answer. */
export interface LawReport {
  readonly law: LawName;
  readonly method: FitMethod;
  readonly form?: ConditionalForm;
  /** Runs that were fitted. */
  readonly points: number;
  readonly leftOut: readonly LeftOutRun[];
  readonly parameters: Readonly<Record<string, number>>;
  /** What the method minimised: a sum over the runs. */
  readonly objective: number;
  readonly exponents?: OptimumExponents;
  readonly intervals?: Readonly<Record<string, Interval>>;
  readonly resamples?: { readonly asked: number; readonly used: number };
  readonly test?: TestScore;
  readonly judgement?: LackOfFit;
  /** What the same runs say by another method. */
  readonly beside?: readonly Beside[];
  readonly tasks?: readonly ProgressiveTask[];
  /** The best N and D of each budget. */
  readonly optima?: readonly {
    readonly budget: number;
    readonly parameters: number;
    readonly tokens: number;
    readonly loss: number;
  }[];
  /** The best learning rate of each N and D. */
  readonly rates?: readonly RateCurve[];
  /** Each fitted run's loss and what the law says, in nats, in the order of the runs. */
  readonly residuals?: readonly { readonly loss: number; readonly predicted: number }[];
  readonly warnings: readonly string[];
}

/** Another fit of the same runs. */
export interface Beside {
  readonly method: string;
  readonly parameters: Readonly<Record<string, number>>;
  readonly objective?: number;
  readonly exponents?: OptimumExponents;
}

/** Holds a law against runs that it has not seen. */
export function scoreTest(points: readonly RunPoint[], predict: (point: RunPoint) => number): TestScore {
  const losses = points.map(({ loss }) => loss);
  const predicted = points.map(predict);
  return {
    points: points.length,
    meanSquaredError: meanSquaredError(losses, predicted),
    spearman: spearman(losses, predicted),
  };
}

/** The intervals that were asked for, as a report carries them. @param stratumOf as `bootstrap` has it */
export function intervalsOf(
  request: FitRequest,
  points: readonly RunPoint[],
  refit: (drawn: readonly RunPoint[]) => Readonly<Record<string, number>>,
  stratumOf?: (point: RunPoint) => string,
): Pick<LawReport, 'intervals' | 'resamples'> {
  if (!request.bootstrap) return {};
  const found: Bootstrap = bootstrap(points, refit, request.bootstrap, request.seed ?? 1, stratumOf);
  return { intervals: found.intervals, resamples: { asked: found.resamples, used: found.used } };
}
