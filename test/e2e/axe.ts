// What axe finds wrong with the page as it is on display.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { AxeResults } from 'axe-core';
import type { Page } from 'puppeteer';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** Every violation, one line each; none is what a page should have. */
export async function findViolations(page: Page): Promise<string[]> {
  await page.evaluate(axe);
  await page.evaluate(settleTransitions);
  const { violations } = await page.evaluate(
    (): Promise<AxeResults> =>
      (globalThis as unknown as { axe: { run(options: object): Promise<AxeResults> } }).axe.run({
        resultTypes: ['violations'],
        // It takes the tabs, which are links to rooms by their hash, for links past the head once the first is scrolled away.
        rules: { 'skip-link': { enabled: false }, 'label-content-name-mismatch': { enabled: true } },
      }),
  );
  return violations.map(
    ({ id, impact, nodes }) => `${impact} ${id}: ${nodes.map(({ target }) => target).join(', ')}`,
  );
}

/** Waits for what is on its way to another colour: half-way it may have too little contrast. Runs in the page. */
async function settleTransitions(): Promise<void> {
  const within = (root: Document | ShadowRoot): Animation[] => [
    ...root.getAnimations(),
    ...[...root.querySelectorAll('*')].flatMap(({ shadowRoot }) => (shadowRoot ? within(shadowRoot) : [])),
  ];
  const ending = within(document).filter(({ effect }) =>
    Number.isFinite(Number(effect?.getComputedTiming().endTime)),
  );
  await Promise.all(ending.map(({ finished }) => finished.catch(() => undefined)));
}
