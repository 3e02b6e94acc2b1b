// Which browsers have WebGPU and what to do without it, to be opened by who has no usable GPU.
import { html } from 'lit';
import {
  type WebGpuBrowser,
  webGpuBrowsers,
  webGpuBrowsersRead,
  webGpuSystems,
  withoutWebGpu,
} from '../../text/webgpu-browsers.ts';
import { dataTable, heads } from './data-table.ts';

const { browser: first, ...systems } = webGpuSystems;

/** Draws it in the styles of the element that calls (`readoutStyles`). */
export function webGpuBrowsersDetails() {
  const columns = Object.keys(systems) as (keyof typeof systems)[];
  return html`<details class="webgpu-browsers">
    <summary class="small">Browsers with WebGPU, and what to do without</summary>
    ${dataTable(
      'Browsers with WebGPU, from which version',
      [heads(first), ...columns.map((column) => systems[column])],
      webGpuBrowsers.map((row: WebGpuBrowser) => [row.browser, ...columns.map((column) => row[column])]),
      'sentences',
    )}
    <p class="small">
      As of ${webGpuBrowsersRead}; later versions may reach further. Without it: ${withoutWebGpu.slice(0, -1).join(', ')},
      or ${withoutWebGpu.at(-1)}.
    </p>
  </details>`;
}
