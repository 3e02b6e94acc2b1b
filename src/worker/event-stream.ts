// Batches events so that the page is woken at most ten times a second, however fast steps are.
import type { LabEvent } from '../contract/runs.ts';

const intervalMilliseconds = 100;

/** Collects events and delivers them together. */
export class EventStream {
  #listener: ((events: readonly LabEvent[]) => void) | undefined;
  #queue: LabEvent[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;
  #lastDelivery = 0;

  /** Replaces the listener; what is queued goes to the new one. */
  listen(listener: (events: readonly LabEvent[]) => void): void {
    this.#listener = listener;
    this.#schedule();
  }

  /** Queues an event. Consecutive steps become one event. */
  emit(event: LabEvent): void {
    const last = this.#queue.at(-1);
    if (event.kind === 'steps' && last?.kind === 'steps') {
      this.#queue[this.#queue.length - 1] = { kind: 'steps', steps: [...last.steps, ...event.steps] };
    } else {
      this.#queue.push(event);
    }
    this.#schedule();
  }

  #schedule(): void {
    if (this.#timer !== undefined || this.#queue.length === 0 || !this.#listener) return;
    const wait = Math.max(0, this.#lastDelivery + intervalMilliseconds - performance.now());
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#lastDelivery = performance.now();
      const events = this.#queue;
      this.#queue = [];
      this.#listener?.(events);
    }, wait);
  }
}
