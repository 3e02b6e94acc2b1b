// Where the parts of the page stand, from a phone to a wide screen.
import { css } from 'lit';

/** Styles of the page element itself. */
export const pageStyles = css`
  main,
  notice-strips {
    max-width: 1720px;
    margin: 0 auto;
    padding: 0 clamp(10px, 2vw, 28px);
  }
  main {
    padding-bottom: 24px;
    display: grid;
    gap: var(--gap);
    grid-template-columns: minmax(0, 1fr);
  }
  .column {
    display: grid;
    gap: var(--gap);
    grid-template-columns: minmax(0, 1fr);
    align-content: start;
    min-width: 0;
  }
  .prepared {
    max-width: 1720px;
    margin: 0 auto 8px;
    padding: 8px clamp(10px, 2vw, 28px);
    white-space: pre-line;
    overflow-wrap: anywhere;
  }
  footer {
    padding: 4px clamp(10px, 2vw, 28px) 26px;
    text-align: center;
  }
  /* What the tour points at. */
  [data-toured] {
    outline: 3px solid var(--accent);
    outline-offset: 2px;
    border-radius: var(--radius);
    scroll-margin: 10px;
  }
  room-tabs[data-toured] {
    outline-offset: -3px;
  }
  /* Paper takes the room alone. */
  @media print {
    lab-header,
    room-tabs,
    notice-strips,
    .prepared,
    footer {
      display: none;
    }
  }
  /* What a first visit does without; the header has the switch. */
  :host([level='essentials']) :is(device-panel, kernel-table, run-files, published-models) {
    display: none;
  }
  @media (min-width: 820px) {
    main:not(.room) {
      grid-template-columns: minmax(280px, 330px) minmax(0, 1fr);
      grid-template-areas: 'setup work' 'side work' 'kernels kernels';
      grid-template-rows: auto 1fr auto;
    }
    .work {
      grid-area: work;
    }
    .setup {
      grid-area: setup;
    }
    .side {
      grid-area: side;
    }
    kernel-table {
      grid-area: kernels;
    }
  }
  @media (min-width: 1340px) {
    main:not(.room) {
      grid-template-columns: 320px minmax(0, 1fr) 340px;
      grid-template-areas: 'setup work side' 'kernels kernels kernels';
    }
  }
`;
