// Styles of the room of lessons: the list beside the lesson, text at a width that can be read.
import { css } from 'lit';

/** The room's layout. */
export const lessonsStyles = css`
  :host {
    display: grid;
    gap: var(--gap);
    grid-template-columns: minmax(0, 1fr);
    align-items: start;
  }
  article {
    display: grid;
    gap: var(--gap);
    grid-template-columns: minmax(0, 1fr);
    min-width: 0;
  }
  article > .panel {
    display: grid;
    gap: 16px;
    padding: clamp(14px, 2.4vw, 28px);
  }
  h1 {
    margin: 0;
    font-size: 24px;
    font-weight: 650;
    letter-spacing: -0.015em;
    line-height: 1.2;
  }
  glossary-list {
    grid-column: 1 / -1;
  }
  .prose {
    max-width: 68ch;
    display: grid;
    gap: 9px;
    font-size: 15px;
    line-height: 1.6;
    text-wrap: pretty;
  }
  lesson-guess {
    max-width: 68ch;
  }
  .sizes {
    border: 0;
    margin: 0;
    padding: 0;
    display: flex;
    flex-wrap: wrap;
    gap: 4px 18px;
  }
  .sizes .what {
    flex-basis: 100%;
  }
  .source {
    border-top: 1px solid var(--line);
    padding-top: 10px;
  }
  progress {
    width: 180px;
    accent-color: var(--accent);
  }
  nav ol {
    display: grid;
    gap: 2px;
    grid-template-columns: repeat(auto-fit, minmax(min(100%, 220px), 1fr));
  }
  button.entry {
    width: 100%;
    justify-content: flex-start;
    align-items: flex-start;
    gap: 10px;
    padding: 8px;
    border-color: transparent;
    background: none;
    text-align: left;
  }
  button.entry[aria-current='true'] {
    background: var(--inset);
    border-color: var(--line);
  }
  .entry .title {
    display: block;
    font-weight: 600;
    line-height: 1.35;
  }
  .entry .small {
    display: block;
    line-height: 1.35;
  }
  .mark {
    flex: none;
    width: 22px;
    height: 22px;
    border-radius: 50%;
    border: 1px solid var(--edge);
    color: var(--muted);
    font-size: 12px;
    line-height: 20px;
    text-align: center;
  }
  .mark.done {
    border-color: var(--good);
    color: var(--good);
  }
  @media (min-width: 960px) {
    :host {
      grid-template-columns: 270px minmax(0, 1fr);
    }
    nav {
      position: sticky;
      top: 14px;
    }
    nav ol {
      grid-template-columns: minmax(0, 1fr);
    }
  }
`;
