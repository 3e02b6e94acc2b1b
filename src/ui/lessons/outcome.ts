// What came out of a lesson: guess, theory and measurement side by side, the checks, the figures, and what it means.
import { css, html, LitElement, nothing } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import type { LessonOutcome, LessonPrediction, LessonQuestion } from '../../contract/lessons.ts';
import { formatSeconds } from '../../text/numbers.ts';
import { readoutPanel, stackStyles } from '../figures/style-sets.ts';
import { guessText, verdictText } from './data.ts';
import './figure.ts';
import { dataTable } from '../figures/data-table.ts';

@customElement('lesson-outcome')
export class LessonOutcomeElement extends LitElement {
  static override readonly styles = readoutPanel(
    stackStyles,
    css`
      .three {
        display: grid;
        gap: var(--gap);
        grid-template-columns: repeat(auto-fit, minmax(190px, 1fr));
      }
      .three .panel {
        border-top: 3px solid var(--mark);
      }
      .three .answer {
        font-size: 19px;
        font-weight: 600;
        line-height: 1.25;
        text-wrap: balance;
      }
      .three p:last-child {
        margin-top: 4px;
      }
      .guess {
        --mark: var(--edge);
      }
      .guess.right {
        --mark: var(--good);
        background: var(--good-tint);
      }
      .guess.close {
        --mark: var(--warn);
        background: var(--warn-tint);
      }
      .theory {
        --mark: var(--predicted);
      }
      .measured {
        --mark: var(--train);
      }
      ol.reasons {
        list-style: decimal;
        padding-left: 1.4em;
        display: grid;
        gap: 5px;
      }
      .figures {
        display: grid;
        gap: var(--gap);
        grid-template-columns: repeat(auto-fit, minmax(min(100%, 420px), 1fr));
        align-items: start;
      }
      table td,
      table th {
        white-space: normal;
        vertical-align: top;
      }
      .holds {
        white-space: nowrap;
        font-weight: 600;
      }
      .prose {
        max-width: 72ch;
        display: grid;
        gap: 9px;
        font-size: 15px;
        line-height: 1.55;
      }
    `,
  );

  @property({ attribute: false }) question: LessonQuestion | undefined;
  /** Known before the measurement. */
  @property({ attribute: false }) prediction: LessonPrediction | undefined;
  @property({ attribute: false }) outcome: LessonOutcome | undefined;

  protected override render() {
    const { prediction, outcome } = this;
    if (prediction === undefined) return nothing;
    const figures = [...prediction.figures, ...(outcome?.figures ?? [])];
    const name = outcome?.lesson ?? 'lesson';
    return html`${outcome === undefined ? nothing : this.#verdict(outcome)}
      <section class="panel" aria-labelledby="theory">
        <div class="head"><h2 id="theory">
          ${outcome === undefined ? `Theory says: ${prediction.answer.text}` : 'Why theory says so'}
        </h2></div>
        <ol class="reasons prose">
          ${prediction.reasons.map((reason) => html`<li>${reason}</li>`)}
        </ol>
      </section>
      ${outcome === undefined ? nothing : checks(outcome)}
      <div class="figures">
        ${figures.map((figure) => html`<lesson-figure .figure=${figure} .fileName=${name}></lesson-figure>`)}
      </div>
      ${
        outcome === undefined
          ? nothing
          : html`<section class="panel" aria-labelledby="meaning">
            <div class="head"><h2 id="meaning">What it means</h2></div>
            <div class="prose">${outcome.meaning.map((paragraph) => html`<p>${paragraph}</p>`)}</div>
          </section>`
      }`;
  }

  #verdict(outcome: LessonOutcome) {
    const { question } = this;
    const { guess, guessVerdict = 'off', prediction, measured, seconds } = outcome;
    return html`<div class="three" role="group" aria-label="Guess, theory and measurement">
      <section class="panel guess ${guessVerdict}">
        <p class="name">You guessed</p>
        <p class="answer">${question && guess !== undefined ? guessText(question, guess) : 'nothing'}</p>
        <p class="small muted">${verdictText(outcome)}</p>
      </section>
      <section class="panel theory">
        <p class="name">Theory says</p>
        <p class="answer">${prediction.answer.text}</p>
        <p class="small muted">Known before anything ran.</p>
      </section>
      <section class="panel measured">
        <p class="name">It was</p>
        <p class="answer">${measured.text}</p>
        <p class="small muted">Done in ${formatSeconds(seconds)}.</p>
      </section>
    </div>`;
  }
}

function checks({ checks: list }: LessonOutcome) {
  const held = list.filter(({ holds }) => holds).length;
  return html`<section class="panel" aria-labelledby="checks">
    <div class="head">
      <h2 id="checks">Held against theory</h2>
      <span class=${held === list.length ? 'good' : 'warn'}>${held} of ${list.length} hold</span>
    </div>
    ${dataTable(
      'Checks',
      ['statement', 'expected', 'found', 'verdict'],
      list.map(({ what, expected, found, holds }) => [
        what,
        expected,
        found,
        html`<span class="holds ${holds ? 'good' : 'bad'}">${holds ? '✓ holds' : '✗ fails'}</span>`,
      ]),
    )}
  </section>`;
}
