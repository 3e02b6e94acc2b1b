// The form: what it says, what a preset replaces, and the check and prediction that follow a change after a moment.
import type { OwnText } from '../../contract/runs.ts';
import type { ExperimentJson } from '../../contract/values.ts';
import { type FieldValue, valueAt, withValue } from './experiment.ts';
import { isLocked, lockedChange, refused } from './lock.ts';
import { awaitedPrediction, changedSettings, presetOf, settleForm } from './requests.ts';
import type { PageState } from './state.ts';
import type { PageStore } from './store.ts';
import type { PageControllerOptions } from './surroundings.ts';

/** The controller's part that changes the form. */
export class Form {
  readonly #store: PageStore;
  readonly #options: Pick<PageControllerOptions, 'settleMilliseconds' | 'showAddress'>;
  /** Counts changes, so that a late answer to an earlier one is dropped. */
  #revision = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #ownText: OwnText | undefined;

  constructor(store: PageStore, options: Pick<PageControllerOptions, 'settleMilliseconds' | 'showAddress'>) {
    this.#store = store;
    this.#options = options;
  }

  /** The person's own text, where the data are that. */
  get ownText(): OwnText | undefined {
    return this.#ownText;
  }

  choosePreset(id: string): void {
    const { state } = this.#store;
    const preset = presetOf(state, id);
    if (preset === undefined) return;
    const replaced = changedSettings(state) ?? state.replaced;
    this.replace(preset.experiment, { presetId: id, fieldProblems: [], notices: [], replaced });
  }

  /** Puts back what choosing a preset replaced. */
  undoChoice(): void {
    const { replaced } = this.#store.state;
    if (replaced === undefined) return;
    const { presetId, experiment } = replaced;
    this.replace(experiment, { presetId, fieldProblems: [], replaced: undefined });
  }

  setField(path: string, value: FieldValue): void {
    this.replace(withValue(this.#store.state.experiment, path, value), { replaced: undefined });
  }

  /** Checks a text, keeps it in the worker, and points the data at it; undefined goes back to a generated corpus. */
  async chooseText(text: OwnText | undefined): Promise<void> {
    // Another text under the same settings is another experiment, too.
    if (isLocked(this.#store.state.locked, 'data.source')) {
      this.#store.show(refused('The text to train on stays as it is.'));
      return;
    }
    if (text !== undefined) return this.takeText(text);
    this.#ownText = undefined;
    const preset = presetOf(this.#store.state);
    const source = preset && valueAt(preset.experiment, 'data.source');
    this.#store.set({ text: undefined });
    this.setField('data.source', source === undefined || source === 'file' ? 'stories' : source);
  }

  /** As `chooseText`, for the text that a teacher's link brings: what it locks does not hold for itself. */
  async takeText(text: OwnText): Promise<void> {
    await this.#store.attempt('Reading the text', async (lab) => {
      const summary = this.#store.take(await lab.useText(text), 'useText');
      if (summary === undefined) return;
      this.#ownText = text;
      this.#store.settle('invalidData');
      const experiment = withValue(this.#store.state.experiment, 'data.source', 'file');
      this.#put(experiment, { text: summary, replaced: undefined });
    });
  }

  /** Keeps these settings and buttons as they are; an empty list frees them. */
  lock(locked: readonly string[]): void {
    this.#store.set({ locked });
    if (locked.length === 0) this.#store.settle('locked');
  }

  /** Whether an experiment may stand here; one that changes what is locked may not, which is shown. */
  allows(experiment: ExperimentJson): boolean {
    const { locked, catalogue, experiment: now } = this.#store.state;
    const problem = lockedChange(locked, catalogue?.fields ?? [], now, experiment);
    if (problem !== undefined) this.#store.show(problem);
    return problem === undefined;
  }

  /** Puts an experiment into the form, with what else changes then; nothing where a lock forbids it, which is shown. */
  replace(experiment: ExperimentJson, change: Partial<PageState> = {}): void {
    if (this.allows(experiment)) this.#put(experiment, change);
  }

  /** The one place where the experiment changes after the page was opened. */
  #put(experiment: ExperimentJson, change: Partial<PageState>): void {
    this.#revision += 1;
    this.#store.set({ ...change, experiment, prediction: awaitedPrediction(this.#store.state) });
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.settle(), this.#options.settleMilliseconds);
  }

  /** Checks the form, predicts its costs and writes the address, now. */
  async settle(): Promise<void> {
    clearTimeout(this.#timer);
    const revision = this.#revision;
    await settleForm(this.#store, () => revision === this.#revision, this.#options.showAddress);
  }

  /** Asks nothing more. */
  end(): void {
    clearTimeout(this.#timer);
  }
}
