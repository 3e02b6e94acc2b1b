// A text whose tokens can be told apart: each has a tint, and neighbours have different ones.
import { css, html, type TemplateResult } from 'lit';

/** Tints in turn. */
const tints = 4;

/** The tints of `tokenText`. */
export const tokenTextStyles = css`
  .token0 {
    background: color-mix(in srgb, var(--class-1) 16%, transparent);
  }
  .token1 {
    background: color-mix(in srgb, var(--class-2) 16%, transparent);
  }
  .token2 {
    background: color-mix(in srgb, var(--class-3) 16%, transparent);
  }
  .token3 {
    background: color-mix(in srgb, var(--class-4) 16%, transparent);
  }
`;

/** The text alone, or with its end, which the pieces are, in tints. */
export function tokenText(
  text: string,
  pieces: readonly string[] | undefined,
): string | readonly (TemplateResult | string)[] {
  if (pieces === undefined) return text;
  const written = pieces.reduce((sum, { length }) => sum + length, 0);
  const before = text.slice(0, Math.max(0, text.length - written));
  return [before, ...pieces.map((piece, index) => html`<span class="token${index % tints}">${piece}</span>`)];
}
