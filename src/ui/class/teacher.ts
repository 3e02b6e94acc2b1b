// The teacher's side of a class: one table of all machines, live from the class server or from files and pasted codes.
import { css, html, LitElement, nothing } from 'lit';
import { customElement, property, query, state } from 'lit/decorators.js';
import { repeat } from 'lit/directives/repeat.js';
import { decodeText, resultMark } from '../../classroom/code.ts';
import type { ClassRow } from '../../classroom/protocol.ts';
import { type ClassResult, maximumResultBytes, readResult, readResultText } from '../../classroom/result.ts';
import { stackStyles, workPanel } from '../figures/style-sets.ts';
import { type CallOutcome, classChanges, deleteNames, deleteRows } from './calls.ts';
import { type ClassEntry, classEntries, mergeRows } from './collection.ts';
import './overview.ts';

/** Milliseconds between two looks. */
const interval = 1000;

@customElement('class-teacher')
export class ClassTeacher extends LitElement {
  static override readonly styles = workPanel(
    stackStyles,
    css`
      p {
        margin-top: 8px;
      }
      .join {
        font-size: clamp(22px, 4vw, 40px);
        font-weight: 650;
        letter-spacing: 0.12em;
      }
      textarea {
        width: 100%;
        font-size: 12px;
      }
      .row {
        flex-wrap: wrap;
      }
      select {
        width: auto;
        max-width: 100%;
      }
    `,
  );

  /** What the class server printed; empty collects without one. */
  @property() key = '';
  @state() private served: readonly ClassRow[] = [];
  /** From files and codes. Their rows and persons count down from -1, apart from the server's. */
  @state() private pasted: readonly ClassRow[] = [];
  @state() private heading = '';
  @state() private code = '';
  @state() private said = '';
  /** Why the table may be old; empty while the server answers. */
  @state() private trouble = '';
  @state() private isDeleting = false;
  @query('input[type=file]') private readonly picker: HTMLInputElement | undefined;
  @query('textarea') private readonly paste: HTMLTextAreaElement | undefined;
  @query('select') private readonly choice: HTMLSelectElement | undefined;

  #revision = 0;
  /** Counts looks: the answer to an earlier one may be older than that to a later one. */
  #looks = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #people = new Map<string, number>();

  override connectedCallback(): void {
    super.connectedCallback();
    void this.#look();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearTimeout(this.#timer);
  }

  protected override updated(changes: Map<PropertyKey, unknown>): void {
    if (!changes.has('key') || changes.get('key') === undefined) return;
    this.#revision = 0;
    void this.#look();
  }

  protected override render() {
    const entries = classEntries([...this.served, ...this.pasted]);
    return html`<section class="panel" aria-labelledby="title">
        <div class="head">
          <h2 id="title">${this.heading || 'Results of a class'}</h2>
          <span class="muted" role="status">${entries.length} ${entries.length === 1 ? 'result' : 'results'}</span>
        </div>
        ${this.code === '' ? nothing : html`<p>Join code <span class="join">${this.code}</span></p>`}
        ${this.trouble === '' ? nothing : html`<p class="warn" role="alert">${this.trouble}</p>`}
        <div class="row">
          <button @click=${() => this.picker?.click()}>Open result files</button>
          <input type="file" accept=".json,application/json" multiple hidden aria-label="Result files" @change=${this.#onPick} />
          ${entries.length === 0 ? nothing : this.#deletions(entries)}
        </div>
        <details>
          <summary>Paste codes</summary>
          <p><textarea rows="4" aria-label="Codes of results, one after another"></textarea></p>
          <button @click=${this.#takeCodes}>Add them</button>
        </details>
        <p class="small" role="status">${this.said}</p>
      </section>
      <class-overview .entries=${entries}></class-overview>`;
  }

