// The room of runs: those of this browser and of files, replayed without a GPU, compared, renamed, saved and deleted.
import { css, html, LitElement, nothing, type PropertyValues } from 'lit';
import { customElement, property, query, state } from 'lit/decorators.js';
import type { ComparedRun, KeptRun, RunRecord } from '../../contract/records.ts';
import { controlPanel, stackStyles } from '../figures/style-sets.ts';
import { compareTones } from '../run-views/compare-data.ts';
import type { RoomAccess } from '../state/access.ts';
import { emit } from '../state/events.ts';
import { downloadText } from '../state/files.ts';
import { initialState, isLabFree, type PageState } from '../state/state.ts';
import { recordFileNameOf, recordInbox } from './inbox.ts';
import type { RunRequest } from './list.ts';
import '../run-views/compare-panel.ts';
import './replay-panel.ts';
import './list.ts';

@customElement('room-runs')
export class RoomRuns extends LitElement {
  static override readonly styles = controlPanel(
    stackStyles,
    css`
      p {
        margin-top: 8px;
      }
    `,
  );

  @property({ attribute: false }) page: PageState = initialState;
  @property({ attribute: false }) access: RoomAccess | undefined;
  /** The run that ships with the page. */
  @property({ attribute: false }) recorded: RunRecord | undefined;
  @state() private isRecordingClosed = false;
  @state() private isListed = false;
  @state() private runs: readonly KeptRun[] = [];
  /** Records that were fetched, by id. */
  @state() private records: ReadonlyMap<string, RunRecord> = new Map();
  @state() private chosen: readonly string[] = [];
  @state() private compared: readonly ComparedRun[] = [];
  @state() private shown: string | undefined;
  @state() private said = '';
  @query('input[type=file]') private readonly picker: HTMLInputElement | undefined;

  #forget: (() => void) | undefined;
  /** What the list depends on in the page's state. */
  #seen = '';

  override connectedCallback(): void {
    super.connectedCallback();
    this.addEventListener('drop', this.#onDrop);
    this.#forget = recordInbox.subscribe((files) => {
      if (files.length === 0) return;
      recordInbox.set([]);
      void this.#openFiles(files);
    });
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.removeEventListener('drop', this.#onDrop);
    this.#forget?.();
  }

