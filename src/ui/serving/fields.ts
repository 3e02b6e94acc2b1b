// Fields of numbers in this room, and the bar of its progress.
import { css, html } from 'lit';

/** Fields beside one another, each under its label. */
export const numberStyles = css`
  .numbers {
    display: grid;
    grid-template-columns: repeat(auto-fill, minmax(min(100%, 150px), 1fr));
    gap: 8px 14px;
    margin-bottom: 10px;
  }
  .numbers label {
    display: grid;
    gap: 3px;
    font-size: 13px;
    color: var(--muted);
  }
`;

/** The number of a field that is within its limits. */
export function numberOf(event: Event): number | undefined {
  const input = event.target as HTMLInputElement;
  return input.validity.valid && Number.isFinite(input.valueAsNumber) ? input.valueAsNumber : undefined;
}

/** A whole number from 1. @param onChange gets one within the limits */
export function countField(
  { label, most, value, isDisabled }: CountField,
  onChange: (value: number) => void,
) {
  return html`<label>
    ${label}
    <input
      type="number"
      min="1"
      max=${most}
      step="1"
      ?disabled=${isDisabled}
      .value=${String(value)}
      @change=${(event: Event) => {
        const count = numberOf(event);
        if (count !== undefined && Number.isInteger(count)) onChange(count);
      }}
    />
  </label>`;
}

interface CountField {
  readonly label: string;
  readonly most: number;
  readonly value: number;
  readonly isDisabled: boolean;
}

/** Share from 0 to 1. */
export function bar(share: number) {
  return html`<progress max="1" .value=${share} aria-label="Progress"></progress>`;
}
