// A button that copies the address of what is on display, so that it can be sent to somebody.
import { css, html, LitElement } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import { controlGroup } from './style-sets.ts';

@customElement('copy-link')
export class CopyLink extends LitElement {
  static override readonly styles = controlGroup(css`
    :host {
      display: inline-flex;
      flex-wrap: wrap;
      align-items: center;
      gap: 6px;
      font-size: 13px;
    }
    [role='status'] {
      color: var(--muted);
      overflow-wrap: anywhere;
    }
  `);

  /** What the address says after `#`. */
  @property() place = '';
  /** The query of the link; the page's own where this is empty. */
  @property() query = '';
  /** What is linked to, in words: where it is another, nothing of it has been copied. */
  @property() subject = '';
  @property() label = 'Copy link';
  /** Whether there is nothing to link to. */
  @property({ type: Boolean }) isDisabled = false;
  @state() private said = '';

  protected override willUpdate(changes: Map<string, unknown>): void {
    if (changes.has('place') || changes.has('subject')) this.said = '';
  }

  protected override render() {
    return html`<button class="plain" ?disabled=${this.isDisabled} @click=${this.#copy}>${this.label}</button>
      <span role="status">${this.said}</span>`;
  }

  async #copy(): Promise<void> {
    const link = new URL(location.href);
    link.hash = this.place;
    if (this.query !== '') link.search = this.query;
    try {
      await navigator.clipboard.writeText(link.href);
      this.said = 'Copied.';
    } catch {
      // No clipboard at insecure addresses, or not allowed.
      this.said = link.href;
    }
  }
}
