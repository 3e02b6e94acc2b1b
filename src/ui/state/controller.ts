// Owns the worker and the page's state: elements get the state as properties and call these methods from events.
import type { ReactiveController, ReactiveControllerHost } from 'lit';
import type { RuntimeChoice } from '../../contract/device.ts';
import type { Lab } from '../../contract/lab.ts';
import type { LabEvent } from '../../contract/runs.ts';
import type { NextRequest, SampleRequest } from '../../contract/sampling.ts';
import type { ExperimentJson, Problem, Result } from '../../contract/values.ts';
import type { RoomAccess } from './access.ts';
import { DeviceChecks } from './device-checks.ts';
import { Form } from './form.ts';
import { keepChoice, keptChoice } from './kept-choice.ts';
import { holdsSettings } from './lock.ts';
import { askAnswers, drawSample, showNext } from './requests.ts';
import {
  askedRuntime,
  availableThreads,
  keepRuntime,
  keptRuntime,
  withoutRuntime,
} from './runtime-choice.ts';
import { SavedRuns } from './saved-runs.ts';
import { SeriesCollector } from './series.ts';
import {
  hasWeights,
  isMeasurable,
  isOnProcessor,
  isRunActive,
  type MeasureFirst,
  measureFirstChoices,
  noOpenRun,
  noRun,
  type PageState,
  pageTitle,
  reduceRun,
} from './state.ts';
import { PageStore } from './store.ts';
import type { PageControllerOptions } from './surroundings.ts';

/** The page's side of the lab. Every method may be called at any time; what it cannot do becomes a problem on display. */
export class PageController implements ReactiveController {
  #options: PageControllerOptions;
  #store: PageStore;
  #series = new SeriesCollector();
  readonly #checks: DeviceChecks;
  /** What a run is made of. */
  readonly form: Form;
  /** The runs of this browser. */
  readonly saved: SavedRuns;

