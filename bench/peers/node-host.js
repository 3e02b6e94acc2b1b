// Runs one competitor in a Node process of its own on Dawn: node node-host.js BUNDLE NAME STEPS WARMUP.
import { pathToFileURL } from 'node:url';
import { create, globals } from 'webgpu';
import { importSource } from '../../bin/bundle.js';

const [bundle, name, steps, warmUp] = process.argv.slice(2);

// jax-js uses iterator helpers, which Node has from version 22.
const iterators = Object.getPrototypeOf(Object.getPrototypeOf([].values()));
iterators.map ??= function* map(change) {
  for (const value of this) yield change(value);
};
iterators.filter ??= function* filter(isKept) {
  for (const value of this) if (isKept(value)) yield value;
};

// Every competitor's thread steps back for the driver's, once the device, and with it those, exist.
const { yieldToDriver } = await importSource('src/cli/dawn-polling.ts');
const { isSoftwareAdapter } = await importSource('src/runtime/device.ts');
Object.assign(globalThis, globals);
const { requestDevice } = globals.GPUAdapter.prototype;
globals.GPUAdapter.prototype.requestDevice = async function request(...descriptor) {
  const device = await requestDevice.apply(this, descriptor);
  yieldToDriver(isSoftwareAdapter(this.info));
  return device;
};
const gpu = create(process.platform === 'linux' ? ['backend=vulkan'] : []);
const value = { gpu, userAgent: 'Node', hardwareConcurrency: 1 };
Object.defineProperty(globalThis, 'navigator', { value, configurable: true });

const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' });
const { runPeer } = await import(pathToFileURL(bundle).href);
const outcome = await runPeer(name, Number(steps), Number(warmUp));
const described = adapter === null ? 'none' : `${adapter.info.vendor} ${adapter.info.description}`.trim();
process.stdout.write(`${JSON.stringify({ ...outcome, adapter: described })}\n`, () => process.exit(0));
