// Models that others published: what a name means and takes, pulled into this browser, opened, deleted.
import { css, html, LitElement, nothing, type PropertyValues } from 'lit';
import { customElement, property, query, state } from 'lit/decorators.js';
import type { HubCatalogue, LookedUpModel, PulledModel, PullProgress } from '../../contract/hub.ts';
import type { Lab } from '../../contract/lab.ts';
import type { Result } from '../../contract/values.ts';
import { formatBytes, formatCount } from '../../text/numbers.ts';
import { controlPanel } from '../figures/style-sets.ts';
import type { RoomAccess } from '../state/access.ts';
import { emit } from '../state/events.ts';

@customElement('published-models')
export class PublishedModels extends LitElement {
  static override readonly styles = controlPanel(css`
    section {
      display: grid;
      gap: 8px;
    }
    .head {
      margin-bottom: 0;
    }
    label {
      display: grid;
      gap: 3px;
    }
    input,
    progress {
      width: 100%;
    }
    li {
      display: flex;
      flex-wrap: wrap;
      gap: 4px 6px;
      align-items: center;
      padding: 5px 0;
      border-top: 1px solid var(--line);
    }
    li > span {
      flex: 1 1 150px;
      overflow-wrap: anywhere;
    }
  `);

  @property({ attribute: false }) access: RoomAccess | undefined;
  /** Whether the worker has answered. */
  @property({ type: Boolean }) isReady = false;
  /** Whether another run may be opened now. */
  @property({ type: Boolean }) canOpen = false;
  @state() private catalogue: HubCatalogue = { endpoint: '', models: [] };
  @state() private pulled: readonly PulledModel[] = [];
  @state() private found: LookedUpModel | undefined;
  @state() private isAsking = false;
  @state() private progress: PullProgress | undefined;
  /** What happened last, or went wrong, in a sentence. */
  @state() private said = '';
  @state() private isWrong = false;
  /** Commit of the model whose deletion was asked for. */
  @state() private deleted: string | undefined;
  @query('#name') private readonly nameInput: HTMLInputElement | undefined;
  @query('#endpoint') private readonly endpointInput: HTMLInputElement | undefined;
  @query('button.keep') private readonly keepButton: HTMLButtonElement | undefined;

  protected override updated(changed: PropertyValues<this>): void {
    if (changed.has('isReady') && this.isReady) void this.#begin();
  }

  protected override render() {
    return html`<section class="panel" aria-labelledby="title">
      <div class="head"><h2 id="title">Published models</h2></div>
      <p class="small muted">
        A model of a hub, pulled into this browser once: it writes, is looked into and trains on here. The hub learns which
        model you ask for, and nothing else.
      </p>
      <form class="row" @submit=${this.#onSubmit}>
        <label>
          <span>owner/name, or owner/name@revision</span>
          <input id="name" autocomplete="off" autocapitalize="off" spellcheck="false" />
        </label>
        <button ?disabled=${!this.isReady || this.#isBusy}>Look it up</button>
      </form>
      ${this.#beginnings(this.catalogue)}
      ${this.found === undefined ? nothing : this.#describe(this.found)}
      ${this.progress === undefined ? nothing : this.#pulling(this.progress)}
      <p class="said small ${this.isWrong ? 'bad' : ''}" role="status">${this.said}</p>
      ${this.pulled.length === 0 ? nothing : this.#list()}
    </section>`;
  }

