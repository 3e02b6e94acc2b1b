// The shared styles that elements begin with, by what they are; each takes what only that element has after them.
import { type CSSResultGroup, css } from 'lit';
import {
  baseStyles,
  controlStyles,
  figureStyles,
  panelStyles,
  pickerStyles,
  readoutStyles,
} from './styles.ts';

/**
 * Parts one under another, in the element itself or in a `.stack`. What is in a `.pair` stands side by side where the
 * page is wide.
 */
export const stackStyles = css`
  :host,
  .stack,
  .pair {
    display: grid;
    gap: var(--gap);
    grid-template-columns: minmax(0, 1fr);
    align-items: start;
    align-content: start;
  }
  @media (min-width: 1080px) {
    .pair {
      grid-template-columns: minmax(0, 3fr) minmax(0, 2fr);
    }
  }
`;

/** Controls without a frame of their own. */
export const controlGroup = (...own: CSSResultGroup[]) => [baseStyles, controlStyles, ...own];

/** A panel with controls. */
export const controlPanel = (...own: CSSResultGroup[]) => [baseStyles, panelStyles, controlStyles, ...own];

/** A panel with readouts or a table. */
export const readoutPanel = (...own: CSSResultGroup[]) => [baseStyles, panelStyles, readoutStyles, ...own];

/** A panel with both. */
export const workPanel = (...own: CSSResultGroup[]) => controlPanel(readoutStyles, ...own);

/** A drawing with its read-out. */
export const drawing = (...own: CSSResultGroup[]) => [baseStyles, figureStyles, ...own];

/** Figures with small choices beside them. */
export const pickedFigures = (...own: CSSResultGroup[]) => [baseStyles, controlStyles, pickerStyles, ...own];
