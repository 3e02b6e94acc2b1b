// Fits the conditional law by Levenberg and Marquardt, from several starts, with L_opt held.
import { levenbergMarquardt } from 'ml-levenberg-marquardt';
import { type ConditionalForm, type ConditionalParameters, conditionalLoss } from './conditional-law.ts';
import { percentile } from './ranks.ts';
import { countDistinct, UnfitRunsError } from './run-point.ts';

/** One run of the study of shapes, with L_opt at its N and D. */
export interface ShapedRun {
  /** d / √N */
  readonly x: number;
  /** Parameters of the feed-forward layers over those of attention. */
  readonly r: number;
  /** L_opt(N, D), in nats per token. */
  readonly best: number;
  readonly loss: number;
}

/** A fit. */
export interface ConditionalFit {
  readonly form: ConditionalForm;
  readonly parameters: ConditionalParameters;
  /** Mean squared residual of the loss, in nats². */
  readonly meanSquaredError: number;
  /** Whether both best shapes exist: a κ that is not positive has no minimum. */
  readonly hasOptimum: boolean;
}

/** Values of r beyond which the form does not hold; such runs are set aside (§ 4 of the paper). */
export const trustedMlpToAttention = { low: 0.5, high: 5 } as const;

/** [c, κx, ln x*, κr, ln r*, γ] */
type Vector = readonly number[];

/** Fits one form. @throws UnfitRunsError for fewer runs than parameters, or fewer than three x and three r */
export function fitConditional(runs: readonly ShapedRun[], form: ConditionalForm): ConditionalFit {
  const unknowns = form === 'joint' ? 6 : 5;
  if (runs.length < unknowns) {
    throw new UnfitRunsError(
      `conditional law: ${runs.length} ${runs.length === 1 ? 'run' : 'runs'} cannot fix ${unknowns} parameters of the ${form} form. Give at least ${unknowns}, better 15.`,
    );
  }
  for (const [name, values] of [
    ['d/√N (column ratio)', runs.map(({ x }) => x)] as const,
    ['r (column mlpToAttention)', runs.map(({ r }) => r)] as const,
  ]) {
    const distinct = countDistinct(values);
    if (distinct >= 3) continue;
    throw new UnfitRunsError(
      `conditional law: ${distinct} different values of ${name}; a U needs three. Vary it more, or fit the other by --law u-shape.`,
    );
  }
  let best: { vector: Vector; error: number } | undefined;
  for (const start of startsOf(runs, form)) {
    const end = descend(runs, form, start);
    if (end && (!best || end.error < best.error)) best = end;
  }
  if (!best)
    throw new UnfitRunsError(`conditional law: no start led anywhere. Check the ${runs.length} runs.`);
  const parameters = parametersOf(best.vector);
  return {
    form,
    parameters,
    meanSquaredError: best.error / runs.length,
    hasOptimum: parameters.kappaX > 0 && parameters.kappaR > 0,
  };
}

/** One descent; undefined where it leaves all sense, as the library says by an exception about a singular matrix. */
function descend(
  runs: readonly ShapedRun[],
  form: ConditionalForm,
  initialValues: readonly number[],
): { vector: Vector; error: number } | undefined {
  const data = { x: runs.map((_, index) => index), y: runs.map(({ loss }) => loss) };
  try {
    const { parameterValues, parameterError } = levenbergMarquardt(data, modelOf(runs, form), {
      initialValues,
      jacobianFunction: jacobianOf(runs, form),
      damping: 1e-3,
      maxIterations: 300,
      errorTolerance: 0,
      improvementThreshold: 1e-6,
    });
    return Number.isFinite(parameterError) ? { vector: parameterValues, error: parameterError } : undefined;
  } catch {
    return undefined;
  }
}

function startsOf(runs: readonly ShapedRun[], form: ConditionalForm): number[][] {
  const quartiles = (values: number[]) => [0.25, 0.5, 0.75].map((part) => Math.log(percentile(values, part)));
  const c = form === 'additive' ? 0 : 1;
  return quartiles(runs.map(({ x }) => x)).flatMap((x) =>
    quartiles(runs.map(({ r }) => r)).map((r) => [c, 0.05, x, 0.05, r, ...(form === 'joint' ? [0] : [])]),
  );
}

function parametersOf([c, kappaX, logX, kappaR, logR, gamma = 0]: Vector): ConditionalParameters {
  return { c, kappaX, optimumX: Math.exp(logX), kappaR, optimumR: Math.exp(logR), gamma };
}

function modelOf(runs: readonly ShapedRun[], form: ConditionalForm) {
  return (vector: number[]) => {
    const law = parametersOf(vector);
    return (index: number) => {
      const { best, x, r } = runs[index];
      return conditionalLoss(form, law, best, x, r);
    };
  };
}

/** Slopes of the model by [c, κx, ln x*, κr, ln r*, γ]. u'(t) = 1 − e⁻ᵗ. */
function jacobianOf(runs: readonly ShapedRun[], form: ConditionalForm) {
  return ([c, kappaX, logX, kappaR, logR, gamma = 0]: number[]) =>
    (index: number) => {
      const { best, x, r } = runs[index];
      const tr = Math.log(r) - logR;
      const tx = Math.log(x) - logX - gamma * tr;
      const [ux, ur] = [tx + Math.expm1(-tx), tr + Math.expm1(-tr)];
      const [sx, sr] = [-Math.expm1(-tx), -Math.expm1(-tr)];
      if (form === 'additive') return [1, ux, -kappaX * sx, ur, -kappaR * sr];
      const [width, ratio] = [1 + kappaX * ux, 1 + kappaR * ur];
      const byX = c * best * ratio;
      const byR = c * best * width;
      const slopes = [
        best * width * ratio,
        byX * ux,
        -byX * kappaX * sx,
        byR * ur,
        -byR * kappaR * sr + byX * kappaX * sx * gamma,
      ];
      return form === 'joint' ? [...slopes, -byX * kappaX * sx * tr] : slopes;
    };
}