  get #isBusy(): boolean {
    return this.isAsking || this.progress !== undefined;
  }

  #beginnings({ models, endpoint }: HubCatalogue) {
    return html`<details class="known">
        <summary>Small ones to begin with</summary>
        <p class="small muted">
          Their families and tokenizers are read here, by what their pages say: no hub could be reached where this list was
          made, so that none of these files was tried.
        </p>
        <ul>
          ${models.map(
            ({ name, bytes, teaches }) => html`<li>
              <span class="small"><strong>${name}</strong>, ${formatBytes(bytes)}: ${teaches}</span>
              <button
                aria-label="Look it up: ${name}"
                ?disabled=${!this.isReady || this.#isBusy}
                @click=${() => this.#choose(name)}
              >
                Look it up
              </button>
            </li>`,
          )}
        </ul>
      </details>
      <details class="hub">
        <summary>Another hub</summary>
        <label>
          <span>Address: ${endpoint}, or a mirror on this page’s own host, such as /hub</span>
          <input id="endpoint" autocomplete="off" spellcheck="false" placeholder=${endpoint} />
        </label>
      </details>`;
  }

  #describe(found: LookedUpModel) {
    const { id, commit, files, bytes, missingBytes, freeBytes, parameters, notes, obstacle } = found;
    const missing = missingBytes === bytes ? '' : `, ${formatBytes(missingBytes)} of them not here yet`;
    const free = freeBytes === undefined ? '' : ` (${formatBytes(freeBytes)} free in this browser)`;
    const memory =
      found.memoryBytes === undefined
        ? ''
        : `, ${formatBytes(found.memoryBytes)} of this device’s memory when it is opened for texts of ${formatCount(found.context)} tokens and training`;
    return html`<div class="found">
      <p class="small">
        <strong>${id}</strong> at ${shortCommit(commit)}: ${files} files of ${formatBytes(bytes)}${missing}${free};
        ${formatCount(parameters)} parameters${memory}.
      </p>
      ${notes.map((note) => html`<p class="small muted">${note}</p>`)}
      ${obstacle === undefined ? nothing : html`<p class="small bad">${obstacle}</p>`}
      ${
        this.#isBusy || !found.hasRoom
          ? nothing
          : html`<div class="row">
              <button class=${obstacle === undefined ? 'primary' : ''} @click=${() => this.#pull(found)}>
                ${obstacle === undefined ? 'Pull it' : 'Pull it all the same'}
              </button>
            </div>`
      }
    </div>`;
  }

  #pulling({ bytes, totalBytes, file, note }: PullProgress) {
    return html`<div class="pulling">
      <progress aria-label="Pull" max="1" .value=${totalBytes === 0 ? 0 : bytes / totalBytes}></progress>
      <div class="row">
        <span class="small">${file} ${formatBytes(bytes)} of ${formatBytes(totalBytes)}</span>
        <button @click=${() => this.#talk((lab) => lab.pausePull())}>Pause</button>
      </div>
      ${note === undefined ? nothing : html`<p class="small warn">${withoutPrefix(note)}</p>`}
    </div>`;
  }

  #list() {
    return html`<h3>In this browser</h3>
      <ul class="pulled">
        ${this.pulled.map((model) => {
          const name = nameOf(model);
          const of = model.totalBytes === undefined ? '' : ` of ${formatBytes(model.totalBytes)}`;
          return html`<li>
            <span>
              ${model.id}
              <span class="small muted">
                ${shortCommit(model.commit)}, ${formatBytes(model.bytes)}${model.isComplete ? '' : `${of}, not whole yet`}
              </span>
            </span>
            ${
              model.isComplete
                ? html`<button ?disabled=${!this.canOpen || this.#isBusy} aria-label="Open ${name}" @click=${() => this.#open(model)}>
                    Open
                  </button>`
                : html`<button ?disabled=${this.#isBusy} aria-label="Go on with ${name}" @click=${() => this.#pull(model)}>
                    Go on
                  </button>`
            }
            ${this.deleted === model.commit ? this.#deleting(model) : this.#deleteButton(model)}
          </li>`;
        })}
      </ul>`;
  }

  #deleteButton(model: PulledModel) {
    return html`<button
      class="plain"
      ?disabled=${this.#isBusy}
      aria-label="Delete ${nameOf(model)}"
      @click=${() => {
        this.deleted = model.commit;
        void this.updateComplete.then(() => this.keepButton?.focus());
      }}
    >
      Delete
    </button>`;
  }

  /** What took an hour to come goes by no single press. */
  #deleting(model: PulledModel) {
    const answered = (then?: () => void) => () => {
      this.deleted = undefined;
      then?.();
    };
    return html`<button
        class="danger"
        aria-label="Delete for good: ${nameOf(model)}"
        @click=${answered(() => void this.#delete(model))}
      >
        Delete for good
      </button>
      <button class="keep" @click=${answered()}>Keep it</button>`;
  }

  async #begin(): Promise<void> {
    this.catalogue = (await this.#talk((lab) => lab.hubCatalogue())) ?? this.catalogue;
    await this.#refresh();
  }

  async #refresh(): Promise<void> {
    this.pulled = (await this.#talk((lab) => lab.pulledModels())) ?? [];
  }

  #choose(name: string): void {
    if (this.nameInput) this.nameInput.value = name;
    void this.#lookUp(name);
  }

  #onSubmit(event: SubmitEvent): void {
    event.preventDefault();
    void this.#lookUp(this.nameInput?.value ?? '');
  }

  async #lookUp(name: string): Promise<void> {
    if (this.#isBusy) return;
    this.found = undefined;
    this.isAsking = true;
    this.#say(`Asking for ${name}.`);
    const request = { name, endpoint: this.#endpoint };
    const result = await this.#talk((lab) =>
      lab.lookUpModel(request, (line) => this.#say(withoutPrefix(line))),
    );
    this.isAsking = false;
    this.found = this.#taken(result);
    if (this.found !== undefined) this.#say('');
  }

  async #pull(model: LookedUpModel | PulledModel): Promise<void> {
    const { id, commit } = model;
    this.#say('');
    this.progress = { bytes: 0, totalBytes: 0, file: '' };
    const request = { name: `${id}@${commit}`, endpoint: this.#endpoint };
    const result = await this.#talk((lab) =>
      lab.pullModel(request, (progress) => {
        if (this.progress !== undefined) this.progress = progress;
      }),
    );
    this.progress = undefined;
    const outcome = this.#taken(result);
    if (outcome === 'whole') this.found = undefined;
    if (outcome !== undefined)
      this.#say(
        outcome === 'whole'
          ? `${id} is here, and every file has the hub’s hash.`
          : `${id} is paused: what came stays, also when the page is closed.`,
      );
    await this.#refresh();
  }

  #open({ id, commit }: PulledModel): void {
    emit(this, 'open-pulled', { id, commit });
  }

  async #delete({ id, commit }: PulledModel): Promise<void> {
    const result = await this.#talk((lab) => lab.deletePulled({ id, commit }));
    if (result?.kind === 'ok') this.#say(`${id} is deleted.`);
    else this.#taken(result);
    await this.#refresh();
  }

  get #endpoint(): string {
    return this.endpointInput?.value.trim() || this.catalogue.endpoint;
  }

  #talk<T>(talk: (lab: Lab) => Promise<T>): Promise<T | undefined> {
    return this.access?.attempt('', talk) ?? Promise.resolve(undefined);
  }

  /** The value of a result; a problem is said here, where its cause is. */
  #taken<T>(result: Result<T> | undefined): T | undefined {
    if (result?.kind === 'ok') return result.value;
    this.#say(withoutPrefix(result?.problem.message ?? ''), true);
    return undefined;
  }

  #say(text: string, isWrong = false): void {
    this.said = text;
    this.isWrong = isWrong;
  }
}

/** What the command line puts before its lines. */
const withoutPrefix = (line: string): string => line.replace(/^pull: /, '');

const shortCommit = (commit: string): string => commit.slice(0, 12);

const nameOf = ({ id, commit }: PulledModel): string => `${id} at ${shortCommit(commit)}`;
