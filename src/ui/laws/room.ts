// The room of laws: a study planned and run on this device, or runs of anybody's, a law fitted to them, and what it recommends.
import { css, html, LitElement, nothing, type PropertyValues } from 'lit';
import { customElement, property, query, state } from 'lit/decorators.js';
import type { KeptStudy, ReadyStudy, StudyEvent } from '../../contract/laws.ts';
import type { Json, Result } from '../../contract/values.ts';
import type { LawReport } from '../../laws/law-report.ts';
import { countedBy, countOf, type ParameterCount, type RunPoint, runName } from '../../laws/run-point.ts';
import { stackStyles, workPanel } from '../figures/style-sets.ts';
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
import { pointsOf, type RecordedRuns, type RunsSource } from './runs.ts';
import './choose.ts';
import './fit.ts';
import './plan.ts';
import './runs-figure.ts';
import './search.ts';

@customElement('room-laws')
export class RoomLaws extends LitElement {
  static override readonly styles = workPanel(
    stackStyles,
    css`
      .ready {
        display: grid;
        grid-template-columns: repeat(auto-fill, minmax(min(100%, 260px), 1fr));
        gap: 8px;
        margin-top: 10px;
      }
      .ready button {
        display: grid;
        grid-template-columns: minmax(0, 1fr);
        justify-content: stretch;
        justify-items: start;
        align-content: start;
        gap: 2px;
        padding: 8px 11px;
        text-align: left;
      }
      .ready button[aria-pressed='true'] {
        border-color: var(--accent);
        box-shadow: inset 0 0 0 1px var(--accent);
      }
      .ready .small {
        font-weight: 400;
        white-space: normal;
      }
    `,
  );

  @property({ attribute: false }) page: PageState = initialState;
  @property({ attribute: false }) access: RoomAccess | undefined;
  @state() private ready: readonly ReadyStudy[] = [];
  @state() private kept: readonly KeptStudy[] = [];
  @state() private recorded: readonly RecordedRuns[] = [];
  @state() private source: RunsSource = { kind: 'none' };
  @state() private points: readonly RunPoint[] = [];
  /** How N is counted; undefined where the runs have one N only. */
  @state() private count: ParameterCount | undefined;
  /** Names of the runs that a person left out of the fit. */
  @state() private chosenOut: readonly string[] = [];
  @state() private progress: StudyProgress = { kind: 'none' };
  @state() private report: LawReport | undefined;
  @state() private said = '';
  /** Why a file or a study was refused. */
  @state() private refusal = '';
  @query('input[type=file]') private readonly picker: HTMLInputElement | undefined;