  #deletions(entries: readonly ClassEntry[]) {
    if (!this.isDeleting)
      return html`<button
        class="plain"
        @click=${() => {
          this.isDeleting = true;
        }}
      >
        Delete …
      </button>`;
    return html`<select aria-label="Result to delete">
        ${repeat(
          entries,
          ({ row }) => row, // the chosen one stays chosen when others come and go
          ({ row, who, result }) => html`<option value=${row}>${who}: ${result.title}</option>`,
        )}
      </select>
      <button class="danger" @click=${() => void this.#delete(Number(this.choice?.value))}>Delete this result</button>
      <button class="danger" @click=${() => void this.#forgetNames()}>Delete all names</button>
      <button class="danger" @click=${() => void this.#delete()}>Delete all results</button>
      <button
        @click=${() => {
          this.isDeleting = false;
        }}
      >
        Keep them
      </button>`;
  }

  /** Asks the server what is new, and again in a second. */
  async #look(): Promise<void> {
    clearTimeout(this.#timer);
    this.#looks += 1;
    const look = this.#looks;
    const { key } = this;
    if (key === '' || !this.isConnected) return;
    const outcome = await classChanges(key, this.#revision);
    if (look !== this.#looks) return;
    if (outcome.kind === 'refused') {
      this.trouble = outcome.message;
      return;
    }
    if (outcome.kind === 'ok') {
      const { title, code, revision, rows, left } = outcome.value;
      if (revision < this.#revision) this.#keepOld();
      else if (rows.length > 0 || left !== undefined) this.served = mergeRows(this.served, rows, left);
      this.#revision = revision < this.#revision ? 0 : revision;
      this.heading = title;
      this.code = code;
    }
    this.trouble =
      outcome.kind === 'ok'
        ? ''
        : `${outcome.message ?? 'The class server does not answer.'} What has come stays here; it is asked again.`;
    this.#timer = setTimeout(
      () => void this.#look(),
      outcome.kind === 'ok' ? interval : 1000 * outcome.seconds,
    );
  }

  /** A server that counts anew has lost what it had in memory: what came from it stays here, and all is read again. */
  #keepOld(): void {
    const below = Math.min(0, ...this.pasted.map(({ row, person }) => Math.min(row, person)));
    const old = this.served.map((one) => ({ ...one, row: below - one.row, person: below - one.person }));
    this.pasted = [...this.pasted, ...old];
    this.served = [];
    this.said = 'The class server began anew. What came before is on this page alone: save its CSV.';
  }

  /** Deletes one result, or all; what cannot be deleted at the server stays here, too. */
  async #delete(row?: number): Promise<void> {
    const count = classEntries([...this.served, ...this.pasted]).length;
    if (row === undefined && !confirm(`Delete all ${count} results of this class? They cannot be had back.`))
      return;
    const isServed = this.key !== '' && (row === undefined || row >= 0);
    if (isServed && !this.#isDone(await deleteRows(this.key, row), 'Deleted.')) return;
    this.isDeleting = false;
    this.pasted = row === undefined ? [] : this.pasted.filter((one) => one.row !== row);
    if (isServed) await this.#look();
  }

  async #forgetNames(): Promise<void> {
    if (!confirm('Delete the names of all students? The results stay.')) return;
    if (this.key !== '' && !this.#isDone(await deleteNames(this.key), 'All names were deleted.')) return;
    this.isDeleting = false;
    this.pasted = this.pasted.map(({ result, ...row }) => {
      const { name: _name, ...rest } = result ?? {};
      return result === undefined ? row : { ...row, result: rest as typeof result };
    });
    if (this.key !== '') await this.#look();
  }

  /** Whether the server did it; says so, or why not. */
  #isDone(outcome: CallOutcome<unknown>, done: string): boolean {
    this.said =
      outcome.kind === 'ok'
        ? done
        : `Nothing was deleted. ${outcome.message ?? 'The class server does not answer: try again.'}`;
    return outcome.kind === 'ok';
  }

  async #onPick(): Promise<void> {
    const files = [...(this.picker?.files ?? [])];
    if (this.picker) this.picker.value = '';
    const problems: string[] = [];
    let count = 0;
    for (const file of files) {
      const read =
        file.size > maximumResultBytes
          ? ({ kind: 'problem', message: 'It is too long for a result.' } as const)
          : readResultText(await file.text());
      if (read.kind === 'ok') {
        this.#add(read.value);
        count += 1;
      } else problems.push(`${file.name}: ${read.message}`);
    }
    this.said = [`${count} of ${files.length} files were added.`, ...problems].join(' ');
  }

  #takeCodes(): void {
    const codes = (this.paste?.value ?? '')
      .split(new RegExp(`(?=${resultMark})`))
      .filter((text) => text.trim() !== '');
    const problems: string[] = [];
    for (const [index, text] of codes.entries()) {
      const decoded = decodeText(resultMark, text, 'code of a result', 2 * maximumResultBytes);
      const read = decoded.kind === 'ok' ? readResult(decoded.value) : decoded;
      if (read.kind === 'ok') this.#add(read.value);
      else problems.push(`Code ${index + 1}: ${read.message}`);
    }
    this.said = [`${codes.length - problems.length} of ${codes.length} codes were added.`, ...problems].join(
      ' ',
    );
    if (problems.length === 0 && this.paste) this.paste.value = '';
  }

  /** One more result; the same of the same student replaces itself. */
  #add({ student, ...result }: ClassResult): void {
    const lowest = Math.min(0, ...this.pasted.map((one) => one.person));
    const person = this.#people.get(student) ?? lowest - 1;
    this.#people.set(student, person);
    const before = this.pasted.find((row) => row.person === person && row.result?.id === result.id);
    const row = before?.row ?? Math.min(0, ...this.pasted.map((one) => one.row)) - 1;
    this.pasted = mergeRows(this.pasted, [{ row, person, revision: 0, result }]);
  }
}
