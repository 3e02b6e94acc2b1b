// The room that looks inside the present run: attention, losses by position and token, experts. All on demand.
import { css, html, LitElement, nothing, type PropertyValues } from 'lit';
import { customElement, property, query, state } from 'lit/decorators.js';
import type { ExpertHistory, ExpertTastes, PositionLosses, TextReading } from '../../contract/inside.ts';
import type { Lab } from '../../contract/lab.ts';
import type { RecordedInside, RunRecord } from '../../contract/records.ts';
import type { Result } from '../../contract/values.ts';
import { formatCount, formatShortLoss } from '../../text/numbers.ts';
import { controlPanel, stackStyles } from '../figures/style-sets.ts';
import type { RoomAccess } from '../state/access.ts';
import { deviceDetails, recordedDeviceName } from '../state/device-name.ts';
import { hasGpu, hasWeights, initialState, type PageState } from '../state/state.ts';
import { fetchRecordedInside, recordedReading } from './recorded.ts';
import './attention.ts';
import './positions.ts';
import './routers.ts';
import './routes.ts';
import './tokens.ts';

/** Milliseconds between two looks at the routers while they are on display and the run goes on. */
const lookInterval = 1000;

@customElement('room-inside')
export class RoomInside extends LitElement {
  static override readonly styles = controlPanel(
    stackStyles,
    css`
      form {
        display: grid;
        gap: 8px;
      }
      textarea {
        font-family: var(--mono);
        font-size: 13px;
        min-height: 62px;
      }
      .says {
        margin-top: 8px;
      }
      .says p + p {
        margin-top: 4px;
      }
    `,
  );

  @property({ attribute: false }) page: PageState = initialState;
  @property({ attribute: false }) access: RoomAccess | undefined;
  /** The run that ships with the page, of which the recording here may or may not be. */
  @property({ attribute: false }) recordedRun: RunRecord | undefined;
  @query('textarea') private readonly input: HTMLTextAreaElement | undefined;
  /** What is being computed, in words. */
  @state() private busy = '';
  @state() private reading: TextReading | undefined;
  @state() private losses: PositionLosses | undefined;
  @state() private tastes: ExpertTastes | undefined;
  @state() private history: ExpertHistory | undefined;

  /** The recorded run, which is shown where there is no other. */
  @state() private recorded: RecordedInside | undefined;
  @state() private recordedLayer = 0;

