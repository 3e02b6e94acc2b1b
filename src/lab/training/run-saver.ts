// When a run is saved and what is kept of it: as often as takes little of its time.
import type { LabEvent } from '../../contract/runs.ts';
import { problemOf } from '../plans/problem.ts';
import { checkpointOf, type Run } from './run.ts';

/** Where saved states go. */
export interface SaveOptions {
  readonly emit: (event: LabEvent) => void;
  /** Keeps a checkpoint; called between steps. */
  readonly save?: (checkpoint: Uint8Array<ArrayBuffer>, step: number) => Promise<void>;
  /** Seconds between saves. */
  readonly saveInterval?: number;
}

/** A save may take at most this part of the time; large models are saved less often. */
const savingShare = 0.05;

/** Saves one run, between its steps. */
export class RunSaver {
  readonly #run: Run;
  readonly #options: SaveOptions;
  /** When to save next, and how long that was to be from the last time. Seconds. */
  #next: number;
  #wait: number;
  /** Step of the last state that was saved; undefined before the first. */
  #savedStep: number | undefined;

  constructor(run: Run, options: SaveOptions) {
    this.#run = run;
    this.#options = options;
    const { step } = run.trainer.progress;
    if (step > 0) this.#savedStep = step; // a run goes on from a saved state
    this.#wait = options.saveInterval ?? 10;
    this.#next = performance.now() / 1000 + this.#wait;
  }

  /** Whether it is time. A clock that was set back puts no save off. */
  get isDue(): boolean {
    const wait = this.#next - performance.now() / 1000;
    return wait <= 0 || wait > this.#wait;
  }

  /** Whether steps were taken since the last save. */
  get hasUnsaved(): boolean {
    return this.#run.trainer.progress.step !== (this.#savedStep ?? 0);
  }

  /** What is left of the run should it end now, in words. */
  get keptState(): string {
    return this.#savedStep === undefined
      ? 'No state had been saved before, so none is kept'
      : `The state saved at step ${this.#savedStep} is kept`;
  }

  /** Saves now, if anybody keeps it. A failure is an event: a full disk must not cost the run. */
  async save(): Promise<void> {
    const { save, saveInterval = 10, emit } = this.#options;
    if (!save) return;
    const start = performance.now() / 1000;
    try {
      const checkpoint = await checkpointOf(this.#run);
      await save(checkpoint, this.#run.trainer.progress.step);
      const { step } = this.#run.trainer.progress;
      this.#savedStep = step;
      emit({ kind: 'saved', step, bytes: checkpoint.byteLength });
    } catch (error) {
      emit({ kind: 'problem', problem: problemOf(error, 'storageFull') });
    }
    const end = performance.now() / 1000;
    this.#wait = Math.max(saveInterval, (end - start) / savingShare);
    this.#next = end + this.#wait;
  }
}
