// What kind of device computed something: which figures may stand beside which, and how the kind is called.

/** As much of a device as tells its kind. */
interface KnownDevice {
  readonly runtime: string;
  readonly isSoftware: boolean;
}

/** The kinds; a GPU in software is a processor that runs shaders, and its speed says nothing about a graphics card. */
export type DeviceKind = 'GPU' | 'software GPU' | 'processor';

/** The kind of a device. */
export function deviceKind({ runtime, isSoftware }: KnownDevice): DeviceKind {
  if (runtime !== 'gpu') return 'processor';
  return isSoftware ? 'software GPU' : 'GPU';
}

/** Whether WebGPU is computed in software here. */
export function isSoftwareGpu(device: KnownDevice): boolean {
  return deviceKind(device) === 'software GPU';
}

/** What a person would call a GPU: what its driver calls it, or its makers. Empty where nothing is known of it. */
export function gpuName(facts: {
  readonly vendor: string;
  readonly architecture: string;
  readonly device?: string;
  readonly description: string;
}): string {
  const { vendor, architecture, device, description } = facts;
  return description || device || [vendor, architecture].filter((part) => part !== '').join(' ');
}
