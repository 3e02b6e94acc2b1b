// Searches the shape of a model: predicted loss by the conditional law, predicted speed on this device (algorithm 1 of arXiv 2510.18245).
import { conditionalPredictor } from '../../laws/fit-law-conditional.ts';
import type { LawReport } from '../../laws/law-report.ts';
import { paretoFront } from '../../laws/pareto.ts';
import { type Experiment, type ModelConfig, parseExperiment } from '../../model/config.ts';
import { expectWork } from '../plans/expectation.ts';
import { recordInferencePlans } from '../plans/inference-plans.ts';
import { recordTrainingPlans } from '../plans/training-plans.ts';
import { decodeWork, prefillWork } from '../plans/work.ts';
import { expandStudy, listValues } from './expand.ts';
import type { PlanningDevice } from './plan.ts';
import { type Shape, shapeOf, solveShape } from './shape.ts';
import { parseStudy, refuseStudy, type Study } from './study.ts';

/** One shape. */
export interface Candidate {
  readonly experiment: Experiment;
  readonly shape: Shape;
  readonly keyValueHeads: number;
  readonly predictedLoss: number;
  /** Of a prompt and an answer together: tokens of the answer over the seconds of both. */
  readonly predictedTokensPerSecond: number;
  /** Whether none is both better and faster. */
  readonly isOnFront: boolean;
}

/** What a search found before anything was trained. */
export interface SearchResult {
  readonly candidates: readonly Candidate[];
  /** The base's own proportions at the same size. */
  readonly baseline: Candidate;
  /** The lowest predicted loss. */
  readonly panda: Candidate;
  /** The fastest within the limit; the baseline where none is faster. */
  readonly surefire: Candidate;
  readonly lossLimit: number;
}

/** @throws LabError without `search` or a calibrated device; UnfitRunsError where the law ranks nothing */
export function searchShapes(
  study: Study,
  law: LawReport,
  device: PlanningDevice,
  vocabulary: number,
): SearchResult {
  const { search } = study;
  if (!search)
    refuseStudy(
      `${study.name} has no "search" in it. Say search.parameters, tokens, ratio and mlpToAttention.`,
    );
  if (!device.profile)
    refuseStudy(`${study.name}: a search for speed needs a calibrated device. Leave --no-calibrate out.`);
  const predict = conditionalPredictor(law);
  const base = experimentOf(study, {});
  const describe = (experiment: Experiment): Omit<Candidate, 'isOnFront'> => {
    const shape = shapeOf(experiment.model, study.count, vocabulary);
    return {
      experiment,
      shape,
      keyValueHeads: experiment.model.keyValueHeads,
      predictedLoss: predict({ ...shape, tokens: search.tokens, loss: 1 }),
      predictedTokensPerSecond: tokensPerSecond(experiment, search, device, vocabulary),
    };
  };
  const shapes = listValues('ratio', search.ratio).flatMap((ratio) =>
    listValues('mlpToAttention', search.mlpToAttention).map((r) => ({
      ratio: Number(ratio),
      mlpToAttention: Number(r),
    })),
  );
  const own = describe(
    withModel(base, solveShape(base.model, { parameters: search.parameters }, study.tolerance)),
  );
  const found = new Map<string, Omit<Candidate, 'isOnFront'>>();
  for (const wanted of shapes) {
    const model = trySolve(base.model, { ...wanted, parameters: search.parameters }, study.tolerance);
    if (model) found.set(JSON.stringify(model), describe(withModel(base, model)));
  }
  if (found.size === 0)
    refuseStudy(
      `${study.name}: none of ${shapes.length} shapes has whole sizes within ${100 * study.tolerance} % of N ${search.parameters}.`,
    );
  const all = [own, ...found.values()];
  const front = paretoFront(
    all.map((one) => ({ loss: one.predictedLoss, speed: one.predictedTokensPerSecond })),
  );
  const [baseline, ...candidates] = all.map((one, index): Candidate => ({ ...one, isOnFront: front[index] }));
  const lossLimit = search.lossLimit ?? baseline.predictedLoss * (1 + search.lossSlack);
  const panda = candidates.reduce((a, b) => (b.predictedLoss < a.predictedLoss ? b : a));
  const surefire = fastestWithin([baseline, ...candidates], lossLimit) ?? panda;
  return { candidates, baseline, panda, surefire, lossLimit };
}

