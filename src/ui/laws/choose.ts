// What a fitted law recommends for a budget, and the way from there to training it.
import { html, LitElement, nothing, type PropertyValues } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import type { StudyJson } from '../../contract/laws.ts';
import type { LawReport } from '../../laws/report.ts';
import type { ParameterCount, RunPoint } from '../../laws/run-point.ts';
import { formatDigits, formatLoss, formatSi } from '../../text/numbers.ts';
import { workPanel } from '../figures/style-sets.ts';
import type { RoomAccess } from '../state/access.ts';
import { type Recommendation, recommend, recommendationTable, usualBudget } from './optimum.ts';
import { choiceStyles } from './styles.ts';
import '../figures/panel.ts';

/** Beyond this a law is stretched further than such fits have been checked. */
const farReach = 10;

@customElement('laws-choose')
export class LawsChoose extends LitElement {
  static override readonly styles = workPanel(choiceStyles);

  @property({ attribute: false }) access: RoomAccess | undefined;
  @property({ attribute: false }) report: LawReport | undefined;
  @property({ attribute: false }) points: readonly RunPoint[] = [];
  /** How these runs count N; undefined where they do not tell. */
  @property({ attribute: false }) count: ParameterCount | undefined;
  /** Whose recipe is taken; undefined for runs that came without one. */
  @property({ attribute: false }) study: StudyJson | undefined;
  @state() private flops = 0;
  /** Why what is recommended cannot be opened. */
  @state() private refusal = '';

  protected override willUpdate(changes: PropertyValues<this>): void {
    if (changes.has('report')) this.refusal = '';
    if (changes.has('points') && this.points.length > 0) this.flops = usualBudget(this.points);
  }

  protected override render() {
    const { report, points, flops } = this;
    const found = report && recommend(report, points, flops);
    if (report === undefined || found === undefined) return nothing;
    return html`<figure-panel
      heading="Choose"
      term="compute-optimal"
      fileName="optimum"
      isTable
      .table=${recommendationTable(report, points, flops)}
    >
      <div class="choices">
        <label>
          Budget C, flops
          <input
            type="number"
            min="1"
            step="any"
            .value=${String(flops)}
            @change=${(event: Event) => {
              const input = event.target as HTMLInputElement;
              if (input.validity.valid && input.valueAsNumber > 0) this.flops = input.valueAsNumber;
            }}
          />
        </label>
      </div>
      <p class="row">
        <span>
          Best: <strong>${formatSi(found.parameters)} parameters</strong> on <strong>${formatSi(found.tokens)} tokens</strong>,
          ${formatDigits(found.tokens / found.parameters)} a
          parameter${found.loss === undefined ? '' : html`, for a loss of <strong>${formatLoss(found.loss)}</strong>`}.
        </span>
        <button class="primary" ?disabled=${this.access === undefined} @click=${() => this.#open(found)}>Open in Train</button>
      </p>
      <p class="bad" aria-live="polite">${this.refusal}</p>
      <p slot="note">
        C = 6·N·D, N as these runs count it.
        ${
          found.reach > farReach
            ? `This is ${formatDigits(found.reach)} times the largest run: far extrapolation.`
            : `This is ${formatDigits(found.reach)} times the largest run.`
        }
        “Open in Train” takes depth, text and training
        of ${this.study === undefined ? 'the study “minute”' : 'this study'} at the nearest size, and solves the width.
      </p>
    </figure-panel>`;
  }

  async #open({ parameters, tokens }: Recommendation): Promise<void> {
    const result = await this.access?.attempt('Sizing the model', (lab) =>
      lab.experimentOfSize(parameters, tokens, this.study, this.count),
    );
    this.refusal = result?.kind === 'problem' ? result.problem.message : '';
    if (result?.kind !== 'ok') return;
    this.access?.useExperiment(result.value);
    location.hash = 'train';
  }
}
