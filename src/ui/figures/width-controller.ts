// Tells a figure how wide it is: drawings are laid out in pixels, and drawn again when their place changes.
import type { ReactiveController, ReactiveControllerHost } from 'lit';

/** Keeps `width` at the element's own, in whole pixels, and asks for an update when it changes. */
export class WidthController implements ReactiveController {
  readonly #host: ReactiveControllerHost & Element;
  readonly #observer: ResizeObserver;
  #width: number;

  /** @param first width until the element has one: tests without a layout draw at it */
  constructor(host: ReactiveControllerHost & Element, first = 560) {
    this.#host = host;
    this.#width = first;
    this.#observer = new ResizeObserver(([entry]) => this.#take(entry?.contentRect.width ?? 0));
    host.addController(this);
  }

  /** Pixels. An element that is hidden keeps the width it had. */
  get width(): number {
    return this.#width;
  }

  hostConnected(): void {
    this.#observer.observe(this.#host);
  }

  hostDisconnected(): void {
    this.#observer.disconnect();
  }

  #take(width: number): void {
    const whole = Math.round(width);
    if (whole <= 0 || whole === this.#width) return;
    this.#width = whole;
    this.#host.requestUpdate();
  }
}
