// Styles that several elements share: panels, buttons, controls, readouts, tables.
import { css } from 'lit';

/** For every element: box model, focus ring, figures of equal width. */
export const baseStyles = css`
  :host {
    display: block;
    font-variant-numeric: tabular-nums;
  }
  :host([hidden]),
  [hidden] {
    display: none !important;
  }
  *,
  *::before,
  *::after {
    box-sizing: border-box;
  }
  h2,
  h3,
  p,
  dl,
  dd,
  ul,
  ol,
  figure {
    margin: 0;
    padding: 0;
  }
  ul,
  ol {
    list-style: none;
  }
  a {
    color: var(--accent);
  }
  :focus-visible {
    outline: 2px solid var(--accent);
    outline-offset: 2px;
  }
  .muted {
    color: var(--muted);
  }
  .small {
    font-size: 12px;
  }
  .mono {
    font-family: var(--mono);
    font-size: 0.93em;
  }
  .good {
    color: var(--good);
  }
  .warn {
    color: var(--warn);
  }
  .bad {
    color: var(--bad);
  }
  .sr {
    position: absolute;
    width: 1px;
    height: 1px;
    overflow: hidden;
    clip-path: inset(50%);
    white-space: nowrap;
  }
  @media (prefers-reduced-motion: reduce) {
    *,
    *::before,
    *::after {
      animation: none !important;
      transition: none !important;
    }
  }
`;

/** A framed part of the page with a head line. */
export const panelStyles = css`
  .panel {
    background: var(--panel);
    border: 1px solid var(--line);
    border-radius: var(--radius);
    padding: 12px 14px 14px;
    min-width: 0;
  }
  .head {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: 6px 12px;
    margin-bottom: 10px;
    min-height: 26px;
  }
  .head > :first-child {
    margin-right: auto;
  }
  h2 {
    font-size: 12px;
    font-weight: 650;
    letter-spacing: 0.06em;
    text-transform: uppercase;
    color: var(--muted);
  }
  h3 {
    font-size: 13px;
    font-weight: 600;
  }
`;

/** Buttons, inputs, selects, sliders. */
export const controlStyles = css`
  button,
  input,
  select,
  textarea {
    font: inherit;
    font-variant-numeric: inherit;
    color: inherit;
  }
  button {
    display: inline-flex;
    align-items: center;
    justify-content: center;
    gap: 6px;
    min-height: 30px;
    padding: 3px 11px;
    border: 1px solid var(--edge);
    border-radius: 7px;
    background: var(--panel);
    cursor: pointer;
    transition: background 0.12s;
  }
  button:hover:not(:disabled, [aria-disabled='true']) {
    background: var(--hover);
  }
  button:disabled,
  button[aria-disabled='true'] {
    color: var(--muted);
    border-color: var(--line);
    cursor: not-allowed;
  }
  button.primary {
    background: var(--accent);
    border-color: var(--accent);
    color: var(--on-accent);
    font-weight: 600;
  }
  button.primary:hover:not(:disabled, [aria-disabled='true']) {
    background: color-mix(in oklab, var(--accent) 88%, var(--ink));
  }
  button.primary:disabled,
  button.primary[aria-disabled='true'] {
    background: var(--inset);
    border-color: var(--line);
    color: var(--muted);
  }
  button.plain {
    border-color: transparent;
    background: none;
    color: var(--accent);
    padding: 2px 6px;
    min-height: 26px;
  }
  button.plain:hover:not(:disabled, [aria-disabled='true']) {
    background: var(--hover);
  }
  button.plain:disabled,
  button.plain[aria-disabled='true'] {
    color: var(--muted);
  }
  input:not([type='checkbox'], [type='radio'], [type='range'], [type='file']),
  select,
  textarea {
    width: 100%;
    min-width: 0;
    min-height: 30px;
    padding: 3px 8px;
    border: 1px solid var(--edge);
    border-radius: 7px;
    background: var(--panel);
  }
  textarea {
    resize: vertical;
  }
  input[aria-invalid='true'],
  select[aria-invalid='true'] {
    border-color: var(--bad);
    box-shadow: inset 0 0 0 1px var(--bad);
  }
  input[type='checkbox'],
  input[type='radio'] {
    flex: none;
    width: 16px;
    height: 16px;
    margin: 0;
    accent-color: var(--accent);
  }
  input[type='range'] {
    accent-color: var(--accent);
    margin: 0;
    min-width: 60px;
  }
  progress {
    width: 160px;
    accent-color: var(--accent);
  }
  label.check {
    display: inline-flex;
    align-items: center;
    gap: 7px;
    cursor: pointer;
  }
  .row {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: 8px;
  }
`;

/** Small choices beside a figure: a select with its label on one line. */
export const pickerStyles = css`
  label {
    display: inline-flex;
    flex-wrap: wrap;
    gap: 6px;
    align-items: center;
    max-width: 100%;
    font-size: 13px;
  }
  select {
    width: auto;
    max-width: 100%; /* of what a narrow page has, however long its words */
    min-height: 26px;
    padding: 1px 4px;
    border-color: var(--line);
  }
`;

/** Figures with a name under or beside them, and tables of figures. */
export const readoutStyles = css`
  .figure {
    font-size: 20px;
    font-weight: 550;
    letter-spacing: -0.01em;
    line-height: 1.2;
    white-space: nowrap;
  }
  .name {
    font-size: 12px;
    color: var(--muted);
  }
  dl.pairs {
    display: grid;
    grid-template-columns: minmax(0, 1fr) auto;
    gap: 4px 12px;
  }
  dl.pairs dt {
    color: var(--muted);
  }
  dl.pairs dd {
    text-align: right;
  }
  table {
    border-collapse: collapse;
    width: 100%;
    font-size: 12.5px;
  }
  th {
    font-weight: 550;
    color: var(--muted);
    text-align: left;
    vertical-align: middle;
  }
  th,
  td {
    padding: 3px 8px;
    border-bottom: 1px solid var(--line);
    white-space: nowrap;
  }
  th.number,
  td.number {
    text-align: right;
  }
  .sentences td {
    white-space: normal;
    min-width: 90px;
    vertical-align: top;
  }
  .scroll {
    overflow: auto;
    max-width: 100%;
  }
  .key {
    display: inline-block;
    width: 10px;
    height: 10px;
    border-radius: 3px;
    margin-right: 6px;
    vertical-align: -0.5px;
    background: currentColor;
  }
  svg.bar {
    display: block;
    width: 100%;
    height: 14px;
    border-radius: 4px;
    background: var(--inset);
  }
`;

/**
 * A drawing as wide as its place, its type, and the line below it that reads out what is pointed at. `plotTypeSize` in
 * src/text/plot-layout.ts estimates widths by the size of the type.
 */
export const figureStyles = css`
  svg:not(svg svg) {
    display: block;
    width: 100%;
  }
  text {
    font-family: var(--sans);
    font-size: 11.5px;
    fill: var(--muted);
    font-variant-numeric: tabular-nums;
  }
  text.end {
    text-anchor: end;
  }
  text.middle {
    text-anchor: middle;
  }
  output {
    display: block;
    min-height: 1.45em;
    margin-top: 2px;
    font-size: 12px;
    color: var(--muted);
  }
`;
