// Whether a model of sums calculates, or one of conversations answers: its likeliest answers to questions of held-out text, right to the last character or not.
import { css, html, LitElement, nothing } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import type { AnswerReport } from '../../contract/sampling.ts';
import { formatCount, formatLoss, formatPercent } from '../../text/numbers.ts';
import { stackedBar } from '../figures/bars.ts';
import { workPanel } from '../figures/style-sets.ts';
import { emit } from '../state/events.ts';
import '../figures/glossary-term.ts';

/** Signs as they are read. */
const signs: Readonly<Record<string, string>> = { '+': 'sums', '-': 'differences', '*': 'products' };

/** Give it `reports`, the newest last. */
@customElement('answers-box')
export class AnswersBox extends LitElement {
  static override readonly styles = workPanel(css`
    .panel {
      display: grid;
      gap: 8px;
    }
    svg.bar {
      height: 14px;
    }
    .right {
      fill: var(--good);
    }
    td {
      font-family: var(--mono);
    }
  `);

  @property({ attribute: false }) reports: readonly AnswerReport[] = [];
  @property() heading = 'Does it calculate?';
  @property({ type: Boolean }) isReady = false;
  @property({ type: Boolean }) isAsking = false;

  protected override render() {
    const newest = this.reports.at(-1);
    return html`<section class="panel" aria-labelledby="title">
      <div class="head">
        <h2 id="title">${this.heading}</h2>
        <button ?disabled=${!this.isReady || this.isAsking} @click=${() => emit(this, 'ask-answers', undefined)}>
          ${newest === undefined ? 'Ask questions' : 'Ask again'}
        </button>
      </div>
      <div role="status">
        ${
          this.isAsking
            ? html`<p class="muted">It writes its answers.</p>`
            : newest === undefined
              ? html`<p class="muted">Questions of the held-out text, answered with the likeliest tokens: right to the last character, or wrong. Those that happen to stand in the training text too are counted apart.</p>`
              : this.#outcome(newest)
        }
      </div>
      ${newest === undefined ? nothing : this.#examples(newest)}
    </section>`;
  }

  #outcome({ step, correct, questions, kinds, seen, validation }: AnswerReport) {
    const earlier = this.reports
      .slice(0, -1)
      .map((report) => `${formatPercent(share(report))} at step ${report.step}`);
    return html`<p>
        <strong>${formatCount(correct)} of ${formatCount(questions)} right</strong> at step ${formatCount(step)}
        (<glossary-term term="exact-match">exact match</glossary-term>
        ${formatPercent(correct / questions)}${validation === undefined ? nothing : html`, beside a validation loss of ${formatLoss(validation.loss)} at step ${formatCount(validation.step)}`}):
        ${Object.entries(kinds)
          .map(([kind, of]) => `${signs[kind] ?? kind} ${of.correct} of ${of.questions}`)
          .join(', ')}.
      </p>
      ${stackedBar(`${correct} of ${questions} answers right`, [{ name: 'Right', share: correct / questions, className: 'right' }])}
      <p class="small">${describeSeen(seen, { correct: correct - seen.correct, questions: questions - seen.questions })}</p>
      ${earlier.length === 0 ? nothing : html`<p class="small muted">Before: ${earlier.join(', ')}.</p>`}`;
  }

  #examples({ examples }: AnswerReport) {
    return html`<table>
      <thead>
        <tr>
          <th scope="col">Question</th>
          <th scope="col">It writes</th>
          <th scope="col">Right</th>
        </tr>
      </thead>
      <tbody>
        ${examples.map(
          ({ question, answer, written }) =>
            html`<tr>
              <td>${question}</td>
              <td class=${written === answer ? 'good' : 'bad'}>${written === '' ? 'nothing' : written} ${written === answer ? '✓' : '✗'}</td>
              <td>${answer}</td>
            </tr>`,
        )}
      </tbody>
    </table>`;
  }
}

type Score = AnswerReport['seen'];

/** How many it may know by heart, and how many it can only have calculated. */
function describeSeen(seen: Score, unseen: Score): string {
  if (seen.questions === 0) return 'None of these stand in the training text.';
  const known = `${formatCount(seen.questions)} of these stand in the training text too, ${formatCount(seen.correct)} of them right`;
  return unseen.questions === 0
    ? `${known}.`
    : `${known}; of the ${formatCount(unseen.questions)} that it never saw, ${formatCount(unseen.correct)} right.`;
}

function share({ correct, questions }: AnswerReport): number {
  return correct / questions;
}
