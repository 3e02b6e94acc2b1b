// A box to tick with its label, among the controls of a figure.
import { html } from 'lit';

/** @param onChange gets whether it is ticked now */
export function checkBox(
  label: string,
  isChecked: boolean,
  onChange: (isChecked: boolean) => void,
  isDisabled = false,
) {
  return html`<label class="check">
    <input
      type="checkbox"
      .checked=${isChecked}
      ?disabled=${isDisabled}
      @change=${(event: Event) => onChange((event.target as HTMLInputElement).checked)}
    />
    <span class="muted">${label}</span>
  </label>`;
}
