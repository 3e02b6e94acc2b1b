// Runs a search: speeds predicted or measured, the best shapes trained, then fewer groups of keys and values tried one by one.
import type { Problem } from '../../contract/values.ts';
import type { LawReport } from '../../laws/report.ts';
import type { Corpus } from '../plans/corpus.ts';
import type { Engine } from '../plans/engine.ts';
import { LabError } from '../plans/problem.ts';
import { withVocabulary } from '../training/run.ts';
import { expandStudy } from './expand.ts';
import { type PlanningDevice, planStudy } from './plan.ts';
import { runStudy } from './run-study.ts';
import {
  type Candidate,
  candidatesOf,
  groupedVariants,
  judgeSearch,
  type SearchResult,
  trainingStudy,
  wishOf,
} from './search.ts';
import { measureAnswers } from './speed.ts';
import { refuseStudy, type Study } from './study.ts';

/** Problems of one shape on this device, which say nothing of the others. */
const ofOneShape: readonly Problem['kind'][] = ['tooLarge', 'invalidConfig', 'invalidRequest', 'outOfMemory'];

/** How a search is made, and what it tells. */
export interface SearchOptions {
  readonly engine: Engine;
  readonly corpus: Corpus;
  /** Whose speed is predicted: the engine, or the device of a profile. */
  readonly planning: PlanningDevice;
  /** So many of the lowest predicted losses are trained, with Panda, Surefire and the baseline; with 0 none is. */
  readonly train: number;
  /** Chooses by the measured speed of every candidate instead of the predicted one. */
  readonly isMeasured: boolean;
  readonly onProgress?: (what: string, done: number, total: number) => void;
  /** Called whenever more is known. */
  readonly onFound?: (found: SearchResult) => void;
  /** Ends the search after the work in hand; what was found until then stays. */
  readonly signal?: AbortSignal;
}

/**
 * Searches. Early stopping over groups: loss against their number is noisy, speed rises as they get fewer (arXiv
 * 2510.18245, algorithm 1), so they are trained from the most to the fewest, and the first beyond the limit is the last.
 * @throws LabError where speeds are to be predicted and the device is not calibrated
 */
export async function runSearch(study: Study, law: LawReport, options: SearchOptions): Promise<SearchResult> {
  const { engine, corpus, planning, train, isMeasured, onProgress, onFound, signal } = options;
  const wish = wishOf(study);
  if (!isMeasured && !planning.profile)
    refuseStudy(
      `${study.name}: a search by predicted speed needs a calibrated device. Calibrate it, or measure the speeds.`,
    );
  const vocabulary = corpus.tokenizer.vocabularySize;
  const all: [Candidate, ...Candidate[]] = [...candidatesOf(study, law, planning, vocabulary)];
  const judge = () => judgeSearch(wish, all, isMeasured);
  const learn = (index: number, more: Partial<Candidate>): void => {
    all[index] = { ...all[index], ...more };
    onFound?.(judge());
  };
  /** A shape that the device cannot hold is a row with a reason, and no end of the search. */
  const attempt = async (index: number, work: () => Promise<void>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      if (!(error instanceof LabError) || !ofOneShape.includes(error.problem.kind)) throw error;
      learn(index, { message: error.message });
    }
  };
  const measure = (index: number): Promise<void> =>
    attempt(index, async () => {
      if (all[index].measuredTokensPerSecond !== undefined) return;
      const experiment = withVocabulary(all[index].experiment, corpus);
      learn(index, { measuredTokensPerSecond: await measureAnswers(engine, experiment, corpus, wish) });
    });
  const trainAt = (index: number): Promise<void> =>
    attempt(index, async () => {
      const { loss, message } = await trainedLoss(study, all[index], options);
      if (message !== undefined) learn(index, { message });
      if (loss === undefined) return;
      learn(index, { loss });
      await measure(index);
    });

  if (isMeasured) {
    for (const index of all.keys()) {
      if (signal?.aborted) return judge();
      onProgress?.('measuring the speed of shapes', index, all.length);
      await measure(index);
    }
  }
  if (train === 0) return judge();
  const chosen = trainees(judge(), all, train);
  for (const [done, index] of chosen.entries()) {
    if (signal?.aborted) return judge();
    onProgress?.('training shapes', done, chosen.length);
    await trainAt(index);
  }
  const { surefire, lossLimit } = judge();
  if (!((surefire.loss ?? Infinity) <= lossLimit)) return judge(); // fewer groups make no loss lower
  const variants = groupedVariants(surefire, study, planning, vocabulary);
  for (const [done, variant] of variants.entries()) {
    if (signal?.aborted) break;
    onProgress?.('training fewer groups of keys and values', done, variants.length);
    all.push(variant);
    await trainAt(all.length - 1);
    if (!((all[all.length - 1].loss ?? Infinity) <= lossLimit)) break;
  }
  return judge();
}

/** Places of those that are trained: the baseline, Panda, Surefire and the best by prediction. */
function trainees(
  { baseline, panda, surefire }: SearchResult,
  all: readonly Candidate[],
  count: number,
): readonly number[] {
  const named = [baseline, surefire, panda].map(({ experiment }) =>
    all.findIndex((one) => one.experiment === experiment),
  );
  const byLoss = [...all.keys()].slice(1).sort((a, b) => all[a].predictedLoss - all[b].predictedLoss);
  return [...new Set([...named, ...byLoss.slice(0, count)])];
}

/** Trains one candidate on the search's tokens; without a loss where it came to none, with the reason, or was ended. */
async function trainedLoss(
  study: Study,
  { experiment }: Candidate,
  { engine, corpus, planning, onProgress, signal }: SearchOptions,
): Promise<Pick<Candidate, 'loss' | 'message'>> {
  const vocabulary = corpus.tokenizer.vocabularySize;
  const one = trainingStudy(study, experiment);
  const { groups } = planStudy(expandStudy(one, vocabulary), planning, vocabulary);
  const { width, hidden } = experiment.model;
  let found: Pick<Candidate, 'loss' | 'message'> = {};
  await runStudy(engine, one, groups, {
    corpus,
    ...(signal ? { signal } : {}),
    onStep: ({ experiment: { train } }, step) =>
      onProgress?.(`training width ${width}, hidden ${hidden}`, step, train.steps),
    onResult: (_, { loss, message }) => {
      found = loss === undefined ? (message === undefined ? {} : { message }) : { loss };
    },
  });
  return found;
}
