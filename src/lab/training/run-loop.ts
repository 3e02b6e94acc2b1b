// Drives one run: start, pause, single step, stop; evaluates, samples and saves in between, and says all that happens.
import type { RunState, StepRecord } from '../../contract/runs.ts';
import { startTokens, textPieces } from '../plans/corpus.ts';
import { problemOf } from '../plans/problem.ts';
import { DivergenceWatch } from './divergence.ts';
import { ExpertLog } from './expert-history.ts';
import type { Run } from './run.ts';
import { RunSaver, type SaveOptions } from './run-saver.ts';
import { isSampleDue } from './sampling-steps.ts';
import { StepClock } from './step-clock.ts';
import type { PendingStep } from './trainer.ts';

/** Where events and saved states go. */
export interface RunLoopOptions extends SaveOptions {
  /** Step after which the run is finished, when that is not the end of the schedule. */
  readonly lastStep?: number;
}

/** One run's loop. At most one thing happens at a time: a batch of steps, or one exclusive task between steps. */
export class RunLoop {
  readonly run: Run;
  /** What the routers did so far. */
  readonly experts: ExpertLog;
  readonly #options: RunLoopOptions;
  readonly #clock: StepClock;
  readonly #divergence: DivergenceWatch;
  readonly #saver: RunSaver;
  #state: RunState = 'paused';
  #pending: Promise<StepRecord & { readonly isFinite: boolean }>[] = [];
  /** What the first step that failed threw. */
  #fault: unknown;
  #tasks: (() => Promise<void>)[] = [];
  #stepsWanted = 0;
  #loop: Promise<void> | undefined;
  #isBegun: boolean;
  /** Set by the owner when the device is calibrated. */
  #peak: number | undefined;

  constructor(run: Run, options: RunLoopOptions) {
    this.run = run;
    this.experts = new ExpertLog(run);
    this.#options = options;
    this.#clock = new StepClock(run.trainer.flopsPerStep);
    this.#divergence = new DivergenceWatch(run.experiment.model.vocabulary);
    this.#isBegun = run.trainer.progress.step > 0;
    this.#saver = new RunSaver(run, options);
  }

  get state(): RunState {
    return this.#state;
  }

