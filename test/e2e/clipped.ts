// Texts of drawings that reach beyond their drawing, whose edge cuts them off.
import type { Page } from 'puppeteer';

/** What the drawings on display say, and of it what is cut off, with its pixels. */
export function drawnTexts(page: Page): Promise<{ readonly texts: string[]; readonly clipped: string[] }> {
  return page.evaluate(() => {
    const textsIn = (root: Document | ShadowRoot): SVGTextElement[] =>
      [...root.querySelectorAll('*')].flatMap((element) => [
        ...(element instanceof SVGTextElement && element.checkVisibility() ? [element] : []),
        ...(element.shadowRoot ? textsIn(element.shadowRoot) : []),
      ]);
    const drawingOf = (element: SVGElement): SVGElement =>
      element.ownerSVGElement === null ? element : drawingOf(element.ownerSVGElement);
    const all = textsIn(document);
    const clipped = all.flatMap((text) => {
      const said = text.getBoundingClientRect();
      const drawn = drawingOf(text).getBoundingClientRect();
      const beyond = Math.max(
        ...[drawn.left - said.left, said.right - drawn.right],
        ...[drawn.top - said.top, said.bottom - drawn.bottom],
      );
      return said.width > 0 && beyond > 2 ? [`${text.textContent?.trim()}: ${Math.round(beyond)} px`] : [];
    });
    return { texts: all.map(({ textContent }) => textContent?.trim() ?? ''), clipped };
  });
}
