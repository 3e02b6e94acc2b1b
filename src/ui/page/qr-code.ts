// A text as a QR code in SVG: dark on light in every theme, as cameras want it.
import { html, svg } from 'lit';
import { encode } from 'uqr';

/** Modules of light around the code. */
const margin = 4;
/** Characters that a printed or projected code is still read with. */
const longest = 1200;

/** The code as one path in a square of modules; undefined for a text too long to be read off a screen. */
export function qrPath(text: string): { readonly size: number; readonly path: string } | undefined {
  if (text.length > longest) return undefined;
  const { data, size } = encode(text, { border: margin, ecc: 'L' });
  const dark = data.flatMap((row, y) => row.flatMap((isDark, x) => (isDark ? [`M${x} ${y}h1v1h-1z`] : [])));
  return { size, path: dark.join('') };
}

/** Draws it. */
export function qrCode(text: string) {
  const drawn = qrPath(text);
  if (drawn === undefined) return undefined;
  const { size, path } = drawn;
  return html`<svg class="qr" role="img" aria-label="QR code of the link" viewBox="0 0 ${size} ${size}" shape-rendering="crispEdges">
    ${svg`<rect width=${size} height=${size} fill="#fff"></rect><path d=${path} fill="#000"></path>`}
  </svg>`;
}
