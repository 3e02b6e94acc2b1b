// The room of the model: the experiment of the training room as a diagram, and what stands behind each part of it.
import { css, html, LitElement, nothing, type PropertyValues } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import type { ModelDiagram } from '../../contract/diagram.ts';
import type { Problem } from '../../contract/values.ts';
import { formatBytes, formatSi } from '../../text/numbers.ts';
import { SizeController } from '../figures/size-controller.ts';
import { stackStyles, workPanel } from '../figures/style-sets.ts';
import type { RoomAccess } from '../state/access.ts';
import { initialState, type PageState } from '../state/state.ts';
import { type DiagramView, diagramTable, drawnModel, type Shading, stepFlops } from './diagram-data.ts';
import '../figures/panel.ts';
import './diagram.ts';
import './part.ts';

/** What the room shows of the page's state besides the diagram. */
const shown = ['catalogue', 'presetId', 'fieldProblems', 'device'] as const;
const shadings: readonly Shading[] = ['flops', 'parameters', 'memory'];

@customElement('room-model')
export class RoomModel extends LitElement {
  static override readonly styles = workPanel(
    stackStyles,
    css`
      @media (min-width: 1000px) {
        .pair {
          grid-template-columns: minmax(0, 5fr) minmax(0, 6fr);
        }
        .stack {
          position: sticky;
          top: 8px;
          max-height: calc(100vh - 16px);
          overflow-y: auto;
          scrollbar-width: thin;
        }
      }
      .figures {
        display: grid;
        grid-template-columns: repeat(auto-fit, minmax(128px, 1fr));
        gap: 12px;
      }
      select {
        width: auto;
        min-height: 26px;
        padding: 1px 4px;
        border-color: var(--line);
      }
      .letters {
        display: flex;
        flex-wrap: wrap;
        gap: 2px 12px;
      }
    `,
  );

  @property({ attribute: false }) page: PageState = initialState;
  @property({ attribute: false }) access: RoomAccess | undefined;
  @state() private diagram: ModelDiagram | undefined;
  @state() private problem: Problem | undefined;
  @state() private shading: Shading = 'flops';
  @state() private view: DiagramView = { split: new Set(), flipped: new Set() };
  @state() private picked = '';
  /** What the diagram on display was made of. */
  #made: readonly unknown[] = [];
  /** Also says when the room is entered again. */
  #size = new SizeController(this, { onResize: () => void this.#refresh() });

  /** A run sends news ten times a second, most of which change nothing here. */
  protected override shouldUpdate(changes: PropertyValues<this>): boolean {
    if (!changes.has('page')) return true;
    void this.#refresh();
    const before: PageState | undefined = changes.get('page');
    return changes.size > 1 || before === undefined || shown.some((key) => before[key] !== this.page[key]);
  }

  protected override render() {
    const { diagram, problem, page } = this;
    return html`${this.#head()}
      ${problem !== undefined && page.fieldProblems.length === 0 ? html`<p class="bad">${problem.message}</p>` : nothing}
      ${diagram === undefined ? nothing : this.#body(diagram)}`;
  }