  /** Runs to the configured number of steps. */
  start(): void {
    if (this.#isOver) return;
    this.#stepsWanted = Infinity;
    this.#setState('running');
    this.#wake();
  }

  /** Takes one step and pauses. */
  async step(): Promise<void> {
    if (this.#isOver) return;
    this.#stepsWanted = 1;
    this.#wake();
    await this.settled();
    if (this.#stepsWanted <= 0 && this.#state === 'running') this.#setState('paused');
  }

  /** Finishes the steps in flight and waits. */
  async pause(): Promise<void> {
    this.#stepsWanted = 0;
    await this.exclusive(async () => {
      // Whoever pressed start meanwhile wants no pause any more.
      if (this.#stepsWanted <= 0 && this.#state === 'running') this.#setState('paused');
    });
  }

  /** Ends the run, saving where it got to. */
  async stop(): Promise<void> {
    this.#stepsWanted = 0;
    await this.exclusive(async () => {
      this.#stepsWanted = 0;
      if (this.#isOver) return;
      await this.#saver.save();
      this.#setState('stopped');
    });
  }

  /** Saves between steps what is not saved yet; a run that is over was. */
  async save(): Promise<void> {
    await this.exclusive(async () => {
      if (!this.#isOver && this.#saver.hasUnsaved) await this.#saver.save();
    });
  }

  /** Resolves when nothing is going on any more: finished, paused, stopped or failed. */
  async settled(): Promise<void> {
    while (this.#loop) await this.#loop;
  }

  /** Runs a task between steps, when no step is in flight: sampling, exporting, profiling. */
  exclusive<T>(task: () => Promise<T>): Promise<T> {
    const result = new Promise<T>((resolve, reject) => {
      this.#tasks.push(() => task().then(resolve, reject));
    });
    this.#wake();
    return result;
  }

  /** Says what the routers did since this was last asked; nothing of a dense model. Call between steps. */
  async takeExperts(): Promise<void> {
    const sample = await this.experts.take();
    if (!sample) return;
    const { collapsed } = this.experts;
    this.#options.emit({ kind: 'experts', step: sample.step, sample, collapsed });
  }

  get #lastStep(): number {
    return this.#options.lastStep ?? this.run.experiment.train.steps;
  }

  get #isOver(): boolean {
    return ['finished', 'stopped', 'diverged', 'failed'].includes(this.#state);
  }

  #wake(): void {
    this.#loop ??= this.#turn().finally(() => {
      this.#loop = undefined;
      // A request may have come in while the last turn was ending.
      if (this.#tasks.length > 0 || (this.#stepsWanted > 0 && !this.#isOver)) this.#wake();
    });
  }

  async #turn(): Promise<void> {
    let hasStepped = false;
    try {
      for (;;) {
        await this.#serveTasks();
        if (this.#isOver) break;
        const isAtEnd = this.run.trainer.progress.step >= this.#lastStep;
        if (isAtEnd && (hasStepped || this.#stepsWanted > 0)) {
          await this.#drain();
          if (!this.#isOver) await this.#finish();
          break;
        }
        if (this.#stepsWanted <= 0) break;
        await this.#begin();
        const steps = Math.min(this.#stepsWanted, this.#stepsAtOnce);
        this.#stepsWanted -= steps;
        hasStepped = true;
        for (const step of await this.run.trainer.submitSteps(steps)) this.#follow(step);
        if (this.#isBoundary()) await this.#afterStep();
      }
      await this.#drain();
    } catch (error) {
      this.#fail(error);
    }
    this.run.trainer.pauseClock();
  }

  /** What the untrained model writes: later samples are read beside it. */
  async #begin(): Promise<void> {
    if (this.#isBegun) return;
    this.#isBegun = true;
    if (isSampleDue(0, this.run.experiment.train.sampleInterval)) await this.#sample();
  }

  async #serveTasks(): Promise<void> {
    if (this.#tasks.length === 0) return;
    await this.#drain();
    for (let task = this.#tasks.shift(); task; task = this.#tasks.shift()) await task();
    this.run.trainer.pauseClock();
  }

  #follow(step: PendingStep): void {
    const record = step.record.then((done) => {
      this.#options.emit({ kind: 'steps', steps: [done] });
      this.#clock.add(step, done);
      this.#checkLoss(done);
      return done;
    });
    record.catch((error) => {
      this.#fault ??= error; // #drain reports it
      this.#stepsWanted = 0;
    });
    this.#pending.push(record);
    if (this.#pending.length > 8) this.#pending.shift();
  }

  async #drain(): Promise<void> {
    const pending = this.#pending;
    this.#pending = [];
    await Promise.allSettled(pending);
    const fault = this.#fault;
    this.#fault = undefined;
    if (fault !== undefined) throw fault;
  }

  #checkLoss(done: StepRecord & { readonly isFinite: boolean }): void {
    const lost = this.#divergence.take(done);
    if (lost === undefined || this.#isOver) return;
    this.#stepsWanted = 0;
    const message = `${lost}. ${this.#saver.keptState}. Lower the learning rate or turn on clipping.`;
    this.#setState('diverged', message);
    this.#options.emit({ kind: 'problem', problem: { kind: 'diverged', message } });
  }

  /** Steps to hand over together: none goes past one behind which something else comes (the end, an evaluation, a sample). */
  get #stepsAtOnce(): number {
    const { trainer, experiment } = this.run;
    const { step } = trainer.progress;
    const { evaluationInterval, sampleInterval } = experiment.train;
    const most = Math.min(this.#lastStep - step, trainer.groupSize);
    for (let steps = 1; steps < most; steps++)
      if (isDue(step + steps, evaluationInterval) || isSampleDue(step + steps, sampleInterval)) return steps;
    return Math.max(1, most);
  }

  /** True when something other than the next step is due. */
  #isBoundary(): boolean {
    const { step } = this.run.trainer.progress;
    const { train } = this.run.experiment;
    return (
      isDue(step, train.evaluationInterval) ||
      isSampleDue(step, train.sampleInterval) ||
      this.#isSaveDue ||
      this.#clock.isDue()
    );
  }

  /** What was saved before stays while the run may be lost. */
  get #isSaveDue(): boolean {
    return this.#saver.isDue && !this.#divergence.isSuspicious;
  }

  async #afterStep(): Promise<void> {
    const { train } = this.run.experiment;
    const { step } = this.run.trainer.progress;
    if (this.#clock.isDue()) this.#emitTiming();
    const wantsEvaluation = isDue(step, train.evaluationInterval);
    const wantsSample = isSampleDue(step, train.sampleInterval);
    const wantsSave = this.#isSaveDue;
    if (!wantsEvaluation && !wantsSample && !wantsSave) return;
    await this.#drain();
    if (this.#isOver) return;
    if (wantsEvaluation) await this.#evaluate();
    if (wantsSample) await this.#sample();
    // What the drained steps were is known only now.
    if (wantsSave && this.#isSaveDue) await this.#saver.save();
    this.run.trainer.pauseClock();
  }

  async #finish(): Promise<void> {
    const { step } = this.run.trainer.progress;
    const { train } = this.run.experiment;
    if (train.evaluationInterval > 0 && step % train.evaluationInterval !== 0) await this.#evaluate();
    await this.#saver.save();
    this.#emitTiming();
    this.#setState('finished');
  }

  async #evaluate(): Promise<void> {
    const { trainer, evaluation } = this.run;
    if (evaluation.length === 0) return;
    const { step, tokens, seconds } = trainer.progress;
    const loss = await trainer.evaluate(evaluation);
    this.#options.emit({
      kind: 'evaluation',
      step,
      tokens,
      flops: step * trainer.flopsPerStep,
      seconds,
      loss,
    });
    await this.takeExperts();
  }

  async #sample(): Promise<void> {
    const { sampler, corpus, trainer } = this.run;
    if (!sampler) return;
    const { step } = trainer.progress;
    const options = { maximumTokens: 120, temperature: 0.8, topK: 0, topP: 1, seed: step };
    const { tokens } = await sampler.generate(await startTokens(corpus), options);
    const pieces = textPieces(corpus.tokenizer, tokens);
    const text = corpus.tokenizer.decode(tokens, true);
    this.#options.emit({ kind: 'sample', step, text, ...(pieces ? { pieces } : {}) });
  }

  #emitTiming(): void {
    const timing = this.#clock.timing(this.run.prediction.secondsPerStep, this.#peak);
    if (timing) this.#options.emit({ kind: 'timing', timing });
  }

  /** Flops per second that utilisation refers to: the calibrated FMA peak. */
  set peakFlopsPerSecond(peak: number | undefined) {
    this.#peak = peak;
  }

  #setState(state: RunState, message?: string): void {
    if (this.#state === state) return;
    this.#state = state;
    this.#options.emit({ kind: 'state', state, ...(message ? { message } : {}) });
  }

  #fail(error: unknown): void {
    this.#stepsWanted = 0;
    const { kind, message: what } = problemOf(error);
    const message = this.#options.save ? `${what.replace(/\.\s*$/, '')}. ${this.#saver.keptState}.` : what;
    this.#options.emit({ kind: 'problem', problem: { kind, message } });
    this.#setState('failed', message);
  }
}

function isDue(step: number, interval: number): boolean {
  return interval > 0 && step % interval === 0;
}