  constructor(host: ReactiveControllerHost, options: PageControllerOptions) {
    this.#options = options;
    let isFrameAsked = false;
    this.#store = new PageStore(() => {
      if (isFrameAsked) return;
      isFrameAsked = true;
      options.onFrame(() => {
        isFrameAsked = false;
        host.requestUpdate();
      });
    });
    this.#checks = new DeviceChecks(this.#store);
    this.form = new Form(this.#store, options);
    this.saved = new SavedRuns(this.#store, this.form, () => this.resume());
    this.#store.set({ measureFirst: keptChoice('measure-first', measureFirstChoices, 'quickly') });
    host.addController(this);
  }

  get state(): PageState {
    return this.#store.state;
  }

  /** What rooms get of this controller. */
  readonly access: RoomAccess = {
    attempt: (busy, talk) => this.#store.attempt(busy, talk),
    take: (result, asked) => this.#store.take(result, asked),
    show: (problem) => this.#store.show(problem),
    settle: (...kinds) => this.#store.settle(...kinds),
    useExperiment: (experiment) => this.form.replace(experiment),
    refreshRuns: () => this.saved.list(),
  };

  hostConnected(): void {
    if (this.#store.isConnected) return;
    this.#store.connect(this.#options.connect());
    void this.#store.attempt('', (lab) => this.#begin(lab));
  }

  hostDisconnected(): void {
    this.form.end();
    this.saved.end();
    this.#store.disconnect();
  }

  setMeasureFirst(measureFirst: MeasureFirst): void {
    this.#store.set({ measureFirst });
    keepChoice('measure-first', measureFirst);
  }

  // The device.

  async openDevice(): Promise<boolean> {
    const isOpen = await this.#checks.open();
    await this.form.settle();
    return isOpen;
  }

  /** Lets another runtime compute; the open run is saved and closed. False when that was refused (and shown). */
  async chooseRuntime(runtime: RuntimeChoice): Promise<boolean> {
    if (this.state.busy !== '') return false;
    const isChosen = await this.#store.attempt('Changing the device', () => this.#checks.open(runtime));
    if (isChosen !== true) return false;
    keepRuntime(runtime);
    this.#series.clear(undefined);
    this.#store.set({ ...noOpenRun, series: this.#series.snapshot() });
    await this.form.settle();
    await this.saved.list();
    return true;
  }

  /** Checks the kernels of the form that were not checked on this device before; `again` all of them. */
  async selfTest(again = false): Promise<void> {
    await this.#checks.selfTest(again, this.state.experiment);
  }

  async calibrate(again: boolean): Promise<void> {
    await this.#checks.calibrate(again, this.state.experiment);
    await this.form.settle();
  }

  // The run.

  /** Checks the device if that was not done yet, then trains what the form says. `isTrusted` skips a failed check. */
  async train(isTrusted = false): Promise<void> {
    await this.#startRun(isTrusted, (lab, experiment) => lab.start(experiment, this.form.ownText));
  }

  /** As `train`, but waits before the first step; false when that failed (and was shown). */
  prepare(): Promise<boolean> {
    return this.#startRun(false, (lab, experiment) => lab.prepare(experiment, this.form.ownText));
  }

  async pause(): Promise<void> {
    await this.#store.attempt('', (lab) => lab.pause());
  }

  async resume(): Promise<void> {
    if (await this.#checkDevice(false, this.state.run.experiment))
      await this.#store.attempt('', (lab) => lab.resume());
  }

  async step(): Promise<void> {
    if (this.state.run.state !== 'paused') return;
    await this.#store.attempt('', async (lab) => this.#store.take(await lab.step()));
  }

  async stop(): Promise<void> {
    await this.#store.attempt('Stopping after the step in flight', (lab) => lab.stop());
  }

  // What a run is good for.

  async sample(request: SampleRequest): Promise<void> {
    await drawSample(this.#store, request);
  }

  /** Asks the open run questions of its held-out text. */
  readonly askAnswers = (): Promise<void> => askAnswers(this.#store);

  /** What the model would write after a text. */
  readonly showNext = (request: NextRequest): Promise<void> => showNext(this.#store, request);

  cancelSample(): Promise<void> {
    return this.#store.attempt('', (lab) => lab.cancelSample());
  }

  /** Fetches the plan as a table; with `measure` every dispatch is timed. Without a run it prepares one. */
  async showKernels(measure: boolean): Promise<void> {
    if (!hasWeights(this.state.run) && !(await this.prepare())) return; // why is on display
    const what = measure ? 'Timing every dispatch on a copy of the weights' : 'Reading the plan';
    await this.#store.job('kernels', what, (lab, report) =>
      lab.kernelTable(measure, (done, total) => report(done / total, '')),
    );
  }

  showProblem(problem: Problem): void {
    this.#store.show(problem);
  }

  dismissNotices(): void {
    this.#store.set({ notices: [] });
  }

  dismissProblem(id: number): void {
    this.#store.set({ problems: this.state.problems.filter((shown) => shown.id !== id) });
  }

  async #begin(lab: Lab): Promise<void> {
    await lab.listen((events) => this.#receive(events));
    const threads = availableThreads();
    const asked = askedRuntime(this.#options.query, keptRuntime(threads), threads);
    const query = withoutRuntime(this.#options.query);
    const [catalogue, address] = await Promise.all([lab.catalogue(), lab.fromAddress(query)]);
    const notices = [...address.notices, ...asked.notices];
    this.#store.set({ catalogue, ...address, notices, runtime: asked.choice });
    await this.#checks.open();
    await this.#options.linkRead?.();
    // An address that names nothing leaves the choice to the device: a GPU's model would take a processor hours.
    const isAsOpened = this.state.experiment === address.experiment;
    const isFree = !holdsSettings(this.state.locked);
    if (query === '' && isAsOpened && isFree && isOnProcessor(this.state))
      this.form.choosePreset(catalogue.processorPreset);
    await this.form.settle();
    await this.saved.list();
  }

  #receive(events: readonly LabEvent[]): void {
    let { run } = this.state;
    const before = run.state;
    for (const event of events) {
      run = reduceRun(run, event);
      if (event.kind === 'prepared') this.#series.clear(event.floors);
      if (event.kind === 'steps') this.#series.addSteps(event.steps);
      if (event.kind === 'evaluation') this.#series.addEvaluation(event);
      if (event.kind === 'problem') this.#store.show(event.problem);
      if (event.kind === 'saved') this.#store.settle('storageFull');
      if (event.kind === 'calibrated')
        void this.#checks.takeFigures(event.report).then(() => this.form.settle());
    }
    // The badge has to say what the next run will be on: a new device, the processor, or fewer of its threads.
    const losses = ['deviceLost', 'threadLost'];
    const isOtherDevice = (event: LabEvent): boolean =>
      event.kind === 'problem' ? losses.includes(event.problem.kind) : event.kind === 'deviceChanged';
    if (events.some(isOtherDevice)) void this.openDevice();
    const isCurveNew = events.some(({ kind }) => ['prepared', 'steps', 'evaluation'].includes(kind));
    this.#store.set({ run, ...(isCurveNew ? { series: this.#series.snapshot() } : {}) });
    this.#options.showTitle(pageTitle(run));
    // A run that begins or is opened has put the one before aside, which was saved with that.
    const isOther = events.some(({ kind }) => kind === 'prepared');
    if (isOther || (isRunActive(before) && !isRunActive(run.state))) void this.saved.list();
  }

  /** Self-test of what this run dispatches and, if wished, calibration: what is known costs nothing. */
  async #checkDevice(isTrusted: boolean, experiment = this.state.experiment): Promise<boolean> {
    if (this.state.device.kind !== 'done' && !(await this.openDevice())) return false;
    if (!(await this.#checks.allow(experiment, isTrusted))) return false;
    if (isMeasurable(this.state) && (await this.#checks.measureFirst(experiment))) await this.form.settle();
    return true;
  }

  /** For a new run the quicker of a software GPU and the processor is taken; an open run stays where it is. */
  async #checkDeviceForNewRun(isTrusted: boolean): Promise<boolean> {
    if (this.state.device.kind !== 'done' && !(await this.openDevice())) return false;
    if (await this.#checks.takeQuicker(this.state.experiment)) await this.form.settle();
    return this.#checkDevice(isTrusted);
  }

  async #startRun(
    isTrusted: boolean,
    ask: (lab: Lab, experiment: ExperimentJson) => Promise<Result<undefined>>,
  ): Promise<boolean> {
    const { run, fieldProblems, busy } = this.state;
    if (run.state === 'preparing' || run.state === 'running' || busy !== '') return false;
    if (fieldProblems.length > 0) {
      const message = fieldProblems.map((problem) => problem.message).join(' ');
      this.#store.show({ kind: 'invalidConfig', message, fields: fieldProblems });
      return false;
    }
    this.#store.set({ problems: [] });
    const isReady = await this.#store.attempt('Checking the device', () =>
      this.#checkDeviceForNewRun(isTrusted),
    );
    if (isReady !== true) return false;
    const { experiment } = this.state;
    this.#series.clear(undefined);
    this.#store.set({
      ...noOpenRun,
      run: { ...noRun, state: 'preparing', experiment },
      series: this.#series.snapshot(),
    });
    const result = await this.#store.attempt('', (lab) => ask(lab, experiment));
    if (result?.kind === 'ok') return true;
    this.#store.set({ run: { ...noRun, state: 'failed' } });
    if (result !== undefined) this.#store.show(result.problem);
    return false;
  }
}
