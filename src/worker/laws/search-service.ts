// The search for the fastest model that is good enough: the law is fitted in a thread, then the lab searches alone on the device.
import type { FoundShape, FoundShapes, SearchApi, SearchEvent, SearchOrder } from '../../contract/search.ts';
import type { Json, Result } from '../../contract/values.ts';
import { loadCorpus } from '../../lab/plans/corpus.ts';
import { stage } from '../../lab/plans/problem.ts';
import { readyStudies } from '../../lab/studies/ready.ts';
import { runSearch } from '../../lab/studies/run-search.ts';
import type { JudgedCandidate, SearchResult } from '../../lab/studies/search.ts';
import { parseStudy } from '../../lab/studies/study.ts';
import { glimpseOf, startOf } from '../../lab/studies/text.ts';
import type { LawReport } from '../../laws/report.ts';
import { answer } from '../answer.ts';
import type { Devices } from '../devices.ts';
import type { Exclusive } from '../exclusive.ts';
import { parsed, type RunPlanner } from '../run/planned-run.ts';
import type { FitOrder } from './fit.ts';

/** The calls about the search. @param startFit in a thread; an abort ends it */
export function createSearch(
  devices: Pick<Devices, 'engine'>,
  planner: Pick<RunPlanner, 'text'>,
  exclusive: Exclusive,
  startFit: (order: FitOrder, signal: AbortSignal) => Promise<Result<LawReport>>,
): SearchApi {
  let searching: AbortController | undefined;

  const search = async (
    order: SearchOrder,
    onEvent: (event: SearchEvent) => void,
    signal: AbortSignal,
  ): Promise<Result<FoundShapes>> => {
    const study = parseStudy(wantedStudy(order), 'the study');
    const { points, leaveOut, form, train, isMeasured } = order;
    onEvent({ kind: 'progress', what: 'fitting the conditional law', done: 0, total: 1 });
    const law = await startFit({ points, request: { law: 'conditional', form, leaveOut } }, signal);
    if (law.kind !== 'ok') return law;
    onEvent({ kind: 'progress', what: 'writing the text', done: 0, total: 1 });
    const { data } = parsed(startOf(study));
    const wanted = train > 0 ? data : glimpseOf(data);
    const corpus = await stage('invalidData', () =>
      loadCorpus(wanted, wanted.source === 'file' ? planner.text?.content : undefined),
    );
    const engine = await devices.engine();
    const { warnings } = law.value;
    const found = await runSearch(study, law.value, {
      engine,
      corpus,
      planning: engine,
      train,
      isMeasured,
      signal,
      onProgress: (what, done, total) => onEvent({ kind: 'progress', what, done, total }),
      onFound: (result) =>
        onEvent({ kind: 'found', found: { ...describeFound(result, isMeasured), warnings } }),
    });
    return { kind: 'ok', value: { ...describeFound(found, isMeasured), warnings } };
  };

  return {
    searchShapes: async (order, onEvent) => {
      const abort = new AbortController();
      const activity = { what: 'A search', way: 'stop it or wait', cancel: () => abort.abort() };
      const result = await answer(() =>
        exclusive.during(activity, async () => {
          searching = abort;
          try {
            return await search(order, atMostTenASecond(onEvent), abort.signal);
          } finally {
            searching = undefined;
          }
        }),
      );
      return result.kind === 'ok' ? result.value : result;
    },
    stopSearch: async () => searching?.abort(),
  };
}

/** The recipe with what is looked for. */
function wantedStudy({ study, wish, count }: SearchOrder): Json {
  const recipe = study ?? (readyStudies.shapes as Json);
  const search = { ...wish };
  if (typeof recipe !== 'object' || recipe === null || Array.isArray(recipe)) return recipe;
  return { ...recipe, search, ...(count === undefined ? {} : { count }) };
}

function describeFound(result: SearchResult, isMeasured: boolean): Omit<FoundShapes, 'warnings'> {
  const { baseline, candidates, panda, surefire, lossLimit, trained, spearman, gain } = result;
  const all = [baseline, ...candidates];
  return {
    lossLimit,
    trained,
    spearman,
    gain,
    isMeasured,
    shapes: all.map(describeShape),
    panda: all.indexOf(panda),
    surefire: all.indexOf(surefire),
  };
}

function describeShape(candidate: JudgedCandidate): FoundShape {
  const { experiment, shape, predictedLoss, predictedTokensPerSecond, isOnFront, isGrouped } = candidate;
  const { model, train, data } = experiment;
  const { width, hidden, layers, heads, keyValueHeads } = model;
  const { parameters, ratio, mlpToAttention } = shape;
  const evaluated = { ...train, evaluationInterval: train.steps };
  return {
    experiment: JSON.parse(JSON.stringify({ model, data, train: evaluated })), // what crosses to the page is plain
    width,
    hidden,
    layers,
    heads,
    keyValueHeads,
    parameters,
    ratio,
    mlpToAttention,
    predictedLoss,
    predictedTokensPerSecond,
    isOnFront,
    isGrouped,
    measuredTokensPerSecond: candidate.measuredTokensPerSecond,
    loss: candidate.loss,
  };
}

/** Milliseconds between two words on progress. */
const betweenWords = 100;

/** Steps of the smallest models take less than one frame of the page; what was found is always told. */
function atMostTenASecond(onEvent: (event: SearchEvent) => void): (event: SearchEvent) => void {
  let last = Number.NEGATIVE_INFINITY;
  return (event) => {
    const now = performance.now();
    if (event.kind === 'progress' && event.done > 0 && now < last + betweenWords) return;
    last = now;
    onEvent(event);
  };
}
