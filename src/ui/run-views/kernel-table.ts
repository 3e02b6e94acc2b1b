// The plan of a training step as a table: what each kernel should cost, what it did cost, and what bounds it.
import { css, html, LitElement, nothing } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import type { KernelRow, KernelTable } from '../../contract/kernels.ts';
import {
  formatBytes,
  formatCount,
  formatPercent,
  formatRatio,
  formatSeconds,
  formatSi,
  formatSpread,
} from '../../text/numbers.ts';
import { workPanel } from '../figures/style-sets.ts';
import { downloadText } from '../state/files.ts';
import type { Job } from '../state/state.ts';
import { kernelCsv } from './exports.ts';
import {
  boundsOf,
  type Grouping,
  groupRows,
  type KernelGroup,
  ratioOf,
  type SortKey,
  sumGroup,
} from './kernel-data.ts';
import { kernelRequests } from './kernel-requests.ts';

const groupings: readonly Grouping[] = ['kernel', 'phase', 'layer', 'none'];

const columns: readonly { readonly label: string; readonly key: SortKey | undefined }[] = [
  { label: 'Work', key: 'usefulFlops' },
  { label: 'Moved', key: 'bytes' },
  { label: 'Predicted', key: 'predictedSeconds' },
  { label: 'Measured', key: 'measuredSeconds' },
  { label: 'Ratio', key: 'ratio' },
];

@customElement('kernel-table')
export class KernelTableElement extends LitElement {
  static override readonly styles = workPanel(css`
    .head {
      font-size: 13px;
    }
    .head select {
      width: auto;
      min-height: 26px;
      padding: 1px 4px;
      border-color: var(--line);
    }
    .head label {
      display: inline-flex;
      gap: 6px;
      align-items: center;
    }
    .scroll {
      max-height: 560px;
    }
    thead th {
      position: sticky;
      top: 0;
      background: var(--panel);
      z-index: 1;
    }
    thead button {
      padding: 0 2px;
      min-height: 24px;
      color: inherit;
      font-weight: inherit;
    }
    th[aria-sort] button {
      color: var(--ink);
      text-decoration: underline;
      text-underline-offset: 3px;
    }
    tbody th {
      color: var(--ink);
    }
    tbody th button {
      padding: 0 4px;
      min-height: 24px;
      color: inherit;
    }
    .sum td,
    .sum th {
      background: var(--inset);
    }
    .one td:first-child {
      padding-left: 26px;
    }
    .predicted {
      color: var(--predicted);
    }
    .shape {
      color: var(--muted);
      white-space: normal;
      min-width: 9em;
      max-width: 22em;
    }
    p {
      margin-top: 8px;
    }
  `);

  @property({ attribute: false }) kernels: Job<KernelTable> = { kind: 'none' };
  /** Whether a plan may be asked for now. */
  @property({ type: Boolean }) isReady = false;
  /** Whether the table is of a recorded run: nothing can be asked for then. */
  /** Whether it stands in for one of this device. */
  @property({ type: Boolean }) isShipped = false;
  @property({ type: Boolean }) isRecorded = false;
  @state() private grouping: Grouping = 'kernel';
  @state() private sortKey: SortKey = 'index';
  @state() private opened: ReadonlySet<string> = new Set();

  protected override render() {
    const table = this.kernels.kind === 'done' ? this.kernels.value : undefined;
    return html`<section class="panel" aria-labelledby="title">
      <div class="head">
        <h2 id="title">Kernels of a step</h2>
        <label>
          <span class="muted">group by</span>
          <select
            @change=${(event: Event) => {
              this.grouping = groupings[(event.target as HTMLSelectElement).selectedIndex] ?? 'kernel';
            }}
          >
            ${groupings.map((name) => html`<option ?selected=${name === this.grouping}>${name}</option>`)}
          </select>
        </label>
        ${this.isRecorded ? nothing : kernelRequests(this, this.kernels, this)}
        <button class="plain" ?disabled=${table === undefined} @click=${this.#export}>CSV</button>
      </div>
      ${this.#body(table)}
    </section>`;
  }

