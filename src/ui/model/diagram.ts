// The drawing of a model: parts as boxes shaded by what they cost, skip connections as lanes, blocks that open and close.

import { css, html, LitElement, nothing, svg } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import type { ModelDiagram } from '../../contract/diagram.ts';
import { formatPercent } from '../../text/numbers.ts';
import { rounded } from '../../text/rounding.ts';
import { SizeController } from '../figures/size-controller.ts';
import { drawing } from '../figures/style-sets.ts';
import {
  amountOf,
  amountText,
  type DrawnModel,
  type DrawnPart,
  layerRange,
  type Shading,
  shadingNames,
} from './diagram-data.ts';
import { type Box, layOutDiagram, type PlacedBlock, type PlacedPart, sizes } from './diagram-layout.ts';
import { emitPick } from './pick.ts';

/** Opacity of the darkest shade: text stays readable on it. */
const darkest = 0.46;
const legendHeight = 26;

/**
 * Give it `diagram` and what is `drawn` of it. Sends `pick-part` (detail: the key), `toggle-block` (the key) and
 * `split-section` (its first layer).
 */
@customElement('model-diagram')
export class ModelDiagramElement extends LitElement {
  static override readonly styles = drawing(css`
    text {
      font-size: 11px;
      fill: var(--ink);
    }
    .title {
      font-size: 12.5px;
      font-weight: 600;
    }
    .shape,
    .section,
    .legend {
      fill: var(--muted);
    }
    .shape {
      font-size: 10.5px;
      paint-order: stroke;
      stroke: var(--panel);
      stroke-width: 4px;
    }
    .section {
      font-weight: 600;
    }
    .ground {
      fill: var(--panel);
      stroke: var(--edge);
      stroke-width: 1px;
    }
    .shade {
      fill: var(--accent);
      pointer-events: none;
    }
    .frame {
      fill: none;
      stroke: var(--line);
      stroke-width: 1.5px;
    }
    .flow,
    .residual,
    .aside {
      fill: none;
      stroke: var(--edge);
      stroke-width: 1.5px;
    }
    .residual {
      stroke: var(--predicted);
      stroke-width: 2px;
    }
    .aside {
      stroke-dasharray: 2px 3px;
    }
    .sum {
      fill: var(--panel);
      stroke: var(--predicted);
      stroke-width: 2px;
    }
    .expert {
      fill: none;
      stroke: var(--ink);
      stroke-width: 1px;
    }
    .expert.taken {
      fill: var(--ink);
    }
    [role='button'] {
      cursor: pointer;
      outline: none;
    }
    [role='button']:hover .ground,
    [role='button']:hover .hit {
      stroke: var(--ink);
    }
    [aria-pressed='true'] .ground,
    [aria-pressed='true'] .hit,
    [role='button']:focus-visible .ground,
    [role='button']:focus-visible .hit {
      stroke: var(--accent);
      stroke-width: 3px;
    }
    .hit {
      fill: transparent;
      stroke: transparent;
      stroke-width: 1px;
    }
    .chip {
      fill: var(--inset);
      stroke: var(--edge);
      stroke-width: 1px;
    }
  `);

  @property({ attribute: false }) diagram: ModelDiagram | undefined;
  @property({ attribute: false }) drawn: DrawnModel | undefined;
  @property() shading: Shading = 'flops';
  /** Key of the part or block whose figures are on display. */
  @property() picked = '';

  #size = new SizeController(this);
  /** Amount of the darkest shade, and of all. */
  #most = 1;
  #total = 1;

