// Everything the page shows, as one immutable value, and how the worker's events change it.

import type { CalibrationReport, DeviceInfo, RuntimeChoice, SelfTestReport } from '../../contract/device.ts';
import type { Catalogue } from '../../contract/form.ts';
import type { KernelTable } from '../../contract/kernels.ts';
import type { Lab } from '../../contract/lab.ts';
import type {
  BytesPerToken,
  LabEvent,
  Prediction,
  RunState,
  SavedRun,
  StepRecord,
  StepTiming,
  TextSummary,
} from '../../contract/runs.ts';
import type {
  AnswerReport,
  NextRequest,
  NextTokens,
  SampleReport,
  SampleRequest,
} from '../../contract/sampling.ts';
import type { ExperimentJson, FieldProblem, Problem } from '../../contract/values.ts';
import { deviceKind } from '../../text/device-kind.ts';
import { formatShortLoss } from '../../text/numbers.ts';
import type { RunSeries } from './series.ts';

/** Something that is asked of the worker once, takes a while and may fail. */
export type Job<T> =
  | { readonly kind: 'none' }
  | { readonly kind: 'running'; readonly share: number; readonly what: string }
  | { readonly kind: 'done'; readonly value: T }
  | { readonly kind: 'failed'; readonly problem: Problem };

/** A text that the model wrote while it was trained. */
export interface Sample {
  readonly step: number;
  readonly text: string;
  /** Token by token, where tokens are more than characters. */
  readonly pieces?: readonly string[] | undefined;
}

/** The run that the worker has, or the recording that stands in for it. */
export interface RunView {
  readonly state: RunState;
  /** What a person calls it; empty before it is prepared. */
  readonly title?: string | undefined;
  readonly id?: string | undefined;
  /** Rows of its vocabulary that its tokenizer has no token for. */
  readonly unknownTokens?: number | undefined;
  /** Whether it can be talked with. */
  readonly hasChat?: boolean | undefined;
  readonly message: string;
  /** Share of the preparation that is done, where it is known. */
  readonly progress?: number | undefined;
  readonly totalSteps: number;
  readonly allocatedBytes?: number | undefined;
  readonly prediction?: Prediction | undefined;
  /** What was started; the form may have moved on. */
  readonly experiment?: ExperimentJson | undefined;
  readonly last?: StepRecord | undefined;
  readonly bestValidation?: number | undefined;
  readonly lastValidation?: number | undefined;
  readonly bytesPerToken?: BytesPerToken | undefined;
  readonly timing?: StepTiming | undefined;
  readonly samples: readonly Sample[];
  /** Routers that sent nearly all tokens to the same experts when last looked at, a sentence each. */
  readonly collapsed?: readonly string[] | undefined;
  readonly savedStep?: number | undefined;
  readonly savedBytes?: number | undefined;
}

/** `quickly` takes seconds and is for the experiment at hand; `fully` is a calibration, once. */
export type MeasureFirst = (typeof measureFirstChoices)[number];

/** All of them. */
export const measureFirstChoices = ['quickly', 'fully', 'never'] as const;

/** A problem on display. */
export interface ShownProblem {
  readonly id: number;
  readonly problem: Problem;
  /** The call that was refused, whose next answer takes its place. */
  readonly asked?: keyof Lab | undefined;
}

/** What the sampler box shows. */
export interface SamplerView {
  readonly isRunning: boolean;
  /** What is being written for, by identity. */
  readonly asked?: SampleRequest | undefined;
  readonly text: string;
  readonly report?: SampleReport | undefined;
  /** Why the last request was refused. */
  readonly problem?: string | undefined;
  /** What would come next, with what was asked for it. */
  readonly next?: (NextTokens & NextRequest) | undefined;
}

/** What the open run answered, and whether it is being asked. */
export interface AnswersView {
  readonly isAsking: boolean;
  /** The newest last. */
  readonly reports: readonly AnswerReport[];
}

