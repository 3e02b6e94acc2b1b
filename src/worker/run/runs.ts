// The worker's one run: preparing it, driving it, keeping it in this browser, and bringing it back.

import type { KernelTable } from '../../contract/kernels.ts';
import type { RunRecord } from '../../contract/records.ts';
import type {
  ExportFormat,
  LabEvent,
  OpenedRun,
  OwnText,
  Prediction,
  TextSummary,
} from '../../contract/runs.ts';
import type {
  AnswerReport,
  NextRequest,
  NextTokens,
  SampleReport,
  SampleRequest,
} from '../../contract/sampling.ts';
import type { ExperimentJson, NamedFile } from '../../contract/values.ts';
import { predictedTable } from '../../lab/cost/kernel-table.ts';
import type { Engine } from '../../lab/plans/engine.ts';
import { LabError, problemOf } from '../../lab/plans/problem.ts';
import type { Run } from '../../lab/training/run.ts';
import type { RunLoop } from '../../lab/training/run-loop.ts';
import type { DraftModel } from '../../lab/training/sampling-needs.ts';
import type { Devices } from '../devices.ts';
import { type Activity, Exclusive } from '../exclusive.ts';
import { RunClaims } from './claims.ts';
import { exportedFiles } from './exported-files.ts';
import { openFitting, type RunStart, runOfFiles, summariseText } from './files.ts';
import { curveOf } from './kept-record.ts';
import { atRest, extended, forked, forkedRecord, keptModel, keptStart } from './later-run.ts';
import type { OpenRun } from './open-run.ts';
import { openRun, type RunHistory } from './opening.ts';
import { automaticVocabulary, newId, type PlannedRun, parsed, RunPlanner } from './planned-run.ts';
import { askRun, nextTokensOf, sampleRun } from './sampling.ts';
import type { RunStorage } from './storage.ts';
import { titlesIn } from './summary.ts';

/** Holds at most one run. */
export class Runs {
  readonly #devices: Devices;
  readonly planner: RunPlanner;
  readonly #storage: RunStorage;
  readonly #emit: (event: LabEvent) => void;
  readonly #exclusive: Exclusive;
  readonly #claims = new RunClaims();
  #current: OpenRun | undefined;
  #isPreparing = false;
  #isStopWanted = false;
  #devicesLost = 0;
  #cancelled = false;
  #measuredKernels: KernelTable | undefined;

  constructor(
    devices: Devices,
    storage: RunStorage,
    emit: (event: LabEvent) => void,
    exclusive = new Exclusive(() => this.isTraining),
  ) {
    this.#exclusive = exclusive;
    this.#devices = devices;
    this.planner = new RunPlanner(devices);
    this.#storage = storage;
    this.#emit = emit;
  }

  /** Whether a run is taking steps, or about to. */
  get isTraining(): boolean {
    return this.#isPreparing || this.#current?.loop.state === 'running';
  }

  /** The present run with the median seconds of its steps of late; undefined before the first step or profile. */
  get measuredStep(): { readonly run: Run; readonly seconds: number } | undefined {
    const { run, stepSeconds: seconds } = this.#current ?? {};
    return run && seconds !== undefined ? { run, seconds } : undefined;
  }

  /** Does something with the open run between its steps. @throws LabError when there is none */
  async withRun<T>(task: (run: Run, engine: Engine, loop: RunLoop) => Promise<T>): Promise<T> {
    const { loop, run } = this.#need();
    const engine = await this.#devices.engine();
    return loop.exclusive(() => task(run, engine, loop));
  }

  /** Checks a text and keeps it for experiments that train on a file. */
  async useText(text: OwnText): Promise<TextSummary> {
    const summary = await summariseText(text);
    this.planner.text = text;
    return summary;
  }

  /** Costs of an experiment, from the plans that would run. Allocates nothing. */
  async predict(json: ExperimentJson): Promise<Prediction> {
    return this.planner.predict(json);
  }

  /** The plans that would run, with the vocabulary of the text. Allocates nothing. */
  async record(json: ExperimentJson): Promise<PlannedRun> {
    return this.planner.record(json);
  }

  /** Prepares a new run in place of the one there was. */
  async prepare(json: ExperimentJson, text?: OwnText, title?: string): Promise<void> {
    if (text) this.planner.text = text;
    const wanted = parsed(json);
    const own = wanted.data.source === 'file' ? this.planner.text : undefined;
    const corpus = await this.planner.corpusOf(wanted);
    const options = { corpus, withSampler: true };
    await this.#open(newId(), { experiment: wanted, options, text: own, notes: [] }, { title });
  }

