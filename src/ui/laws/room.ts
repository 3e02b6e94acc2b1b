// The room of laws: a study planned and run on this device, or runs of anybody's, a law fitted to them, and what it recommends.
import { html, LitElement, nothing, type PropertyValues } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import type { KeptStudy, ReadyStudy, StudyEvent } from '../../contract/laws.ts';
import type { Json, Result } from '../../contract/values.ts';
import type { LawReport } from '../../laws/report.ts';
import type { ParameterCount } from '../../laws/run-point.ts';
import { stackStyles } from '../figures/style-sets.ts';
import { baseStyles } from '../figures/styles.ts';
import type { RoomAccess } from '../state/access.ts';
import { emit } from '../state/events.ts';
import {
  initialState,
  isLabFree,
  isMeasurable,
  isTraining,
  isWhollyCalibrated,
  type PageState,
} from '../state/state.ts';
import type { StudyProgress } from './plan.ts';
import { fetchRecordedRuns } from './recorded.ts';
import type { RecordedRuns, RunsSource } from './runs.ts';
import { countRunsBy, leaveRunsOut, nothingShown, type ShownRuns, showRuns, takeRunsBack } from './shown.ts';
import type { ChosenStudy } from './studies.ts';
import './choose.ts';
import './fit.ts';
import './plan.ts';
import './runs-figure.ts';
import './search.ts';
import './studies.ts';

@customElement('room-laws')
export class RoomLaws extends LitElement {
  static override readonly styles = [baseStyles, stackStyles];

  @property({ attribute: false }) page: PageState = initialState;
  @property({ attribute: false }) access: RoomAccess | undefined;
  @state() private ready: readonly ReadyStudy[] = [];
  @state() private kept: readonly KeptStudy[] = [];
  @state() private recorded: readonly RecordedRuns[] = [];
  @state() private shown: ShownRuns = nothingShown;
  @state() private progress: StudyProgress = { kind: 'none' };
  @state() private report: LawReport | undefined;
  @state() private said = '';
  /** Why a file or a study was refused. */
  @state() private refusal = '';

  #isBegun = false;
  /** Counts what a person chose to see. */
  #choices = 0;
  /** The calibration that the plan on display was made with. */
  #calibration: unknown;

