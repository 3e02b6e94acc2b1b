// Bars as SVG: stacked shares and a sparkline, sized by attributes because the page allows no style attributes.

import { html, nothing, svg } from 'lit';
import { rounded } from '../../text/rounding.ts';

/** One stretch of a bar. */
export interface BarPart {
  readonly name: string;
  /** Share of the whole bar, 0 to 1. */
  readonly share: number;
  /** Class that sets `fill`. */
  readonly className: string;
}

/** A share as a length; one that is not known has none. */
const percent = (share: number): string =>
  `${rounded(Number.isFinite(share) ? Math.max(0, Math.min(1, share)) * 100 : 0, 2)}%`;

/** A bar of parts side by side; what is left stays empty. `marks` are thin lines at shares of the whole. */
export function stackedBar(
  label: string,
  parts: readonly BarPart[],
  marks: readonly { readonly share: number; readonly className: string }[] = [],
) {
  let start = 0;
  return html`<svg class="bar" role="img" aria-label=${label}>
    ${parts.map(({ name, share, className }) => {
      const x = start;
      start += share;
      return svg`<rect class=${className} x=${percent(x)} width=${percent(share)} height="100%"><title>${name}</title></rect>`;
    })}
    ${marks.map(
      ({ share, className }) =>
        svg`<line class=${className} x1=${percent(share)} x2=${percent(share)} y1="0" y2="100%"></line>`,
    )}
  </svg>`;
}

/** The points of a line over `values`, in a box of 100 by 24; undefined with fewer than two finite values. */
export function sparkPoints(values: readonly number[]): string | undefined {
  const finite = values.filter((value) => Number.isFinite(value));
  if (finite.length < 2) return undefined;
  const low = Math.min(...finite);
  const span = Math.max(...finite) - low || 1;
  return finite
    .map((value, index) => {
      const x = (100 * index) / (finite.length - 1);
      return `${rounded(x, 1)},${rounded(22 - (20 * (value - low)) / span, 1)}`;
    })
    .join(' ');
}

/** A small line without axes, for a figure's recent course; decoration, so hidden from screen readers. */
export function sparkline(values: readonly number[]) {
  const points = sparkPoints(values);
  if (points === undefined) return nothing;
  return html`<svg class="spark" viewBox="0 0 100 24" preserveAspectRatio="none" aria-hidden="true">
    ${svg`<polyline points=${points} fill="none" vector-effect="non-scaling-stroke"></polyline>`}
  </svg>`;
}
