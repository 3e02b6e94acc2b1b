// Writes a run's record while it runs: takes the events of its loop, and gives the record so far at any moment.

import type { KernelTable } from '../../contract/kernels.ts';
import type {
  RecordedCalibration,
  RecordedDevice,
  RecordedEvaluation,
  RunRecord,
} from '../../contract/records.ts';
import type { LabEvent, StepTiming } from '../../contract/runs.ts';
import { schemaVersion } from '../../model/config.ts';
import type { DeviceProfile } from '../../plan/device-profile.ts';
import { appVersion } from '../../text/app-version.ts';
import { ThinnedList } from '../plans/thinned-list.ts';
import type { Run } from '../training/run.ts';
import { recordVersion } from './schema.ts';

/** Points of a record's curve: more than a chart shows, few enough to write every ten seconds. */
const keptSteps = 2000;
const keptEvaluations = 1000;
const keptSamples = 200;
/** Characters of one sample. */
const sampleLength = 4000;

/** What is known of a run besides what happens in it. */
export interface RecordOptions {
  readonly id: string;
  readonly title: string;
  readonly device: RecordedDevice;
  readonly profile?: DeviceProfile | undefined;
  readonly presetId?: string;
  readonly note?: string;
  /** The record of the same run up to where it goes on from now. */
  readonly before?: RunRecord | undefined;
}

/** What a record takes of a run. */
export interface RecordedRun {
  readonly experiment: Run['experiment'];
  readonly trainer: { readonly progress: Run['trainer']['progress'] };
  readonly runtime: { readonly allocatedBytes: number };
  readonly corpus?: { readonly sha256: string };
  readonly prediction?: Run['prediction'];
  readonly floors?: Run['floors'];
  readonly bytesPerToken?: Run['bytesPerToken'];
}

type Step = RunRecord['steps'][number];

/** Collects one run. */
export class RunRecorder {
  readonly #facts: Omit<RunRecord, 'state' | 'steps' | 'evaluations' | 'samples' | 'note'>;
  readonly #steps: ThinnedList<Step>;
  readonly #evaluations: ThinnedList<RecordedEvaluation>;
  #samples: RunRecord['samples'];
  #state: RunRecord['state'];
  #message: string | undefined;
  #timing: StepTiming | undefined;
  #kernelTable: KernelTable | undefined;
  /** A person may rename a run while it runs, and write a note on it. */
  title: string;
  note: string | undefined;

  constructor(run: RecordedRun, options: RecordOptions) {
    const { id, title, device, profile, presetId, note } = options;
    const reached = run.trainer.progress.step;
    const before = options.before && untilStep(options.before, reached);
    this.title = title;
    this.note = note ?? before?.note;
    this.#state = before && reached >= run.experiment.train.steps ? before.state : 'paused';
    this.#facts = {
      format: 'flopscope-run',
      version: recordVersion,
      appVersion,
      id,
      title,
      ...defined({ presetId: presetId ?? before?.presetId }),
      startedAt: before?.startedAt ?? new Date().toISOString(),
      configVersion: schemaVersion,
      experiment: run.experiment,
      ...defined({ dataSha256: run.corpus?.sha256 }),
      device,
      ...defined({ calibration: (profile && calibrationOf(profile)) ?? before?.calibration }),
      ...defined({ prediction: run.prediction, floors: run.floors, bytesPerToken: run.bytesPerToken }),
      allocatedBytes: run.runtime.allocatedBytes,
      totalSteps: run.experiment.train.steps,
      timingMethod:
        'Seconds of a step: wall clock from the arrival of one step’s loss to that of the next, two steps in flight, pauses left out.',
    };
    this.#steps = new ThinnedList(keptSteps, before?.steps);
    this.#evaluations = new ThinnedList(keptEvaluations, before?.evaluations);
    this.#samples = before?.samples ?? [];
    this.#kernelTable = before?.kernelTable;
    this.#timing = before?.timing;
  }

  get id(): string {
    return this.#facts.id;
  }

  /** The kernel table, once it was measured. */
  set kernelTable(table: KernelTable) {
    this.#kernelTable = table;
  }

  /** Takes an event in. A step that is no number is left out: `message` says what it was. */
  take(event: LabEvent): void {
    switch (event.kind) {
      case 'steps':
        for (const step of event.steps) if (hasFiniteNumbers(step)) this.#steps.push(plainStep(step));
        return;
      case 'evaluation':
        if (hasFiniteNumbers(event)) this.#evaluations.push(plainEvaluation(event));
        return;
      case 'sample':
        this.#addSample(event.step, event.text);
        return;
      case 'timing':
        this.#timing = event.timing;
        return;
      case 'state':
        if (event.state === 'idle' || event.state === 'preparing') return;
        this.#state = event.state;
        this.#message = event.message?.slice(0, 2000);
        return;
      case 'prepared':
      case 'saved':
      case 'experts':
      case 'deviceChanged':
      case 'calibrated':
      case 'problem':
        return;
      default:
        event satisfies never;
    }
  }

  /** The record so far. */
  record(): RunRecord {
    const [message, timing, kernelTable, note] = [this.#message, this.#timing, this.#kernelTable, this.note];
    return {
      ...this.#facts,
      title: this.title,
      state: this.#state,
      ...defined({ message, timing, kernelTable, note }),
      steps: this.#steps.items(),
      evaluations: this.#evaluations.items(),
      samples: this.#samples,
    };
  }

  #addSample(step: number, text: string): void {
    const earlier = this.#samples.filter((sample) => sample.step < step);
    const all = [...earlier, { step, text: text.slice(0, sampleLength) }];
    this.#samples =
      all.length > keptSamples ? all.filter((_, index) => index % 2 === 0 || index === all.length - 1) : all;
  }
}

/** A record as it was when a step was done. */
export function untilStep(record: RunRecord, last: number): RunRecord {
  const isDone = ({ step }: { readonly step: number }) => step <= last;
  const { steps, evaluations, samples } = record;
  return {
    ...record,
    steps: steps.filter(isDone),
    evaluations: evaluations.filter(isDone),
    samples: samples.filter(isDone),
  };
}

function calibrationOf(profile: DeviceProfile): RecordedCalibration {
  const { fmaFlopsPerSecond, copyBytesPerSecond, launchSeconds, kernels, timer } = profile;
  return {
    fmaFlopsPerSecond,
    copyBytesPerSecond,
    launchSeconds,
    kernels: Object.keys(kernels).length,
    timer,
  };
}

function hasFiniteNumbers(values: object): boolean {
  return Object.values(values).every((value) => typeof value !== 'number' || Number.isFinite(value));
}

/** Without what only the loop needs of a step. */
function plainStep({ learningRate, gradientNorm, stepSeconds, tokensPerSecond, ...place }: Step): Step {
  const { step, tokens, flops, seconds, loss } = place;
  return { step, tokens, flops, seconds, loss, learningRate, gradientNorm, stepSeconds, tokensPerSecond };
}

function plainEvaluation({ step, tokens, flops, seconds, loss }: RecordedEvaluation): RecordedEvaluation {
  return { step, tokens, flops, seconds, loss };
}

/** The entries that have a value: absent and undefined are not the same in JSON. */
function defined<T extends object>(entries: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(entries).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}