  override connectedCallback(): void {
    super.connectedCallback();
    this.addEventListener('drop', this.#onDrop);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.removeEventListener('drop', this.#onDrop);
  }

  protected override willUpdate(changes: PropertyValues<this>): void {
    if (!changes.has('page') || this.access === undefined) return;
    const { device, calibration } = this.page;
    if (device.kind !== 'done' && device.kind !== 'failed') return;
    if (!this.#isBegun) {
      this.#isBegun = true;
      void this.#begin();
    } else if (this.#calibration !== calibration && calibration.kind === 'done') {
      // The same study, now with seconds.
      this.#calibration = calibration;
      const { source } = this.shown;
      if (source.kind === 'study' && this.progress.kind !== 'running') void this.#plan(source.plan);
    }
  }

  protected override render() {
    const { shown } = this;
    const { source, points } = shown;
    const { study, name } = source.kind === 'study' ? source.plan : {};
    return html`<laws-studies
        .ready=${this.ready}
        .kept=${this.kept}
        .current=${name ?? ''}
        .isRunning=${this.progress.kind === 'running'}
        .said=${this.refusal === '' ? this.said : this.refusal}
        .isRefused=${this.refusal !== ''}
        @choose-study=${({ detail }: CustomEvent<ChosenStudy>) => void this.#plan(detail)}
        @choose-file=${({ detail }: CustomEvent<File>) => void this.#open(detail)}
      ></laws-studies>
      ${
        source.kind === 'study'
          ? html`<laws-plan
              .plan=${source.plan}
              .rows=${source.rows}
              .progress=${this.progress}
              .obstacle=${this.#obstacle()}
              .canCalibrate=${isMeasurable(this.page) && !isWhollyCalibrated(this.page)}
              @run-study=${this.#run}
              @pause-study=${this.#pause}
              @delete-rows=${() => void this.#delete(source.plan.id)}
              @calibrate-device=${() => emit(this, 'calibrate', undefined)}
            ></laws-plan>`
          : nothing
      }
      <laws-runs
        .source=${source}
        .points=${points}
        .count=${shown.count}
        .chosenOut=${shown.leftOut}
        .report=${this.report}
        .recorded=${this.recorded}
        @choose-recorded=${({ detail }: CustomEvent<RecordedRuns>) => {
          this.#choose();
          this.#show({ kind: 'recorded', recorded: detail });
        }}
        @choose-count=${({ detail }: CustomEvent<ParameterCount>) => {
          this.shown = countRunsBy(this.shown, detail);
        }}
        @leave-out=${({ detail }: CustomEvent<readonly string[]>) => {
          this.shown = leaveRunsOut(this.shown, detail);
        }}
        @take-back=${({ detail }: CustomEvent<readonly string[]>) => {
          this.shown = takeRunsBack(this.shown, detail);
        }}
      ></laws-runs>
      <laws-fit
        .access=${this.access}
        .points=${points}
        .leaveOut=${shown.leftOut}
        .runsSet=${shown.set}
        .leaveOutHighest=${source.kind === 'recorded' ? source.recorded.leaveOutHighest : 0}
        .isEager=${this.progress.kind !== 'running'}
        @fitted=${({ detail }: CustomEvent<LawReport | null>) => {
          this.report = detail ?? undefined; // an event has null where it carries nothing
        }}
      ></laws-fit>
      <laws-choose
        .access=${this.access}
        .report=${this.report}
        .points=${points}
        .count=${shown.count}
        .study=${study}
      ></laws-choose>
      <laws-search
        .access=${this.access}
        .points=${points}
        .leaveOut=${shown.leftOut}
        .report=${this.report}
        .count=${shown.count}
        .study=${study}
        .runsSet=${shown.set}
        .obstacle=${this.progress.kind === 'running' ? 'A study is running.' : this.#obstacle()}
        .isCalibrated=${isWhollyCalibrated(this.page)}
        .canCalibrate=${isMeasurable(this.page)}
        @calibrate-device=${() => emit(this, 'calibrate', undefined)}
      ></laws-search>`;
  }

  /** Why a study cannot run now; empty when it can. */
  #obstacle(): string {
    const { page } = this;
    if (isTraining(page)) return 'A run is training. Pause it in the room “Train”, then run the study.';
    if (page.calibration.kind === 'running')
      return `${page.calibration.what}: ${Math.round(100 * page.calibration.share)} %`;
    return isLabFree(page) ? '' : 'The device is busy.';
  }

  /** What was there on an earlier visit, or what is recorded. */
  async #begin(): Promise<void> {
    const { access } = this;
    this.#calibration = this.page.calibration;
    const lists = await access?.attempt('', async (lab) =>
      Promise.all([lab.readyStudies(), lab.keptStudies()]),
    );
    const [ready, kept] = lists ?? [[], []];
    this.ready = ready;
    this.kept = kept;
    const [newest] = kept;
    if (newest && this.shown.source.kind === 'none') await this.#plan(newest);
    if (this.shown.source.kind !== 'none') return;
    this.recorded = await fetchRecordedRuns();
    const [first] = this.recorded;
    if (first && this.shown.source.kind === 'none') this.#show({ kind: 'recorded', recorded: first });
  }

  #show(source: RunsSource): void {
    this.shown = showRuns(this.shown, source);
  }

  /** The value of what a person asked for here; a refusal is said here too, beside what they asked by. */
  #accept<T>(result: Result<T> | undefined): T | undefined {
    this.refusal = result?.kind === 'problem' ? result.problem.message : '';
    return result?.kind === 'ok' ? result.value : undefined;
  }

  /** Whether nothing else has been chosen since: what was asked for first may be answered last. */
  #choose(): () => boolean {
    this.#choices += 1;
    const choice = this.#choices;
    return () => choice === this.#choices;
  }

