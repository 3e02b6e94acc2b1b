// Where the parts of the page stand, from a phone to a wide screen, and the strips above them.
import { css } from 'lit';

/** Styles of the page element itself. */
export const pageStyles = css`
  main {
    max-width: 1720px;
    margin: 0 auto;
    padding: 0 clamp(10px, 2vw, 28px) 24px;
    display: grid;
    gap: var(--gap);
    grid-template-columns: minmax(0, 1fr);
  }
  .column,
  .pair {
    display: grid;
    gap: var(--gap);
    grid-template-columns: minmax(0, 1fr);
    align-content: start;
    min-width: 0;
  }
  .strip {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: 6px 12px;
    padding: 8px 14px;
    border: 1px solid var(--line);
    border-radius: var(--radius);
    background: var(--panel);
  }
  .strip > :first-child {
    flex: 1 1 280px;
    min-width: 0;
    overflow-wrap: anywhere;
  }
  .strip.recorded {
    border-style: dashed;
    border-color: var(--edge);
  }
  .strip.wrong {
    background: var(--bad-tint);
    border-color: var(--bad);
  }
  .tape {
    font-size: 11px;
    font-weight: 650;
    letter-spacing: 0.06em;
    text-transform: uppercase;
    color: var(--validation);
    margin-right: 6px;
  }
  code {
    font: 12px var(--mono);
  }
  footer {
    padding: 4px clamp(10px, 2vw, 28px) 26px;
    text-align: center;
  }
  @media (min-width: 820px) {
    main {
      grid-template-columns: minmax(280px, 330px) minmax(0, 1fr);
      grid-template-areas: 'top top' 'setup work' 'side work' 'kernels kernels';
      grid-template-rows: auto auto 1fr auto;
    }
    .top {
      grid-area: top;
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
  @media (min-width: 1080px) {
    .pair {
      grid-template-columns: minmax(0, 1fr) minmax(0, 1fr);
    }
  }
  @media (min-width: 1340px) {
    main {
      grid-template-columns: 320px minmax(0, 1fr) 340px;
      grid-template-areas: 'top top top' 'setup work side' 'kernels kernels side';
      grid-template-rows: auto auto 1fr;
    }
  }
`;