  protected override render() {
    const { diagram, drawn, shading } = this;
    const { width } = this.#size;
    if (!diagram || !drawn) return nothing;
    const { items, lines, sums, labels, height } = layOutDiagram(drawn, width, legendHeight);
    const amounts = items
      .filter((item) => item.kind === 'part' || !item.drawn.isOpen)
      .map((item) => amountOf(item.drawn.costs, shading));
    this.#most = Math.max(...amounts, Number.MIN_VALUE);
    this.#total = amountOf(diagram.total, shading) || 1;
    return html`<svg
      role="group"
      aria-label="The model from its input at the top to its loss at the bottom. Each part is a button that shows its kernels."
      viewBox="0 0 ${width} ${height}"
      height=${height}
      @keydown=${this.#onKey}
    >
      ${this.#legend()}
      ${items.map((item) => (item.kind === 'block' ? svg`<rect class="frame" x=${item.x} y=${item.y} width=${item.width} height=${item.height} rx="10"></rect>` : nothing))}
      ${lines.map(({ kind, path }) => svg`<path class=${kind} d=${path}></path>`)}
      ${sums.map(({ x, y }) => svg`<circle class="sum" cx=${x} cy=${y} r=${sizes.sum}></circle><path class="residual" d="M${x - 4} ${y}h8M${x} ${y - 4}v8"></path>`)}
      ${labels.map(({ x, y, text, kind }) => svg`<text class=${kind} x=${x} y=${y}>${text}</text>`)}
      ${items.map((item) => (item.kind === 'block' ? this.#block(item) : this.#part(item)))}
    </svg>`;
  }

