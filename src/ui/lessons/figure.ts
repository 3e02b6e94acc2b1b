// One figure of a lesson: a chart, a matrix or a table, each with its numbers and as a file.
import { css, html, LitElement, nothing } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import type { LessonFigure } from '../../contract/lessons.ts';
import { baseStyles } from '../figures/styles.ts';
import { describeLines, plotOf, tableOf } from './data.ts';
import '../figures/panel.ts';
import './matrix.ts';
import '../figures/svg-plot.ts';

@customElement('lesson-figure')
export class LessonFigureElement extends LitElement {
  static override readonly styles = [
    baseStyles,
    css`
      :host {
        min-width: 0;
      }
    `,
  ];

  @property({ attribute: false }) figure: LessonFigure | undefined;
  @property() fileName = 'lesson';

  protected override render() {
    const { figure } = this;
    if (figure === undefined) return nothing;
    return html`<figure-panel
      .heading=${figure.title}
      .fileName=${this.fileName}
      .table=${tableOf(figure)}
      .isTable=${figure.kind === 'table'}
    >
      ${this.#drawing(figure)}
    </figure-panel>`;
  }

  #drawing(figure: LessonFigure) {
    if (figure.kind === 'table') return nothing;
    if (figure.kind === 'matrix') return html`<lesson-matrix .matrix=${figure}></lesson-matrix>`;
    const { x, y, series } = plotOf(figure);
    return html`<svg-plot .x=${x} .y=${y} .series=${series} .description=${describeLines(figure)}></svg-plot>`;
  }
}
