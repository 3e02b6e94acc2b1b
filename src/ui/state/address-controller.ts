// Tells an element when the part of the address behind the # changes, for as long as the element is on the page.
import type { ReactiveController, ReactiveControllerHost } from 'lit';

/** Calls `onChange` at every change of the address's fragment. */
export class AddressController implements ReactiveController {
  readonly #onChange: () => void;

  constructor(host: ReactiveControllerHost, onChange: () => void) {
    this.#onChange = onChange;
    host.addController(this);
  }

  hostConnected(): void {
    addEventListener('hashchange', this.#onChange);
  }

  hostDisconnected(): void {
    removeEventListener('hashchange', this.#onChange);
  }
}
