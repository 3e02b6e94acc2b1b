// Studies and laws: a study planned on this device, run with its rows kept, and laws fitted to runs of any origin.

import type {
  LawsApi,
  PlannedStudy,
  PlannedStudyRun,
  StudyEnd,
  StudyEvent,
  StudyJson,
} from '../contract/laws.ts';
import type { ExperimentJson, Json, Result } from '../contract/values.ts';
import { corpora } from '../data/corpora.ts';
import { type Corpus, loadCorpus } from '../lab/plans/corpus.ts';
import type { Engine } from '../lab/plans/engine.ts';
import { LabError, stage } from '../lab/plans/problem.ts';
import { expandStudy } from '../lab/studies/expand.ts';
import { experimentOfSize, usualRecipe } from '../lab/studies/of-size.ts';
import { type PlannedRun, planStudy, type StudyPlan } from '../lab/studies/plan.ts';
import { readyStudies } from '../lab/studies/ready.ts';
import { readRows, resultsLine } from '../lab/studies/results.ts';
import { runStudy } from '../lab/studies/run-study.ts';
import { parseStudy } from '../lab/studies/study.ts';
import { glimpseOf, startOf } from '../lab/studies/text.ts';
import type { LawReport } from '../laws/report.ts';
import type { ParameterCount } from '../laws/run-point.ts';
import { readRunsTable } from '../laws/runs-table.ts';
import type { DataConfig, Experiment } from '../model/config.ts';
import { answer } from './answer.ts';
import type { Devices } from './devices.ts';
import type { Exclusive } from './exclusive.ts';
import type { FitOrder } from './laws/fit.ts';
import type { StudyFiles } from './laws/study-files.ts';
import { parsed, type RunPlanner } from './run/planned-run.ts';

/** A study as it was planned last, with what runs it. */
interface OpenStudy {
  readonly plan: StudyPlan;
  readonly json: StudyJson;
  readonly data: DataConfig;
  readonly vocabulary: number;
}

/** Milliseconds between two words on the same run: steps of the smallest take less than one. */
const betweenSteps = 100;

/** The calls about studies and laws. @param startFit in a thread; an abort ends it */
export function createLaws(
  devices: Pick<Devices, 'engine'>,
  planner: Pick<RunPlanner, 'text'>,
  exclusive: Exclusive,
  files: StudyFiles,
  startFit: (order: FitOrder, signal: AbortSignal) => Promise<Result<LawReport>>,
): LawsApi {
  const open = new Map<string, OpenStudy>();
  /** The last whole text: a study that goes on after a pause has it already. */
  let text: { readonly key: string; readonly corpus: Corpus } | undefined;
  let running: AbortController | undefined;
  let fitting: AbortController | undefined;
  const activity = { what: 'A study', way: 'pause it or wait', cancel: () => running?.abort() };

  const readText = (data: DataConfig): Promise<Corpus> =>
    stage('invalidData', () => loadCorpus(data, data.source === 'file' ? planner.text?.content : undefined));

  const plan = async (json: Json, name: string): Promise<PlannedStudy> => {
    const study = parseStudy(json, name);
    // Expanding with any vocabulary finds every fault of the file before a text is read or a device opened.
    expandStudy(study, 1);
    const { data } = parsed(startOf(study));
    const vocabulary = (await readText(glimpseOf(data))).tokenizer.vocabularySize;
    const engine = await devices.engine();
    const planned = planStudy(expandStudy(study, vocabulary), engine, vocabulary);
    const opened = { plan: planned, json: json as StudyJson, data, vocabulary };
    open.set(planned.id, opened);
    return { ...describe(opened, engine), rows: readRows(await files.table(planned.id)) };
  };

  const run = async (id: string, onEvent: (event: StudyEvent) => void): Promise<StudyEnd> => {
    const { plan: planned, data, json } = opened(open, id);
    const { study, groups } = planned;
    const abort = new AbortController();
    running = abort;
    try {
      const engine = await devices.engine();
      onEvent({ kind: 'preparing', what: 'Writing the text' });
      const key = JSON.stringify([data, data.source === 'file' ? planner.text?.name : '']);
      const corpus = text?.key === key ? text.corpus : await readText(data);
      text = { key, corpus };
      const rows = readRows(await files.table(id));
      const head = { id, name: study.name, study: json, runs: runsOf(planned).length };
      let isKept = true;
      onEvent({ kind: 'preparing', what: 'Preparing the first run' });
      const times = await runStudy(engine, study, groups, {
        corpus,
        done: new Set(rows.map((row) => row.run)),
        signal: abort.signal,
        onStep: stepsOf(onEvent),
        onResult: async (plannedRun, row) => {
          const line = resultsLine(id, plannedRun, row);
          isKept = await files.append(head, line); // it takes along what was not kept before
          onEvent({ kind: 'row', row });
        },
      });
      const isWhole = !abort.signal.aborted;
      if (isWhole) text = undefined;
      return { isWhole, isKept, seconds: times.seconds, idleShare: times.idleShare };
    } finally {
      running = undefined;
    }
  };

  const experimentFor = async (
    parameters: number,
    tokens: number,
    json?: Json,
    counted?: ParameterCount,
  ): Promise<ExperimentJson> => {
    const study = json === undefined ? usualRecipe() : parseStudy(json, 'the study');
    const count = counted ?? study.count;
    const vocabulary =
      count === 'blocks' && study.count === 'blocks'
        ? 1
        : (await readText(glimpseOf(parsed(startOf(study)).data))).tokenizer.vocabularySize;
    return asJson(experimentOfSize(study, parameters, tokens, vocabulary, count));
  };

  return {
    readyStudies: async () =>
      Object.entries(readyStudies).map(([name, study]) => {
        const json = study as StudyJson;
        return { name, note: String(json.note), study: json };
      }),
    planStudy: (json, name) => answer(() => plan(json, name)),
    runStudy: (id, onEvent) => answer(() => exclusive.during(activity, () => run(id, onEvent))),
    pauseStudy: async () => running?.abort(),
    keptStudies: () => files.list(),
    deleteStudy: (id) =>
      answer(async () => {
        if (running) throw busy('A study is running. Pause it, then delete rows.');
        await files.remove(id);
        return undefined;
      }),
    studyTable: (id) => answer(() => files.table(id)),
    readRuns: (name, content) => answer(async () => readRunsTable(content, name)),
    fitRuns: async (points, request) => {
      fitting?.abort();
      const abort = new AbortController();
      fitting = abort;
      const fitted = await answer(() => startFit({ points, request }, abort.signal));
      return fitted.kind === 'ok' ? fitted.value : fitted;
    },
    cancelFit: async () => fitting?.abort(),
    experimentOfSize: (parameters, tokens, study, count) =>
      answer(() => experimentFor(parameters, tokens, study, count)),
  };
}

