// Experts and what they take: which expert every token of the text took, and which tokens and words each takes most.
import { html, LitElement, nothing } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import type { ExpertTastes, RouteReading, TextReading } from '../../contract/inside.ts';
import { formatCount, formatDigits } from '../../text/numbers.ts';
import type { HeatPlace } from '../figures/heat.ts';
import { pickedFigures, stackStyles } from '../figures/style-sets.ts';
import { namedToken, routesHeat, routesTable, tastesTable } from './data.ts';
import '../figures/panel.ts';
import '../figures/heat.ts';

/** Give it `reading`, `tastes`, or both. */
@customElement('inside-routes')
export class InsideRoutes extends LitElement {
  static override readonly styles = pickedFigures(stackStyles);

  @property({ attribute: false }) reading: TextReading | undefined;
  @property({ attribute: false }) tastes: ExpertTastes | undefined;
  /** Place in the list of layers with experts. */
  @state() private index = 0;

  protected override render() {
    const { reading, tastes, index } = this;
    const route = reading?.routes[index] ?? reading?.routes[0];
    const layer = tastes?.layers[index]?.layer ?? tastes?.layers[0]?.layer;
    return html`${reading === undefined || route === undefined ? nothing : this.#routes(reading, route)}
    ${tastes === undefined || layer === undefined ? nothing : this.#tastes(tastes, layer)}`;
  }

  #routes(reading: TextReading, route: RouteReading) {
    const heat = routesHeat(reading, route);
    const { experts, perToken, layer } = route;
    const describe = ({ row, column }: HeatPlace): string => {
      const weight = heat.values[row * heat.columns.length + column];
      const name = namedToken(reading, column);
      return weight > 0
        ? `${name} took expert ${row + 1} with weight ${formatDigits(weight)}`
        : `${name} did not take expert ${row + 1}`;
    };
    return html`<figure-panel heading="Experts of each token" term="expert" fileName="token-experts" .table=${routesTable(reading, route)}>
      ${this.#choice(
        reading.routes.map((one) => one.layer),
        layer,
      )}
      <inside-heat
        .heat=${heat}
        .describe=${describe}
        .description=${`Layer ${layer + 1}: rows are ${experts} experts, columns the tokens of the text.`}
      ></inside-heat>
      <p slot="note">
        Layer ${layer + 1}, at step ${reading.step}: every token takes ${perToken} of ${experts}; a shade is the weight of
        the expert’s output. Tokens from left to right; none is dropped here.
      </p>
    </figure-panel>`;
  }

  #tastes(tastes: ExpertTastes, layer: number) {
    return html`<figure-panel
      heading="What experts take"
      fileName="expert-tokens"
      .table=${tastesTable(tastes, layer)}
      .isTable=${true}
    >
      ${this.#choice(
        tastes.layers.map((one) => one.layer),
        layer,
      )}
      <p slot="note">
        Counted over ${formatCount(tastes.tokens)} tokens of held-out text, at step ${formatCount(tastes.step)}. Most taken
        first; behind each the part of all its choices that this expert got.
      </p>
    </figure-panel>`;
  }

  #choice(layers: readonly number[], chosen: number) {
    return html`<label slot="controls">
      <span class="muted">layer</span>
      <select
        @change=${(event: Event) => {
          this.index = (event.target as HTMLSelectElement).selectedIndex;
        }}
      >
        ${layers.map((layer) => html`<option ?selected=${layer === chosen}>${layer + 1}</option>`)}
      </select>
    </label>`;
  }
}
