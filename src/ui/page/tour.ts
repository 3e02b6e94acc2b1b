// The tour: a card that points at one part of the page after another; it presses nothing and starts nothing.
import { css, html, LitElement } from 'lit';
import { customElement, property, query, state } from 'lit/decorators.js';
import { controlGroup } from '../figures/style-sets.ts';
import { placeCard, stopsOnDisplay, type TourStop } from './tour-stops.ts';

/** By which the page's styles frame what the card points at. */
const mark = 'data-toured';
/** From this width on, in pixels, the card finds room beside most parts. */
const wide = 820;

/**
 * A modal dialog, so that the browser keeps the keyboard in it, closes it by Escape and gives the keyboard back. Arrows go
 * from stop to stop, without motion.
 */
@customElement('page-tour')
export class PageTour extends LitElement {
  static override readonly styles = controlGroup(css`
    dialog {
      position: fixed;
      margin: 0;
      width: min(320px, calc(100vw - 24px));
      padding: 14px 16px;
      border: 1px solid var(--edge);
      border-radius: var(--radius);
      background: var(--panel);
      color: var(--ink);
      box-shadow: 0 6px 24px rgb(0 0 0 / 28%);
    }
    dialog::backdrop {
      background: transparent;
    }
    h2 {
      font-size: 15px;
      font-weight: 650;
    }
    p {
      margin: 6px 0 12px;
      line-height: 1.5;
    }
    .row > :first-child {
      margin-right: auto;
    }
  `);

  @property({ attribute: false }) stops: readonly TourStop[] = [];
  @state() private at = 0;
  @query('dialog') private readonly dialog: HTMLDialogElement | undefined;
  /** What the card points at. */
  #target: Element | undefined;
  readonly #onMove = (): void => this.#place();

  override connectedCallback(): void {
    super.connectedCallback();
    addEventListener('scroll', this.#onMove, { passive: true });
    addEventListener('resize', this.#onMove);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    removeEventListener('scroll', this.#onMove);
    removeEventListener('resize', this.#onMove);
    this.#target?.removeAttribute(mark);
  }

  protected override firstUpdated(): void {
    this.dialog?.showModal();
  }

  protected override updated(): void {
    const root = this.getRootNode();
    const name = this.stops[this.at]?.target;
    this.#target?.removeAttribute(mark);
    this.#target = (root instanceof ShadowRoot && name && root.querySelector(name)) || undefined;
    this.#target?.setAttribute(mark, '');
    this.#target?.scrollIntoView({ block: innerWidth >= wide ? 'nearest' : 'start' });
    this.#place();
  }

  protected override render() {
    const { at, stops } = this;
    const isLast = at === stops.length - 1;
    return html`<dialog
      aria-labelledby="title"
      aria-describedby="text"
      @keydown=${this.#onKey}
      @close=${() => this.remove()}
    >
      <div aria-live="polite">
        <h2 id="title">${stops[at]?.title}</h2>
        <p id="text">${stops[at]?.text}</p>
      </div>
      <div class="row">
        <span class="small muted">${at + 1} of ${stops.length}</span>
        <button class="plain" @click=${() => this.dialog?.close()}>Close</button>
        <button aria-disabled=${at === 0 ? 'true' : 'false'} @click=${() => this.#go(at - 1)}>Back</button>
        <button class="primary" autofocus @click=${() => (isLast ? this.dialog?.close() : this.#go(at + 1))}>
          ${isLast ? 'Done' : 'Next'}
        </button>
      </div>
    </dialog>`;
  }

  #onKey(event: KeyboardEvent): void {
    event.stopPropagation(); // the page's own keys steer a run
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (step !== undefined) this.#go(this.at + step);
  }

  #go(to: number): void {
    if (to >= 0 && to < this.stops.length) this.at = to;
  }

  /** Through the object model of styles, which the content policy allows. */
  #place(): void {
    const { dialog } = this;
    const target = this.#target;
    if (dialog === undefined || target === undefined) return;
    const view = { width: document.documentElement.clientWidth, height: innerHeight };
    const { left, top } = placeCard(target.getBoundingClientRect(), dialog.getBoundingClientRect(), view);
    dialog.style.left = `${left}px`;
    dialog.style.top = `${top}px`;
  }
}

/**
 * Opens the tour over the page; it removes itself.
 * @returns false where the page shows none of what it explains
 * @param hidden what a teacher's link hides
 */
export function openTour(root: HTMLElement | DocumentFragment, hidden: readonly string[]): boolean {
  if (root.querySelector('page-tour') !== null) return true;
  const tour = new PageTour();
  tour.stops = stopsOnDisplay(hidden, (target) => root.querySelector(target)?.checkVisibility() === true);
  if (tour.stops.length === 0) return false;
  root.append(tour);
  return true;
}
