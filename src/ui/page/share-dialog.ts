// The dialog “Share with a class”: chooses what students find, shows it in words, and gives the link and its QR code.
import { css, html, LitElement } from 'lit';
import { customElement, property, query, state } from 'lit/decorators.js';
import type { LessonInfo } from '../../contract/lessons.ts';
import { checkBox } from '../figures/check-box.ts';
import { controlPanel } from '../figures/style-sets.ts';
import type { RoomAccess } from '../state/access.ts';
import { describeDifferences, differences, valueAt } from '../state/experiment.ts';
import { lockableButtons } from '../state/lock.ts';
import { initialState, type PageState } from '../state/state.ts';
import { parts } from './prepared.ts';
import { qrCode } from './qr-code.ts';
import { rooms, trainingRoom } from './rooms.ts';
import {
  describeShare,
  type FieldState,
  type ShareChoices,
  shareAddress,
  textProblem,
} from './share-data.ts';

const fieldStates: readonly FieldState[] = ['free', 'locked', 'hidden'];

@customElement('share-dialog')
export class ShareDialog extends LitElement {
  static override readonly styles = controlPanel(css`
    dialog {
      width: min(760px, calc(100vw - 24px));
      max-height: calc(100vh - 24px);
      border: 1px solid var(--line);
      border-radius: var(--radius);
      background: var(--panel);
      color: var(--ink);
      padding: 16px 20px;
    }
    form {
      display: grid;
      gap: 10px;
    }
    fieldset {
      border: 0;
      padding: 0;
      margin: 0;
      display: grid;
      grid-template-columns: repeat(auto-fill, minmax(min(100%, 190px), 1fr));
      gap: 4px 12px;
    }
    .setting {
      display: grid;
      grid-template-columns: minmax(0, 1fr) auto;
      gap: 8px;
      align-items: center;
    }
    .setting select {
      width: auto;
    }
    textarea,
    .link {
      width: 100%;
    }
    .seen li {
      list-style: disc;
      margin-left: 1.2em;
      overflow-wrap: anywhere;
    }
    .qr {
      width: 220px;
      max-width: 100%;
    }
  `);

  /** As it was when the dialog was opened. */
  @property({ attribute: false }) page: PageState = initialState;
  @property({ attribute: false }) access: RoomAccess | undefined;
  @state() private lessons: readonly LessonInfo[] = [];
  /** The experiment as a query; undefined until the worker has said it: a link without it would open another. */
  @state() private experiment: string | undefined;
  @state() private choices: ShareChoices = {
    place: location.hash.slice(1).replace(/^class.*$/, trainingRoom.id) || trainingRoom.id,
    message: '',
    hidden: [],
    fields: new Map(),
    fieldCount: 0,
    buttons: [],
  };
  @state() private said = '';
  @query('dialog') private readonly dialog: HTMLDialogElement | undefined;

  override connectedCallback(): void {
    super.connectedCallback();
    void this.#ask();
  }

