// Searches the shape of a model: its loss by the conditional law, its speed on this device (algorithm 1 of arXiv 2510.18245). Pure: trains nothing.
import { conditionalPredictor } from '../../laws/fit-law-conditional.ts';
import { paretoFront } from '../../laws/pareto.ts';
import { spearman } from '../../laws/ranks.ts';
import type { LawReport } from '../../laws/report.ts';
import { type Experiment, type ModelConfig, parseExperiment } from '../../model/config.ts';
import { expectWork } from '../plans/expectation.ts';
import { recordInferencePlans } from '../plans/inference-plans.ts';
import { recordTrainingPlans } from '../plans/training-plans.ts';
import { decodeWork, prefillWork } from '../plans/work.ts';
import { expandStudy, listValues } from './expand.ts';
import type { PlanningDevice } from './plan.ts';
import { type Shape, shapeOf, solveShape } from './shape.ts';
import { parseStudy, refuseStudy, type Study } from './study.ts';

/** One shape, as far as it is known. */
export interface Candidate {
  readonly experiment: Experiment;
  readonly shape: Shape;
  /** By the conditional law; of fewer groups that of the shape they were made from, for the law knows no groups. */
  readonly predictedLoss: number;
  /**
   * Of a prompt and an answer together: tokens of the answer over the seconds of both. Undefined on a device that is not
   * calibrated.
   */
  readonly predictedTokensPerSecond: number | undefined;
  readonly measuredTokensPerSecond?: number;
  /** Validation loss in nats per token, once it was trained. */
  readonly loss?: number;
  /** Why it has no loss or no speed, where that was tried. */
  readonly message?: string;
  /** Made from a shape by giving keys and values fewer groups. */
  readonly isGrouped: boolean;
}

/** Candidates with what they were chosen by. */
export interface SearchResult {
  /** Of the grid, without the baseline; then those with fewer groups that were tried. */
  readonly candidates: readonly JudgedCandidate[];
  /** The base's own proportions at the same size. */
  readonly baseline: JudgedCandidate;
  /** The lowest loss: of those that were trained, or as predicted where none was. */
  readonly panda: JudgedCandidate;
  /** The fastest within the limit; Panda where none is. */
  readonly surefire: JudgedCandidate;
  /** Nats per token. */
  readonly lossLimit: number;
  /** How many were trained to a loss. */
  readonly trained: number;
  /** Rank correlation of predicted and trained losses, fewer groups aside; undefined for fewer than two. */
  readonly spearman: number | undefined;
  /** By how much Surefire is faster than the baseline, as a part; undefined where either speed is. */
  readonly gain: number | undefined;
}

/** A candidate among others. */
export interface JudgedCandidate extends Candidate {
  /** Whether none is both better and faster, by predicted losses. */
  readonly isOnFront: boolean;
}

/** What is looked for, by the study. */
export type SearchWish = NonNullable<Study['search']>;

/** @throws LabError where the study looks for nothing */
export function wishOf(study: Study): SearchWish {
  return (
    study.search ??
    refuseStudy(
      `${study.name} has no "search" in it. Say search.parameters, tokens, ratio and mlpToAttention.`,
    )
  );
}

/**
 * The baseline first, then every shape of the grid that has whole sizes.
 * @throws LabError where no shape has; UnfitRunsError where the law ranks nothing
 */