  /** Prepares a new run and starts it, unless it is stopped before it is ready. @returns whether it was started */
  async train(json: ExperimentJson, text?: OwnText, title?: string): Promise<boolean> {
    this.#isStopWanted = false;
    await this.#exclusive.freeForTraining();
    await this.prepare(json, text, title);
    if (!this.#isStopWanted) this.start();
    return !this.#isStopWanted;
  }

  /** As `start`, once the device is free. A refusal is an event: this call has no answer. */
  async resume(): Promise<void> {
    this.#isStopWanted = false;
    try {
      await this.#exclusive.freeForTraining();
      if (!this.#isStopWanted) this.start();
    } catch (error) {
      this.#emit({ kind: 'problem', problem: problemOf(error) });
    }
  }

  /** Waits until the open run has come to its end. @returns its record; undefined if another run took its place */
  async ended(): Promise<RunRecord | undefined> {
    return this.#need().ended();
  }

  /** Starts or goes on; nothing happens where there is no run. */
  start(): void {
    const { loop } = this.#current ?? {};
    if (!loop) return;
    // The device may have been calibrated since the run was prepared.
    void this.#devices.engine().then(
      ({ profile }) => {
        loop.peakFlopsPerSecond = profile?.fmaFlopsPerSecond.value;
      },
      () => undefined, // the loop will say what is wrong with the device
    );
    loop.start();
  }

  async pause(): Promise<void> {
    await this.#current?.loop.pause();
  }

  async step(): Promise<void> {
    this.#exclusive.requireFree();
    await this.#need().loop.step();
  }

  async stop(): Promise<void> {
    this.#isStopWanted = true;
    const current = this.#current;
    await current?.loop.stop();
    await current?.keeper.settled();
  }

  /** The record of the open run if it has this id: it may be newer than what is kept. */
  openRecord(id: string): RunRecord | undefined {
    const { keeper } = this.#current ?? {};
    return keeper?.id === id ? keeper.record : undefined;
  }

  /** The open run has another title or note from now on, if it has this id. */
  describe(id: string, words: { readonly title?: string; readonly note?: string }): void {
    const { keeper } = this.#current ?? {};
    if (keeper?.id === id) keeper.describe(words);
  }

  async sample(request: SampleRequest, onText: (text: string) => void): Promise<SampleReport> {
    const { loop, run } = this.#need();
    this.#cancelled = false;
    return sampleRun(loop, run, request, (text) => {
      onText(text);
      return !this.#cancelled;
    });
  }

  async nextTokens(request: NextRequest): Promise<NextTokens> {
    const { loop, run } = this.#need();
    return nextTokensOf(loop, run, request);
  }

  async askAnswers(): Promise<AnswerReport> {
    const { loop, run, keeper } = this.#need();
    return askRun(loop, run, () => keeper.record.evaluations.at(-1));
  }

  cancelSample(): void {
    this.#cancelled = true;
  }

  /** The step's plan as a table; measuring waits for the steps in flight and works on a copy. */
  async kernelTable(
    measure: boolean,
    onProgress: (done: number, total: number) => void,
  ): Promise<KernelTable> {
    const current = this.#need();
    const engine = await this.#devices.engine();
    if (!measure) return predictedTable(current.run, engine.profile);
    this.#measuredKernels = await this.#exclusive.during(profiling, () =>
      current.measureKernels(engine, onProgress),
    );
    return this.#measuredKernels;
  }

  /** The last kernel table that was measured, perhaps of an earlier run. */
  get measuredKernels(): KernelTable | undefined {
    return this.#measuredKernels;
  }

  async exportRun(format: ExportFormat): Promise<readonly NamedFile[]> {
    const { loop, run, keeper } = this.#need();
    return exportedFiles(loop, run, format, keeper.record);
  }