  async #ask(): Promise<void> {
    const { catalogue, experiment, presetId, fieldProblems } = this.page;
    const isWhole = catalogue !== undefined && fieldProblems.length === 0;
    await this.access?.attempt('', async (lab) => {
      this.lessons = await lab.lessons();
      if (isWhole) this.experiment = await lab.addressOf(experiment, presetId);
    });
    if (this.experiment === undefined)
      this.said =
        fieldProblems.length > 0
          ? 'There is no link to settings that do not go together: mend them, then open this again.'
          : 'The experiment is not known yet. Close this, wait until the page is ready, and open it again.';
  }

  protected override firstUpdated(): void {
    this.dialog?.showModal();
  }

  protected override render() {
    const { choices } = this;
    return html`<dialog aria-labelledby="title" @close=${() => this.remove()}>
      <form method="dialog">
        <div class="head">
          <h2 id="title">Share with a class</h2>
          <button>Close</button>
        </div>
        <label>
          Opens in
          <select @change=${(event: Event) => this.#choose({ place: chosenIn(event) })}>
            ${this.#places().map(([id, label]) => html`<option value=${id} ?selected=${id === choices.place}>${label}</option>`)}
          </select>
        </label>
        <label>
          Words to the students (optional)
          <textarea rows="2" maxlength="500" @input=${(event: Event) => this.#choose({ message: chosenIn(event) })}></textarea>
        </label>
        ${this.#text()}
        <details>
          <summary>Rooms and parts that are shown</summary>
          <fieldset>
            <legend class="sr">Rooms</legend>
            ${[trainingRoom, ...rooms].map(({ id, label }) => this.#shown(id, label))}
          </fieldset>
          <h3>In the room Train</h3>
          <fieldset>
            <legend class="sr">Parts of the room Train</legend>
            ${parts.map(({ id, label }) => this.#shown(id, label))}
          </fieldset>
        </details>
        <details>
          <summary>Settings: free, locked or hidden</summary>
          <p class="row">
            ${fieldStates.map((one) => html`<button type="button" @click=${() => this.#setAll(one)}>All ${one}</button>`)}
          </p>
          <fieldset>
            <legend class="sr">Settings</legend>
            ${(this.page.catalogue?.fields ?? []).map(({ path, label }) => this.#setting(path, label))}
          </fieldset>
        </details>
        <details>
          <summary>Buttons that are locked</summary>
          <fieldset>
            <legend class="sr">Buttons</legend>
            ${lockableButtons.map(({ id, label }) => this.#button(id, label))}
          </fieldset>
        </details>
        <label>
          Shown at first
          <select
            @change=${(event: Event) => {
              const level = chosenIn(event);
              this.#choose({ level: level === 'essentials' || level === 'everything' ? level : undefined });
            }}
          >
            <option value="">as each student has it</option>
            <option value="essentials">the essentials</option>
            <option value="everything">everything</option>
          </select>
        </label>
        <h3>What students will see</h3>
        <ul class="seen">
          ${describeShare(choices, this.#experimentText(), this.#names()).map((line) => html`<li>${line}</li>`)}
        </ul>
        ${this.experiment === undefined ? html`<p class="muted" role="status">${this.said || 'Writing the experiment into the link …'}</p>` : this.#link(this.experiment)}
      </form>
    </dialog>`;
  }

  #link(experiment: string) {
    const address = shareAddress(`${location.origin}${location.pathname}`, experiment, this.choices);
    return html`<label>
        The link
        <input class="link" readonly .value=${address} @focus=${(event: Event) => (event.target as HTMLInputElement).select()} />
      </label>
      <p class="row">
        <button type="button" class="primary" @click=${() => void this.#copy(address)}>Copy the link</button>
        <a href=${address} target="_blank" rel="noopener">Open it as a student</a>
        <span role="status" class="small">${this.said}</span>
      </p>
      ${qrCode(address) ?? html`<p class="small muted">The link is too long for a QR code: send it in a message.</p>`}`;
  }

  #choose(change: Partial<ShareChoices>): void {
    this.choices = { ...this.choices, ...change };
    this.said = '';
  }

  /** Rooms and lessons that are shown. */
  #places(): readonly (readonly [string, string])[] {
    const all = [
      ...[trainingRoom, ...rooms].map(({ id, label }) => [id, label] as const),
      ...this.lessons.map(({ id, title }) => [`lessons/${id}`, `Lesson: ${title}`] as const),
    ];
    const { hidden, place } = this.choices;
    const shown = all.filter(([id]) => !hidden.includes(id.replace(/\/.*/, '')));
    return shown.some(([id]) => id === place) ? shown : [[place, place], ...shown];
  }

  #names(): ReadonlyMap<string, string> {
    const fields = (this.page.catalogue?.fields ?? []).map(({ path, label }) => [path, label] as const);
    const buttons = lockableButtons.map(({ id, label }) => [id, label] as const);
    return new Map([
      ...fields,
      ...buttons,
      ...parts.map(({ id, label }) => [id, label] as const),
      ...this.#allPlaces(),
    ]);
  }

  #allPlaces(): readonly (readonly [string, string])[] {
    return [
      ...[trainingRoom, ...rooms].map(({ id, label }) => [id, `the room ${label}`] as const),
      ...this.lessons.map(({ id, title }) => [`lessons/${id}`, `the lesson “${title}”`] as const),
    ];
  }

  #experimentText(): string {
    const { catalogue, presetId, experiment } = this.page;
    const preset = catalogue?.presets.find(({ id }) => id === presetId);
    if (valueAt(experiment, 'data.source') === 'file' && this.choices.text === undefined)
      return 'an experiment on a text of your own, which a link does not carry: put it into the field above, or give it to the class as a file';
    if (catalogue === undefined || preset === undefined) return 'the experiment of the form';
    const changes = describeDifferences(differences(catalogue.fields, preset.experiment, experiment));
    return changes === '' ? preset.title : `${preset.title} (${changes})`;
  }

  /** The own text of the form, where it is short enough to go along. */
  #text() {
    return html`<label>
      A text to train on (optional)
      <textarea
        rows="3"
        @input=${(event: Event) => {
          const content = chosenIn(event);
          const problem = textProblem(content);
          this.said = '';
          this.choices = {
            ...this.choices,
            text: content === '' || problem !== '' ? undefined : { name: 'text of your teacher', content },
          };
          this.said = problem;
        }}
      ></textarea>
    </label>`;
  }

  #shown(id: string, label: string) {
    const { hidden, place } = this.choices;
    const isPlace = place.replace(/\/.*/, '') === id; // where the page opens has to be there
    return checkBox(
      label,
      !hidden.includes(id),
      (isShown) => this.#choose({ hidden: isShown ? hidden.filter((one) => one !== id) : [...hidden, id] }),
      isPlace,
    );
  }

  #button(id: string, label: string) {
    const { buttons } = this.choices;
    return checkBox(label, buttons.includes(id), (isChosen) =>
      this.#choose({ buttons: isChosen ? [...buttons, id] : buttons.filter((one) => one !== id) }),
    );
  }

  #setting(path: string, label: string) {
    const { fields } = this.choices;
    const current = fields.get(path) ?? 'free';
    return html`<label class="setting small">
      ${label}
      <select
        @change=${(event: Event) => this.#choose({ fields: new Map(fields).set(path, chosenIn(event) as FieldState) })}
      >
        ${fieldStates.map((one) => html`<option .selected=${one === current}>${one}</option>`)}
      </select>
    </label>`;
  }

  #setAll(to: FieldState): void {
    const fields = this.page.catalogue?.fields ?? [];
    this.#choose({ fields: new Map(fields.map(({ path }) => [path, to])), fieldCount: fields.length });
  }

  async #copy(address: string): Promise<void> {
    try {
      await navigator.clipboard.writeText(address);
      this.said = 'Copied.';
    } catch {
      this.said = 'The browser lets nothing be copied here: select the link above.';
    }
  }
}

const chosenIn = (event: Event): string =>
  (event.target as HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement).value;

/** Opens the dialog; it removes itself. */
export function openShareDialog(
  root: HTMLElement | DocumentFragment,
  page: PageState,
  access: RoomAccess,
): void {
  if (root.querySelector('share-dialog') !== null) return;
  const dialog = new ShareDialog();
  dialog.page = page;
  dialog.access = access;
  root.append(dialog);
}
