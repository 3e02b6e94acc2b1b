// A student's side of a class: the results of this browser, and the three ways by which one leaves it.
import { css, html, LitElement, nothing } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import { encodeText, resultMark } from '../../classroom/code.ts';
import type { ClassResult } from '../../classroom/result.ts';
import type { LessonInfo } from '../../contract/lessons.ts';
import { formatCount, formatLoss, formatSi } from '../../text/numbers.ts';
import { controlPanel, stackStyles } from '../figures/style-sets.ts';
import { downloadText } from '../state/files.ts';
import { lessonWork } from '../state/lesson-work.ts';
import { initialState, type PageState } from '../state/state.ts';
import { classOfPage, joinClass } from './calls.ts';
import { type OutboxView, pageOutbox } from './outbox.ts';
import { lessonResults, runResult } from './own-results.ts';

@customElement('class-student')
export class ClassStudent extends LitElement {
  static override readonly styles = controlPanel(
    stackStyles,
    css`
      p {
        margin-top: 8px;
      }
      .who {
        display: flex;
        flex-wrap: wrap;
        gap: 8px 16px;
        align-items: end;
      }
      .who label {
        display: grid;
        gap: 3px;
        font-size: 13px;
        color: var(--muted);
      }
      .who input {
        width: 15em;
      }
      li {
        display: flex;
        flex-wrap: wrap;
        gap: 6px 10px;
        align-items: center;
        justify-content: space-between;
        padding: 8px 0;
        border-top: 1px solid var(--line);
      }
      li p {
        margin: 0;
      }
      .code {
        width: 100%;
        font-family: var(--mono, monospace);
        font-size: 12px;
      }
    `,
  );

  @property({ attribute: false }) page: PageState = initialState;
  @property({ attribute: false }) lessons: readonly LessonInfo[] = [];
  /** A join code that the address brought. */
  @property() invitation = '';
  @state() private view: OutboxView = pageOutbox().$view.get();
  /** Title of the class that the code was right for. */
  @state() private joined = '';
  @state() private said = '';
  /** The code of a result, where the browser lets nothing be copied. */
  @state() private shownCode = '';
  readonly #title = classOfPage();
  #forget: (() => void) | undefined;

