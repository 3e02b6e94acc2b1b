// The tabs between the rooms of the page: links, so that a room has an address and the browser's back button works.
import { css, html, LitElement } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import { SizeController } from '../figures/size-controller.ts';
import { baseStyles } from '../figures/styles.ts';
import { rooms, trainingRoom } from './rooms.ts';

@customElement('room-tabs')
export class RoomTabs extends LitElement {
  static override readonly styles = [
    baseStyles,
    css`
      nav {
        max-width: 1720px;
        margin: 0 auto 12px;
        padding: 0 clamp(10px, 2vw, 28px);
        overflow-x: auto;
      }
      ul {
        display: flex;
        gap: 2px;
        border-bottom: 1px solid var(--line);
        min-width: max-content;
      }
      a {
        display: block;
        padding: 8px 14px 9px;
        border-bottom: 2px solid transparent;
        margin-bottom: -1px;
        color: var(--muted);
        font-size: 14px;
        font-weight: 550;
        text-decoration: none;
        white-space: nowrap;
      }
      a:hover {
        color: var(--ink);
      }
      a[aria-current='page'] {
        color: var(--ink);
        border-bottom-color: var(--accent);
      }
      a:focus-visible {
        outline-offset: -3px;
      }
    `,
  ];

  /** Id of the room that is shown. */
  @property() room: string = trainingRoom.id;

  /** Ids of rooms that a teacher's link leaves out. */
  @property({ attribute: false }) without: readonly string[] = [];

  constructor() {
    super();
    // A phone that is turned has another edge.
    new SizeController(this, { onResize: () => this.#bringIntoView() });
  }

  protected override updated(): void {
    this.#bringIntoView();
  }

  /** On a phone most tabs are beyond the edge. */
  #bringIntoView(): void {
    const current = this.renderRoot.querySelector('[aria-current=page]');
    const strip = this.renderRoot.querySelector('nav');
    if (!(current instanceof HTMLElement) || strip === null) return;
    const { offsetLeft, offsetWidth } = current;
    const isInView =
      offsetLeft >= strip.scrollLeft && offsetLeft + offsetWidth <= strip.scrollLeft + strip.clientWidth;
    if (!isInView) strip.scrollLeft = offsetLeft - (strip.clientWidth - offsetWidth) / 2;
  }

  protected override render() {
    // One tab stop for all rooms, so that Train is among the first of the page; arrows go from room to room.
    return html`<nav aria-label="Rooms" @keydown=${this.#onKey}>
      <ul>
        ${[trainingRoom, ...rooms]
          .filter(({ id }) => !this.without.includes(id))
          .map(
            ({ id, label }) =>
              html`<li>
              <a
                href="#${id}"
                tabindex=${id === this.room ? 0 : -1}
                aria-current=${id === this.room ? 'page' : 'false'}
                >${label}</a
              >
            </li>`,
          )}
      </ul>
    </nav>`;
  }

  #onKey(event: KeyboardEvent): void {
    const links = [...this.renderRoot.querySelectorAll('a')];
    const at = links.indexOf((this.renderRoot as ShadowRoot).activeElement as HTMLAnchorElement);
    const to = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: links.length - 1 }[event.key];
    if (at < 0 || to === undefined) return;
    event.preventDefault();
    links[(to + links.length) % links.length]?.focus();
  }
}
