// A word that explains itself: pressed, it opens what the word means, with the number on display worked in.
import { css, html, LitElement, nothing } from 'lit';
import { customElement, property, query, state } from 'lit/decorators.js';
import { type GlossaryEntry, glossary, type Term } from '../../text/glossary.ts';
import { baseStyles } from './styles.ts';

/** Pixels between the word, its explanation and the window's edges. */
const gap = 6;

/** Where a word is shown, as the text of a link: `#lessons/heads` is a lesson, `#costs` a room. */
function placeName(place: string): string {
  const [room = '', part] = place.split('/');
  return part === undefined ? `Room ${room.charAt(0).toUpperCase()}${room.slice(1)}` : 'A lesson shows it';
}

/**
 * `<glossary-term term="loss" .said=${…}>Training loss</glossary-term>`: a button with the text inside it. It takes the
 * type of its place. Escape or a press elsewhere closes the explanation, and the keyboard returns to the word.
 */
@customElement('glossary-term')
export class GlossaryTerm extends LitElement {
  static override readonly styles = [
    baseStyles,
    css`
      :host {
        display: inline;
      }
      button {
        font: inherit;
        color: inherit;
        letter-spacing: inherit;
        text-transform: inherit;
        text-align: inherit;
        padding: 0;
        border: 0;
        background: none;
        cursor: help;
        text-decoration: underline dotted color-mix(in oklab, currentColor 55%, transparent);
        text-underline-offset: 3px;
      }
      button:hover {
        text-decoration-color: currentColor;
      }
      [popover] {
        position: fixed;
        inset: auto;
        margin: 0;
        width: max-content;
        max-width: min(330px, calc(100vw - 12px));
        padding: 10px 13px 12px;
        border: 1px solid var(--edge);
        border-radius: var(--radius);
        background: var(--panel);
        color: var(--ink);
        font-size: 13px;
        font-weight: 400;
        line-height: 1.45;
        letter-spacing: normal;
        text-align: left;
        text-transform: none;
        white-space: normal;
        box-shadow: 0 6px 24px rgb(0 0 0 / 22%);
      }
      h3 {
        font-size: 13px;
        font-weight: 650;
      }
      p {
        margin-top: 5px;
      }
    `,
  ];

  @property() term: Term | '' = '';
  /** The number on display in a sentence; empty where it is not known. */
  @property({ attribute: false }) said = '';
  @state() private isOpen = false;
  @query('button') private word: HTMLButtonElement | undefined;
  @query('[popover]') private explanation: HTMLElement | undefined;

  protected override render() {
    if (this.term === '') return html`<slot></slot>`;
    const entry: GlossaryEntry = glossary[this.term];
    return html`<button
        type="button"
        aria-haspopup="dialog"
        aria-expanded=${this.isOpen ? 'true' : 'false'}
        @click=${this.#open}
      ><slot></slot></button><div
        popover="auto"
        role="dialog"
        aria-label=${entry.name}
        @toggle=${this.#toggled}
      >${this.isOpen ? this.#meaning(entry) : nothing}</div>`;
  }

  #meaning({ name, meaning, place }: GlossaryEntry) {
    return html`<h3>${name}</h3>
      <p>${meaning}</p>
      ${this.said === '' ? nothing : html`<p class="said"><strong>${this.said}</strong></p>`}
      ${
        place === undefined
          ? nothing
          : html`<p><a href="#${place}" @click=${() => this.explanation?.hidePopover()}>${placeName(place)}</a></p>`
      }`;
  }

  /** Opens below the word, or above it where there is no room below. A second press closes: the browser does that. */
  async #open(event: MouseEvent): Promise<void> {
    event.preventDefault(); // the word may stand in a summary, which shall not fold
    event.stopPropagation();
    const { word, explanation } = this;
    if (word === undefined || explanation === undefined || explanation.matches(':popover-open')) return;
    // `toggle` comes late: until then a press of the mouse is the one that closed it, a key (detail 0) a new one.
    if (this.isOpen && event.detail > 0) return;
    this.isOpen = true;
    await this.updateComplete;
    explanation.showPopover();
    const at = word.getBoundingClientRect();
    const { width, height } = explanation.getBoundingClientRect();
    const hasRoom = at.bottom + gap + height <= innerHeight;
    explanation.style.left = `${Math.max(gap, Math.min(at.left, innerWidth - width - gap))}px`;
    explanation.style.top = `${hasRoom ? at.bottom + gap : Math.max(gap, at.top - gap - height)}px`;
    // Fixed to the window while the word moves away: closed, as menus are.
    addEventListener('scroll', () => explanation.hidePopover(), { once: true, passive: true });
  }

  #toggled(event: ToggleEvent): void {
    this.isOpen = event.newState === 'open';
  }
}
