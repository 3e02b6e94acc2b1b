// A comparison's side of the worker: sizes the chosen models, trains them in turn, and keeps what they came to.
import type { ReactiveController, ReactiveControllerHost } from 'lit';
import type { ComparedModel, ComparisonEvent } from '../../contract/comparison.ts';
import type { ComparedRun, RunRecord } from '../../contract/records.ts';
import type { RoomAccess } from '../state/access.ts';
import { downloadText } from '../state/files.ts';
import type { ComparisonRun } from './ranking.ts';

/** Where a comparison stands. */
export type ComparisonProgress =
  | { readonly kind: 'none' | 'sizing' }
  | { readonly kind: 'running'; readonly index: number; readonly seed: number; readonly isCancelled: boolean }
  | { readonly kind: 'done'; readonly isWhole: boolean };

/** What of a comparison changes together. */
interface ComparisonState {
  readonly models: readonly ComparedModel[];
  readonly progress: ComparisonProgress;
  readonly runs: readonly (ComparisonRun & { readonly seed: number; readonly record: RunRecord })[];
  readonly ran: readonly ComparedModel[];
  readonly compared: readonly ComparedRun[];
}

/** One comparison at a time; every change asks the element to be drawn again. */
export class ComparisonController implements ReactiveController {
  readonly #host: ReactiveControllerHost;
  readonly #access: () => RoomAccess | undefined;
  #state: ComparisonState = { models: [], progress: { kind: 'none' }, runs: [], ran: [], compared: [] };
  /** Counts choices, so that a late answer to an earlier one is dropped. */
  #revision = 0;

  constructor(host: ReactiveControllerHost, access: () => RoomAccess | undefined) {
    this.#host = host;
    this.#access = access;
    host.addController(this);
  }

  hostConnected(): void {}

  /** The models chosen, as large as the first one's flops allow; none before they are sized. */
  get models(): readonly ComparedModel[] {
    return this.#state.models;
  }

  get progress(): ComparisonProgress {
    return this.#state.progress;
  }

  /** Runs that have ended, of all seeds. */
  get runs(): ComparisonState['runs'] {
    return this.#state.runs;
  }

  /** The models that these are of: others may be chosen meanwhile. */
  get ran(): readonly ComparedModel[] {
    return this.#state.ran;
  }

  /** The ended runs of the first seed side by side. */
  get compared(): readonly ComparedRun[] {
    return this.#state.compared;
  }

  /** Curves are of the first seed: one line a model. */
  get records(): readonly RunRecord[] {
    return this.runs.flatMap(({ seed, record }) => (seed === 0 ? [record] : []));
  }

  /** Brings presets to equal flops; fewer than two are no comparison. */
  async size(presetIds: readonly string[], steps: number): Promise<void> {
    const revision = ++this.#revision;
    this.#set({ models: [], progress: { kind: presetIds.length < 2 ? 'none' : 'sizing' } });
    if (presetIds.length < 2) return;
    const access = this.#access();
    const result = await access?.attempt('', (lab) => lab.sizeComparison(presetIds, steps));
    if (revision !== this.#revision) return;
    this.#set({
      models: (result && access?.take(result, 'sizeComparison')) ?? [],
      progress: { kind: 'none' },
    });
  }

  /** Trains the sized models one after another, so many times each. */
  async run(seeds: number): Promise<void> {
    const { models } = this;
    const access = this.#access();
    const progress = { kind: 'running', index: 0, seed: 0, isCancelled: false } as const;
    this.#set({ runs: [], ran: models, compared: [], progress });
    const whole = await access?.attempt('Comparing at equal flops', async (lab) => {
      const result = await lab.runComparison(models, seeds, (event) => this.#take(event));
      return access?.take(result, 'runComparison');
    });
    this.#set({ progress: whole === undefined ? { kind: 'none' } : { kind: 'done', isWhole: whole } });
    await access?.refreshRuns();
  }

  /** Ends the run that is being trained, and begins no other. */
  async cancel(): Promise<void> {
    const { progress } = this;
    if (progress.kind === 'running') this.#set({ progress: { ...progress, isCancelled: true } });
    await this.#access()?.attempt('', (lab) => lab.cancelComparison());
  }

  /** Saves all ended runs as one page. */
  async saveReport(): Promise<void> {
    const access = this.#access();
    const result = await access?.attempt('', (lab) =>
      lab.recordsReport(this.runs.map(({ record }) => record)),
    );
    const report = result && access?.take(result);
    if (report !== undefined) downloadText('report.html', report, 'text/html');
  }

  /** Events have a message port of their own and may come after the answer: records count then too. */
  #take(event: ComparisonEvent): void {
    const { progress } = this;
    if (event.kind === 'ended') {
      this.#set({ runs: [...this.runs, event] });
      void this.#compare();
    } else if (progress.kind === 'running') {
      this.#set({ progress: { ...progress, index: event.index, seed: event.seed } });
    }
  }

  async #compare(): Promise<void> {
    const { records } = this;
    const access = this.#access();
    const result = await access?.attempt('', (lab) => lab.compareRecords(records));
    const compared = result && access?.take(result);
    if (compared !== undefined && records.length === this.records.length) this.#set({ compared });
  }

  #set(changes: Partial<ComparisonState>): void {
    this.#state = { ...this.#state, ...changes };
    this.#host.requestUpdate();
  }
}
