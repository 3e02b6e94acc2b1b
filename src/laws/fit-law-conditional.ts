// Reports the conditional law of some runs: L_opt first and held, shapes beyond trust set aside, tasks from scale to larger scale.

import { formatDigits } from '../text/numbers.ts';
import { significant } from '../text/rounding.ts';
import { type ChinchillaParameters, predictLoss } from './chinchilla-law.ts';
import { type ConditionalFit, fitConditional, trustedMlpToAttention } from './conditional-fit.ts';
import { type ConditionalForm, conditionalLoss } from './conditional-law.ts';
import {
  type Beside,
  type FitRequest,
  intervalsOf,
  type LawReport,
  type LeftOutRun,
  type ProgressiveTask,
  scoreTest,
} from './report.ts';
import { leaveOutHighest, type RunPoint, UnfitRunsError } from './run-point.ts';
import { fitVariableProjection } from './variable-projection.ts';

/** A run whose shape is known. */
interface Shaped extends RunPoint {
  readonly ratio: number;
  readonly mlpToAttention: number;
}

/** Fits and judges. @throws UnfitRunsError */
export function reportConditional(points: readonly RunPoint[], request: FitRequest): LawReport {
  if (request.method !== undefined && request.method !== 'least-squares')
    throw new UnfitRunsError(
      `conditional law: there is no fit by ${request.method}. Leave the method out: it is least squares.`,
    );
  const form = request.form ?? 'multiplicative';
  const { kept, leftOut } = leaveOutHighest(points, request.leaveOutHighest ?? 0);
  const { base, shaped } = splitRuns(kept);
  const law = fitVariableProjection(base).parameters;
  const trusted = shaped.filter(isTrusted);
  const fit = fitShaped(trusted, law, form);
  const predict = predictorOf(fit, law);
  const setAside = shaped.filter((run) => !isTrusted(run));
  const spoiled = setAside.length > 0 ? fitShaped(shaped, law, form) : undefined;
  const test = request.test?.map((point) => requireShape(point)).filter(isTrusted);
  return {
    law: 'conditional',
    method: 'least-squares',
    form,
    points: trusted.length,
    leftOut: [
      ...leftOut.map((point): LeftOutRun => ({ ...point, reason: 'among the highest losses' })),
      ...setAside.map((run): LeftOutRun => ({ ...run, reason: `r = ${run.mlpToAttention} is beyond trust` })),
    ],
    parameters: { ...parametersOf(fit), ...prefixed(law) },
    objective: fit.meanSquaredError * trusted.length,
    ...intervalsOf(request, trusted, (drawn) =>
      parametersOf(fitShaped(drawn as readonly Shaped[], law, form)),
    ),
    ...(test && test.length > 0 ? { test: scoreTest(test, predict) } : {}),
    beside: spoiled ? [besideOf(spoiled, setAside.length)] : [],
    tasks: progressiveTasks(trusted, law, form),
    residuals: trusted.map((run) => ({ loss: run.loss, predicted: predict(run) })),
    warnings: warningsOf(fit, trusted),
  };
}

/**
 * The loss that a report of the conditional law predicts for a shape.
 * @throws UnfitRunsError where the fit has no best shape: then it ranks nothing
 */
export function conditionalPredictor({ form, parameters }: LawReport): (point: RunPoint) => number {
  const { c, kappaX, optimumX, kappaR, optimumR, gamma = 0, E, A, B, alpha, beta } = parameters;
  if (form === undefined || optimumX === undefined || optimumR === undefined) {
    throw new UnfitRunsError(
      'conditional law: these runs show no best shape, so they rank none. Run more shapes, further apart, or longer.',
    );
  }
  const shapes = { c, kappaX, optimumX, kappaR, optimumR, gamma };
  const fit = { form, parameters: shapes, meanSquaredError: 0, hasOptimum: true };
  return predictorOf(fit, { E, A, B, alpha, beta });
}

/** d/√N of a run: as stated, or from its width. */
function ratioOf({ ratio, width, parameters }: RunPoint): number | undefined {
  return ratio ?? (width === undefined ? undefined : width / Math.sqrt(parameters));
}

function requireShape(point: RunPoint): Shaped {
  const ratio = ratioOf(point);
  const { mlpToAttention } = point;
  if (ratio !== undefined && mlpToAttention !== undefined) return { ...point, ratio, mlpToAttention };
  throw new UnfitRunsError(
    `conditional law: a run of ${point.parameters} parameters has no ${ratio === undefined ? 'ratio (or width)' : 'mlpToAttention'}. Give both columns.`,
  );
}

function isTrusted({ mlpToAttention }: Shaped): boolean {
  return (
    mlpToAttention >= trustedMlpToAttention.low * (1 - 1e-9) &&
    mlpToAttention <= trustedMlpToAttention.high * (1 + 1e-9)
  );
}

/**
 * Which runs L_opt is fitted to: those marked `base` or without a shape; else those of the commonest shape where they are
 * five or more; else the lowest loss of each (N, D).
 */
