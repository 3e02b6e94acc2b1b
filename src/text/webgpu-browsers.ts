// Which browsers have WebGPU without a flag on which systems, and what a person can do without it: README and page say this.

/** A browser's line: from which version on each system, or what is needed there. */
export interface WebGpuBrowser {
  readonly browser: string;
  readonly windows: string;
  readonly macOs: string;
  readonly linux: string;
  /** Android, ChromeOS and iOS. */
  readonly mobile: string;
}

/** When the sources were last read: the working group's implementation status and MDN's compatibility data. */
export const webGpuBrowsersRead = 'November 2026';

/** The columns of `webGpuBrowsers`, as they are headed. */
export const webGpuSystems = {
  browser: 'browser',
  windows: 'Windows',
  macOs: 'macOS',
  linux: 'Linux',
  mobile: 'Android, ChromeOS, iOS',
} as const satisfies Record<keyof WebGpuBrowser, string>;

/**
 * github.com/gpuweb/gpuweb/wiki/Implementation-Status (April 2026) for GPUs and drivers, @mdn/browser-compat-data 8.1.9
 * (12 November 2026, api.GPU) for versions. Where they differ, what the working group says, which is more exact.
 */
export const webGpuBrowsers: readonly WebGpuBrowser[] = [
  {
    browser: 'Chrome, Edge',
    windows: '113; on ARM64 by a flag',
    macOs: '113',
    linux: '144 on Intel GPUs (Gen12 on), 147 on NVIDIA; elsewhere by a flag',
    mobile: '121 (Android 12, most GPUs), 113 (ChromeOS)',
  },
  {
    browser: 'Firefox',
    windows: '141',
    macOs: '145 (macOS 26), 147 (older), Apple silicon only',
    linux: 'not yet: dom.webgpu.enabled in about:config, or Nightly',
    mobile: 'not yet',
  },
  { browser: 'Safari', windows: '–', macOs: '26', linux: '–', mobile: 'iOS 26' },
];

/** What helps a person without WebGPU, the quickest first. */
export const withoutWebGpu: readonly string[] = [
  'update the browser and the driver',
  'turn hardware acceleration on in the browser’s settings',
  'try another browser of the table',
  'train on the processor, more slowly, in this page',
];
