// One part of the model diagram up close: its figures, and the dispatches behind it.
import { css, html, LitElement, nothing } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import type { ModelDiagram, PartCosts } from '../../contract/diagram.ts';
import { formatBytes, formatCount, formatPercent, formatSi } from '../../text/numbers.ts';
import { readoutPanel, stackStyles } from '../figures/style-sets.ts';
import { type DrawnBlock, type DrawnPart, layerRange, rowsTable, stepFlops } from './diagram-data.ts';
import '../figures/panel.ts';

/** Give it the `diagram`, and what is `drawn`: the part or the `block` to show. */
@customElement('model-part')
export class ModelPart extends LitElement {
  static override readonly styles = readoutPanel(
    stackStyles,
    css`
      h2 {
        font-size: 15px;
        letter-spacing: 0;
        text-transform: none;
        color: var(--ink);
      }
      .figures {
        display: grid;
        grid-template-columns: repeat(auto-fit, minmax(128px, 1fr));
        gap: 12px;
      }
      .flows {
        margin-top: 12px;
      }
    `,
  );

  @property({ attribute: false }) diagram: ModelDiagram | undefined;
  @property({ attribute: false }) drawn: DrawnPart | undefined;
  @property({ attribute: false }) block: DrawnBlock | undefined;

  protected override render() {
    const { diagram, drawn: part, block } = this;
    const shown = part ?? block;
    if (!diagram || !shown) return nothing;
    const { costs, layers } = shown;
    const title = part?.part.title ?? block?.title.replace(/ ·.*/, '') ?? '';
    const dispatches = part?.dispatches ?? block?.parts.flatMap((one) => one.dispatches) ?? [];
    const table = rowsTable(diagram, dispatches);
    const where =
      layers.length === 0 || block ? '' : `layer${layers.length > 1 ? 's' : ''} ${layerRange(layers)}`;
    const detail = [part?.part.detail ?? block?.note ?? '', where].filter(Boolean).join(' · ');
    return html`<section class="panel" aria-labelledby="title">
        <div class="head" aria-live="polite"><h2 id="title">${title}</h2><span class="muted">${detail}</span></div>
        <div class="figures">${this.#figures(costs, diagram, part)}</div>
        ${part ? this.#flows(part, diagram) : nothing}
      </section>
      <figure-panel heading="Kernels behind it" fileName="kernels-of-${title.toLowerCase().replace(/[^a-z0-9]+/g, '-')}" isTable .table=${table}>
        <p slot="note">
          Of one training step; dispatches of the same kernel and dims are one row. ${timesNote(diagram)}
        </p>
      </figure-panel>`;
  }

  #figures(costs: PartCosts, { total, accumulation }: ModelDiagram, part: DrawnPart | undefined) {
    const { forwardFlops, backwardFlops, parameters, activeParameters, keptBytes, movedBytes } = costs;
    const step = stepFlops(costs);
    const isActive = activeParameters !== parameters;
    const shared = part?.part.shared.length ? ', and a table that another part owns' : '';
    const kept = accumulation > 1 ? 'of each micro-batch kept for the gradients' : 'kept for the gradients';
    return html`${figure(formatPercent(step / (stepFlops(total) || 1)), `of the step’s flops: ${formatSi(step, 'FLOP')}`)}
      ${figure(formatSi(forwardFlops, 'FLOP'), `forward, ${formatPercent(forwardFlops / (total.forwardFlops || 1))} of the forward pass`)}
      ${figure(formatSi(backwardFlops, 'FLOP'), 'backward')}
      ${figure(formatCount(parameters), `parameters, ${formatPercent(parameters / (total.parameters || 1))} of all${shared}`)}
      ${isActive ? figure(formatCount(activeParameters), 'parameters active for a token') : nothing}
      ${figure(formatBytes(keptBytes), `of activations ${kept}`)} ${figure(formatBytes(movedBytes), 'moved in a step')}`;
  }

  #flows({ part }: DrawnPart, { before, blocks, after }: ModelDiagram) {
    const all = [...before, ...blocks.flatMap(({ parts }) => parts), ...after];
    const titleOf = (id: string) => all.find((one) => one.id === id)?.title ?? id;
    const words = { main: 'takes', residual: 'adds', aside: 'also reads' };
    const text = (letters: string, numbers: readonly number[]) =>
      html`<span class="mono">${letters}</span> = [${numbers.join(', ')}]`;
    return html`<dl class="pairs flows">
      ${part.inputs.map(
        ({ shape, role, from }) =>
          html`<dt>${words[role]}</dt><dd>${text(shape.letters, shape.sizes)} <span class="muted">from ${titleOf(from)}</span></dd>`,
      )}
      ${part.output.sizes.length === 0 ? nothing : html`<dt>makes</dt><dd>${text(part.output.letters, part.output.sizes)}</dd>`}
    </dl>`;
  }
}

function figure(value: string, name: string) {
  return html`<div>
    <div class="figure">${value}</div>
    <div class="name">${name}</div>
  </div>`;
}

function timesNote({ rows, method }: ModelDiagram): string {
  if (rows.some(({ measuredSeconds }) => measuredSeconds !== undefined)) return `Measured: ${method}.`;
  return rows.some(({ predictedSeconds }) => predictedSeconds !== undefined)
    ? 'Times are predicted; “Profile” in the room “Kernels” measures them.'
    : 'Once the device is calibrated, times are predicted.';
}