  override connectedCallback(): void {
    super.connectedCallback();
    this.#forget = pageOutbox().$view.subscribe((view) => {
      this.view = view;
    });
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#forget?.();
  }

  protected override willUpdate(changes: Map<PropertyKey, unknown>): void {
    if (!changes.has('invitation') || this.invitation === '') return;
    void this.#join(this.invitation);
  }

  protected override render() {
    const results = this.#results();
    return html`<section class="panel" aria-labelledby="title">
      <div class="head"><h2 id="title">${this.joined || this.#title || 'Your results'}</h2></div>
      <div class="who">${this.#who()}</div>
      <p class="small muted">
        ${
          this.#title === undefined
            ? 'Nothing is sent from here: give your teacher the file or the code of a result.'
            : 'Nothing is sent before you press Send, and it goes to your teacher’s machine alone.'
        }
        The name is up to you.
      </p>
      ${
        results.length === 0
          ? html`<p>Train a model in the room “Train”, or do a lesson with a guess: what came out then stands here.</p>`
          : html`<ul>${results.map((result) => this.#result(result))}</ul>`
      }
      ${this.shownCode === '' ? nothing : html`<textarea class="code" rows="4" readonly aria-label="Code of the result">${this.shownCode}</textarea>`}
      <p class="small" role="status">${this.said} ${this.#waiting()}</p>
      ${
        this.#title === undefined
          ? nothing
          : html`<button class="plain" ?disabled=${this.view.membership.code === ''} @click=${this.#takeBack}>Delete all that I sent</button>`
      }
    </section>`;
  }

  #who() {
    const { name, code } = this.view.membership;
    return html`<label>
        Name (optional)
        <input
          maxlength="40"
          autocomplete="off"
          .value=${name}
          @change=${(event: Event) => pageOutbox().become({ name: (event.target as HTMLInputElement).value })}
        />
      </label>
      ${
        this.#title === undefined
          ? nothing
          : html`<label>
              Join code
              <input
                class="join"
                maxlength="12"
                autocomplete="off"
                autocapitalize="characters"
                spellcheck="false"
                .value=${code}
                @change=${(event: Event) => void this.#join((event.target as HTMLInputElement).value)}
              />
            </label>`
      }`;
  }

  #results(): readonly ClassResult[] {
    const { membership } = this.view;
    const run = runResult(this.page, membership);
    const done = lessonResults(this.page, membership, this.lessons, lessonWork.get());
    return run === undefined ? done : [run, ...done];
  }

  #result(result: ClassResult) {
    const { id, title } = result;
    const isSent = this.view.sent.has(id);
    return html`<li>
      <p><strong>${title}</strong> <span class="small muted">${summary(result)}</span></p>
      <span class="row">
        ${
          this.#title === undefined
            ? nothing
            : html`<button
                class="primary"
                ?disabled=${this.view.membership.code === ''}
                aria-label="${isSent ? 'Send again' : 'Send'}: ${title} to the class"
                @click=${() => this.#send(result)}
              >${isSent ? 'Send again' : 'Send'}</button>`
        }
        <button aria-label="Save ${title} as a file" @click=${() => save(result)}>File</button>
        <button aria-label="Copy the code of ${title}" @click=${() => void this.#copy(result)}>Code</button>
      </span>
    </li>`;
  }

  #waiting(): string {
    const { membership, hindrance, refused, sent } = this.view;
    const off = membership.waiting.filter(({ id }) => refused.has(id));
    const count = membership.waiting.length - off.length;
    return [
      ...(sent.size === 0 ? [] : [`${sent.size} of your results arrived.`]),
      ...off.map(({ id, title }) => `${title} was not taken: ${refused.get(id)}`),
      ...(count === 0 ? [] : [`${count} waiting. ${hindrance}`]),
    ].join(' ');
  }

  /** Checks the code; results that waited for it are sent. */
  async #join(typed: string): Promise<void> {
    const code = typed.trim();
    pageOutbox().become({ code });
    if (code === '' || this.#title === undefined) return;
    const outcome = await joinClass(code);
    if (this.view.membership.code !== code) return; // another was typed meanwhile
    this.joined = outcome.kind === 'ok' ? outcome.value.title : '';
    this.said =
      outcome.kind === 'ok'
        ? 'You are in the class.'
        : outcome.kind === 'refused'
          ? outcome.message
          : `${outcome.message ?? 'The class server does not answer now.'} The code is kept.`;
    if (outcome.kind !== 'refused') void pageOutbox().flush(); // it asks again by itself
  }

  #send(result: ClassResult): void {
    this.said = '';
    void pageOutbox().add(result);
  }

  async #copy(result: ClassResult): Promise<void> {
    const code = encodeText(resultMark, result);
    try {
      await navigator.clipboard.writeText(code);
      this.said = `The code of ${result.title} was copied: paste it into a message to your teacher.`;
    } catch {
      // No clipboard at insecure addresses, or not allowed.
      this.shownCode = code;
      this.said = 'Copy the code below into a message to your teacher.';
    }
  }

  async #takeBack(): Promise<void> {
    if (!confirm('Delete all that you sent to this class, and what waits to be sent?')) return;
    this.said = 'Deleting …';
    const outcome = await pageOutbox().takeBack();
    this.said =
      outcome.kind === 'ok'
        ? outcome.value.deleted === 1
          ? 'One of your results was deleted.'
          : `${outcome.value.deleted} of your results were deleted.`
        : outcome.kind === 'refused'
          ? outcome.message
          : 'The class server does not answer: what it has is still there. Try again.';
  }
}

function save(result: ClassResult): void {
  downloadText(`${result.id}.result.json`, `${JSON.stringify(result)}\n`, 'application/json');
}

/** A result in one line. */
function summary({ predicted, measured, step, loss, guess }: ClassResult): string {
  if (guess !== undefined) return `you guessed ${guess.text}, it was ${guess.outcomeText}`;
  const rate = (value: number | undefined) =>
    value === undefined ? 'not predicted' : `${formatSi(value)} tokens/s`;
  return `${formatCount(step)} steps, loss ${formatLoss(loss)}, predicted ${rate(predicted)}, measured ${formatSi(measured)} tokens/s`;
}
