// Speculative decoding of the open run: who drafts, how many tokens, and what that gained beside what was predicted.
import { css, html, LitElement, nothing } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import type { DraftedServing, DraftRequest } from '../../contract/serving.ts';
import { dataTable, heads, numbers } from '../figures/data-table.ts';
import { workPanel } from '../figures/style-sets.ts';
import type { RoomAccess } from '../state/access.ts';
import { valueAt } from '../state/experiment.ts';
import { hasWeights, initialState, isLabFree, isTraining, type PageState } from '../state/state.ts';
import { servedTexts } from './data.ts';
import { draftRows, draftSentence } from './draft-data.ts';
import { countField, numberStyles } from './fields.ts';

/** What can be asked for, with the limits of its fields. A draft and the token that the model adds are a burst of 16. */
const counts = [
  { key: 'draftTokens', label: 'Drafted at a time', most: 15 },
  { key: 'prompt', label: 'Prompt, tokens', most: 8192 },
  { key: 'output', label: 'Output, tokens', most: 8192 },
  { key: 'texts', label: 'Texts', most: 100 },
] as const;

type Counts = Omit<DraftRequest, 'source'>;

@customElement('draft-panel')
export class DraftPanel extends LitElement {
  static override readonly styles = workPanel(
    numberStyles,
    css`
      .numbers,
      table {
        margin-top: 8px;
      }
      table {
        max-width: 720px;
      }
      th {
        white-space: normal;
      }
    `,
  );

  @property({ attribute: false }) page: PageState = initialState;
  @property({ attribute: false }) access: RoomAccess | undefined;
  /** Whether batches are being served. */
  @property({ attribute: false }) isBusy = false;
  /** The id of a saved run, or n-grams. */
  @state() private drafter = 'ngram';
  /** What was asked for by hand; the rest fits the model. */
  @state() private asked: Partial<Counts> = {};
  @state() private progress: 'none' | 'running' | 'cancelled' = 'none';
  @state() private found: DraftedServing | undefined;
  /** The run that was found something of. */
  #runId: string | undefined;

  protected override willUpdate(): void {
    // What was found is of the run that was open, and who drafts may be gone.
    if (this.page.run.id !== this.#runId) this.found = undefined;
    this.#runId = this.page.run.id;
    if (!this.#others().some(({ id }) => id === this.drafter)) this.drafter = 'ngram';
  }

  protected override render() {
    const { page, progress } = this;
    const isRunning = progress !== 'none';
    const canDraft = isLabFree(page) && !isTraining(page) && hasWeights(page.run) && !this.isBusy;
    const request = this.#counts();
    return html`<section class="panel" aria-labelledby="drafts">
      <div class="head">
        <h2 id="drafts">Drafts for the open run</h2>
        ${
          isRunning
            ? html`<button ?disabled=${progress === 'cancelled'} @click=${this.#cancel}>Cancel</button>`
            : html`<button class="primary" ?disabled=${!canDraft} @click=${this.#draft}>Draft</button>`
        }
      </div>
      <p>
        Somebody guesses the next tokens, and the run checks them in one pass: it keeps those that it would have written itself.
        It goes on from its held-out text, with the likeliest tokens, with drafts and without in turns.
      </p>
      <div class="numbers">
        ${this.#drafters(isRunning)}
        ${counts.map(({ key, label, most }) =>
          countField({ label, most, value: request[key], isDisabled: isRunning }, (value) => {
            this.asked = { ...this.asked, [key]: value };
          }),
        )}
      </div>
      <div aria-live="polite">${this.#status()}</div>
      ${this.found && !isRunning ? table(this.found) : nothing}
    </section>`;
  }

  /** Saved runs that may draft for the open one. */
  #others() {
    return this.page.savedRuns.filter(
      ({ id, isElsewhere }) => id !== this.page.run.id && isElsewhere !== true,
    );
  }

  #drafters(isRunning: boolean) {
    const others = this.#others();
    return html`<label>
      Who drafts
      <select
        ?disabled=${isRunning}
        @change=${(event: Event) => {
          this.drafter = (event.target as HTMLSelectElement).value;
        }}
      >
        <option value="ngram" ?selected=${this.drafter === 'ngram'}>what followed in the text before</option>
        ${others.map(
          ({ id, title, step }) =>
            html`<option value=${id} ?selected=${this.drafter === id}>${title}, step ${step}</option>`,
        )}
      </select>
    </label>`;
  }

  #status() {
    const { page, progress, found } = this;
    if (progress === 'running') return html`<p>Writing</p>`;
    if (progress === 'cancelled') return html`<p>Ending after the tokens in hand</p>`;
    if (isTraining(page))
      return html`<p class="muted">Pause the run first: both would disturb each other’s times.</p>`;
    if (!hasWeights(page.run)) return html`<p class="muted">Train a model or open a saved run first.</p>`;
    return found ? html`<p>${draftSentence(found)}</p>` : nothing;
  }

  #counts(): Counts {
    const { experiment } = this.page.run;
    const context = experiment && valueAt(experiment, 'model.context');
    const { prompt, output } = servedTexts(typeof context === 'number' ? context : undefined, this.asked);
    const { draftTokens = 4, texts = 3 } = this.asked;
    return { draftTokens, texts, prompt, output };
  }

  async #draft(): Promise<void> {
    const { id } = this.page.run;
    const source = this.drafter === 'ngram' ? 'ngram' : { run: this.drafter };
    this.found = undefined;
    this.progress = 'running';
    const result = await this.access?.attempt('Writing with drafts', (lab) =>
      lab.serveDrafts({ source, ...this.#counts() } as const),
    );
    const found = result && this.access?.take(result, 'serveDrafts');
    if (this.page.run.id === id) this.found = found;
    this.progress = 'none';
  }

  async #cancel(): Promise<void> {
    this.progress = 'cancelled';
    await this.access?.attempt('', (lab) => lab.cancelServing());
  }
}

function table(found: DraftedServing) {
  return html`${dataTable(
    'What drafts gained',
    [heads('Median'), numbers('Measured'), numbers('Predicted')],
    draftRows(found),
  )}
    <p class="muted">
      ${
        found.predicted && found.predicted.length > 0
          ? 'Predicted from the plans of both, for the share of guesses that stayed and of tokens that came from checks: (1 − αᵏ⁺¹) ÷ (1 − α) tokens a check.'
          : 'This device is not calibrated: what was measured has no prediction beside it.'
      }
    </p>`;
}