/** The whole view. */
export interface PageState {
  readonly catalogue?: Catalogue | undefined;
  readonly presetId: string;
  /** What the form says. */
  readonly experiment: ExperimentJson;
  /** Changed settings that the choice of a preset replaced, until they are put back or something is changed anew. */
  readonly replaced?: { readonly presetId: string; readonly experiment: ExperimentJson } | undefined;
  /** The same with every default filled in, as the worker last validated it. */
  readonly resolved?: ExperimentJson | undefined;
  readonly fieldProblems: readonly FieldProblem[];
  /** Settings and buttons that a teacher's link keeps as they are. */
  readonly locked: readonly string[];
  readonly notices: readonly string[];
  /** What the person has compute. */
  readonly runtime: RuntimeChoice;
  readonly device: Job<DeviceInfo>;
  readonly selfTest: Job<SelfTestReport>;
  readonly calibration: Job<CalibrationReport>;
  /** How the device is measured before a run, so that there is a prediction to measure against. */
  readonly measureFirst: MeasureFirst;
  readonly prediction: Job<Prediction>;
  readonly kernels: Job<KernelTable>;
  readonly run: RunView;
  readonly series: RunSeries;
  readonly sampler: SamplerView;
  readonly answers: AnswersView;
  readonly savedRuns: readonly SavedRun[];
  readonly text?: TextSummary | undefined;
  readonly problems: readonly ShownProblem[];
  /** What the page is waiting for, in words; empty when nothing. */
  readonly busy: string;
  readonly isWorkerGone: boolean;
}

/** Recent samples that are kept beside the landmarks. */
const samplesKept = 16;

/** A run view before any run. */
export const noRun: RunView = { state: 'idle', message: '', totalSteps: 0, samples: [] };

/** An empty curve. */
export const noSeries: RunSeries = { points: [], stride: 1, evaluations: [], floors: undefined };

/** Nothing was asked. */
export const noAnswers: AnswersView = { isAsking: false, reports: [] };

/** What belongs to a run, where none is open. */
export const noOpenRun = {
  run: noRun,
  series: noSeries,
  kernels: { kind: 'none' },
  sampler: { isRunning: false, text: '' },
  answers: noAnswers,
} as const satisfies Partial<PageState>;

/** The view before the worker has answered. */
export const initialState: PageState = {
  presetId: '',
  experiment: { model: {}, train: {}, data: {} },
  fieldProblems: [],
  locked: [],
  notices: [],
  runtime: { runtime: 'gpu' },
  device: { kind: 'none' },
  selfTest: { kind: 'none' },
  calibration: { kind: 'none' },
  measureFirst: 'quickly',
  prediction: { kind: 'none' },
  ...noOpenRun,
  savedRuns: [],
  problems: [],
  busy: '',
  isWorkerGone: false,
};

/** Whether a run holds the device: it can be paused or stopped. */
export function isRunActive(state: RunState): boolean {
  return state === 'preparing' || state === 'running' || state === 'paused';
}

/** Whether a run takes steps, or is about to: what measures or trains has to wait. */
export function isTraining({ run }: Pick<PageState, 'run'>): boolean {
  return run.state === 'preparing' || run.state === 'running';
}

/** Whether the worker is there, idle enough to be asked for a run or a measurement. */
export function isLabFree(page: PageState): boolean {
  const isMeasuring = page.selfTest.kind === 'running' || page.calibration.kind === 'running';
  return (
    page.catalogue !== undefined &&
    page.device.kind === 'done' &&
    !page.isWorkerGone &&
    page.busy === '' &&
    !isMeasuring
  );
}

/** Whether a GPU computes; false of a processor, and before a device is open. */
export function hasGpu({ device }: Pick<PageState, 'device'>): boolean {
  return device.kind === 'done' && device.value.runtime === 'gpu';
}

/** Whether there is a device that calibration can measure: a GPU, or the threads of the processor. */
export function isMeasurable({ device }: Pick<PageState, 'device'>): boolean {
  return device.kind === 'done' && device.value.runtime !== 'cpu';
}

/** Whether all kernels were measured: the quick figures of one run say less of other sizes. */
export function isWhollyCalibrated({ calibration }: Pick<PageState, 'calibration'>): boolean {
  return calibration.kind === 'done' && calibration.value.isQuick !== true;
}

/** Whether models train on the processor: by choice, without a GPU, or on a software renderer of one. */
export function isOnProcessor({ device }: Pick<PageState, 'device'>): boolean {
  return device.kind === 'done' && deviceKind(device.value) !== 'GPU';
}

