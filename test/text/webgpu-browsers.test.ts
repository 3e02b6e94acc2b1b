// README's table of browsers with WebGPU, and its advice without it, are those that the page shows.
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import {
  type WebGpuBrowser,
  webGpuBrowsers,
  webGpuBrowsersRead,
  webGpuSystems,
  withoutWebGpu,
} from '../../src/text/webgpu-browsers.ts';

/** Without what marks code, and with single spaces for ends of lines. */
const readme = readFileSync('README.md', 'utf8').replaceAll('`', '');
const words = readme.replace(/\s+/g, ' ');

const columns = Object.keys(webGpuSystems) as (keyof WebGpuBrowser)[];
const line = (cells: Readonly<Record<keyof WebGpuBrowser, string>>) =>
  `| ${columns.map((column) => cells[column]).join(' | ')} |`;

it('README has the page’s table of browsers, and no line more', () => {
  const rows = readme.split('\n');
  const start = rows.indexOf(line(webGpuSystems));
  expect(start, line(webGpuSystems)).toBeGreaterThan(0);
  const end = rows.indexOf('', start);
  expect(rows.slice(start + 2, end)).toEqual(webGpuBrowsers.map(line));
});

it('README says as of when, and the same as the page of what to do without', () => {
  expect(words).toContain(webGpuBrowsersRead);
  expect(words).toContain(
    `Without it: ${withoutWebGpu.slice(0, -1).join(', ')}, or ${withoutWebGpu.at(-1)}.`,
  );
});
