// The top line: the name, the tour, the device with its self-test, the level of detail and the colour scheme.

import { css, html, LitElement, nothing, type PropertyValues } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import type { DeviceInfo, SelfTestReport } from '../../contract/device.ts';
import { deviceKind } from '../../text/device-kind.ts';
import { controlGroup } from '../figures/style-sets.ts';
import { deviceName } from '../state/device-name.ts';
import { emit, type Level, type Theme } from '../state/events.ts';
import type { Job } from '../state/state.ts';

const themes: readonly { readonly value: Theme; readonly label: string }[] = [
  { value: 'system', label: 'System colours' },
  { value: 'light', label: 'Light' },
  { value: 'dark', label: 'Dark' },
];

const levels: readonly { readonly value: Level; readonly label: string }[] = [
  { value: 'essentials', label: 'Essentials' },
  { value: 'everything', label: 'Everything' },
];

@customElement('lab-header')
export class LabHeader extends LitElement {
  static override readonly styles = controlGroup(css`
    header {
      display: flex;
      flex-wrap: wrap;
      align-items: center;
      gap: 8px 14px;
      max-width: 1720px;
      margin: 0 auto;
      padding: 12px clamp(12px, 2vw, 28px) 10px;
    }
    .brand {
      display: flex;
      align-items: center;
      gap: 10px;
      flex: 1 1 230px;
      min-width: 0;
    }
    .brand svg {
      width: 30px;
      height: 30px;
      flex: none;
    }
    h1 {
      margin: 0;
      font-size: 19px;
      font-weight: 650;
      letter-spacing: -0.015em;
      line-height: 1.1;
    }
    .brand p {
      font-size: 12px;
      color: var(--muted);
    }
    /* One line beside the tour, the device and the choices. */
    @media (max-width: 1560px) {
      .brand .more {
        display: none;
      }
      .brand {
        flex-basis: 340px;
      }
    }
    .badge {
      display: inline-flex;
      align-items: center;
      gap: 8px;
      min-height: 30px;
      padding: 3px 12px 3px 10px;
      border: 1px solid var(--line);
      border-radius: 15px;
      background: var(--panel);
      font-size: 13px;
      max-width: 100%;
    }
    /* Where what stands in a row is decided by the window alone: nothing moves when the device's name comes. */
    @media (max-width: 1560px) {
      .badge {
        max-width: min(100%, 420px);
      }
    }
    @media (max-width: 1300px) {
      .brand {
        flex-basis: 150px;
      }
      .brand p {
        display: none;
      }
    }
    @media (max-width: 1080px) {
      .badge {
        order: 1;
        flex: 1 1 100%;
        max-width: 100%;
      }
    }
    .badge .state {
      color: var(--muted);
      white-space: nowrap;
    }
    .badge .device {
      min-width: 0;
      overflow: hidden;
      text-overflow: ellipsis;
      white-space: nowrap;
    }
    .lamp {
      width: 9px;
      height: 9px;
      flex: none;
      border-radius: 50%;
      background: var(--edge);
    }
    .lamp.good {
      background: var(--good);
    }
    .lamp.bad {
      background: var(--bad);
    }
    .lamp.warn {
      background: var(--warn);
    }
    .lamp.busy {
      background: var(--predicted);
      animation: breathe 1.2s ease-in-out infinite alternate;
    }
    @keyframes breathe {
      to {
        opacity: 0.3;
      }
    }
    .level {
      display: inline-flex;
    }
    .level button {
      min-height: 30px;
      padding: 2px 10px;
      font-size: 13px;
      border-color: var(--line);
      border-radius: 0;
    }
    .level button:first-child {
      border-radius: 7px 0 0 7px;
    }
    .level button:last-child {
      border-radius: 0 7px 7px 0;
      border-left: 0;
    }
    .level button[aria-pressed='true'] {
      color: var(--accent);
      font-weight: 600;
      background: color-mix(in oklab, var(--accent) 9%, var(--panel));
    }
    select {
      width: auto;
      font-size: 13px;
      border-color: var(--line);
    }
    .tour {
      flex: none;
      border-radius: 15px;
      font-size: 13px;
    }
    .tour.offered {
      border-color: var(--accent);
      color: var(--accent);
      font-weight: 600;
    }
  `);

