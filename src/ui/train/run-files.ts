// Saving and opening: the model for other tools, the checkpoint for going on, and the runs kept in this browser.

import { css, html, LitElement, nothing } from 'lit';
import { customElement, property, query, state } from 'lit/decorators.js';
import type { SavedRun } from '../../contract/runs.ts';
import { describeTime, formatBytes, formatCount, formatLoss } from '../../text/numbers.ts';
import { controlPanel } from '../figures/style-sets.ts';
import { emit } from '../state/events.ts';

@customElement('run-files')
export class RunFiles extends LitElement {
  static override readonly styles = controlPanel(css`
    h3 {
      margin: 12px 0 4px;
    }
    li {
      display: grid;
      grid-template-columns: minmax(0, 1fr) auto auto;
      gap: 4px 6px;
      align-items: center;
      padding: 5px 0;
      border-top: 1px solid var(--line);
    }
    p {
      margin-top: 8px;
    }
  `);

  @property({ attribute: false }) savedRuns: readonly SavedRun[] = [];
  /** Whether there are weights to save. */
  @property({ type: Boolean }) canSave = false;
  /** Whether another run may be opened now. */
  @property({ type: Boolean }) canOpen = false;
  @property({ attribute: false }) savedStep: number | undefined;
  @property({ attribute: false }) savedBytes: number | undefined;
  /** Id of the run whose deletion was asked for. */
  @state() private deleted: string | undefined;
  @query('button.keep') private readonly keepButton: HTMLButtonElement | undefined;
  @query('input') private readonly picker: HTMLInputElement | undefined;

  /** Opens the file picker. */
  choose(): void {
    this.picker?.click();
  }

  protected override render() {
    return html`<section class="panel" aria-labelledby="title">
      <div class="head"><h2 id="title">Keep it</h2></div>
      <div class="row">
        <button ?disabled=${!this.canSave} @click=${() => emit(this, 'export-run', { format: 'huggingFace' })}>
          Download the model
        </button>
        <button ?disabled=${!this.canSave} @click=${() => emit(this, 'export-run', { format: 'checkpoint' })}>
          Download a checkpoint
        </button>
        <button
          ?disabled=${!this.canSave}
          title="A folder with the model, its optimizer, its tokens and a script for PyTorch"
          @click=${() => emit(this, 'export-run', { format: 'continuation' })}
        >
          Continue elsewhere
        </button>
        <button ?disabled=${!this.canOpen} @click=${this.choose}>Open files</button>
        <input
          type="file"
          multiple
          hidden
          aria-label="Checkpoint or model files"
          @change=${this.#onPick}
        />
      </div>
      <p class="small muted">
        The model is in Hugging Face’s layout. A checkpoint continues bit for bit; drop one, or a model, a GGUF file too,
        anywhere on the page to open it.
        Elsewhere the run goes on with PyTorch, on one GPU or many: the folder’s README says how, and what that costs.
      </p>
      <p class="small" aria-live="polite">
        ${
          this.savedStep === undefined
            ? nothing
            : `Saved in this browser at step ${formatCount(this.savedStep)} (${formatBytes(this.savedBytes)}).`
        }
      </p>
      ${this.savedRuns.length === 0 ? nothing : this.#list()}
    </section>`;
  }

  #list() {
    return html`<h3>In this browser</h3>
      <ul>
        ${this.savedRuns.map(
          (run) =>
            html`<li>
              <span>
                ${run.title}
                <span class="small muted">
                  step ${formatCount(run.step)} of ${formatCount(run.totalSteps)}, loss ${formatLoss(run.loss)},
                  ${formatBytes(run.bytes)}, ${describeTime(run.savedAt)}${run.isElsewhere ? ', open in another tab' : ''}
                </span>
              </span>
              <button
                ?disabled=${!this.canOpen || run.isElsewhere === true}
                aria-label="Open ${run.title}"
                @click=${() => emit(this, 'open-saved', { id: run.id, isContinued: false })}
              >
                Open
              </button>
              ${this.deleted === run.id ? this.#deleting(run) : this.#deleteButton(run)}
            </li>`,
        )}
      </ul>`;
  }

  #deleteButton(run: SavedRun) {
    return html`<button
      class="plain"
      ?disabled=${!this.canOpen || run.isElsewhere === true}
      aria-label="Delete ${run.title}"
      @click=${() => {
        this.deleted = run.id;
        void this.updateComplete.then(() => this.keepButton?.focus());
      }}
    >
      Delete
    </button>`;
  }

  /** A run is hours of work: one press takes none away. */
  #deleting({ id, title }: SavedRun) {
    return html`<button
        class="danger"
        aria-label="Delete for good: ${title}"
        @click=${() => {
          this.deleted = undefined;
          emit(this, 'delete-saved', { id });
        }}
      >
        Delete for good
      </button>
      <button
        class="keep"
        @click=${() => {
          this.deleted = undefined;
        }}
      >
        Keep it
      </button>`;
  }

  #onPick(): void {
    const files = [...(this.picker?.files ?? [])];
    if (files.length > 0) emit(this, 'import-files', { files });
    if (this.picker) this.picker.value = '';
  }
}
