// The GPU of the tests: one Dawn device a process, and a failure for every error that nobody expected.
import { describe } from 'vitest';
import { create, globals } from 'webgpu';
import { yieldToDriver } from '../src/cli/dawn-polling.ts';
import { type OpenDevice, openDevice } from '../src/runtime/device.ts';

/** Dawn's instance: the process crashes when it is collected while a device lives, so it stays for ever. */
let instance: GPU | undefined;
let pending: Promise<OpenDevice> | undefined;
const unexpected: string[] = [];

/** Dawn in Node, with WebGPU's constants made global. Ask it for an adapter of your own to test device loss. */
export function getTestGpu(): GPU {
  if (instance === undefined) {
    Object.assign(globalThis, globals);
    const backend = process.platform === 'linux' ? ['backend=vulkan'] : [];
    instance = create([
      ...backend,
      'enable-dawn-features=allow_unsafe_apis',
      'disable-dawn-features=timestamp_quantization',
    ]);
  }
  return instance;
}

/**
 * The device that all tests of one process share, opened as the lab opens it.
 * An uncaptured error or a lost device fails the test that runs at that time.
 */
export function getTestDevice(): Promise<OpenDevice> {
  pending ??= requestTestDevice();
  return pending;
}

async function requestTestDevice(): Promise<OpenDevice> {
  const opened = await openDevice(getTestGpu());
  if (opened.kind !== 'device')
    throw new Error(`gpu-device: ${opened.message} Run npm test, which provides one.`);
  opened.device.addEventListener('uncapturederror', (event) => unexpected.push(event.error.message));
  void opened.device.lost.then(({ reason, message }) => {
    if (reason !== 'destroyed') unexpected.push(`device lost: ${message}`);
  });
  yieldToDriver(opened.facts.isSoftware);
  process.once('exit', () => opened.device.destroy());
  return opened;
}

/** `describe` for tests that need a GPU: skipped, with the reason in the name, where there is none. */
export function describeGpu(name: string, define: () => void): void {
  const reason = process.env.FLOPSCOPE_SKIP_GPU;
  if (reason === undefined) describe(name, define);
  else describe.skip(`${name} [skipped: ${reason}]`, define);
}

/** Fails for what nobody expected since the last time. */
export function refuseErrors(): void {
  const messages = unexpected.splice(0);
  if (messages.length > 0) throw new Error(`gpu-device: unexpected GPU errors:\n${messages.join('\n')}`);
}
