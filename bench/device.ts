// Opens Dawn for the benches: raw timestamps, and a main thread that leaves the cores to a software driver.
import { create, globals } from 'webgpu';
import { yieldToDriver } from '../src/cli/dawn-polling.ts';
import { type OpenDevice, openDevice } from '../src/runtime/device.ts';

/** Dawn's instance: it must stay referenced while a device lives. */
let instance: GPU | undefined;

/** The best device that Dawn finds. @throws if there is none. */
export async function openBenchDevice(): Promise<OpenDevice> {
  Object.assign(globalThis, globals);
  instance = create([
    ...(process.platform === 'linux' ? ['backend=vulkan'] : []),
    'enable-dawn-features=allow_unsafe_apis',
    'disable-dawn-features=timestamp_quantization',
  ]);
  const open = await openDevice(instance);
  if (open.kind !== 'device') throw new Error(`bench: ${open.message}`);
  yieldToDriver(open.facts.isSoftware);
  return open;
}
