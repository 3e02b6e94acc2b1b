// Opens a WebGPU device with the adapter's own limits and every feature that some kernel may use.
import { baselineCapabilities, type Capabilities } from '../plan/kernel.ts';

/** Why there is no device; expected, hence a value and not an exception. */
export interface NoDevice {
  readonly kind: 'noWebGpu' | 'insecureOrigin' | 'noAdapter' | 'noAnswer' | 'tooSmall' | 'refused';
  readonly message: string;
}

/** Facts about an open device, for people and for the device panel. */
export interface DeviceFacts {
  readonly vendor: string;
  readonly architecture: string;
  readonly device: string;
  readonly description: string;
  readonly isSoftware: boolean;
  /** True where the adapter has WebGPU's compatibility mode alone, over OpenGL ES or Direct3D 11. */
  readonly isCompatibility: boolean;
}

/** An open device with what recording needs to know of it. */
export interface OpenDevice {
  readonly kind: 'device';
  readonly device: GPUDevice;
  readonly facts: DeviceFacts;
  readonly capabilities: Capabilities;
}

/** Features worth asking for wherever the adapter has them. */
const usefulFeatures = [
  'subgroups',
  'shader-f16',
  'timestamp-query',
  'chromium-experimental-subgroup-matrix',
] as const;

/** Limits raised from WebGPU's portable defaults to what the adapter offers. */
const usefulLimits = [
  'maxBufferSize',
  'maxStorageBufferBindingSize',
  'maxComputeWorkgroupStorageSize',
  'maxComputeInvocationsPerWorkgroup',
  'maxComputeWorkgroupSizeX',
  'maxStorageBuffersPerShaderStage',
] as const;

/**
 * What every kernel, or a variant of it, is written for: WebGPU's default limits, but 128 invocations a workgroup, as many as
 * compatibility mode promises. In older browsers it has half the buffers; what else it lacks is about textures, which no
 * kernel has.
 */
const neededLimits: Readonly<Record<(typeof usefulLimits)[number], number>> = {
  maxBufferSize: baselineCapabilities.maxBufferBytes,
  maxStorageBufferBindingSize: baselineCapabilities.maxBindingBytes,
  maxComputeWorkgroupStorageSize: baselineCapabilities.maxWorkgroupStorageBytes,
  maxComputeInvocationsPerWorkgroup: 128,
  maxComputeWorkgroupSizeX: 128,
  maxStorageBuffersPerShaderStage: 8,
};

const adapterTimeoutMilliseconds = 10_000;

const noAnswer: NoDevice = {
  kind: 'noAnswer',
  message: 'The GPU did not answer within 10 s. Reload the page; if that fails, restart the browser.',
};

/**
 * Opens a device: of a core adapter, or of one in compatibility mode where there is no other and its limits do.
 * @param gpu `navigator.gpu`, or Dawn's in Node; undefined where there is none
 */
export async function openDevice(gpu: GPU | undefined): Promise<OpenDevice | NoDevice> {
  if (!gpu) {
    if (globalThis.isSecureContext === false) {
      return {
        kind: 'insecureOrigin',
        message: 'WebGPU is only given to pages from https or localhost. Open this page by such an address.',
      };
    }
    return {
      kind: 'noWebGpu',
      message: 'This browser has no WebGPU. Use a current Chrome, Edge, Firefox or Safari.',
    };
  }
  try {
    const found = await findAdapter(gpu);
    if (found === 'timeout') return noAnswer;
    const { adapter, isCompatibility } = found;
    if (!adapter) {
      return {
        kind: 'noAdapter',
        message:
          'WebGPU is here but offers no GPU. Turn on hardware acceleration, update the driver, or restart the browser.',
      };
    }
    const missing = isCompatibility ? missingLimits(adapter) : [];
    if (missing.length > 0) {
      return {
        kind: 'tooSmall',
        message:
          `The GPU is offered in WebGPU's compatibility mode only, with less than kernels need: ${missing.join('; ')}. ` +
          'A newer graphics driver or browser may offer all of WebGPU.',
      };
    }
    const requiredLimits: Record<string, number> = {};
    // All that it has: a model's largest tensor decides what is needed, and is not known yet.
    for (const name of usefulLimits) requiredLimits[name] = adapter.limits[name];
    const requiredFeatures = usefulFeatures.filter((feature) => adapter.features.has(feature));
    const device = await answerOf(
      adapter.requestDevice({ requiredFeatures: requiredFeatures as GPUFeatureName[], requiredLimits }),
    );
    if (device === 'timeout') return noAnswer;
    const facts = { ...factsOf(adapter), isCompatibility };
    return { kind: 'device', device, facts, capabilities: capabilitiesOf(device) };
  } catch (error) {
    return {
      kind: 'refused',
      message: `The GPU refused a device: ${error instanceof Error ? error.message : error}`,
    };
  }
}

