// Tells an element how large it is: drawings are laid out in pixels, and drawn again when their place changes.
import type { ReactiveController, ReactiveControllerHost } from 'lit';

/** What differs between those who want to know. */
export interface SizeOptions {
  /** Width until the element has one: tests without a layout draw at it. */
  readonly first?: number;
  /** Called at each change of either side, and when the element appears or goes; otherwise a new width asks for an update. */
  readonly onResize?: () => void;
}

/** Keeps `width` at the element's own, in whole pixels. The only observer of sizes that the page has. */
export class SizeController implements ReactiveController {
  readonly #host: ReactiveControllerHost & Element;
  readonly #onResize: (() => void) | undefined;
  readonly #observer: ResizeObserver;
  #width: number;
  #isShown = false;

  constructor(host: ReactiveControllerHost & Element, { first = 560, onResize }: SizeOptions = {}) {
    this.#host = host;
    this.#width = first;
    this.#onResize = onResize;
    this.#observer = new ResizeObserver(([entry]) => this.#take(entry?.contentRect.width ?? 0));
    host.addController(this);
  }

  /** Pixels. An element that is hidden keeps the width it had. */
  get width(): number {
    return this.#width;
  }

  /** Whether the element has a place on the page: in a room that is not on display it has none. */
  get isShown(): boolean {
    return this.#isShown;
  }

  hostConnected(): void {
    this.#observer.observe(this.#host);
  }

  hostDisconnected(): void {
    this.#observer.disconnect();
  }

  #take(width: number): void {
    const whole = Math.round(width);
    this.#isShown = whole > 0;
    const isOther = whole > 0 && whole !== this.#width;
    if (isOther) this.#width = whole;
    if (this.#onResize !== undefined) this.#onResize();
    else if (isOther) this.#host.requestUpdate();
  }
}