  /** Opens files that were saved here or elsewhere: a checkpoint, or a model with or without a text to train it on. */
  async importRun(files: readonly { readonly name: string; readonly content: Blob }[]): Promise<OpenedRun> {
    const found = await runOfFiles(files, this.planner.text);
    return openFitting(found, (start) => this.#open(newId(), start));
  }

  /** The open run with so many steps in all, paused where it is. */
  async extend(steps: number): Promise<OpenedRun> {
    const current = this.#need();
    const { id, record } = current.keeper;
    return this.#open(id, extended(await atRest(current), steps), { before: record });
  }

  /** A copy of the open run that goes on with other settings of training. The run is saved as it is. */
  async fork(json: ExperimentJson): Promise<OpenedRun> {
    const current = this.#need();
    const start = forked(await atRest(current), parsed(json));
    const before = forkedRecord(current.keeper.record, newId(), await titlesIn(this.#storage));
    return this.#open(before.id, start, { before });
  }

  async openSaved(id: string): Promise<OpenedRun> {
    await this.#claims.take(id); // nobody else writes it while it is read
    try {
      return await this.#openKept(id);
    } catch (error) {
      this.#claims.keepOnly(this.#current?.keeper.id);
      throw error;
    }
  }

  async #openKept(id: string): Promise<OpenedRun> {
    const { start, before } = await keptStart(this.#storage, id);
    return this.#open(id, start, { before, isTextKept: true });
  }

  /** The model of a saved run, which stays where it is. @throws LabError while another tab has the run open */
  async savedModel(id: string): Promise<DraftModel> {
    await this.#claims.take(id); // nobody else writes it while it is read
    try {
      return await keptModel(this.#storage, id);
    } finally {
      if (this.#current?.keeper.id !== id) this.#claims.release(id);
    }
  }

  /** Forgets a saved run. The one that is open is saved again when it goes on. */
  async deleteSaved(id: string): Promise<void> {
    await this.requireHere(id);
    const { keeper } = this.#current ?? {};
    if (keeper?.id === id) {
      await keeper.settled(); // what is on its way to the disk would bring the run back
      keeper.forget();
    }
    await this.#storage.remove(id);
  }

  /** @throws LabError while another tab has the run open */
  async requireHere(id: string): Promise<void> {
    await this.#claims.take(id);
    if (this.#current?.keeper.id !== id) this.#claims.release(id);
  }

  /** Ids of the runs that other tabs have open. */
  elsewhere(): Promise<ReadonlySet<string>> {
    return this.#claims.elsewhere();
  }

  /** Saves the open run if it has steps that are not saved. */
  async save(): Promise<void> {
    await this.#current?.loop.save();
    await this.#current?.keeper.settled();
  }

  /** The device is gone: nothing of the run can be used any more. */
  drop(): void {
    this.#devicesLost++;
    this.#current?.putAside();
    this.#current = undefined;
    this.#claims.keepOnly(undefined);
  }

  /** Saves and closes the open run, so that nothing is left on the device. */
  async close(): Promise<void> {
    const last = this.#current;
    if (!last) return;
    this.#current = undefined;
    await last.close();
    this.#claims.keepOnly(undefined);
    this.#emit({ kind: 'state', state: 'idle' });
  }

  async #open(id: string, start: RunStart, history: RunHistory = {}): Promise<OpenedRun> {
    if (this.#isPreparing)
      throw new LabError({ kind: 'busy', message: 'A run is being prepared. Wait for it.' });
    this.#exclusive.requireFree();
    this.#isPreparing = true;
    const lostBefore = this.#devicesLost;
    const chosen = this.planner.text;
    try {
      await this.#claims.take(id);
      const last = this.#current;
      this.#current = undefined;
      await last?.close();
      this.#claims.keepOnly(id);
      const isLost = () => this.#devicesLost !== lostBefore;
      const current = await openRun(this.#devices, this.#storage, this.#emit, { id, start, history, isLost });
      this.#current = current;
      // The form shows this run now, and predicts and trains it anew: unless another text was chosen meanwhile.
      if (start.text && this.planner.text === chosen) this.planner.text = start.text;
      this.#emit(current.prepared);
      for (const event of curveOf(current.keeper.record)) this.#emit(event);
      this.#emit({ kind: 'state', state: 'paused' });
      const { experiment, corpus } = current.run;
      const shown = automaticVocabulary(experiment, corpus.tokenizer.vocabularySize);
      return { experiment: shown, notes: start.notes };
    } catch (error) {
      this.#emit({ kind: 'state', state: 'idle' });
      throw error;
    } finally {
      this.#isPreparing = false;
    }
  }

  #need(): OpenRun {
    if (!this.#current) {
      throw new LabError({ kind: 'busy', message: 'There is no run yet. Press Train first.' });
    }
    return this.#current;
  }
}

const profiling: Activity = { what: 'A profile', way: 'wait for it', isBetweenSteps: true };
