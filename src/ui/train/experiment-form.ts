// The form of all settings, generated from the catalogue: model, training, data, each with its rare ones behind "more".
import { css, html, LitElement, nothing } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import type { FormField } from '../../contract/form.ts';
import type { ExperimentJson, FieldProblem } from '../../contract/values.ts';
import { controlPanel } from '../figures/style-sets.ts';
import { fieldValue, isFieldShown, valueAt } from '../state/experiment.ts';
import type { FormFieldElement } from './form-field.ts';
import './form-field.ts';

const groups = [
  { part: 'model', title: 'Model' },
  { part: 'train', title: 'Training' },
  { part: 'data', title: 'Data' },
] as const;

const nothingChosen: ExperimentJson = { model: {}, train: {}, data: {} };

@customElement('experiment-form')
export class ExperimentForm extends LitElement {
  static override readonly styles = controlPanel(css`
    details > summary {
      cursor: pointer;
      padding: 4px 0;
    }
    .group > summary {
      font-weight: 600;
    }
    .group + .group {
      border-top: 1px solid var(--line);
      margin-top: 8px;
      padding-top: 4px;
    }
    .more > summary {
      font-size: 12.5px;
      color: var(--accent);
    }
    .fields {
      display: grid;
      gap: 5px;
      padding: 2px 0 4px;
    }
  `);

  @property({ attribute: false }) fields: readonly FormField[] = [];
  @property({ attribute: false }) experiment: ExperimentJson = nothingChosen;
  /** The experiment with every default filled in, where the worker has said so. */
  @property({ attribute: false }) resolved: ExperimentJson | undefined;
  @property({ attribute: false }) preset: ExperimentJson = nothingChosen;
  /** Paths of settings that a teacher's link keeps as they are. */
  @property({ attribute: false }) locked: readonly string[] = [];
  @property({ attribute: false }) problems: readonly FieldProblem[] = [];

  /** Brings the first field with a problem into view and puts the keyboard there. */
  async showProblem(): Promise<void> {
    const wrong = this.problems[0]?.path;
    for (const details of this.renderRoot.querySelectorAll('details')) details.open = true;
    await this.updateComplete;
    const element = [...this.renderRoot.querySelectorAll<FormFieldElement>('form-field')].find(
      ({ field }) => field?.path === wrong,
    );
    element?.scrollIntoView({ block: 'center' });
    element?.focus();
  }

  protected override render() {
    return html`<section class="panel" aria-labelledby="title">
      <div class="head"><h2 id="title">Settings</h2></div>
      ${/* Empty groups would be pushed out of sight when their fields come. */ this.fields.length === 0 ? nothing : groups.map(({ part, title }) => this.#group(part, title))}
    </section>`;
  }

  #group(part: string, title: string) {
    const shown = this.fields.filter(
      (field) =>
        field.path.startsWith(`${part}.`) &&
        isFieldShown(field, this.fields, this.resolved ?? this.experiment),
    );
    const common = shown.filter(({ advanced }) => !advanced);
    const rare = shown.filter(({ advanced }) => advanced);
    const isWrong = (field: FormField): boolean => this.problems.some(({ path }) => path === field.path);
    return html`<details class="group" ?open=${part === 'model' || common.some(isWrong)}>
      <summary>${title}</summary>
      <div class="fields">${common.map((field) => this.#field(field))}</div>
      ${
        rare.length === 0
          ? nothing
          : html`<details class="more" ?open=${rare.some(isWrong)}>
              <summary>More (${rare.length})</summary>
              <div class="fields">${rare.map((field) => this.#field(field))}</div>
            </details>`
      }
    </details>`;
  }

  #field(field: FormField) {
    const said = valueAt(this.experiment, field.path);
    const resolved = this.resolved && valueAt(this.resolved, field.path);
    const problems = this.problems.filter(({ path }) => path === field.path);
    return html`<form-field
      .field=${field}
      .value=${said ?? resolved ?? field.default}
      .resolved=${resolved}
      ?isLocked=${this.locked.includes(field.path)}
      .presetValue=${said === undefined ? undefined : fieldValue(this.preset, field)}
      .problem=${problems.map(({ message }) => message).join(' ')}
    ></form-field>`;
  }
}
