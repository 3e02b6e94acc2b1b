// The form: what it says, what a preset replaces, and the check and prediction that follow a change after a moment.
import type { OwnText } from '../../contract/runs.ts';
import type { ExperimentJson } from '../../contract/values.ts';
import { type FieldValue, valueAt, withValue } from './experiment.ts';
import { awaitedPrediction, changedSettings, presetOf, settleForm } from './requests.ts';
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
    this.#store.set({ presetId: id, fieldProblems: [], notices: [], replaced });
    this.replace(preset.experiment);
  }

  /** Puts back what choosing a preset replaced. */
  undoChoice(): void {
    const { replaced } = this.#store.state;
    if (replaced === undefined) return;
    this.#store.set({ presetId: replaced.presetId, fieldProblems: [], replaced: undefined });
    this.replace(replaced.experiment);
  }

  setField(path: string, value: FieldValue): void {
    this.#store.set({ replaced: undefined });
    this.replace(withValue(this.#store.state.experiment, path, value));
  }

  /** Checks a text, keeps it in the worker, and points the data at it; undefined goes back to a generated corpus. */
  async chooseText(text: OwnText | undefined): Promise<void> {
    if (text === undefined) {
      this.#ownText = undefined;
      const preset = presetOf(this.#store.state);
      const source = preset && valueAt(preset.experiment, 'data.source');
      this.#store.set({ text: undefined });
      this.setField('data.source', source === undefined || source === 'file' ? 'stories' : source);
      return;
    }
    await this.#store.attempt('Reading the text', async (lab) => {
      const summary = this.#store.take(await lab.useText(text));
      if (summary === undefined) return;
      this.#ownText = text;
      this.#store.settle('invalidData');
      this.#store.set({ text: summary });
      this.setField('data.source', 'file');
    });
  }

  /** Puts an experiment into the form. */
  replace(experiment: ExperimentJson): void {
    this.#revision += 1;
    this.#store.set({ experiment, prediction: awaitedPrediction(this.#store.state) });
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