  #head() {
    const { diagram, page } = this;
    const preset = page.catalogue?.presets.find(({ id }) => id === page.presetId);
    const [wrong] = page.fieldProblems;
    return html`<section class="panel" aria-labelledby="title">
      <div class="head">
        <h2 id="title">The model in the room “Train”</h2>
        <span class="muted">${preset === undefined ? '' : `from the preset ${preset.title}`}</span>
      </div>
      ${wrong === undefined ? nothing : html`<p class="bad">${wrong.message}</p>`}
      ${diagram === undefined ? this.#waiting() : this.#totals(diagram)}
    </section>`;
  }

  /** Nothing is on its way where something is wrong. */
  #waiting() {
    const { page, problem } = this;
    if (page.fieldProblems.length > 0 || problem !== undefined) return nothing;
    return html`<p class="muted">${page.device.kind === 'done' ? 'Reading the plan' : 'Waiting for the device'} …</p>`;
  }

  #totals({ total, blocks, rows }: ModelDiagram) {
    const isActive = total.activeParameters !== total.parameters;
    return html`<div class="figures" role="status">
      ${figure(formatSi(total.parameters), `parameters in ${blocks.length} layers`)}
      ${isActive ? figure(formatSi(total.activeParameters), 'of them active for a token') : nothing}
      ${figure(formatSi(stepFlops(total), 'FLOP'), 'in a training step')}
      ${figure(formatSi(total.forwardFlops, 'FLOP'), 'of them forward')}
      ${figure(formatBytes(total.keptBytes), 'of activations kept for the gradients')}
      ${figure(String(rows.length), 'dispatches in the plan')}
    </div>`;
  }

  #body(diagram: ModelDiagram) {
    const { shading, view, picked } = this;
    const drawn = drawnModel(diagram, view);
    const blocks = drawn.sections.flatMap((section) => section.blocks);
    const parts = [...drawn.before, ...blocks.flatMap((block) => block.parts), ...drawn.after];
    const block = blocks.find(({ key }) => key === picked);
    const part = block ? undefined : (parts.find(({ key }) => key === picked) ?? heaviest(parts));
    return html`<div class="pair">
      <figure-panel heading="Diagram" fileName="model-${this.page.presetId || 'diagram'}" .table=${diagramTable(drawn, diagram.total)}>
        <label slot="controls">
          <span class="muted">colour by</span>
          <select
            @change=${(event: Event) => {
              this.shading = shadings[(event.target as HTMLSelectElement).selectedIndex] ?? 'flops';
            }}
          >
            ${shadings.map((name) => html`<option ?selected=${name === shading}>${name}</option>`)}
          </select>
        </label>
        <model-diagram
          .diagram=${diagram}
          .drawn=${drawn}
          .shading=${shading}
          .picked=${block?.key ?? part?.key ?? ''}
          @pick-part=${({ detail }: CustomEvent<string>) => void this.#pick(detail)}
          @toggle-block=${({ detail }: CustomEvent<string>) => {
            this.view = { ...view, flipped: toggled(view.flipped, detail) };
          }}
          @split-section=${({ detail }: CustomEvent<number>) => {
            this.view = { ...view, split: toggled(view.split, detail) };
          }}
        ></model-diagram>
        <div slot="note">
          <p class="letters">
            ${diagram.letters.map(({ letter, value, meaning }) => html`<span><b>${letter}</b> ${value} ${meaning}</span>`)}
          </p>
          <p>Drawn from the plan of one training step: shares are of its flops, backward and update included.</p>
        </div>
      </figure-panel>
      <div class="stack"><model-part .diagram=${diagram} .drawn=${part} .block=${block}></model-part></div>
    </div>`;
  }

  /** Shows what is behind a part; where it stands below the diagram, goes there. */
  async #pick(key: string): Promise<void> {
    this.picked = key;
    await this.updateComplete;
    const panel = this.renderRoot.querySelector('.column');
    if (panel && panel.getBoundingClientRect().top > innerHeight) panel.scrollIntoView();
  }

  /** Asks for the diagram again if what it is made of has changed and the room is on display. */
  async #refresh(): Promise<void> {
    const { device, calibration, kernels, resolved, text, experiment, fieldProblems } = this.page;
    if (device.kind !== 'done' || resolved === undefined || fieldProblems.length > 0 || !this.#size.isShown)
      return;
    const made = [
      resolved,
      device.value,
      calibration.kind === 'done' && calibration.value,
      kernels.kind === 'done' && kernels.value,
      text,
    ];
    if (made.every((one, index) => one === this.#made[index])) return;
    this.#made = made;
    const result = await this.access?.attempt('', (lab) => lab.modelDiagram(experiment));
    if (this.#made !== made || result === undefined) return;
    this.problem = result.kind === 'problem' ? result.problem : undefined;
    this.diagram = result.kind === 'ok' ? result.value : undefined;
  }
}

/** The part that is shown before one was picked: the one with most flops. */
function heaviest<T extends { readonly costs: Parameters<typeof stepFlops>[0] }>(
  parts: readonly T[],
): T | undefined {
  return parts.reduce<T | undefined>(
    (most, part) => (most && stepFlops(most.costs) >= stepFlops(part.costs) ? most : part),
    undefined,
  );
}

function toggled<T>(set: ReadonlySet<T>, item: T): ReadonlySet<T> {
  const changed = new Set(set);
  if (!changed.delete(item)) changed.add(item);
  return changed;
}

function figure(value: string, name: string) {
  return html`<div>
    <div class="figure">${value}</div>
    <div class="name">${name}</div>
  </div>`;
}
