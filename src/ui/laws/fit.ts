// A law fitted to the runs on display: which law and how, its numbers with intervals, residuals, and what to beware of.
import { css, html, LitElement, nothing, type PropertyValues } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import { type ConditionalForm, conditionalForms } from '../../laws/conditional-law.ts';
import { isRateSweep } from '../../laws/learning-rate-law.ts';
import type { FitMethod, FitRequest, LawName, LawReport } from '../../laws/report.ts';
import { lawNames } from '../../laws/report.ts';
import type { RunPoint } from '../../laws/run-point.ts';
import { stackStyles, workPanel } from '../figures/style-sets.ts';
import type { RoomAccess } from '../state/access.ts';
import { ratesTable } from './rates.ts';
import {
  describeMisfit,
  lawTitles,
  methodTitles,
  reportTable,
  residualAxes,
  residualSeries,
  residualTable,
} from './report.ts';
import { choiceStyles } from './styles.ts';
import '../figures/panel.ts';
import '../figures/svg-plot.ts';

/** The methods of each law, its first one first. */
const methodsOf: Readonly<Record<LawName, readonly FitMethod[]>> = {
  chinchilla: ['huber', 'variable-projection'],
  isoflop: ['least-squares', 'lowest', 'akima'],
  envelope: ['least-squares'],
  conditional: ['least-squares'],
  'u-shape': ['least-squares'],
  experts: ['least-squares'],
  'learning-rate': ['least-squares'],
};

const uShapeColumns = ['ratio', 'mlpToAttention', 'width', 'parameters', 'tokens', 'experts'] as const;

const resampleCounts = [0, 100, 300, 1000] as const;

/** Where a fit stands. */
type Progress =
  | { readonly kind: 'none' | 'running' | 'cancelled' }
  | { readonly kind: 'failed'; readonly message: string };

/** Sends `fitted` (detail: the report, or null when the one before is not of these runs). */
@customElement('laws-fit')
export class LawsFit extends LitElement {
  static override readonly styles = workPanel(
    stackStyles,
    choiceStyles,
    css`
      .warnings li {
        margin-top: 4px;
        font-size: 13px;
      }
      .warnings li::before {
        content: '! ';
        font-weight: 700;
        color: var(--warn);
      }
    `,
  );

  @property({ attribute: false }) access: RoomAccess | undefined;
  /** Another list is another set of runs: its fit begins anew. */
  @property({ attribute: false }) points: readonly RunPoint[] = [];
  /** Names of runs that a person left out: others are another set of runs. */
  @property({ attribute: false }) leaveOut: readonly string[] = [];
  @property({ attribute: false }) leaveOutHighest = 0;
  /** Another number is another set of runs: what was left out of the one before is not left out of it. */
  @property({ attribute: false }) runsSet = 0;
  /** Fits new runs by themselves, without being asked. */
  @property({ attribute: false }) isEager = false;
  @state() private law: LawName = 'chinchilla';
  @state() private method: FitMethod = 'huber';
  @state() private form: ConditionalForm = 'multiplicative';
  @state() private x: (typeof uShapeColumns)[number] = 'ratio';
  @state() private leftOut = 0;
  @state() private resamples: number = 100;
  @state() private report: LawReport | undefined;
  @state() private progress: Progress = { kind: 'none' };
  /** Counts fits, so that a late answer to an earlier one is dropped. */
  #revision = 0;
  /** The law that the runs on display are made for. */
  #usual: LawName = 'chinchilla';

  protected override willUpdate(changes: PropertyValues<this>): void {
    if (changes.has('runsSet')) this.leftOut = this.leaveOutHighest;
    if (!changes.has('points') && !changes.has('leaveOut')) return;
    const usual = isRateSweep(this.points) ? 'learning-rate' : 'chinchilla';
    if (usual !== this.#usual) {
      [this.law, this.method] = [usual, methodsOf[usual][0]];
      this.#usual = usual;
    }
    this.#revision += 1;
    this.#setReport(undefined);
    this.progress = { kind: 'none' };
    if (this.isEager && this.points.length >= 5 && this.access !== undefined) void this.#fit();
  }