interface FoundAdapter {
  readonly adapter: GPUAdapter | null;
  readonly isCompatibility: boolean;
}

/** A core adapter, else one in compatibility mode; a browser that does not know that mode gives none again. */
async function findAdapter(gpu: GPU): Promise<FoundAdapter | 'timeout'> {
  const powerPreference = 'high-performance';
  const core = await answerOf(gpu.requestAdapter({ powerPreference }));
  if (core === 'timeout') return core;
  if (core) return { adapter: core, isCompatibility: false };
  const adapter = await answerOf(gpu.requestAdapter({ powerPreference, featureLevel: 'compatibility' }));
  if (adapter === 'timeout') return adapter;
  // A browser may answer with a core adapter after all, which lists this feature.
  return { adapter, isCompatibility: adapter !== null && !adapter.features.has('core-features-and-limits') };
}

/** Sentences on the limits that kernels need and the adapter lacks. */
function missingLimits({ limits }: GPUAdapter): string[] {
  return usefulLimits
    .filter((name) => limits[name] < neededLimits[name])
    .map((name) => `${name} is ${limits[name]}, not ${neededLimits[name]}`);
}

function capabilitiesOf(device: GPUDevice): Capabilities {
  const { limits } = device;
  const info = device.adapterInfo;
  return {
    features: new Set(device.features as ReadonlySet<string>),
    subgroupMinSize: info?.subgroupMinSize ?? 4,
    subgroupMaxSize: info?.subgroupMaxSize ?? 128,
    // NVIDIA's Vulkan array-length bug and JavaScript's int32 indexing both end at 2 GiB − 4.
    maxBindingBytes: Math.min(limits.maxStorageBufferBindingSize, limits.maxBufferSize, 2 ** 31 - 4),
    maxBufferBytes: limits.maxBufferSize,
    maxWorkgroupStorageBytes: limits.maxComputeWorkgroupStorageSize,
    maxInvocationsPerWorkgroup: limits.maxComputeInvocationsPerWorkgroup,
  };
}

function factsOf({ info }: GPUAdapter): Omit<DeviceFacts, 'isCompatibility'> {
  const { vendor, architecture, device, description } = info;
  return { vendor, architecture, device, description, isSoftware: isSoftwareAdapter(info) };
}

/** Whether an adapter computes on the processor, by what it says of itself. */
export function isSoftwareAdapter(info: GPUAdapterInfo): boolean {
  const { vendor, architecture, device, description, isFallbackAdapter } = info;
  const text = `${vendor} ${architecture} ${device} ${description}`.toLowerCase();
  return isFallbackAdapter === true || /swiftshader|llvmpipe|lavapipe|software|basic render/.test(text);
}

/** The promise's value, or 'timeout': requests may stay pending for ever in a hidden tab. */
async function answerOf<T>(promise: Promise<T>): Promise<T | 'timeout'> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const timeout = new Promise<'timeout'>((resolve) => {
    timer = setTimeout(() => resolve('timeout'), adapterTimeoutMilliseconds);
  });
  try {
    return await Promise.race([promise, timeout]);
  } finally {
    clearTimeout(timer);
  }
}