  /** Plans a study; nothing runs. */
  async #plan({ study, name }: ChosenStudy): Promise<void> {
    const isCurrent = this.#choose();
    const result = await this.access?.attempt('', (lab) => lab.planStudy(study, name));
    if (!isCurrent()) return;
    const plan = this.#accept(result);
    if (plan === undefined || this.progress.kind === 'running') return;
    this.progress = { kind: 'none' };
    this.said = '';
    this.#show({ kind: 'study', plan, rows: plan.rows });
  }

  readonly #run = async (): Promise<void> => {
    const { source } = this.shown;
    if (source.kind !== 'study') return;
    const { plan } = source;
    this.progress = { kind: 'running', isPausing: false, what: 'Preparing' };
    const end = await this.access?.attempt('Running a study', async (lab) =>
      this.access?.take(await lab.runStudy(plan.id, (event) => this.#take(event))),
    );
    this.progress = end === undefined ? { kind: 'none' } : { kind: 'ended', end };
    // Rows have a port of their own and may come after the answer: what is kept is the truth.
    const again = await this.access?.attempt('', async (lab) =>
      this.access?.take(await lab.planStudy(plan.study, plan.name)),
    );
    const now = this.shown.source;
    if (again && now.kind === 'study' && now.plan.id === again.id)
      this.#show({ kind: 'study', plan: again, rows: again.rows });
    this.kept = (await this.access?.attempt('', (lab) => lab.keptStudies())) ?? this.kept;
  };

  #take(event: StudyEvent): void {
    const { progress } = this;
    const { source } = this.shown;
    if (progress.kind !== 'running' || source.kind !== 'study') return;
    switch (event.kind) {
      case 'preparing':
        this.progress = { ...progress, what: event.what };
        break;
      case 'step':
        this.progress = { ...progress, step: event };
        break;
      case 'row':
        this.#show({ ...source, rows: [...source.rows, event.row] });
        break;
      default:
        event satisfies never;
    }
  }

  readonly #pause = async (): Promise<void> => {
    if (this.progress.kind === 'running') this.progress = { ...this.progress, isPausing: true };
    await this.access?.attempt('', (lab) => lab.pauseStudy());
  };

  async #delete(id: string): Promise<void> {
    const { source } = this.shown;
    if (source.kind !== 'study' || !confirm(`Delete all rows of ${source.plan.name}?`)) return;
    await this.access?.attempt('', async (lab) => this.access?.take(await lab.deleteStudy(id)));
    this.kept = this.kept.filter((one) => one.id !== id);
    await this.#plan(source.plan);
  }

  /** Studies and tables are this room's; other files are the page's. */
  readonly #onDrop = (event: DragEvent): void => {
    const [file] = event.dataTransfer?.files ?? [];
    if (file === undefined || !/\.(csv|json)$/i.test(file.name) || this.progress.kind === 'running') return;
    event.preventDefault();
    event.stopPropagation();
    void this.#open(file);
  };

  async #open(file: File): Promise<void> {
    const text = await file.text();
    if (/\.json$/i.test(file.name)) {
      let study: Json;
      try {
        study = JSON.parse(text);
      } catch {
        this.refusal = `${file.name} is not valid JSON. A study is an object with name, base and grid.`;
        return;
      }
      await this.#plan({ study, name: file.name });
      return;
    }
    const isCurrent = this.#choose();
    const result = await this.access?.attempt('', (lab) => lab.readRuns(file.name, text));
    if (!isCurrent()) return;
    const table = this.#accept(result);
    if (table === undefined) return;
    this.progress = { kind: 'none' };
    const { points, unfinished, ignoredColumns, warnings } = table;
    this.said = [
      `${points.length} runs of ${file.name}.`,
      unfinished > 0 ? `${unfinished} did not finish and are set aside.` : '',
      ignoredColumns.length > 0 ? `No law reads ${ignoredColumns.join(', ')}.` : '',
      ...warnings,
    ].join(' ');
    this.#show({ kind: 'file', name: file.name, points });
  }
}