  #body(table: KernelTable | undefined) {
    const { kernels } = this;
    if (kernels.kind === 'running') {
      return html`<p role="status">${kernels.what} (${formatPercent(kernels.share)})</p>`;
    }
    if (kernels.kind === 'failed') return html`<p class="bad">${kernels.problem.message}</p>`;
    if (table === undefined) {
      return html`<p class="muted">
        Every dispatch of a training step with its work, its bytes, and its predicted time; “Profile” measures each on a
        copy of the weights.
      </p>`;
    }
    const groups = groupRows(table.rows, this.grouping, this.sortKey);
    const whole = sumGroup('Whole step', table.rows);
    return html`<div class="scroll" tabindex="0" role="region" aria-label="Table of kernels">
        <table>
          <thead>
            <tr>
              <th scope="col">Kernel</th>
              <th scope="col">Shape</th>
              ${columns.map(({ label, key }) => this.#columnHead(label, key))}
              <th scope="col" class="number">Share</th>
              <th scope="col">Bound by</th>
            </tr>
          </thead>
          ${groups.map((group) => this.#group(group, whole))}
          <tbody>
            ${this.#sumRow(whole, whole, html`Whole step`)}
          </tbody>
        </table>
      </div>
      <p class="small muted">
        ${this.isShipped ? html`<strong>Recorded, not of this device:</strong>` : nothing}
        ${table.rows.length} dispatches; ${table.method}.
        ${table.sumOverStep === undefined ? '' : `The measured rows add up to ${formatPercent(table.sumOverStep)} of an unprofiled step.`}
      </p>`;
  }

  #columnHead(label: string, key: SortKey | undefined) {
    const isSorted = key !== undefined && key === this.sortKey;
    return html`<th scope="col" class="number" aria-sort=${isSorted ? 'descending' : nothing}>
      <button
        class="plain"
        title="Sort by it, or back to the plan’s order"
        @click=${() => {
          this.sortKey = isSorted || key === undefined ? 'index' : key;
        }}
      >
        ${label}
      </button>
    </th>`;
  }

  #group(group: KernelGroup, whole: KernelGroup) {
    const isOpen = this.opened.has(group.name);
    const name = html`<button class="plain" aria-expanded=${isOpen ? 'true' : 'false'} @click=${() => this.#toggle(group.name)}>
      ${isOpen ? '▾' : '▸'} ${group.name}
    </button>`;
    return html`<tbody>
      ${this.#sumRow(group, whole, name)} ${isOpen ? group.rows.map((row) => this.#row(row, whole)) : nothing}
    </tbody>`;
  }

  #sumRow(group: KernelGroup, whole: KernelGroup, name: unknown) {
    return html`<tr class="sum">
      <th scope="row">${name}</th>
      <td class="shape">${group.rows.length === 1 ? '1 dispatch' : `${formatCount(group.rows.length)} dispatches`}</td>
      ${this.#figures(group, whole)}
      <td>${group === whole ? nothing : boundsOf(group.rows)}</td>
    </tr>`;
  }

  #row(row: KernelRow, whole: KernelGroup) {
    return html`<tr class="one">
      <td>${row.index} ${row.label} <span class="muted">${row.kernel}</span></td>
      <td class="shape mono">${row.shape}</td>
      ${this.#figures(row, whole)}
      <td>${row.boundBy}</td>
    </tr>`;
  }

  #figures(item: KernelRow | KernelGroup, whole: KernelGroup) {
    const spread = 'measuredSpread' in item ? formatSpread(item.measuredSpread) : '';
    const [part, all] =
      whole.measuredSeconds === undefined
        ? [item.predictedSeconds, whole.predictedSeconds]
        : [item.measuredSeconds, whole.measuredSeconds];
    return html`<td class="number">${formatSi(item.usefulFlops, 'FLOP')}</td>
      <td class="number">${formatBytes(item.bytes)}</td>
      <td class="number predicted">${formatSeconds(item.predictedSeconds)}</td>
      <td class="number">${formatSeconds(item.measuredSeconds)} <span class="muted">${spread}</span></td>
      <td class="number">${formatRatio(ratioOf(item))}</td>
      <td class="number">${formatPercent(part === undefined || !all ? undefined : part / all)}</td>`;
  }

  #toggle(name: string): void {
    const opened = new Set(this.opened);
    if (!opened.delete(name)) opened.add(name);
    this.opened = opened;
  }

  #export(): void {
    if (this.kernels.kind === 'done')
      downloadText('kernels.csv', kernelCsv(this.kernels.value.rows), 'text/csv');
  }
}