export function candidatesOf(
  study: Study,
  law: LawReport,
  device: PlanningDevice,
  vocabulary: number,
): readonly [Candidate, ...Candidate[]] {
  const search = wishOf(study);
  const predict = conditionalPredictor(law);
  const base = experimentOf(study);
  const describe = (sized: Experiment): Candidate => {
    const experiment = trainable(study, sized, vocabulary);
    const shape = shapeOf(experiment.model, study.count, vocabulary);
    return {
      experiment,
      shape,
      predictedLoss: predict({ ...shape, tokens: search.tokens, loss: 1 }),
      predictedTokensPerSecond: tokensPerSecond(experiment, search, device, vocabulary),
      isGrouped: false,
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
  const found = new Map<string, Candidate>();
  for (const wanted of shapes) {
    const model = trySolve(base.model, { ...wanted, parameters: search.parameters }, study.tolerance);
    if (model) found.set(JSON.stringify(model), describe(withModel(base, model)));
  }
  if (found.size === 0)
    refuseStudy(
      `${study.name}: none of ${shapes.length} shapes has whole sizes within ${100 * study.tolerance} % of N ${search.parameters}. ` +
        'Ask for other shapes, or for more parameters.',
    );
  found.delete(JSON.stringify(own.experiment.model)); // twice the same would outrun itself by chance
  return [own, ...found.values()];
}

/**
 * Judges what is known so far. Trained losses are held against each other, never against predicted ones.
 * @param isMeasured whether speeds are the measured ones
 */
export function judgeSearch(
  { lossLimit: wanted, lossSlack }: SearchWish,
  all: readonly [Candidate, ...Candidate[]],
  isMeasured: boolean,
): SearchResult {
  const speed = (one: Candidate) =>
    (isMeasured ? one.measuredTokensPerSecond : one.predictedTokensPerSecond) ?? Number.NaN;
  const shaped = all.filter(({ isGrouped }) => !isGrouped);
  const front = paretoFront(shaped.map((one) => ({ loss: one.predictedLoss, speed: speed(one) })));
  const judged = all.map(
    (one): JudgedCandidate => ({ ...one, isOnFront: front[shaped.indexOf(one)] ?? false }),
  );
  const [baseline, ...candidates] = judged;
  const trained = judged.filter(({ loss }) => loss !== undefined);
  const pool = trained.length > 0 ? trained : judged;
  const lossOf = (one: Candidate) => (trained.length > 0 ? one.loss : one.predictedLoss) ?? Infinity;
  const panda = pool.reduce((best, one) => (lossOf(one) < lossOf(best) ? one : best));
  // A baseline that came to no loss sets no limit: then it is the lowest that was trained.
  const own = trained.length > 0 ? (baseline.loss ?? lossOf(panda)) : baseline.predictedLoss;
  const lossLimit = wanted ?? own * (1 + lossSlack);
  const within = pool.filter((one) => lossOf(one) <= lossLimit);
  const surefire = within.reduce((best, one) => (speed(one) > speed(best) ? one : best), within[0] ?? panda);
  const ranked = trained.filter(({ isGrouped }) => !isGrouped);
  const gain = speed(surefire) / speed(baseline) - 1;
  return {
    candidates,
    baseline,
    panda,
    surefire,
    lossLimit,
    trained: trained.length,
    spearman: spearman(
      ranked.map(({ predictedLoss }) => predictedLoss),
      ranked.map((one) => lossOf(one)),
    ),
    gain: Number.isFinite(gain) ? gain : undefined,
  };
}

/** The same model with fewer groups of keys and values, one for each divisor of its heads, most groups first. */
export function groupedVariants(
  { experiment, predictedLoss }: Candidate,
  study: Study,
  device: PlanningDevice,
  vocabulary: number,
): readonly Candidate[] {
  const search = wishOf(study);
  const { heads, keyValueHeads } = experiment.model;
  return Array.from({ length: keyValueHeads - 1 }, (_, index) => keyValueHeads - 1 - index)
    .filter((groups) => heads % groups === 0)
    .map((groups) => {
      // The parameters that the keys and values give up go to the feed-forward layer: N stays.
      const freed = 2 * (keyValueHeads - groups) * experiment.model.headSize;
      const hidden = experiment.model.hidden + Math.round(freed / (experiment.model.gated ? 3 : 2));
      const sized = withModel(experiment, {
        ...experiment.model,
        keyValueHeads: groups,
        hidden,
        expertHidden: hidden,
        sharedHidden: hidden,
      });
      const variant = trainable(study, sized, vocabulary);
      return {
        experiment: variant,
        shape: shapeOf(variant.model, study.count, vocabulary),
        predictedLoss,
        predictedTokensPerSecond: tokensPerSecond(variant, search, device, vocabulary),
        isGrouped: true,
      };
    });
}

/** With the steps of the search's tokens and the settings that follow from them by the study's formulas. */
function trainable(study: Study, experiment: Experiment, vocabulary: number): Experiment {
  return expandStudy(trainingStudy(study, experiment), vocabulary).runs[0].experiment;
}

/** A study of one run: an experiment trained on the search's tokens, at the rate that the study's formulas give it. */
export function trainingStudy(study: Study, { model, train, data }: Experiment): Study {
  const { formulas, validationTokens, count } = study;
  return parseStudy(
    {
      name: `${study.name}: one candidate`,
      base: { model, train, data },
      grid: { tokens: wishOf(study).tokens },
      formulas,
      validationTokens,
      count,
    },
    study.name,
  );
}

function tokensPerSecond(
  { model, train }: Experiment,
  { prompt, output }: { readonly prompt: number; readonly output: number },
  device: PlanningDevice,
  vocabulary: number,
): number | undefined {
  const { profile } = device;
  if (!profile) return undefined;
  const sized = { ...model, vocabulary: model.vocabulary || vocabulary };
  const plans = recordInferencePlans(recordTrainingPlans(sized, train, device).model, device);
  const bucket = plans.prefill.findIndex(({ length }) => length >= Math.min(prompt, model.context));
  const middle = Math.min(model.context - 1, prompt + (output >> 1));
  const first = expectWork(prefillWork(plans, bucket), profile).seconds;
  return output / (first + output * expectWork(decodeWork(plans, middle), profile).seconds);
}

/** The study's base as it stands. */
function experimentOf(study: Study): Experiment {
  const { runs } = expandStudy({ ...study, grid: { seed: 1 }, formulas: {} }, 1);
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