  protected override render() {
    return html`<section class="panel" aria-labelledby="title">
        <div class="head">
          <h2 id="title">Fit</h2>
          ${
            this.progress.kind === 'running'
              ? html`<button @click=${this.#cancel}>Cancel</button>`
              : html`<button class="primary" ?disabled=${this.points.length === 0} @click=${this.#fit}>Fit</button>`
          }
        </div>
        <div class="choices">${this.#choices()}</div>
        <div aria-live="polite" class="said">${this.#status()}</div>
        ${this.#warnings()}
      </section>
      ${this.#figures()}`;
  }

  #choices() {
    const { law } = this;
    return html`${this.#select(
      'Law',
      lawNames,
      law,
      (one) => lawTitles[one],
      (chosen) => {
        this.law = chosen;
        this.method = methodsOf[chosen][0];
      },
    )}
    ${
      methodsOf[law].length > 1
        ? this.#select(
            'Method',
            methodsOf[law],
            this.method,
            (one) => methodTitles[one],
            (chosen) => {
              this.method = chosen;
            },
          )
        : nothing
    }
    ${
      law === 'conditional'
        ? this.#select(
            'Form',
            conditionalForms,
            this.form,
            (one) => one,
            (chosen) => {
              this.form = chosen;
            },
          )
        : nothing
    }
    ${
      law === 'u-shape'
        ? this.#select(
            'Along',
            uShapeColumns,
            this.x,
            (one) => one,
            (chosen) => {
              this.x = chosen;
            },
          )
        : nothing
    }
    ${this.#select(
      'Resamples for intervals',
      resampleCounts.map(String),
      String(this.resamples),
      (one) => (one === '0' ? 'none' : one),
      (chosen) => {
        this.resamples = Number(chosen);
      },
    )}
    <label>
      Highest losses left out
      <input
        type="number"
        min="0"
        step="1"
        .value=${String(this.leftOut)}
        @change=${(event: Event) => {
          const input = event.target as HTMLInputElement;
          if (input.validity.valid && Number.isInteger(input.valueAsNumber))
            this.leftOut = input.valueAsNumber;
        }}
      />
    </label>`;
  }

  #select<T extends string>(
    label: string,
    choices: readonly T[],
    chosen: T,
    title: (one: T) => string,
    choose: (one: T) => void,
  ) {
    return html`<label>
      ${label}
      <select @change=${(event: Event) => choose(choices[(event.target as HTMLSelectElement).selectedIndex])}>
        ${choices.map((one) => html`<option ?selected=${one === chosen}>${title(one)}</option>`)}
      </select>
    </label>`;
  }

  #status() {
    const { progress, report, points } = this;
    if (progress.kind === 'running') return html`<p>Fitting ${points.length} runs …</p>`;
    if (progress.kind === 'failed') return html`<p class="bad">${progress.message}</p>`;
    if (progress.kind === 'cancelled') return html`<p>Cancelled.</p>`;
    if (report === undefined)
      return html`<p class="muted">
        ${points.length === 0 ? 'No finished runs yet.' : `${points.length} finished runs to fit.`}
      </p>`;
    const { obeys } = report.judgement ?? {};
    return html`<p class=${obeys === false ? 'warn' : ''}>${describeMisfit(report)}</p>`;
  }

  #warnings() {
    const { warnings = [] } = this.report ?? {};
    return warnings.length === 0
      ? nothing
      : html`<ul class="warnings">${warnings.map((warning) => html`<li>${warning}</li>`)}</ul>`;
  }

  #figures() {
    const { report } = this;
    if (report === undefined) return nothing;
    const hasResiduals = (report.residuals ?? []).length > 0;
    return html`<div class="pair">
      ${
        hasResiduals
          ? html`<figure-panel heading="Residuals" fileName="residuals" .table=${residualTable(report)}>
              <svg-plot
                .x=${residualAxes.x}
                .y=${residualAxes.y}
                .series=${residualSeries(report)}
                .rules=${[{ axis: 'y', value: 0, label: 'the law' }]}
                .plotHeight=${280}
                .description=${`By how much each of ${report.residuals?.length} runs lies above the law, against the loss by the law.`}
              ></svg-plot>
              <p slot="note">What has a pattern is no noise: then the law is not the right one for these runs.</p>
            </figure-panel>`
          : nothing
      }
      ${
        report.rates === undefined
          ? nothing
          : html`<figure-panel heading="The best rate of each size" fileName="rates" isTable .table=${ratesTable(report)}>
              <p slot="note">By a parabola in log rate about the lowest run; its interval by Fieller’s theorem.</p>
            </figure-panel>`
      }
      <figure-panel heading="The fitted law" term="scaling-law" fileName="law" isTable .table=${reportTable(report)}>
        <p slot="note">${lawTitles[report.law]}, by ${methodTitles[report.method]}.</p>
      </figure-panel>
    </div>`;
  }

  readonly #fit = async (): Promise<void> => {
    const { access, points, law, method, form, x, leaveOut, leftOut, resamples } = this;
    if (access === undefined) return;
    this.#revision += 1;
    const revision = this.#revision;
    this.progress = { kind: 'running' };
    const request: FitRequest = {
      law,
      method,
      leaveOut,
      leaveOutHighest: leftOut,
      ...(law === 'conditional' ? { form } : {}),
      ...(law === 'u-shape' ? { x } : {}),
      ...(resamples > 0 ? { bootstrap: resamples, seed: 1 } : {}),
    };
    const result = await access.attempt('', (lab) => lab.fitRuns(points, request));
    if (revision !== this.#revision) return;
    if (result?.kind === 'ok') {
      this.progress = { kind: 'none' };
      this.#setReport(result.value);
    } else {
      // Why these runs allow no fit is said here, beside the choices that may mend it.
      this.progress = {
        kind: 'failed',
        message: result?.problem.message ?? 'The fit did not come to an end.',
      };
      this.#setReport(undefined);
    }
  };

  async #cancel(): Promise<void> {
    this.#revision += 1;
    this.progress = { kind: 'cancelled' };
    await this.access?.attempt('', (lab) => lab.cancelFit());
  }

  #setReport(report: LawReport | undefined): void {
    if (report === this.report) return;
    this.report = report;
    this.dispatchEvent(new CustomEvent<LawReport | null>('fitted', { detail: report ?? null }));
  }
}
