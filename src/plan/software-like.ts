// The one test by which recording tells a software adapter from a GPU.
import type { Capabilities } from './kernel.ts';

/**
 * True where subgroups are so narrow that only software adapters have them (the vector registers of a CPU). There loads
 * and barriers are dear, workgroup memory gains nothing, and latency is no matter: kernels hold large tiles in registers.
 * Told by what the device can do and not by its name, so that a plan can be recorded for a device that is not here.
 */
export function isSoftwareLike(device: Capabilities): boolean {
  return device.features.has('subgroups') && device.subgroupMaxSize <= 8;
}