/** The same model with fewer groups of keys and values, one for each divisor of its heads, most groups first. */
export function groupedVariants(
  { experiment }: Candidate,
  study: Study,
  device: PlanningDevice,
  vocabulary: number,
): { readonly experiment: Experiment; readonly predictedTokensPerSecond: number }[] {
  const { search } = study;
  if (!search) return [];
  const { heads, keyValueHeads } = experiment.model;
  return Array.from({ length: keyValueHeads - 1 }, (_, index) => keyValueHeads - 1 - index)
    .filter((groups) => heads % groups === 0)
    .map((groups) => {
      // The parameters that the keys and values give up go to the feed-forward layer: N stays.
      const freed = 2 * (keyValueHeads - groups) * experiment.model.headSize;
      const hidden = experiment.model.hidden + Math.round(freed / (experiment.model.gated ? 3 : 2));
      const variant = withModel(experiment, {
        ...experiment.model,
        keyValueHeads: groups,
        hidden,
        expertHidden: hidden,
        sharedHidden: hidden,
      });
      return {
        experiment: variant,
        predictedTokensPerSecond: tokensPerSecond(variant, search, device, vocabulary),
      };
    });
}

/** A study of one run: an experiment trained on the search's tokens, at the rate that the study's formulas give it. */
export function trainingStudy(study: Study, { model, train, data }: Experiment): Study {
  const { search, formulas, validationTokens, count } = study;
  return parseStudy(
    {
      name: `${study.name}: one candidate`,
      base: { model, train, data },
      grid: { tokens: search?.tokens ?? 1 },
      formulas,
      validationTokens,
      count,
    },
    study.name,
  );
}

/** The fastest of those within a limit. */
export function fastestWithin<T extends { predictedLoss: number; predictedTokensPerSecond: number }>(
  candidates: readonly T[],
  lossLimit: number,
): T | undefined {
  return candidates
    .filter(({ predictedLoss }) => predictedLoss <= lossLimit)
    .reduce<T | undefined>(
      (best, one) => (!best || one.predictedTokensPerSecond > best.predictedTokensPerSecond ? one : best),
      undefined,
    );
}

function tokensPerSecond(
  { model, train }: Experiment,
  { prompt, output }: { readonly prompt: number; readonly output: number },
  device: PlanningDevice,
  vocabulary: number,
): number {
  const { profile } = device;
  if (!profile) return Number.NaN;
  const sized = { ...model, vocabulary: model.vocabulary || vocabulary };
  const plans = recordInferencePlans(recordTrainingPlans(sized, train, device).model, device);
  const bucket = plans.prefill.findIndex(({ length }) => length >= Math.min(prompt, model.context));
  const middle = Math.min(model.context - 1, prompt + (output >> 1));
  const first = expectWork(prefillWork(plans, bucket), profile).seconds;
  return output / (first + output * expectWork(decodeWork(plans, middle), profile).seconds);
}

function experimentOf(study: Study, point: Readonly<Record<string, number>>): Experiment {
  const grid = Object.keys(point).length > 0 ? point : { seed: 1 };
  const { runs } = expandStudy({ ...study, grid, formulas: {} }, 1);
  return runs[0].experiment;
}

function withModel(experiment: Experiment, model: ModelConfig): Experiment {
  const parsed = parseExperiment({ ...experiment, model });
  return parsed.kind === 'ok'
    ? parsed.experiment
    : refuseStudy(parsed.problems[0]?.message ?? 'a model is wrong.');
}

function trySolve(
  base: ModelConfig,
  wanted: { parameters: number; ratio: number; mlpToAttention: number },
  tolerance: number,
): ModelConfig | undefined {
  try {
    return solveShape(base, wanted, tolerance);
  } catch {
    return undefined; // a corner of the grid without whole sizes
  }
}
