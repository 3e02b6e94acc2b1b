// A text of the reader's own: dropped, chosen or pasted.
import { css, html, LitElement, nothing } from 'lit';
import { customElement, property, query, state } from 'lit/decorators.js';
import type { TextSummary } from '../../contract/runs.ts';
import { formatBytes, formatCount } from '../../text/numbers.ts';
import { controlPanel } from '../figures/style-sets.ts';
import { emit } from '../state/events.ts';

@customElement('own-text')
export class OwnTextElement extends LitElement {
  static override readonly styles = controlPanel(css`
    .drop {
      border: 1.5px dashed var(--edge);
      border-radius: 8px;
      padding: 10px 12px;
      display: grid;
      gap: 8px;
    }
    .drop.over {
      border-color: var(--accent);
      background: color-mix(in oklab, var(--accent) 8%, var(--panel));
    }
    blockquote {
      margin: 8px 0 0;
      padding: 6px 10px;
      border-left: 3px solid var(--line);
      font: 12px / 1.5 var(--mono);
      color: var(--muted);
      white-space: pre-wrap;
      overflow-wrap: anywhere;
      max-height: 5.5em;
      overflow: hidden;
    }
    textarea {
      min-height: 90px;
      font: 12.5px / 1.5 var(--mono);
    }
  `);

  @property({ attribute: false }) summary: TextSummary | undefined;
  @state() private isOver = false;
  @state() private isPasting = false;
  @query('input') private readonly picker: HTMLInputElement | undefined;

  /** Opens the file picker. */
  choose(): void {
    this.picker?.click();
  }

  protected override render() {
    const { summary } = this;
    return html`<section class="panel" aria-labelledby="title">
      <div class="head"><h2 id="title">Your own text</h2></div>
      <div
        class="drop ${this.isOver ? 'over' : ''}"
        @dragover=${this.#onDragOver}
        @dragleave=${() => {
          this.isOver = false;
        }}
        @drop=${this.#onDrop}
      >
        <p class="small muted">Drop a UTF-8 text of up to 200 MB here. It stays on this machine.</p>
        <div class="row">
          <button @click=${this.choose}>Choose a file</button>
          <button aria-expanded=${this.isPasting ? 'true' : 'false'} @click=${this.#togglePaste}>Paste</button>
          <input
            type="file"
            hidden
            accept=".txt,.md,.csv,.json,.jsonl,text/*"
            aria-label="Text file to train on"
            @change=${this.#onPick}
          />
        </div>
        ${
          this.isPasting
            ? html`<textarea aria-label="Text to train on" spellcheck="false"></textarea>
                <div class="row"><button class="primary" @click=${this.#usePasted}>Use this text</button></div>`
            : nothing
        }
      </div>
      ${
        summary === undefined
          ? nothing
          : html`<blockquote>${summary.opening}</blockquote>
              <p class="small">
                ${summary.name}: ${formatCount(summary.characters)} characters, ${summary.vocabulary} different,
                ${formatBytes(summary.bytes)}
                <button class="plain small" @click=${() => emit(this, 'choose-text', { file: undefined })}>
                  Take it out
                </button>
              </p>`
      }
    </section>`;
  }

  #togglePaste(): void {
    this.isPasting = !this.isPasting;
  }

  #usePasted(): void {
    const text = this.renderRoot.querySelector('textarea')?.value ?? '';
    this.isPasting = false;
    emit(this, 'choose-text', { file: new File([text], 'pasted.txt', { type: 'text/plain' }) });
  }

  #onPick(): void {
    const file = this.picker?.files?.[0];
    if (file !== undefined) emit(this, 'choose-text', { file });
    if (this.picker) this.picker.value = '';
  }

  #onDragOver(event: DragEvent): void {
    event.preventDefault();
    event.stopPropagation();
    this.isOver = true;
  }

  #onDrop(event: DragEvent): void {
    event.preventDefault();
    event.stopPropagation();
    this.isOver = false;
    const file = event.dataTransfer?.files[0];
    if (file !== undefined) emit(this, 'choose-text', { file });
  }
}