function describe({ plan, json, data }: OpenStudy, engine: Engine): Omit<PlannedStudy, 'rows'> {
  const { id, study, dropped, predictedSeconds, flops } = plan;
  const { isFit, reason } =
    data.source === 'file' ? { isFit: true, reason: '' } : corpora[data.source].scaling;
  return {
    id,
    name: study.name,
    note: study.note,
    study: json,
    runs: runsOf(plan).map(describeRun),
    dropped: dropped.map(({ run, reason: why }) => ({
      parameters: run.shape.parameters,
      tokens: run.tokens,
      reason: why,
    })),
    predictedSeconds,
    basis: engine.profile ? 'calibration' : predictedSeconds === undefined ? 'none' : 'rate',
    flops,
    textWarning: isFit ? '' : reason,
  };
}

function describeRun(run: PlannedRun): PlannedStudyRun {
  const { shape, experiment, tokens, seed, predictedSeconds, predictedBytes, planFlops } = run;
  return {
    run: run.run,
    parameters: shape.parameters,
    counts: shape.counts,
    tokens,
    budget: run.budget,
    trunk: run.trunk,
    width: shape.width,
    ratio: shape.ratio,
    mlpToAttention: shape.mlpToAttention,
    layers: experiment.model.layers,
    seed,
    learningRate: experiment.train.optimizer.learningRate,
    steps: experiment.train.steps,
    predictedSeconds,
    predictedBytes,
    flops: planFlops,
  };
}

function runsOf({ groups }: StudyPlan): readonly PlannedRun[] {
  return groups.flatMap(({ runs }) => runs);
}

/** Passes a step on, at most ten a second. */
function stepsOf(onEvent: (event: StudyEvent) => void) {
  let last = Number.NEGATIVE_INFINITY;
  return ({ run, experiment }: PlannedRun, step: number, loss: number) => {
    const now = performance.now();
    if (now < last + betweenSteps) return;
    last = now;
    onEvent({ kind: 'step', run, step, steps: experiment.train.steps, loss });
  };
}

function opened(open: ReadonlyMap<string, OpenStudy>, id: string): OpenStudy {
  const study = open.get(id);
  if (study) return study;
  throw new LabError({
    kind: 'invalidRequest',
    message: `study ${id}: it is not planned here. Plan it again.`,
  });
}

function busy(message: string): LabError {
  return new LabError({ kind: 'busy', message });
}

/** What crosses to the page is plain. */
function asJson(experiment: Experiment): ExperimentJson {
  return JSON.parse(JSON.stringify(experiment));
}
