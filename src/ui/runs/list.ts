// The runs of this browser as a table: chosen for comparison, replayed, renamed, saved as a file, deleted.
import { css, html, LitElement, nothing } from 'lit';
import { customElement, property, query, state } from 'lit/decorators.js';
import type { KeptRun } from '../../contract/records.ts';
import { describeTime, formatBytes, formatCount, formatLoss } from '../../text/numbers.ts';
import { baseStyles, controlStyles, panelStyles, readoutStyles } from '../figures/styles.ts';

/** What a person may ask for of one run; `title` goes with `rename`. */
export interface RunRequest {
  readonly what: 'choose' | 'replay' | 'rename' | 'export' | 'delete' | 'continue';
  readonly id: string;
  readonly title?: string;
}

/** Sends `run-request` (detail: RunRequest). */
@customElement('run-list')
export class RunList extends LitElement {
  static override readonly styles = [
    baseStyles,
    panelStyles,
    controlStyles,
    readoutStyles,
    css`
      .scroll {
        position: relative; /* what is for screen readers alone stays inside */
      }
      tbody th {
        color: var(--ink);
        white-space: normal;
        overflow-wrap: anywhere;
        min-width: 12em;
      }
      td.actions {
        text-align: right;
      }
      td.actions button {
        padding: 2px 6px;
        min-height: 26px;
      }
      .danger {
        color: var(--bad);
        border-color: currentColor;
      }
      tr.shown th,
      tr.shown td {
        background: var(--inset);
      }
      input.title {
        max-width: 26em;
      }
    `,
  ];

  @property({ attribute: false }) runs: readonly KeptRun[] = [];
  /** Chosen for comparison, in the order in which they were chosen. */
  @property({ attribute: false }) chosen: readonly string[] = [];
  @property({ attribute: false }) shown: string | undefined;
  /** Most runs that can be compared. */
  @property({ attribute: false }) most = 6;
  /** Whether another run may be opened for training now. */
  @property({ type: Boolean }) canOpen = false;
  @state() private renamed: string | undefined;
  @state() private deleted: string | undefined;
  @query('input.title') private readonly titleInput: HTMLInputElement | undefined;
  @query('button.keep') private readonly keepButton: HTMLButtonElement | undefined;

  protected override render() {
    return html`<div class="scroll" tabindex="0" role="region" aria-label="Runs in this browser">
      <table>
        <thead>
          <tr>
            <th scope="col">Compare</th>
            <th scope="col">Run</th>
            <th scope="col">State</th>
            <th scope="col" class="number">Steps</th>
            <th scope="col" class="number">Loss</th>
            <th scope="col" class="number">Size</th>
            <th scope="col">Saved</th>
            <th scope="col"><span class="sr">Actions</span></th>
          </tr>
        </thead>
        <tbody>
          ${this.runs.map((run) => this.#row(run))}
        </tbody>
      </table>
    </div>`;
  }

  #row(run: KeptRun) {
    const { id, title, state: runState, step, totalSteps, loss, bytes, savedAt, isElsewhere } = run;
    const isChosen = this.chosen.includes(id);
    return html`<tr class=${id === this.shown ? 'shown' : ''}>
      <td>
        <input
          type="checkbox"
          aria-label="Compare ${title}"
          .checked=${isChosen}
          ?disabled=${!isChosen && this.chosen.length >= this.most}
          @change=${() => this.#ask('choose', id)}
        />
      </td>
      <th scope="row">${this.renamed === id ? this.#renaming(run) : title}</th>
      <td>${isElsewhere ? 'in another tab' : runState}</td>
      <td class="number">${formatCount(step)} of ${formatCount(totalSteps)}</td>
      <td class="number">${formatLoss(loss)}</td>
      <td class="number">${formatBytes(bytes)}</td>
      <td>${describeTime(savedAt)}</td>
      <td class="actions">${this.deleted === id ? this.#deleting(run) : this.#actions(run)}</td>
    </tr>`;
  }

  #actions({ id, title, canContinue, isElsewhere }: KeptRun) {
    const button = (label: string, said: string, act: () => void) =>
      html`<button class="plain" aria-label="${said} ${title}" @click=${act}>${label}</button>`;
    return html`${button('Show', 'Show', () => this.#ask('replay', id))}
    ${canContinue && this.canOpen && !isElsewhere ? button('Go on', 'Go on with', () => this.#ask('continue', id)) : nothing}
    ${button('Save', 'Save the record of', () => this.#ask('export', id))}
    ${isElsewhere ? nothing : this.#changes(id, button)}`;
  }

  /** What another tab's run is spared. */
  #changes(id: string, button: (label: string, said: string, act: () => void) => unknown) {
    return html`${button('Rename', 'Rename', () => {
      this.renamed = id;
      void this.updateComplete.then(() => this.titleInput?.select());
    })}
    ${button('Delete', 'Delete', () => {
      this.deleted = id;
      void this.updateComplete.then(() => this.keepButton?.focus());
    })}`;
  }

  #renaming({ id, title }: KeptRun) {
    const done = (): void => {
      const given = this.titleInput?.value.trim() ?? '';
      if (given !== '' && given !== title) this.#ask('rename', id, given);
      this.#endQuestion(`Rename ${given || title}`);
    };
    return html`<span class="row">
      <input
        class="title"
        aria-label="New name of ${title}"
        maxlength="200"
        .value=${title}
        @keydown=${(event: KeyboardEvent) => {
          if (event.key === 'Enter') done();
          if (event.key === 'Escape') this.#endQuestion(`Rename ${title}`);
        }}
      />
      <button class="plain" @click=${done}>Done</button>
    </span>`;
  }

  #deleting({ id, title }: KeptRun) {
    return html`<span
      class="row"
      role="group"
      aria-label="Delete ${title} for good?"
      @keydown=${(event: KeyboardEvent) => {
        if (event.key === 'Escape') this.#endQuestion(`Delete ${title}`);
      }}
    >
      <button
        class="danger"
        aria-label="Delete ${title} for good"
        @click=${() => {
          this.deleted = undefined;
          this.#ask('delete', id);
        }}
      >
        Delete for good
      </button>
      <button class="keep" @click=${() => this.#endQuestion(`Delete ${title}`)}>Keep it</button>
    </span>`;
  }

  /** Closes what was asked; the keyboard goes back to where the question came from. */
  #endQuestion(label: string): void {
    this.renamed = undefined;
    this.deleted = undefined;
    void this.updateComplete.then(() => {
      const buttons = [...this.renderRoot.querySelectorAll('button')];
      buttons.find((button) => button.getAttribute('aria-label') === label)?.focus();
    });
  }

  #ask(what: RunRequest['what'], id: string, title?: string): void {
    const detail: RunRequest = { what, id, ...(title === undefined ? {} : { title }) };
    this.dispatchEvent(new CustomEvent('run-request', { detail }));
  }
}