  /** What was last asked to be read. */
  #text = '';
  #isSeen = false;
  #isLooking = false;
  #isRecordingAsked = false;
  #timer: ReturnType<typeof setInterval> | undefined;
  #views = new IntersectionObserver(([entry]) => {
    this.#isSeen = entry?.isIntersecting === true;
    if (this.#isSeen) void this.#lookAtRouters();
  });

  override connectedCallback(): void {
    super.connectedCallback();
    this.#views.observe(this);
    this.#timer = setInterval(() => {
      if (this.page.run.state === 'running') void this.#lookAtRouters();
    }, lookInterval);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#views.disconnect();
    clearInterval(this.#timer);
  }

  protected override willUpdate(changes: PropertyValues<this>): void {
    if (!hasWeights(this.page.run)) void this.#fetchRecording();
    const before = changes.get('page') as PageState | undefined;
    if (before === undefined) return;
    const { run } = this.page;
    // `prepared` begins another run, whose allocation is another object's.
    const isOther = before.run.prediction !== run.prediction;
    if (isOther) {
      this.reading = undefined;
      this.losses = undefined;
      this.tastes = undefined;
      this.history = undefined;
    }
    if ((isOther || before.run.state !== run.state) && hasWeights(run)) void this.#lookAtRouters();
  }

  protected override render() {
    const isRecorded = !hasWeights(this.page.run);
    const { tastes, history } = this;
    const reading = isRecorded ? this.#recordedReading() : this.reading;
    const losses = isRecorded ? this.recorded?.losses : this.losses;
    const hasExperts = (history?.experts ?? 0) > 0;
    const positions = html`<inside-positions
      .losses=${losses}
      ?hidden=${losses === undefined}
    ></inside-positions>`;
    return html`${this.#head(hasExperts)}
      ${
        reading === undefined
          ? positions
          : html`<inside-attention
              .reading=${reading}
              .isFree=${isRecorded || this.#isFree}
              @choose-layer=${(event: CustomEvent<number>) => this.#chooseLayer(event.detail)}
            >
              <inside-tokens .reading=${reading}></inside-tokens>
              ${positions}
            </inside-attention>`
      }
      ${
        hasExperts
          ? html`<inside-routers .history=${history}></inside-routers>
              <inside-routes .reading=${reading} .tastes=${tastes}></inside-routes>`
          : nothing
      }`;
  }

  #head(hasExperts: boolean) {
    const canAsk = this.#isFree;
    return html`<section class="panel" aria-labelledby="title">
      <div class="head"><h2 id="title">Inside the present run</h2></div>
      <form @submit=${this.#onSubmit}>
        <label class="small muted" for="text">A text to read, at most 256 tokens or the model’s context</label>
        <textarea
          id="text"
          rows="2"
          maxlength="4000"
          spellcheck="false"
          placeholder="Empty: an excerpt of the held-out text"
          @keydown=${this.#onKey}
        ></textarea>
        <div class="row">
          <button class="primary" ?disabled=${!canAsk}>Read the text</button>
          <button type="button" ?disabled=${!canAsk} @click=${this.#measurePositions}>Loss by position</button>
          ${
            hasExperts
              ? html`<button type="button" ?disabled=${!canAsk} @click=${this.#countTastes}>What experts take</button>`
              : nothing
          }
        </div>
      </form>
      <div class="says" aria-live="polite">${this.#status()}</div>
    </section>`;
  }

  #status() {
    const { page, busy, reading, history } = this;
    if (busy !== '') return html`<p>${busy} …</p>`;
    if (!hasWeights(page.run)) {
      return html`${this.recorded === undefined ? nothing : recordedText(this.recorded, this.recordedRun)}
        <p>
          There is no run to look into. Train one in the room <a href="#train">Train</a>, or open one that was saved; nothing is
          computed here until you ask for it.
        </p>`;
    }
    const isSlow = page.device.kind === 'done' && !hasGpu(page);
    return html`${
      isSlow ? html`<p class="warn">Your processor computes all of this, which takes its time.</p>` : nothing
    }
    ${
      history !== undefined && history.experts > 0 && history.samples.length === 0
        ? html`<p class="muted">This model has experts: their load is shown from the first step on that is trained here.</p>`
        : nothing
    }
    ${
      reading === undefined
        ? html`<p class="muted">
            Everything is computed from the weights as they are when you ask, between two steps if the run goes on.
          </p>`
        : html`<p class="muted">
            ${formatCount(reading.tokens.length)} tokens, read at step ${formatCount(reading.step)}.
            ${reading.leftOut > 0 ? `${formatCount(reading.leftOut)} more did not fit and were left out.` : ''}
          </p>`
    }`;
  }

  get #isFree(): boolean {
    const { page } = this;
    return this.busy === '' && hasWeights(page.run) && !page.isWorkerGone;
  }

  #onSubmit(event: Event): void {
    event.preventDefault();
    const text = this.input?.value ?? '';
    void this.#read(text, this.reading?.layer ?? 0);
  }

  #onKey(event: KeyboardEvent): void {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) this.#onSubmit(event);
  }

  async #read(text: string, layer: number): Promise<void> {
    const found = await this.#ask('Reading the text', 'readText', (lab) => lab.readText({ text, layer }));
    if (found === undefined) return;
    this.#text = text;
    this.reading = found;
  }

  #chooseLayer(layer: number): void {
    if (hasWeights(this.page.run)) void this.#read(this.#text, layer);
    else this.recordedLayer = layer;
  }

  #recordedReading(): TextReading | undefined {
    return this.recorded && recordedReading(this.recorded, this.recordedLayer);
  }

  async #fetchRecording(): Promise<void> {
    if (this.#isRecordingAsked) return;
    this.#isRecordingAsked = true;
    this.recorded = await fetchRecordedInside();
  }

  async #measurePositions(): Promise<void> {
    const found = await this.#ask('Reading held-out text', 'positionLosses', (lab) => lab.positionLosses());
    this.losses = found ?? this.losses;
  }

  async #countTastes(): Promise<void> {
    const found = await this.#ask('Routing held-out text', 'expertTastes', (lab) => lab.expertTastes());
    this.tastes = found ?? this.tastes;
  }

  /** Asks for one thing at a time; what comes for a run that is no longer open is dropped. */
  async #ask<T>(
    busy: string,
    asked: keyof Lab,
    talk: (lab: Lab) => Promise<Result<T>>,
  ): Promise<T | undefined> {
    const { access } = this;
    if (access === undefined || !this.#isFree) return undefined;
    const { prediction } = this.page.run;
    this.busy = busy;
    const result = await access.attempt('', talk);
    this.busy = '';
    const found = result && access.take(result, asked);
    return this.page.run.prediction === prediction ? found : undefined;
  }

  /** Reads the routers, while somebody can see them. */
  async #lookAtRouters(): Promise<void> {
    const { access, page } = this;
    if (!this.#isSeen || document.hidden || this.#isLooking || !hasWeights(page.run) || page.isWorkerGone)
      return;
    // A dense model was asked once, and stays dense.
    if (access === undefined || this.history?.experts === 0) return;
    const { prediction } = page.run;
    this.#isLooking = true;
    const result = await access.attempt('', (worker) => worker.expertHistory());
    this.#isLooking = false;
    // Nobody asked for this, so a failure is no news: the run says itself what is wrong with it.
    if (result?.kind === 'ok' && this.page.run.prediction === prediction) this.history = result.value;
  }
}

function recordedText({ title, device, losses, startedAt }: RecordedInside, run: RunRecord | undefined) {
  return html`<p class="recorded">
      <strong>Recorded, not of this device:</strong> ${title} on ${recordedDeviceName(device)}, as it was after step
      ${formatCount(losses.step)}.
      ${
        run === undefined || run.startedAt === startedAt
          ? nothing
          : html`It is another run of the same settings than the one of the other rooms: its loss on held-out text is
            ${formatShortLoss(losses.loss)}.`
      }
    </p>
    <details class="small muted">
      <summary>details</summary>
      ${deviceDetails(device)}
    </details>`;
}
