// The question of a lesson and the reader's guess: nothing runs before it is committed.
import { css, html, LitElement, nothing } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import type { LessonGuess, LessonQuestion } from '../../contract/lessons.ts';
import { controlGroup } from '../figures/style-sets.ts';
import { guessText, readGuess } from './data.ts';

/** Sends `commit-guess` (detail: the guess) and `reopen-guess`. */
@customElement('lesson-guess')
export class LessonGuessElement extends LitElement {
  static override readonly styles = controlGroup(css`
    :host {
      border-left: 3px solid var(--accent);
      padding: 4px 0 4px 14px;
    }
    .question {
      font-size: 16px;
      font-weight: 550;
      line-height: 1.45;
      text-wrap: pretty;
    }
    form,
    .committed {
      margin-top: 10px;
    }
    fieldset {
      border: 0;
      margin: 0 0 10px;
      padding: 0;
      display: grid;
      gap: 6px;
    }
    input.number {
      width: 9em !important;
      font-size: 16px;
    }
    label.check {
      padding: 4px 0;
    }
    .committed {
      display: flex;
      flex-wrap: wrap;
      align-items: baseline;
      gap: 4px 12px;
    }
    .committed strong {
      font-size: 16px;
    }
  `);

  @property({ attribute: false }) question: LessonQuestion | undefined;
  /** The guess as committed. */
  @property({ attribute: false }) guess: LessonGuess | undefined;
  /** Whether it may still be changed. */
  @property({ type: Boolean }) isOpen = true;
  @state() private text = '';

  protected override willUpdate(changes: Map<PropertyKey, unknown>): void {
    // A new question begins with an empty field.
    if (changes.has('question')) this.text = '';
  }

  protected override render() {
    const { question, guess } = this;
    if (question === undefined) return nothing;
    return html`<p class="question" id="question">${question.text}</p>
      ${guess === undefined ? this.#form(question) : this.#committed(question, guess)}`;
  }

  #form(question: LessonQuestion) {
    const isReady = readGuess(question, this.text) !== undefined;
    return html`<form @submit=${this.#commit}>
      ${
        question.kind === 'number'
          ? html`<fieldset aria-labelledby="question">
              <div class="row">
                <input
                  class="number"
                  type="number"
                  step="any"
                  inputmode="decimal"
                  min=${question.minimum}
                  max=${question.maximum}
                  aria-label="Your guess in ${question.unit}"
                  .value=${this.text}
                  @input=${(event: Event) => {
                    this.text = (event.target as HTMLInputElement).value;
                  }}
                />
                <span class="muted">${question.unit}</span>
              </div>
              <span class="small muted judged">${question.judged}</span>
            </fieldset>`
          : html`<fieldset role="radiogroup" aria-labelledby="question">
              ${question.choices.map(
                ({ id, label }) =>
                  html`<label class="check">
                    <input
                      type="radio"
                      name="choice"
                      value=${id}
                      .checked=${this.text === id}
                      @change=${() => {
                        this.text = id;
                      }}
                    />
                    ${label}
                  </label>`,
              )}
            </fieldset>`
      }
      <button class="primary" ?disabled=${!isReady}>This is my guess</button>
      <span class="small muted">Then it can be run.</span>
    </form>`;
  }

  #committed(question: LessonQuestion, guess: LessonGuess) {
    return html`<p class="committed">
      <span class="muted">Your guess:</span> <strong>${guessText(question, guess)}</strong>
      ${
        this.isOpen
          ? html`<button class="plain" @click=${() => this.dispatchEvent(new CustomEvent('reopen-guess'))}>Change it</button>`
          : nothing
      }
    </p>`;
  }

  #commit(event: Event): void {
    event.preventDefault();
    const guess = this.question && readGuess(this.question, this.text);
    if (guess !== undefined)
      this.dispatchEvent(new CustomEvent<LessonGuess>('commit-guess', { detail: guess }));
  }
}