  #legend() {
    const { shading } = this;
    const { width } = this.#size;
    const steps = 6;
    const wide = Math.min(150, width * 0.4) / steps;
    return svg`<text class="legend" x="0" y="11">0</text>
      ${Array.from({ length: steps }, (_, index) => {
        const opacity = rounded((darkest * index) / (steps - 1), 3);
        return svg`<rect class="shade" x=${12 + index * wide} y="1" width=${wide} height="12" fill-opacity=${opacity}></rect>`;
      })}
      <rect class="frame" x="12" y="1" width=${steps * wide} height="12" rx="2"></rect>
      <text class="legend" x=${18 + steps * wide} y="11">${formatPercent(this.#most / this.#total)} ${shadingNames[shading]}</text>`;
  }

  #part({ drawn, x, y, width, height }: PlacedPart) {
    const { part, costs, key } = drawn;
    const isNarrow = width < 190;
    const { share, amount } = this.#figures(costs);
    const right = x + width - 9;
    const experts =
      part.kind === 'experts'
        ? this.#experts(x + 10, y + height - 13, width - (isNarrow ? 20 : 110))
        : nothing;
    const room = width - 18 - (isNarrow ? 0 : 7 * Math.max(share.length, amount.length));
    const radius = part.kind === 'sum' || part.kind === 'activation' ? 20 : 7;
    const content = svg`<rect class="ground" x=${x} y=${y} width=${width} height=${height} rx=${radius}></rect>
      ${this.#shade({ x, y, width, height }, costs, radius)}
      <text class="title" x=${x + 10} y=${y + 17}>${cut(part.title, room, 7.1)}</text>
      ${part.kind === 'experts' ? experts : svg`<text x=${x + 10} y=${y + 33}>${isNarrow ? share : cut(part.detail, room, 5.9)}</text>`}
      ${
        isNarrow
          ? nothing
          : svg`<text class="title end" x=${right} y=${y + 17}>${share}</text>
            <text class="end" x=${right} y=${y + 33}>${amount}</text>`
      }`;
    return this.#button(this.#name(drawn), () => emitPick(this, 'pick-part', key), content, {
      isPressed: this.picked === key,
    });
  }

  /** Its title is its name, for the mouse and for those who hear it. */
  #button(
    name: string,
    press: () => void,
    content: unknown,
    state: { readonly isPressed?: boolean; readonly isOpen?: boolean; readonly isInFile?: boolean } = {},
  ) {
    return svg`<g role="button" tabindex="0" aria-pressed=${state.isPressed ?? nothing}
        aria-expanded=${state.isOpen ?? nothing} ?data-screen-only=${state.isInFile === false} @click=${press}>
      <title>${name}</title>${content}
    </g>`;
  }

  /** One small box an expert, those that a token takes filled; as many as there is room for. */
  #experts(x: number, y: number, room: number) {
    const { count = 0, perToken = 0 } = this.diagram?.experts ?? {};
    const shown = Math.min(count, Math.floor((room - 16) / 10));
    return svg`${Array.from({ length: shown }, (_, index) => {
      const taken = index < perToken ? 'expert taken' : 'expert';
      return svg`<rect class=${taken} x=${x + index * 10} y=${y - 4} width="7" height="8" rx="1.5"></rect>`;
    })}${shown < count ? svg`<text x=${x + shown * 10 + 2} y=${y + 4}>…</text>` : nothing}`;
  }

  #block({ drawn, section, hasSwitch, x, y, width }: PlacedBlock) {
    const { key, title, note, isOpen, costs } = drawn;
    const { share, amount } = this.#figures(costs);
    const word = section.isSplit ? 'together' : 'one by one';
    const chip = hasSwitch ? 6.2 * word.length + 14 : 0;
    const right = x + width - 10;
    const label = `${title.replace(' · ', ', ')}${note === '' ? '' : `, ${note}`}`;
    const all = section.blocks.flatMap(({ layers }) => layers).sort((one, other) => one - other);
    const room = width - 60 - chip;
    const arrow = isOpen ? `M${x + 12} ${y + 18}l5 5l5-5` : `M${x + 15} ${y + 15}l5 5l-5 5`;
    const figures = [`${share}, ${amount}`, note].filter(Boolean).join(' · ');
    return svg`${isOpen ? nothing : this.#shade({ x, y, width, height: sizes.head }, costs, 10)}
      ${this.#button(
        `${isOpen ? 'Close' : 'Open'} ${label}`,
        () => emitPick(this, 'toggle-block', key),
        svg`<rect class="hit" x=${x + 4} y=${y + 5} width="26" height="30" rx="6"></rect><path class="flow" d=${arrow}></path>`,
        { isOpen, isInFile: false },
      )}
      ${this.#button(
        `${label}: ${share} ${shadingNames[this.shading]}, ${amount}`,
        () => emitPick(this, 'pick-part', key),
        svg`<rect class="hit" x=${x + 32} y=${y + 3} width=${room + (chip === 0 ? 24 : 18)} height=${sizes.head - 6} rx="7"></rect>
          <text class="title" x=${x + 38} y=${y + 18}>${cut(title, room, 7.1)}</text>
          <text x=${x + 38} y=${y + 33}>${cut(figures, room, 5.9)}</text>`,
        { isPressed: this.picked === key },
      )}
      ${
        hasSwitch
          ? this.#button(
              `Draw layers ${layerRange(all)} ${word}`,
              () => emitPick(this, 'split-section', section.first),
              svg`<rect class="chip ground" x=${right - chip} y=${y + 9} width=${chip} height="24" rx="12"></rect>
                <text class="middle" x=${right - chip / 2} y=${y + 25}>${word}</text>`,
              { isInFile: false },
            )
          : nothing
      }`;
  }

  #shade({ x, y, width, height }: Box, costs: DrawnPart['costs'], radius: number) {
    const opacity = Math.min(darkest, darkest * (amountOf(costs, this.shading) / this.#most));
    return svg`<rect class="shade" x=${x} y=${y} width=${width} height=${height} rx=${radius} fill-opacity=${rounded(opacity, 3)}></rect>`;
  }

  #figures(costs: DrawnPart['costs']) {
    const amount = amountOf(costs, this.shading);
    return { share: formatPercent(amount / this.#total), amount: amountText(amount, this.shading) };
  }

  #name({ part, layers, costs }: DrawnPart): string {
    const { share, amount } = this.#figures(costs);
    const where = layers.length === 0 ? '' : `, layer${layers.length > 1 ? 's' : ''} ${layerRange(layers)}`;
    const added = part.inputs.some(({ role }) => role === 'residual') ? ', added to the residual stream' : '';
    return `${part.title}${part.detail === '' ? '' : ` ${part.detail}`}${where}${added}: ${share} ${shadingNames[this.shading]}, ${amount}`;
  }

  /** Enter and space press; arrows lead through the parts in the order of the flow. */
  #onKey(event: KeyboardEvent): void {
    const buttons = [...this.renderRoot.querySelectorAll<SVGGElement>('[role=button]')];
    const at = buttons.indexOf(event.target as SVGGElement);
    if (at < 0) return;
    if (event.key === 'Enter' || event.key === ' ') {
      event.preventDefault();
      event.stopPropagation(); // the page has keys of its own
      buttons[at]?.dispatchEvent(new MouseEvent('click'));
      return;
    }
    const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
    if (step === 0) return;
    event.preventDefault();
    buttons[at + step]?.focus();
  }
}

/** A text, cut where it would be wider than there is room. */
function cut(text: string, room: number, letter: number): string {
  const most = Math.max(3, Math.floor(room / letter));
  return text.length <= most ? text : `${text.slice(0, most - 1).trimEnd()}…`;
}
