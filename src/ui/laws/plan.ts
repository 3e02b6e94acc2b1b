// The plan of a study: what it will cost on this device before anything starts, then how far it has come.
import { css, html, LitElement, nothing } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import type { PlannedStudy, StudyEnd, StudyEvent, StudyRow } from '../../contract/laws.ts';
import {
  formatBytes,
  formatDuration,
  formatLoss,
  formatPercent,
  formatSeconds,
  formatSi,
} from '../../text/numbers.ts';
import { controlPanel, stackStyles } from '../figures/style-sets.ts';
import { studyTable } from './runs.ts';
import '../figures/panel.ts';

/** Where a study stands. */
export type StudyProgress =
  | { readonly kind: 'none' }
  | {
      readonly kind: 'running';
      readonly isPausing: boolean;
      readonly what: string;
      readonly step?: Extract<StudyEvent, { kind: 'step' }>;
    }
  | { readonly kind: 'ended'; readonly end: StudyEnd };

/** Sends `run-study`, `pause-study`, `calibrate-device` and `delete-rows`. */
@customElement('laws-plan')
export class LawsPlan extends LitElement {
  static override readonly styles = controlPanel(
    stackStyles,
    css`
      p + p {
        margin-top: 6px;
      }
      .total {
        font-size: 15px;
      }
      progress {
        width: min(100%, 320px);
      }
      .dropped {
        margin-top: 6px;
        font-size: 13px;
      }
    `,
  );

  @property({ attribute: false }) plan: PlannedStudy | undefined;
  @property({ attribute: false }) rows: readonly StudyRow[] = [];
  @property({ attribute: false }) progress: StudyProgress = { kind: 'none' };
  /** Why it cannot be run now; empty when it can. */
  @property({ attribute: false }) obstacle = '';
  @property({ attribute: false }) canCalibrate = false;

  protected override render() {
    const { plan, rows, progress } = this;
    if (plan === undefined) return nothing;
    const current = progress.kind === 'running' ? progress.step?.run : undefined;
    return html`<section class="panel" aria-labelledby="title">
        <div class="head">
          <h2 id="title">Plan: ${plan.name}</h2>
          ${this.#buttons(plan)}
        </div>
        <p>${plan.note}</p>
        <p class="total">${describeTotal(plan)}</p>
        ${plan.basis === 'rate' ? html`<p class="muted">Seconds are by the rate of one small model: they may be off by half.</p>` : nothing}
        ${plan.basis === 'none' ? html`<p class="muted">Seconds can be predicted once this device is calibrated.</p>` : nothing}
        ${plan.textWarning === '' ? nothing : html`<p class="warn">Losses on this text follow no law: ${plan.textWarning}</p>`}
        ${this.#dropped(plan)}
        <div aria-live="polite">${this.#status(plan)}</div>
      </section>
      <figure-panel heading="Runs" fileName=${plan.name} isTable .table=${studyTable(plan, rows, current)}>
        <p slot="note">
          The cheapest first. Runs that differ in tokens alone are branches of one trunk: seconds and flops are what each adds
          to it. The CSV can be fitted here and by “flopscope fit”.
        </p>
      </figure-panel>`;
  }

  #buttons({ runs }: PlannedStudy) {
    const { progress, rows, obstacle } = this;
    const left = runs.length - rows.length;
    if (progress.kind === 'running')
      return html`<button ?disabled=${progress.isPausing} @click=${() => this.#send('pause-study')}>Pause</button>`;
    return html`${
      this.canCalibrate
        ? html`<button ?disabled=${obstacle !== ''} @click=${() => this.#send('calibrate-device')}>Calibrate</button>`
        : nothing
    }
    ${
      rows.length === 0
        ? nothing
        : html`<button ?disabled=${obstacle !== ''} @click=${() => this.#send('delete-rows')}>Delete its rows</button>`
    }
    ${
      left === 0
        ? nothing
        : html`<button class="primary" ?disabled=${obstacle !== ''} @click=${() => this.#send('run-study')}>
            ${rows.length === 0 ? 'Run the study' : 'Go on'}
          </button>`
    }`;
  }

  #dropped({ dropped }: PlannedStudy) {
    if (dropped.length === 0) return nothing;
    return html`<ul class="dropped muted">
      ${dropped.map(
        ({ parameters, tokens, reason }) =>
          html`<li>Left out: ${formatSi(parameters)} parameters, ${formatSi(tokens)} tokens: ${reason}.</li>`,
      )}
    </ul>`;
  }

  #status({ runs }: PlannedStudy) {
    const { progress, rows, obstacle } = this;
    const done = rows.length;
    const failed = rows.filter(({ status }) => status !== 'finished').length;
    const count = `${done} of ${runs.length} runs done${failed > 0 ? `, ${failed} without a loss` : ''}`;
    if (progress.kind === 'running') {
      const { step, isPausing, what } = progress;
      const share = (done + (step ? step.step / step.steps : 0)) / runs.length;
      const now = step ? describeStep(runs, step) : what;
      return html`<p>
        <progress max="1" .value=${share} aria-label="Progress of the study"></progress> ${count}.
        ${isPausing ? 'Pausing after the steps in flight.' : now}
      </p>`;
    }
    const end = progress.kind === 'ended' ? describeEnd(progress.end) : '';
    return html`${done > 0 ? html`<p>${count}. ${end}</p>` : nothing}
    ${done < runs.length && obstacle !== '' ? html`<p class="muted">${obstacle}</p>` : nothing}`;
  }

  #send(name: string): void {
    this.dispatchEvent(new CustomEvent(name));
  }
}

function describeTotal({ runs, predictedSeconds, flops }: PlannedStudy): string {
  const bytes = runs.reduce((most, run) => Math.max(most, run.predictedBytes), 0);
  const time = predictedSeconds === undefined ? '' : `${formatDuration(predictedSeconds)} on this device, `;
  return `${runs.length} runs: ${time}${formatSi(flops)}FLOP, at most ${formatBytes(bytes)} at a time.`;
}

function describeStep(
  runs: PlannedStudy['runs'],
  { run, step, steps, loss }: Extract<StudyEvent, { kind: 'step' }>,
): string {
  const planned = runs.find((one) => one.run === run);
  const size = planned
    ? `${formatSi(planned.parameters)} parameters, ${formatSi(planned.tokens)} tokens: `
    : '';
  return `${size}step ${step} of ${steps}, training loss ${formatLoss(loss)}.`;
}

function describeEnd({ isWhole, isKept, seconds, idleShare }: StudyEnd): string {
  const time = `${isWhole ? 'Took' : 'Paused after'} ${formatSeconds(seconds)}, idle ${formatPercent(idleShare)} of it.`;
  const kept = isKept ? '' : ' This browser keeps no rows: save the CSV before you leave.';
  return time + kept;
}
