// One head of the reader's own run: what it looks at in a short text.
import { css, html, LitElement, nothing } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import type { LessonFigure } from '../../contract/lessons.ts';
import { controlPanel } from '../figures/style-sets.ts';
import type { RoomAccess } from '../state/access.ts';
import './figure.ts';

@customElement('lesson-attention')
export class LessonAttention extends LitElement {
  static override readonly styles = controlPanel(css`
    form {
      display: grid;
      grid-template-columns: minmax(0, 1fr) 84px 84px auto;
      gap: 8px;
      align-items: end;
      margin-top: 10px;
    }
    label {
      font-size: 12px;
      color: var(--muted);
    }
    label input {
      color: var(--ink);
    }
    lesson-figure {
      display: block;
      max-width: 620px;
      margin-top: var(--gap);
    }
    @media (max-width: 620px) {
      form {
        grid-template-columns: 1fr 1fr;
      }
      label:first-child {
        grid-column: 1 / -1;
      }
    }
  `);

  @property({ attribute: false }) access: RoomAccess | undefined;
  /** Layers and heads of the run. */
  @property({ attribute: false }) layers = 1;
  @property({ attribute: false }) heads = 1;
  @state() private figure: LessonFigure | undefined;
  @state() private isBusy = false;

  protected override render() {
    return html`<section class="panel" aria-labelledby="title">
      <div class="head"><h2 id="title">Your own run</h2></div>
      <p>What one head of the model that you train looks at, as its weights are now.</p>
      <form @submit=${this.#show}>
        <label>Text <input id="text" required maxlength="64" value="Once upon a time" spellcheck="false" /></label>
        ${this.#number('layer', 'Layer', this.layers)} ${this.#number('head', 'Head', this.heads)}
        <button class="primary" ?disabled=${this.isBusy}>Show</button>
      </form>
      ${
        this.figure === undefined
          ? nothing
          : html`<lesson-figure .figure=${this.figure} fileName="attention"></lesson-figure>`
      }
    </section>`;
  }

  #number(id: string, label: string, maximum: number) {
    return html`<label
      >${label} <input id=${id} type="number" required min="1" max=${maximum} step="1" value="1"
    /></label>`;
  }

  #valueOf(id: string): string {
    return this.renderRoot.querySelector<HTMLInputElement>(`#${id}`)?.value ?? '';
  }

  async #show(event: Event): Promise<void> {
    event.preventDefault();
    const { access } = this;
    if (access === undefined || this.isBusy) return;
    const request = {
      text: this.#valueOf('text'),
      layer: Number(this.#valueOf('layer')) - 1,
      head: Number(this.#valueOf('head')) - 1,
    };
    this.isBusy = true;
    const result = await access.attempt('', (lab) => lab.attentionMap(request));
    this.isBusy = false;
    if (result !== undefined) this.figure = access.take(result, 'attentionMap') ?? this.figure;
  }
}