/** Whether there are weights to sample from, profile or save. */
export function hasWeights(run: RunView): boolean {
  return run.state !== 'idle' && run.state !== 'preparing' && run.state !== 'failed';
}

/** Whether the open run has steps that closing the page would lose. */
export function hasUnsavedSteps({ state, last, savedStep }: RunView): boolean {
  return (state === 'running' || state === 'paused') && last !== undefined && last.step > (savedStep ?? 0);
}

/** Seconds that the rest of the run will take, from the pace so far (the prediction before the first step). */
export function remainingSeconds(run: RunView): number | undefined {
  const { last, prediction, timing, totalSteps } = run;
  const left = totalSteps - (last?.step ?? 0);
  if (left <= 0) return totalSteps > 0 ? 0 : undefined;
  const pace = timing?.stepSeconds ?? last?.stepSeconds ?? prediction?.secondsPerStep;
  return pace === undefined ? undefined : pace * left;
}

/** Tokens per second: of recent steps where they were timed, of the whole run otherwise (a recording). */
export function measuredRate({ last, timing }: RunView): number | undefined {
  if (timing?.tokensPerSecond !== undefined) return timing.tokensPerSecond;
  return last && last.seconds > 0 ? last.tokens / last.seconds : undefined;
}

/** Whether a step is one of 0, 10, 30, 100, 300, …: evenly apart for the eye that reads progress. */
export function isLandmark(step: number): boolean {
  if (step === 0) return true;
  const power = 10 ** Math.floor(Math.log10(step) + 1e-9);
  return step >= 10 && (step === power || step === 3 * power);
}

/** Newest first: recent samples, and those of landmarks however old. */
function keptSamples(samples: readonly Sample[]): readonly Sample[] {
  return samples.filter(({ step }, index) => index < samplesKept || isLandmark(step));
}

/** What stands side by side, oldest first: the landmarks and the newest. */
export function samplesByStep(samples: readonly Sample[]): readonly Sample[] {
  return samples.filter(({ step }, index) => index === 0 || isLandmark(step)).toReversed();
}

/** The run after one event. Curves are kept elsewhere (SeriesCollector). */
export function reduceRun(run: RunView, event: LabEvent): RunView {
  switch (event.kind) {
    case 'state':
      return { ...run, state: event.state, message: event.message ?? '', progress: event.progress };
    case 'prepared':
      return {
        ...noRun,
        state: run.state,
        message: run.message,
        experiment: run.experiment,
        id: event.id,
        title: event.title,
        unknownTokens: event.unknownTokens,
        hasChat: event.hasChat,
        totalSteps: event.totalSteps,
        allocatedBytes: event.allocatedBytes,
        prediction: event.prediction,
        bytesPerToken: event.bytesPerToken,
      };
    case 'steps':
      return { ...run, last: event.steps[event.steps.length - 1] ?? run.last };
    case 'evaluation':
      return {
        ...run,
        lastValidation: event.loss,
        bestValidation: Math.min(run.bestValidation ?? Number.POSITIVE_INFINITY, event.loss),
      };
    case 'timing':
      return { ...run, timing: event.timing };
    case 'sample':
      return {
        ...run,
        samples: keptSamples([{ step: event.step, text: event.text, pieces: event.pieces }, ...run.samples]),
      };
    case 'saved':
      return { ...run, savedStep: event.step, savedBytes: event.bytes };
    case 'experts':
      return { ...run, collapsed: event.collapsed.map(({ why }) => why) };
    case 'deviceChanged':
    case 'calibrated':
    case 'problem':
      return run;
    default:
      return event satisfies never;
  }
}

/** The title of the tab, which is all that a hidden page shows. */
export function pageTitle(run: RunView): string {
  const { state, last, totalSteps } = run;
  if (last === undefined || state === 'idle') return 'Flopscope';
  const share = totalSteps > 0 ? `${Math.floor((100 * last.step) / totalSteps)}% · ` : '';
  const mark =
    state === 'paused'
      ? 'paused · '
      : state === 'finished'
        ? 'done · '
        : state === 'diverged'
          ? 'diverged · '
          : '';
  return `${mark}${share}loss ${formatShortLoss(last.loss)} · Flopscope`;
}
