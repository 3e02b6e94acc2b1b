// All words of the page with their meaning, for who wants to read them in one go or look one up.
import { css, html, LitElement } from 'lit';
import { customElement, state } from 'lit/decorators.js';
import { findWords } from '../../text/glossary.ts';
import { controlPanel } from '../figures/style-sets.ts';

@customElement('glossary-list')
export class GlossaryList extends LitElement {
  static override readonly styles = controlPanel(css`
    summary {
      cursor: pointer;
      font-weight: 600;
    }
    input {
      max-width: 280px;
      margin: 10px 0;
    }
    dl {
      columns: 320px auto;
      column-gap: 28px;
    }
    div {
      break-inside: avoid;
      padding-bottom: 9px;
    }
    dt {
      font-weight: 600;
    }
    dd {
      font-size: 13px;
      color: var(--muted);
    }
  `);

  @state() private search = '';

  protected override render() {
    const found = findWords(this.search);
    return html`<details class="panel">
      <summary>All words, explained</summary>
      <input
        type="search"
        aria-label="Search the words"
        placeholder="Search"
        .value=${this.search}
        @input=${(event: Event) => {
          this.search = (event.target as HTMLInputElement).value;
        }}
      />
      ${
        found.length === 0
          ? html`<p class="muted" role="status">No word has “${this.search}” in its name or meaning.</p>`
          : html`<dl>${found.map(({ name, meaning }) => html`<div><dt>${name}</dt><dd>${meaning}</dd></div>`)}</dl>`
      }
    </details>`;
  }
}
