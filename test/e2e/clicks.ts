// A click of the mouse that reaches what it is meant for, or nothing: a page that trains moves and redraws while it is aimed.
import type { ElementHandle } from 'puppeteer';

/** In the page: whether a control answers to clicks. */
function isEnabled(control: Element): boolean {
  return !control.matches(':disabled') && control.getAttribute('aria-disabled') !== 'true';
}

/** In the page: lets only this element be pressed until it was. `end` says whether it was, and lifts that. */
function guard(target: Element): { readonly end: () => boolean } {
  const lift = new AbortController();
  let isClicked = false;
  const watch = (event: Event): void => {
    if (event.composedPath().includes(target)) isClicked ||= event.type === 'click';
    // Afterwards a label clicks its control, a control its form.
    else if (!isClicked) {
      event.preventDefault();
      event.stopImmediatePropagation();
    }
  };
  for (const type of ['pointerdown', 'mousedown', 'pointerup', 'mouseup', 'click'])
    addEventListener(type, watch, { capture: true, signal: lift.signal });
  return {
    end: () => {
      lift.abort();
      return isClicked;
    },
  };
}

/** Clicks with the mouse once. False where the element is off, gone, covered or was moved away: then nothing was pressed. */
export async function clickOn(target: ElementHandle<Element>): Promise<boolean> {
  if (!(await target.evaluate(isEnabled))) return false;
  const guarded = await target.evaluateHandle(guard);
  await target.click().catch(() => undefined); // gone, or outside of what can be seen
  return guarded.evaluate(({ end }) => end());
}

/** Types a text in place of what a field holds, and goes on to the next. */
export async function enter(field: ElementHandle<Element>, text: string): Promise<void> {
  await field.evaluate((input) => {
    (input as HTMLInputElement).focus();
    (input as HTMLInputElement).select();
  });
  await field.type(text);
  await field.press('Tab');
}