function splitRuns(points: readonly RunPoint[]): { base: RunPoint[]; shaped: Shaped[] } {
  const isBase = (point: RunPoint) => point.part === 'base' || point.mlpToAttention === undefined;
  const marked = points.filter(isBase);
  const shaped = points.filter((point) => !isBase(point)).map(requireShape);
  if (marked.length > 0) return { base: marked, shaped };
  const byShape = groupBy(
    shaped,
    (run) => `${significant(run.ratio, 3)} ${significant(run.mlpToAttention, 3)}`,
  );
  const commonest = byShape.reduce((most, group) => (group.length > most.length ? group : most), []);
  const isSpread = (runs: readonly RunPoint[]) =>
    groupBy(runs, ({ parameters, tokens }) => `${parameters} ${tokens}`).length >= 5;
  if (isSpread(commonest)) return { base: commonest, shaped };
  const lowest = groupBy(shaped, ({ parameters, tokens }) => `${parameters} ${tokens}`).map((cell) =>
    cell.reduce((least, run) => (run.loss < least.loss ? run : least)),
  );
  if (isSpread(lowest)) return { base: lowest, shaped };
  throw new UnfitRunsError(
    'conditional law: L_opt(N, D) cannot be fitted: no five runs of one shape at different N and D. Add runs of one shape, marked base in a column part.',
  );
}

function groupBy<T>(items: readonly T[], key: (item: T) => string): T[][] {
  const groups = new Map<string, T[]>();
  for (const item of items) groups.set(key(item), [...(groups.get(key(item)) ?? []), item]);
  return [...groups.values()];
}

function fitShaped(
  runs: readonly Shaped[],
  law: ChinchillaParameters,
  form: ConditionalForm,
): ConditionalFit {
  return fitConditional(
    runs.map((run) => ({
      x: run.ratio,
      r: run.mlpToAttention,
      best: predictLoss(law, run.parameters, run.tokens),
      loss: run.loss,
    })),
    form,
  );
}

function predictorOf({ form, parameters }: ConditionalFit, law: ChinchillaParameters) {
  return (point: RunPoint) => {
    const { ratio, mlpToAttention } = requireShape(point);
    const best = predictLoss(law, point.parameters, point.tokens);
    return conditionalLoss(form, parameters, best, ratio, mlpToAttention);
  };
}

/** Scales are sizes within 30 % of each other: widths on a grid never meet N exactly. */
function progressiveTasks(
  runs: readonly Shaped[],
  law: ChinchillaParameters,
  form: ConditionalForm,
): ProgressiveTask[] {
  const scales: Shaped[][] = [];
  for (const run of [...runs].sort((a, b) => a.parameters - b.parameters)) {
    const last = scales[scales.length - 1];
    if (last && run.parameters <= 1.3 * last[0].parameters) last.push(run);
    else scales.push([run]);
  }
  return scales.slice(1).flatMap((next, index) => {
    const below = scales.slice(0, index + 1);
    const score = (fitted: readonly Shaped[]) => {
      try {
        return scoreTest(next, predictorOf(fitShaped(fitted, law, form), law));
      } catch (error) {
        if (error instanceof UnfitRunsError) return undefined;
        throw error;
      }
    };
    const all = score(below.flat());
    if (!all) return [];
    const fitted = below.map(([first]) => first.parameters);
    return [{ fitted, tested: next[0].parameters, all, nearest: score(below[below.length - 1]) }];
  });
}

/** A shape without a minimum has no best value to report. */
function parametersOf({ form, parameters }: ConditionalFit): Record<string, number> {
  const { c, kappaX, optimumX, kappaR, optimumR, gamma } = parameters;
  return {
    c,
    kappaX,
    kappaR,
    ...(kappaX > 0 ? { optimumX } : {}),
    ...(kappaR > 0 ? { optimumR } : {}),
    ...(form === 'joint' ? { gamma } : {}),
  };
}

function prefixed(law: ChinchillaParameters): Record<string, number> {
  return { E: law.E, A: law.A, B: law.B, alpha: law.alpha, beta: law.beta };
}

function besideOf(spoiled: ConditionalFit, count: number): Beside {
  return {
    method: `with the ${count} runs of r < ${trustedMlpToAttention.low} or r > ${trustedMlpToAttention.high} left in`,
    parameters: parametersOf(spoiled),
  };
}

function warningsOf({ parameters }: ConditionalFit, runs: readonly Shaped[]): string[] {
  const warnings: string[] = [];
  const check = (name: string, kappa: number, optimum: number, values: number[]) => {
    if (!(kappa > 0)) {
      warnings.push(`The fit has no best ${name} inside: it opens downwards. No optimum is reported.`);
    } else if (optimum < Math.min(...values) || optimum > Math.max(...values)) {
      warnings.push(`The best ${name}, ${formatDigits(optimum)}, lies beyond what was run: extrapolated.`);
    }
  };
  check(
    'd/√N',
    parameters.kappaX,
    parameters.optimumX,
    runs.map(({ ratio }) => ratio),
  );
  check(
    'r',
    parameters.kappaR,
    parameters.optimumR,
    runs.map(({ mlpToAttention }) => mlpToAttention),
  );
  return warnings;
}
