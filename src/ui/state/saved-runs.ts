// The runs of this browser: listed, opened, trained on, extended, copied and deleted; as files out of it and into it.
import type { PulledName } from '../../contract/hub.ts';
import type { Lab } from '../../contract/lab.ts';
import type { OpenedRun } from '../../contract/runs.ts';
import type { NamedFile, Result } from '../../contract/values.ts';
import { valueAt, withValue } from './experiment.ts';
import type { Form } from './form.ts';
import { holdsSettings, refused } from './lock.ts';
import { showOpened } from './requests.ts';
import { hasUnsavedSteps } from './state.ts';
import type { PageStore } from './store.ts';

/** Milliseconds between two looks at runs that another tab has. */
const elsewhereMilliseconds = 3000;

/** Saved runs and files. What cannot be done becomes a problem on display. */
export class SavedRuns {
  readonly #store: PageStore;
  readonly #form: Form;
  readonly #resume: () => Promise<void>;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** @param resume trains on with the run that is open */
  constructor(store: PageStore, form: Form, resume: () => Promise<void>) {
    this.#store = store;
    this.#form = form;
    this.#resume = resume;
  }

  /** The page goes. */
  end(): void {
    clearTimeout(this.#timer);
  }

  /** The files of the run in one of the two formats; undefined when that failed (and was shown). */
  async exportRun(format: Parameters<Lab['exportRun']>[0]): Promise<readonly NamedFile[] | undefined> {
    const what = format === 'checkpoint' ? 'Writing the checkpoint' : 'Writing the model';
    return this.#store.attempt(what, async (lab) =>
      this.#store.take(await lab.exportRun(format), 'exportRun'),
    );
  }

  /** Opens files as a paused run; false when that failed (and was shown). */
  importRun(files: Parameters<Lab['importRun']>[0]): Promise<boolean> {
    return this.#openModel('Opening the files', (lab) => lab.importRun(files));
  }

  /** Opens a published model that is kept in this browser, likewise. */
  openPulled(model: PulledName): Promise<boolean> {
    return this.#openModel('Opening the model', (lab) => lab.openPulled(model));
  }

  async #openModel(what: string, ask: (lab: Lab) => Promise<Result<OpenedRun>>): Promise<boolean> {
    if (holdsSettings(this.#store.state.locked)) {
      // What they hold is known when they are open, and the run before them closed.
      this.#store.show(refused('A model that is opened brings settings of its own.'));
      return false;
    }
    return this.#open(what, ask);
  }

  /** Opens a saved run, paused; false when that failed (and was shown). */
  async open(id: string): Promise<boolean> {
    if (!(await this.#allowsSavedRun(id))) return false;
    return this.#open('Opening the saved run', (lab) => lab.openSavedRun(id));
  }

  /** Opens a saved run and trains on. */
  async goOn(id: string): Promise<void> {
    if (await this.open(id)) await this.#resume();
  }

  /** Gives the open run so many more steps, and trains on. */
  async extend(more: number): Promise<void> {
    const { last, experiment } = this.#store.state.run;
    const steps = (last?.step ?? 0) + more;
    if (experiment !== undefined && !this.#form.allows(withValue(experiment, 'train.steps', steps))) return;
    if (await this.#open('Adding steps to the run', (lab) => lab.extendRun(steps))) await this.#resume();
  }

  /** Trains on with a copy of the open run, under the settings of the form. */
  async fork(): Promise<void> {
    const { experiment } = this.#store.state;
    if (await this.#open('Copying the run', (lab) => lab.forkRun(experiment))) await this.#resume();
  }

  /** Under a lock its record is read first: opening it would put its settings into the form. */
  async #allowsSavedRun(id: string): Promise<boolean> {
    if (!holdsSettings(this.#store.state.locked)) return true;
    const record = await this.#store.attempt('', async (lab) => this.#store.take(await lab.runRecord(id)));
    if (record === undefined) return false;
    // A record names the vocabulary that the form leaves to the text.
    const vocabulary = valueAt(this.#store.state.experiment, 'model.vocabulary');
    const isAutomatic = vocabulary === 0;
    return this.#form.allows(
      isAutomatic ? withValue(record.experiment, 'model.vocabulary', 0) : record.experiment,
    );
  }

  /** Saves the open run's steps, if some are not saved. */
  async save(): Promise<void> {
    if (hasUnsavedSteps(this.#store.state.run)) await this.#store.attempt('', (lab) => lab.saveRun());
  }

  async delete(id: string): Promise<void> {
    await this.#store.attempt('', async (lab) => this.#store.take(await lab.deleteSavedRun(id)));
    await this.list();
  }

  /** Looks at what is saved, and again as long as another tab has one of the runs. */
  async list(): Promise<void> {
    await this.#store.attempt('', async (lab) => this.#store.set({ savedRuns: await lab.savedRuns() }));
    clearTimeout(this.#timer);
    if (!this.#store.isConnected) return; // the page has gone meanwhile
    // Another tab does not tell when it goes on or closes.
    if (this.#store.state.savedRuns.some(({ isElsewhere }) => isElsewhere))
      this.#timer = setTimeout(() => void this.list(), elsewhereMilliseconds);
  }

  async #open(what: string, ask: (lab: Lab) => Promise<Result<OpenedRun>>): Promise<boolean> {
    const isOpen = await this.#store.attempt(what, async (lab) => {
      const opened = this.#store.take(await ask(lab));
      if (opened === undefined) return false;
      showOpened(this.#store, opened);
      this.#form.replace(opened.experiment);
      return true;
    });
    return isOpen === true;
  }
}