  @property({ attribute: false }) device: Job<DeviceInfo> = { kind: 'none' };
  @property({ attribute: false }) selfTest: Job<SelfTestReport> = { kind: 'none' };
  @property() theme: Theme = 'system';
  @property() level: Level = 'everything';
  /** On a first visit, in words. */
  @property({ type: Boolean }) isTourOffered = false;

  protected override updated(changes: PropertyValues<this>): void {
    const select = this.renderRoot.querySelector('select');
    if (changes.has('theme') && select !== null) select.value = this.theme;
  }

  protected override render() {
    const { lamp, device, state } = this.#describe();
    const isProcessor = this.device.kind === 'done' && this.device.value.runtime !== 'gpu';
    return html`<header>
      <div class="brand">
        <svg viewBox="0 0 32 32" aria-hidden="true">
          <rect x="1" y="1" width="30" height="30" rx="8" fill="#0e1a1c" />
          <path
            d="M5.500 8c4.500 0 5 13.500 11 13.500 4 0 6-.5 10-.5"
            fill="none"
            stroke="#45d6bd"
            stroke-width="3"
            stroke-linecap="round"
          />
          <circle cx="26.500" cy="21" r="2.600" fill="#ffb067" />
        </svg>
        <div>
          <h1>Flopscope</h1>
          <p>Train a tiny language model on your own ${isProcessor ? 'processor' : 'GPU'}. <span class="more">See what every kernel should cost, and did.</span></p>
        </div>
      </div>
      ${this.#tour()}
      <div class="badge" role="status" aria-label="Device">
        <span class="lamp ${lamp}"></span>
        <span class="device">${device}</span>
        <span class="state">${state}</span>
      </div>
      <div class="level" role="group" aria-label="Level of detail">
        ${levels.map(
          ({ value, label }) =>
            html`<button
              aria-pressed=${value === this.level ? 'true' : 'false'}
              @click=${() => emit(this, 'change-level', { level: value })}
            >
              ${label}
            </button>`,
        )}
      </div>
      <select aria-label="Colour scheme" @change=${this.#chooseTheme}>
        ${themes.map(({ value, label }) => html`<option value=${value}>${label}</option>`)}
      </select>
    </header>`;
  }

  #tour() {
    // One button for both, so that it gets the keyboard back.
    const isNew = this.isTourOffered;
    return html`<button
      class="tour ${isNew ? 'offered' : ''}"
      aria-label=${isNew ? nothing : 'Help: tour of the page'}
      title=${isNew ? nothing : 'Tour of the page'}
      @click=${() => emit(this, 'open-tour', undefined)}
    >
      ${isNew ? 'Take the tour' : '?'}
    </button>`;
  }

  #chooseTheme(event: Event): void {
    const chosen = themes.find(({ value }) => value === (event.target as HTMLSelectElement).value);
    if (chosen !== undefined) emit(this, 'change-theme', { theme: chosen.value });
  }

  #describe(): { readonly lamp: string; readonly device: string; readonly state: string } {
    const { device, selfTest } = this;
    if (device.kind === 'none') return { lamp: '', device: 'No device yet', state: '' };
    if (device.kind === 'running') return { lamp: 'busy', device: device.what, state: '' };
    if (device.kind === 'failed') return { lamp: 'bad', device: 'No device', state: '' };
    const name = deviceName(device.value);
    if (selfTest.kind === 'running') {
      return { lamp: 'busy', device: name, state: `checking kernels ${Math.round(selfTest.share * 100)} %` };
    }
    if (selfTest.kind === 'failed') return { lamp: 'bad', device: name, state: 'check failed' };
    if (selfTest.kind === 'none') {
      const { runtime } = device.value;
      const states = { gpu: 'not checked yet', wasm: 'WebAssembly', cpu: 'for very small models' };
      return { lamp: runtime === 'cpu' ? 'warn' : '', device: name, state: states[runtime] };
    }
    const { passed, rows, kernels } = selfTest.value;
    const wrong = new Set(rows.flatMap((row) => (row.passed ? [] : [row.kernel]))).size;
    if (!passed) return { lamp: 'bad', device: name, state: `${wrong} of ${kernels} kernels are wrong` };
    const lamp = deviceKind(device.value) === 'GPU' ? 'good' : 'warn';
    return { lamp, device: name, state: `${kernels} kernels agree, all that the run uses` };
  }
}
