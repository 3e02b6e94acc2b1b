// The runs of this browser as a table: chosen for comparison, replayed, renamed, noted on, saved as a file, deleted; sorted by any column.
import { css, html, LitElement, nothing } from 'lit';
import { customElement, property, query, state } from 'lit/decorators.js';
import type { KeptRun } from '../../contract/records.ts';
import { workPanel } from '../figures/style-sets.ts';
import { toneStyles } from '../figures/svg-plot.ts';
import { compareTones } from '../run-views/compare-data.ts';
import {
  describeSettings,
  newestFirst,
  nextOrder,
  type RunColumn,
  type RunOrder,
  runColumns,
  sortRuns,
} from './columns.ts';

/** What a person may ask for of one run; `title` goes with `rename`, and is the note with `note`. */
export interface RunRequest {
  readonly what: 'choose' | 'replay' | 'rename' | 'note' | 'export' | 'delete' | 'continue';
  readonly id: string;
  readonly title?: string;
}

/** Sends `run-request` (detail: RunRequest). */
@customElement('run-list')
export class RunList extends LitElement {
  static override readonly styles = workPanel(
    toneStyles,
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
      input.title,
      textarea.note {
        max-width: 26em;
      }
      tbody th .small {
        font-weight: 400;
      }
      .note {
        font-style: italic;
      }
      .choice {
        display: inline-flex;
        align-items: center;
        gap: 5px;
      }
      .choice .key {
        color: var(--tone);
      }
      button.sort {
        padding: 0;
        min-height: 24px;
        font: inherit;
        color: inherit;
        white-space: nowrap;
      }
      th[aria-sort='ascending'] button,
      th[aria-sort='descending'] button {
        color: var(--ink);
      }
    `,
  );

  @property({ attribute: false }) runs: readonly KeptRun[] = [];
  /** Chosen for comparison, in the order in which they were chosen. */
  @property({ attribute: false }) chosen: readonly string[] = [];
  @property({ attribute: false }) shown: string | undefined;
  /** Most runs that can be compared. */
  @property({ attribute: false }) most = 6;
  /** Whether another run may be opened for training now. */
  @property({ type: Boolean }) canOpen = false;
  @state() private order: RunOrder = newestFirst;
  @state() private renamed: string | undefined;
  @state() private noted: string | undefined;
  @state() private deleted: string | undefined;
  @query('textarea.note') private readonly noteInput: HTMLTextAreaElement | undefined;
  @query('input.title') private readonly titleInput: HTMLInputElement | undefined;
  @query('button.keep') private readonly keepButton: HTMLButtonElement | undefined;

  protected override render() {
    return html`<div class="scroll" tabindex="0" role="region" aria-label="Runs in this browser">
      <table>
        <thead>
          <tr>
            <th scope="col">Compare</th>
            ${runColumns.map((column) => this.#heading(column))}
            <th scope="col"><span class="sr">Actions</span></th>
          </tr>
        </thead>
        <tbody>
          ${sortRuns(this.runs, this.order).map((run) => this.#row(run))}
        </tbody>
      </table>
    </div>`;
  }

  #heading({ id, label, isNumber }: RunColumn) {
    const { by, isDescending } = this.order;
    const isSorted = by === id;
    return html`<th
      scope="col"
      class=${isNumber ? 'number' : ''}
      aria-sort=${isSorted ? (isDescending ? 'descending' : 'ascending') : 'none'}
    >
      <button
        class="plain sort"
        @click=${() => {
          this.order = nextOrder(this.order, id);
        }}
      >
        ${label}${isSorted ? (isDescending ? ' ↓' : ' ↑') : ''}
      </button>
    </th>`;
  }

  #row(run: KeptRun) {
    const { id, title } = run;
    const place = this.chosen.indexOf(id);
    const [, ...others] = runColumns;
    return html`<tr class=${id === this.shown ? 'shown' : ''}>
      <td>
        <label class="choice ${place < 0 ? '' : `tone-${compareTones[place]}`}">
          <input
            type="checkbox"
            aria-label="Compare ${title}"
            .checked=${place >= 0}
            ?disabled=${place < 0 && this.chosen.length >= this.most}
            @change=${() => this.#ask('choose', id)}
          />
          ${place < 0 ? nothing : html`<span class="key" aria-hidden="true"></span>`}
        </label>
      </td>
      <th scope="row">${this.renamed === id ? this.#renaming(run) : this.#words(run)}</th>
      ${others.map(({ text, isNumber }) => html` <td class=${isNumber ? 'number' : ''}>${text(run)}</td>`)}
      <td class="actions">${this.deleted === id ? this.#deleting(run) : this.#actions(run)}</td>
    </tr>`;
  }

  /** What it is called, what is other about it than about its preset, and what was noted. */
  #words(run: KeptRun) {
    const { id, title, note } = run;
    const settings = describeSettings(run, this.runs);
    return html`${title}
    ${settings === undefined ? nothing : html`<div class="small muted">${settings}</div>`}
    ${
      this.noted === id
        ? this.#noting(run)
        : note === undefined
          ? nothing
          : html`<div class="small note">${note}</div>`
    }`;
  }

  #noting({ id, title, note = '' }: KeptRun) {
    const done = (): void => {
      const given = this.noteInput?.value.trim() ?? '';
      if (given !== note) this.#ask('note', id, given);
      this.#endQuestion(`Note on ${title}`);
    };
    return html`<span class="row">
      <textarea
        class="note"
        rows="2"
        maxlength="1000"
        aria-label="Note on ${title}, as it will stand"
        .value=${note}
        @keydown=${(event: KeyboardEvent) => {
          if (event.key === 'Escape') this.#endQuestion(`Note on ${title}`);
        }}
      ></textarea>
      <button class="plain" @click=${done}>Done</button>
    </span>`;
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
    ${button('Note', 'Note on', () => {
      this.noted = id;
      void this.updateComplete.then(() => this.noteInput?.focus());
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
        aria-label="Delete for good: ${title}"
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
    this.noted = undefined;
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