  protected override willUpdate(changes: PropertyValues<this>): void {
    if (!changes.has('page') && !changes.has('access')) return;
    const { run, savedRuns } = this.page;
    const seen = [run.state, run.savedStep, savedRuns.map(({ id, savedAt }) => id + savedAt)].join(' ');
    if (seen === this.#seen) return;
    this.#seen = seen;
    void this.#refresh();
  }

  protected override render() {
    const { runs, chosen, shown, said } = this;
    const records = this.#chosenRecords();
    return html`<section class="panel" aria-labelledby="title">
        <div class="head">
          <h2 id="title">Runs</h2>
          <button @click=${() => this.picker?.click()}>Open a record</button>
          <input
            type="file"
            accept=".json,application/json"
            multiple
            hidden
            aria-label="Record files"
            @change=${this.#onPick}
          />
        </div>
        ${
          runs.length === 0
            ? html`<p class="muted">
                Runs that are trained here are kept here. A record that was saved elsewhere can be opened or dropped.
                ${this.#isFirstVisit() ? 'Until then, this is the run that ships with the page.' : ''}
              </p>`
            : html`<run-list
                .runs=${runs}
                .chosen=${chosen}
                .shown=${shown}
                .most=${compareTones.length}
                .canOpen=${isLabFree(this.page) && this.page.run.state !== 'running'}
                @run-request=${(event: CustomEvent<RunRequest>) => void this.#serve(event.detail)}
              ></run-list>`
        }
        <p class="small muted" aria-live="polite">${said || this.#hint()}</p>
      </section>
      ${
        records.length < 2
          ? nothing
          : html`<compare-panel
              .records=${records}
              .compared=${this.compared}
              @save-report=${() => void this.#saveReport(records)}
            ></compare-panel>`
      }
      ${
        shown === undefined
          ? this.#recording()
          : html`<replay-panel
              .record=${this.records.get(shown)}
              @close-replay=${() => {
                this.shown = undefined;
              }}
            ></replay-panel>`
      }`;
  }

  #isFirstVisit(): boolean {
    return this.isListed && this.runs.length === 0 && this.recorded !== undefined && !this.isRecordingClosed;
  }

  /** What a run is, before there is one of one's own. */
  #recording() {
    if (!this.#isFirstVisit()) return nothing;
    return html`<replay-panel
      .record=${this.recorded}
      @close-replay=${() => {
        this.isRecordingClosed = true;
      }}
    ></replay-panel>`;
  }

  #hint(): string {
    if (this.runs.length === 0) return '';
    return this.chosen.length === 1
      ? 'Choose another run to compare it with.'
      : `Choose two to ${compareTones.length} runs to compare them; the first chosen is the one that the others are held against.`;
  }

  #chosenRecords(): readonly RunRecord[] {
    return this.chosen.flatMap((id) => this.records.get(id) ?? []);
  }

  async #serve({ what, id, title }: RunRequest): Promise<void> {
    switch (what) {
      case 'choose':
        this.chosen = this.chosen.includes(id)
          ? this.chosen.filter((one) => one !== id)
          : [...this.chosen, id];
        await this.#compare();
        return;
      case 'replay':
        if ((await this.#fetch(id)) !== undefined) this.shown = id;
        return;
      case 'rename':
        await this.#rename(id, title ?? '');
        return;
      case 'note':
        await this.#note(id, title ?? '');
        return;
      case 'export': {
        const record = await this.#fetch(id);
        if (record !== undefined)
          downloadText(recordFileNameOf(record.title), `${JSON.stringify(record)}\n`, 'application/json');
        return;
      }
      case 'delete':
        await this.#delete(id);
        return;
      case 'continue':
        emit(this, 'open-saved', { id, isContinued: false });
        location.hash = 'train';
        return;
      default:
        what satisfies never;
    }
  }

  /** Asks for a record; a kept one that has grown is asked for again. */
  async #fetch(id: string): Promise<RunRecord | undefined> {
    const result = await this.access?.attempt('', (lab) => lab.runRecord(id));
    const record = result && this.access?.take(result);
    if (record !== undefined) this.records = new Map([...this.records, [id, record]]);
    return record;
  }

  async #compare(): Promise<void> {
    for (const id of this.chosen) {
      // What has no record cannot be compared.
      if (!this.records.has(id) && (await this.#fetch(id)) === undefined)
        this.chosen = this.chosen.filter((one) => one !== id);
    }
    const records = this.#chosenRecords();
    if (records.length < 2) return;
    const result = await this.access?.attempt('', (lab) => lab.compareRecords(records));
    this.compared = (result && this.access?.take(result)) ?? [];
  }

  async #refresh(): Promise<void> {
    const before = this.runs;
    this.runs = (await this.access?.attempt('', (lab) => lab.keptRuns())) ?? [];
    this.isListed = true;
    const isNewer = ({ id, savedAt }: KeptRun): boolean =>
      this.records.has(id) && before.find((run) => run.id === id)?.savedAt !== savedAt;
    const grown = this.runs.filter(isNewer);
    for (const { id } of grown) await this.#fetch(id);
    const known = new Set(this.runs.map(({ id }) => id));
    this.chosen = this.chosen.filter((id) => known.has(id));
    if (this.shown !== undefined && !known.has(this.shown)) this.shown = undefined;
    if (grown.length > 0) await this.#compare();
  }

  /** The training room lists the runs that can be gone on with. */
  async #refreshAll(): Promise<void> {
    await Promise.all([this.#refresh(), this.access?.refreshRuns()]);
  }

  async #rename(id: string, title: string): Promise<void> {
    const result = await this.access?.attempt('', (lab) => lab.renameRun(id, title));
    if (result !== undefined) this.access?.take(result, 'renameRun');
    if (result?.kind !== 'ok') return;
    const { value } = result;
    this.said =
      value === title ? `Renamed to ${value}.` : `Renamed to ${value}: another run is called ${title}.`;
    await this.#refreshAll();
    if (this.records.has(id)) await this.#fetch(id);
    await this.#compare();
  }

  async #note(id: string, note: string): Promise<void> {
    const result = await this.access?.attempt('', (lab) => lab.noteRun(id, note));
    if (result !== undefined) this.access?.take(result, 'noteRun');
    await this.#refresh();
    if (this.records.has(id)) await this.#fetch(id);
  }

  async #delete(id: string): Promise<void> {
    const title = this.runs.find((run) => run.id === id)?.title ?? 'the run';
    const result = await this.access?.attempt('', (lab) => lab.deleteSavedRun(id));
    if (result !== undefined) this.access?.take(result, 'deleteSavedRun');
    this.said = result?.kind === 'ok' ? `Deleted ${title}.` : '';
    await this.#refreshAll();
  }

  /** Reads records and keeps them here; where nothing can be kept they are shown all the same. */
  async #openFiles(files: readonly File[]): Promise<void> {
    this.access?.settle('invalidFile'); // that was of other files
    for (const file of files) {
      const read = await this.access?.attempt('opening a record', (lab) => lab.readRecord(file));
      const record = read && this.access?.take(read);
      if (record === undefined) continue;
      const kept = await this.access?.attempt('', (lab) => lab.keepRecord(record));
      const id = kept?.kind === 'ok' ? kept.value : record.id;
      this.records = new Map([...this.records, [id, record]]);
      this.said =
        kept?.kind === 'ok' ? `Opened ${record.title}.` : `Opened ${record.title}; it cannot be kept here.`;
      if (kept?.kind === 'ok') await this.#refresh();
      this.shown = id;
    }
  }

  async #saveReport(records: readonly RunRecord[]): Promise<void> {
    const result = await this.access?.attempt('', (lab) => lab.recordsReport(records));
    const report = result && this.access?.take(result);
    if (report !== undefined) downloadText('report.html', report, 'text/html');
  }

  #onPick(): void {
    const files = [...(this.picker?.files ?? [])];
    if (this.picker) this.picker.value = '';
    void this.#openFiles(files);
  }

  /** In this room every file is a record; elsewhere on the page its name must say so. */
  #onDrop = (event: DragEvent): void => {
    const files = [...(event.dataTransfer?.files ?? [])];
    if (files.length === 0) return;
    event.preventDefault();
    event.stopPropagation();
    void this.#openFiles(files);
  };
}
