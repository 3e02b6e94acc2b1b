// Styles that the parts of the room of laws share.
import { css } from 'lit';

/** Small fields side by side, each under its name. */
export const choiceStyles = css`
  .choices {
    display: grid;
    grid-template-columns: repeat(auto-fill, minmax(min(100%, 250px), 1fr));
    gap: 8px 14px;
    margin-bottom: 10px;
  }
  .choices label {
    display: grid;
    gap: 3px;
    font-size: 13px;
    color: var(--muted);
  }
`;
