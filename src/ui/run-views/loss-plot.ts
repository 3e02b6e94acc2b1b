// The drawn curve: uPlot in an element, with the keyboard moving its cursor.
import { css, html, LitElement, type PropertyValues, unsafeCSS } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import uPlot from 'uplot';
import plotStyles from 'uplot/dist/uPlot.min.css?inline';
import type { LossFloors } from '../../contract/runs.ts';
import { SizeController } from '../figures/size-controller.ts';
import { baseStyles } from '../figures/styles.ts';
import type { ChartColumns, ChartOptions } from './chart-data.ts';
import type { Ghost } from './ghosts.ts';
import { plotOptions, readColours } from './plot-options.ts';

@customElement('loss-plot')
export class LossPlot extends LitElement {
  static override readonly styles = [
    baseStyles,
    unsafeCSS(plotStyles),
    css`
      .frame {
        height: clamp(240px, 38vh, 420px);
        border-radius: 6px;
        overflow: hidden;
      }
      .frame.empty {
        display: grid;
        place-items: center;
        background: var(--inset);
        color: var(--muted);
      }
      .u-select {
        background: color-mix(in oklab, var(--accent) 18%, transparent);
      }
      .uplot .u-cursor-x {
        border-right-color: var(--edge);
      }
    `,
  ];

  @property({ attribute: false }) columns: ChartColumns = { x: [], raw: [], smooth: [], validation: [] };
  @property({ attribute: false }) options: ChartOptions = {
    axis: 'step',
    logX: false,
    logY: false,
    smoothing: 0.8,
  };
  @property({ attribute: false }) floors: LossFloors | undefined;
  /** Earlier runs behind the curve. */
  @property({ attribute: false }) ghosts: readonly Ghost[] = [];
  /** In words, for those who do not see it. */
  @property() description = '';

  #plot: uPlot | undefined;
  #isZoomed = false;
  /** Whether colours changed while nothing could be drawn: in another room the frame has no width. */
  #isStale = false;
  #index: number | undefined;
  #size = new SizeController(this, { onResize: () => this.#resize() });
  #scheme = matchMedia('(prefers-color-scheme: dark)');
  #themes = new MutationObserver(() => this.#rebuild());
  #onScheme = (): void => this.#rebuild();

  override connectedCallback(): void {
    super.connectedCallback();
    this.#scheme.addEventListener('change', this.#onScheme);
    this.#themes.observe(document.documentElement, { attributeFilter: ['data-theme'] });
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#themes.disconnect();
    this.#scheme.removeEventListener('change', this.#onScheme);
    this.#plot?.destroy();
    this.#plot = undefined;
  }

  protected override render() {
    if (this.columns.x.length === 0) return html`<div class="frame empty">The curve appears here.</div>`;
    return html`<div class="frame" role="img" tabindex="0" aria-label=${this.description} @keydown=${this.#onKey}></div>`;
  }

  protected override updated(changes: PropertyValues<this>): void {
    if (this.columns.x.length === 0) {
      this.#plot?.destroy();
      this.#plot = undefined;
      return;
    }
    const before = changes.get('options');
    const { axis, logX, logY } = this.options;
    const isOther =
      before !== undefined && (before.axis !== axis || before.logX !== logX || before.logY !== logY);
    if (this.#plot === undefined || this.#isStale || isOther) this.#rebuild();
    else if (changes.has('columns') || changes.has('floors') || changes.has('ghosts')) this.#draw(this.#plot);
  }

  #draw(plot: uPlot): void {
    plot.setData(this.#data(), !this.#isZoomed);
    if (this.#isZoomed) plot.redraw();
  }

  #data(): uPlot.AlignedData {
    const { x, raw, smooth, validation } = this.columns;
    return [[...x], [...raw], [...smooth], [...validation]];
  }

  #rebuild(): void {
    const frame = this.renderRoot.querySelector<HTMLElement>('.frame');
    this.#isStale = true;
    if (frame === null || !this.#size.isShown || this.columns.x.length === 0) return;
    this.#isStale = false;
    this.#plot?.destroy();
    this.#isZoomed = false;
    const size = { width: frame.clientWidth, height: frame.clientHeight };
    const options = plotOptions(
      size,
      this.options,
      readColours(frame),
      () => this.floors,
      (index) => this.#announce(index),
      () => this.ghosts,
    );
    this.#plot = new uPlot(options, this.#data(), frame);
    // A lost GPU takes canvases with it: the browser gives an empty one back.
    const { canvas } = this.#plot.ctx;
    canvas.addEventListener('contextrestored', () => this.#plot?.redraw());
    this.#plot.over.addEventListener('mouseup', () => {
      this.#isZoomed ||= (this.#plot?.select.width ?? 0) > 0;
    });
    this.#plot.over.addEventListener('dblclick', () => {
      this.#isZoomed = false;
    });
  }

  #resize(): void {
    const frame = this.renderRoot.querySelector<HTMLElement>('.frame');
    if (frame === null || !this.#size.isShown) return;
    if (this.#plot === undefined || this.#isStale) this.#rebuild();
    else this.#plot.setSize({ width: frame.clientWidth, height: frame.clientHeight });
  }

  #announce(index: number | undefined): void {
    if (index === this.#index) return;
    this.#index = index;
    this.dispatchEvent(new CustomEvent<number | undefined>('point-at', { detail: index }));
  }

  #onKey(event: KeyboardEvent): void {
    const move = { ArrowLeft: -1, ArrowRight: 1, PageUp: -20, PageDown: 20 }[event.key];
    const count = this.columns.x.length;
    if (this.#plot === undefined || move === undefined || count === 0) return;
    event.preventDefault();
    const index = Math.max(0, Math.min(count - 1, (this.#index ?? count) + move));
    const left = this.#plot.valToPos(this.columns.x[index] ?? 0, 'x');
    this.#plot.setCursor({ left, top: 0 });
  }
}
