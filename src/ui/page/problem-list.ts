// What went wrong, each with its cause, what was kept, and one button.
import { css, html, LitElement, nothing } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import { repeat } from 'lit/directives/repeat.js';
import type { Problem } from '../../contract/values.ts';
import { controlGroup } from '../figures/style-sets.ts';
import { readoutStyles } from '../figures/styles.ts';
import { webGpuBrowsersDetails } from '../figures/webgpu-browsers.ts';
import { emit } from '../state/events.ts';
import type { ShownProblem } from '../state/state.ts';
import { describeProblem, type KeptState } from './problem-text.ts';

/** Problems whose message is a sentence of a driver, a browser or a fault: it helps who mends, not who reads. */
const foreign: readonly Problem['kind'][] = [
  'noWebGpu',
  'noAdapter',
  'deviceLost',
  'outOfMemory',
  'storageFull',
  'internal',
];

/** Problems that are known only after the first paint: they lie over the page's end, for in its flow they would move all of it. */
const late: readonly Problem['kind'][] = ['noWebGpu', 'noAdapter', 'insecureOrigin'];

function isOurs({ kind }: Problem): boolean {
  return !foreign.includes(kind);
}

@customElement('problem-list')
export class ProblemList extends LitElement {
  static override readonly styles = controlGroup(
    readoutStyles,
    css`
    .list {
      display: grid;
      gap: 8px;
    }
    .list:has(.problem:not(.late)) {
      margin-bottom: 8px;
    }
    summary {
      cursor: pointer;
    }
    .problem {
      display: flex;
      flex-wrap: wrap;
      align-items: center;
      gap: 6px 12px;
      padding: 9px 14px;
      border: 1px solid;
      border-left-width: 5px;
      border-radius: var(--radius);
    }
    .late {
      position: fixed;
      inset: auto 12px 12px;
      z-index: 3;
      max-width: 760px;
      margin-inline: auto;
      max-height: calc(100vh - 24px);
      overflow: auto;
      box-shadow: 0 4px 18px rgb(0 0 0 / 30%);
    }
    .error {
      background: var(--bad-tint);
      border-color: var(--bad);
    }
    .warning {
      background: var(--warn-tint);
      border-color: var(--warn);
    }
    .late.warning {
      background: linear-gradient(var(--warn-tint), var(--warn-tint)), var(--panel);
    }
    .text {
      flex: 1 1 320px;
      min-width: 0;
      overflow-wrap: anywhere;
    }
    strong {
      display: block;
    }
    .cause {
      font: 12px/1.5 var(--mono);
    }
    button.plain {
      color: var(--ink);
    }
  `,
  );

  @property({ attribute: false }) problems: readonly ShownProblem[] = [];
  @property({ attribute: false }) kept: KeptState = { hasRun: false };

  protected override render() {
    return html`<div class="list" role="alert">
      ${repeat(
        this.problems,
        ({ id }) => id,
        (shown) => this.#problem(shown),
      )}
    </div>`;
  }

  #problem({ id, problem }: ShownProblem) {
    const { title, kept, hint, action, actionLabel, tone, listsBrowsers } = describeProblem(
      problem,
      this.kept,
    );
    return html`<div class="problem ${tone} ${late.includes(problem.kind) ? 'late' : ''}">
      <div class="text">
        <strong>${title}</strong>
        ${isOurs(problem) ? html`<span class="cause">${problem.message}</span>` : nothing}
        <div>${hint} ${kept ?? nothing}</div>
        ${
          isOurs(problem)
            ? nothing
            : html`<details>
                <summary class="small">Details</summary>
                <span class="cause">${problem.message}</span>
              </details>`
        }
        ${listsBrowsers === true ? webGpuBrowsersDetails() : nothing}
      </div>
      <button @click=${() => emit(this, 'problem-action', { id, action })}>${actionLabel}</button>
      ${
        action === 'dismiss'
          ? nothing
          : html`<button class="plain" aria-label="Close: ${title}" @click=${() => emit(this, 'dismiss-problem', { id })}>
              Close
            </button>`
      }
    </div>`;
  }
}
