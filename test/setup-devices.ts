// Vitest global setup of the gpu and browser projects: which GPU and which browser the tests use, or why they are skipped.
import { inspectMachine } from '../bin/environment.js';

/** Puts the choice into the environment, which the test processes inherit. */
export default function setup(): void {
  const { browser, firefox, deno, adapter, variables, swiftShader } = inspectMachine();
  Object.assign(process.env, variables);
  if (browser !== undefined) process.env.FLOPSCOPE_CHROME = browser;
  else process.env.FLOPSCOPE_SKIP_BROWSER ??= 'no Chrome or Chromium here';
  if (firefox !== undefined) process.env.FLOPSCOPE_FIREFOX = firefox;
  // Firefox keeps no pipelines from one test run to the next, and SwiftShader compiles them several times as fast as Mesa.
  if (adapter?.software && !process.env.VK_DRIVER_FILES && swiftShader !== undefined)
    process.env.FLOPSCOPE_FIREFOX_DRIVER ??= swiftShader;
  if (firefox === undefined || adapter === undefined)
    process.env.FLOPSCOPE_SKIP_FIREFOX ??=
      firefox === undefined ? 'no Firefox here' : 'no Vulkan driver here';
  if (deno !== undefined) process.env.FLOPSCOPE_DENO = deno;
  if (deno === undefined || adapter === undefined)
    process.env.FLOPSCOPE_SKIP_WGPU ??= deno === undefined ? 'no Deno here' : 'no Vulkan driver here';
  // A driver for processors compiles for a second or so what then runs for a millisecond: a quarter less without its
  // optimizations (Mesa 25, cold cache). Only Mesa's software drivers read this.
  process.env.GALLIVM_PERF ??= 'nopt';
  if (adapter === undefined) process.env.FLOPSCOPE_SKIP_GPU ??= 'Dawn finds no GPU here';
}
