// Device memory by class as it was predicted, and beside it what was really allocated.
import { css, html, LitElement, nothing } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import type { Prediction } from '../../contract/runs.ts';
import { memorySentence } from '../../text/number-sentences.ts';
import { formatBytes, formatPercent } from '../../text/numbers.ts';
import { stackedBar } from '../figures/bars.ts';
import { baseStyles, readoutStyles } from '../figures/styles.ts';
import '../figures/glossary-term.ts';

const classes = [
  { key: 'weights', name: 'Weights', className: 'c1' },
  { key: 'gradients', name: 'Gradients', className: 'c2' },
  { key: 'moments', name: 'Moments', className: 'c3' },
  { key: 'activations', name: 'Activations', className: 'c4' },
  { key: 'other', name: 'Other', className: 'c5' },
] as const;

@customElement('memory-bar')
export class MemoryBar extends LitElement {
  static override readonly styles = [
    baseStyles,
    readoutStyles,
    css`
      .c1 {
        fill: var(--class-1);
        color: var(--class-1);
      }
      .c2 {
        fill: var(--class-2);
        color: var(--class-2);
      }
      .c3 {
        fill: var(--class-3);
        color: var(--class-3);
      }
      .c4 {
        fill: var(--class-4);
        color: var(--class-4);
      }
      .c5 {
        fill: var(--class-5);
        color: var(--class-5);
      }
      .allocated {
        fill: var(--edge);
      }
      svg.bar.thin {
        height: 6px;
      }
      svg.bar + svg.bar {
        margin-top: 3px;
      }
      .title {
        display: flex;
        flex-wrap: wrap;
        justify-content: space-between;
        gap: 0 8px;
        margin-bottom: 4px;
      }
      ul {
        display: grid;
        grid-template-columns: repeat(auto-fill, minmax(132px, 1fr));
        gap: 2px 12px;
        margin-top: 6px;
        font-size: 12px;
      }
      li {
        display: flex;
      }
      li span:last-child {
        margin-left: auto;
      }
    `,
  ];

  @property({ attribute: false }) memory: Prediction['memoryBytes'] | undefined;
  /** What the worker really allocated; undefined before a run. */
  @property({ attribute: false }) allocatedBytes: number | undefined;

  protected override render() {
    const { memory, allocatedBytes } = this;
    if (memory === undefined) return nothing;
    const whole = Math.max(memory.total, allocatedBytes ?? 0, 1);
    const parts = classes.map(({ key, name, className }) => ({
      name: `${name}: ${formatBytes(memory[key])}`,
      share: memory[key] / whole,
      className,
    }));
    return html`<div class="title">
        <glossary-term term="memory" .said=${memorySentence(memory.total, memory.weights)}>Memory</glossary-term>
        <span>
          ${formatBytes(memory.total)}
          <span class="muted">predicted</span>
          ${
            allocatedBytes === undefined
              ? nothing
              : html`· ${formatBytes(allocatedBytes)}
                  <span class="muted">allocated (${formatPercent(allocatedBytes / memory.total)})</span>`
          }
        </span>
      </div>
      ${stackedBar(`Predicted memory, ${formatBytes(memory.total)}`, parts)}
      ${
        allocatedBytes === undefined
          ? nothing
          : stackedBar(`Allocated memory, ${formatBytes(allocatedBytes)}`, [
              { name: 'Allocated', share: allocatedBytes / whole, className: 'allocated' },
            ])
      }
      <ul>
        ${classes.map(
          ({ key, name, className }) =>
            html`<li>
              <span><span class="key ${className}"></span>${name}</span><span>${formatBytes(memory[key])}</span>
            </li>`,
        )}
      </ul>`;
  }
}