  #isBegun = false;
  /** Counts what a person chose to see. */
  #choices = 0;
  /** Counts sets of runs that were shown; a study that gains rows is the same. */
  #runsSet = 0;
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
      if (this.source.kind === 'study' && this.progress.kind !== 'running')
        void this.#plan(this.source.plan.study, this.source.plan.name);
    }
  }

  protected override render() {
    const { source, points } = this;
    const study = source.kind === 'study' ? source.plan.study : undefined;
    return html`${this.#head()}
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
        .count=${this.count}
        .chosenOut=${this.chosenOut}
        .report=${this.report}
        .recorded=${this.recorded}
        @choose-recorded=${({ detail }: CustomEvent<RecordedRuns>) => {
          this.#choose();
          this.#show({ kind: 'recorded', recorded: detail });
        }}
        @choose-count=${({ detail }: CustomEvent<ParameterCount>) => {
          this.count = detail;
          this.points = countedBy(pointsOf(source), detail);
        }}
        @leave-out=${({ detail }: CustomEvent<readonly string[]>) => {
          this.chosenOut = [...this.chosenOut, ...detail];
        }}
        @take-back=${({ detail }: CustomEvent<readonly string[]>) => {
          this.chosenOut = this.chosenOut.filter((name) => !detail.includes(name));
        }}
      ></laws-runs>
      <laws-fit
        .access=${this.access}
        .points=${points}
        .leaveOut=${this.chosenOut}
        .runsSet=${this.#runsSet}
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
        .count=${this.count}
        .study=${study}
      ></laws-choose>
      <laws-search
        .access=${this.access}
        .points=${points}
        .leaveOut=${this.chosenOut}
        .report=${this.report}
        .count=${this.count}
        .study=${study}
        .runsSet=${this.#runsSet}
        .obstacle=${this.progress.kind === 'running' ? 'A study is running.' : this.#obstacle()}
        .isCalibrated=${isWhollyCalibrated(this.page)}
        .canCalibrate=${isMeasurable(this.page)}
        @calibrate-device=${() => emit(this, 'calibrate', undefined)}
      ></laws-search>`;
  }

  #head() {
    const { ready, source, kept } = this;
    const isRunning = this.progress.kind === 'running';
    const current = source.kind === 'study' ? source.plan.name : '';
    return html`<section class="panel" aria-labelledby="title">
      <div class="head">
        <h2 id="title">Scaling laws</h2>
        <button ?disabled=${isRunning} @click=${() => this.picker?.click()}>Open a study or a CSV of runs</button>
        <input
          type="file"
          accept=".json,.csv,application/json,text/csv"
          hidden
          aria-label="A study or a CSV of runs"
          @change=${this.#onPick}
        />
      </div>
      <p>
        Train models of several sizes on several amounts of text, fit a law to their losses, and read off the best model for a
        budget. Choose a study to see what it will take; nothing starts before you say so. A CSV with columns parameters, tokens
        and loss can be dropped here as well.
      </p>
      <div class="ready" role="group" aria-label="Studies">
        ${ready.map(
          ({ name, note, study }) =>
            html`<button
              aria-pressed=${name === current ? 'true' : 'false'}
              ?disabled=${isRunning}
              @click=${() => void this.#plan(study, name)}
            >
              ${name}<span class="small muted">${note}</span>
            </button>`,
        )}
        ${kept
          .filter(({ name }) => !ready.some((one) => one.name === name))
          .map(
            ({ name, done, runs, study }) =>
              html`<button
                aria-pressed=${name === current ? 'true' : 'false'}
                ?disabled=${isRunning}
                @click=${() => void this.#plan(study, name)}
              >
                ${name}<span class="small muted">Your study: ${done} of ${runs} runs are kept here.</span>
              </button>`,
          )}
      </div>
      <p class="small said" aria-live="polite">
        ${this.refusal === '' ? this.said : html`<span class="bad">${this.refusal}</span>`}
      </p>
    </section>`;
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
    if (newest && this.source.kind === 'none') await this.#plan(newest.study, newest.name);
    if (this.source.kind !== 'none') return;
    this.recorded = await fetchRecordedRuns();
    const [first] = this.recorded;
    if (first && this.source.kind === 'none') this.#show({ kind: 'recorded', recorded: first });
  }

  /** Shows runs. Rows that a study gains change neither how N is counted nor what a person left out. */
  #show(source: RunsSource): void {
    const isSame =
      source.kind === 'study' && this.source.kind === 'study' && source.plan.id === this.source.plan.id;
    const points = pointsOf(source);
    const given = countOf(points);
    const names = points.map(runName);
    this.chosenOut = isSame ? this.chosenOut.filter((name) => names.includes(name)) : [];
    this.count = (isSame ? this.count : undefined) ?? given;
    if (!isSame) this.#runsSet += 1;
    this.source = source;
    this.points = this.count === given || this.count === undefined ? points : countedBy(points, this.count);
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
  async #plan(study: Json, name: string): Promise<void> {
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
    const { source } = this;
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
    if (again && this.source.kind === 'study' && this.source.plan.id === again.id)
      this.#show({ kind: 'study', plan: again, rows: again.rows });
    this.kept = (await this.access?.attempt('', (lab) => lab.keptStudies())) ?? this.kept;
  };

  #take(event: StudyEvent): void {
    const { progress, source } = this;
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
    const { source } = this;
    if (source.kind !== 'study' || !confirm(`Delete all rows of ${source.plan.name}?`)) return;
    await this.access?.attempt('', async (lab) => this.access?.take(await lab.deleteStudy(id)));
    this.kept = this.kept.filter((one) => one.id !== id);
    await this.#plan(source.plan.study, source.plan.name);
  }

  #onPick(event: Event): void {
    const input = event.target as HTMLInputElement;
    const [file] = input.files ?? [];
    if (file) void this.#open(file);
    input.value = '';
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
      await this.#plan(study, file.name);
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
