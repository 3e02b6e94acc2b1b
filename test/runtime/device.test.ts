// Opening a device: every way it can fail is a value with a sentence for people.
import { describe, expect, it, vi } from 'vitest';
import { openDevice } from '../../src/runtime/device.ts';
import { describeGpu, getTestDevice } from '../gpu-device.ts';

/** An object in place of `navigator.gpu` whose adapter request ends as told. */
const gpuWith = (requestAdapter: () => Promise<unknown>) => ({ requestAdapter }) as unknown as GPU;

const adapterWith = (requestDevice: () => Promise<unknown>) => ({
  limits: {},
  features: new Set(),
  info: {},
  requestDevice,
});

const never = () => new Promise<never>(() => undefined);

describe('openDevice', () => {
  it('tells a browser without WebGPU from a page on an insecure address', async () => {
    expect(await openDevice(undefined)).toMatchObject({ kind: 'noWebGpu' });
    vi.stubGlobal('isSecureContext', false);
    const opened = await openDevice(undefined);
    expect(opened).toMatchObject({ kind: 'insecureOrigin', message: expect.stringContaining('https') });
  });

  it('says that no GPU is offered', async () => {
    expect(await openDevice(gpuWith(async () => null))).toMatchObject({ kind: 'noAdapter' });
  });

  it.each([
    ['adapter', gpuWith(never)],
    ['device', gpuWith(async () => adapterWith(never))],
  ])('gives up after ten seconds without an %s', async (_, gpu) => {
    vi.useFakeTimers();
    let kind: string | undefined;
    void openDevice(gpu).then((opened) => {
      kind = opened.kind;
    });
    await vi.advanceTimersByTimeAsync(9_900);
    expect(kind).toBeUndefined();
    await vi.advanceTimersByTimeAsync(200);
    expect(kind).toBe('noAnswer');
  });

  it('passes on why a device was refused', async () => {
    const refuse = async () => {
      throw new Error('limit too high');
    };
    for (const gpu of [gpuWith(refuse), gpuWith(async () => adapterWith(refuse))]) {
      expect(await openDevice(gpu)).toEqual({
        kind: 'refused',
        message: 'The GPU refused a device: limit too high',
      });
    }
  });
});

describe('compatibility mode', () => {
  /** What WebGPU's core level promises of the limits that are asked for. */
  const coreLimits = {
    maxBufferSize: 2 ** 28,
    maxStorageBufferBindingSize: 2 ** 27,
    maxComputeWorkgroupStorageSize: 16_384,
    maxComputeInvocationsPerWorkgroup: 256,
    maxComputeWorkgroupSizeX: 256,
    maxStorageBuffersPerShaderStage: 8,
  };

  /** A browser without a core adapter: what it was asked for, and one in compatibility mode with limits and features. */
  function compatibilityGpu(lower: Partial<typeof coreLimits>, features: readonly string[] = []) {
    const limits = { ...coreLimits, ...lower };
    const asked: (string | undefined)[] = [];
    const requested: GPUDeviceDescriptor[] = [];
    const requestDevice = async (descriptor: GPUDeviceDescriptor) => {
      requested.push(descriptor);
      return { limits: { ...limits, ...descriptor.requiredLimits }, features: new Set(), adapterInfo: {} };
    };
    const adapter = { limits, features: new Set(features), info: {}, requestDevice };
    const requestAdapter = async ({ featureLevel }: GPURequestAdapterOptions) => {
      asked.push(featureLevel);
      return featureLevel === 'compatibility' ? adapter : null;
    };
    return { gpu: { requestAdapter } as unknown as GPU, asked, requested };
  }

  it('is asked for where there is no core adapter, with all that kernels need, and is said', async () => {
    const { gpu, asked, requested } = compatibilityGpu({});
    expect(await openDevice(gpu)).toMatchObject({
      kind: 'device',
      facts: { isCompatibility: true },
      capabilities: { maxInvocationsPerWorkgroup: 256 },
    });
    expect(asked).toEqual([undefined, 'compatibility']);
    expect(requested).toMatchObject([{ requiredLimits: coreLimits }]);
  });

  it('is opened with the 128 invocations that it promises', async () => {
    const { gpu } = compatibilityGpu({
      maxComputeInvocationsPerWorkgroup: 128,
      maxComputeWorkgroupSizeX: 128,
    });
    expect(await openDevice(gpu)).toMatchObject({ capabilities: { maxInvocationsPerWorkgroup: 128 } });
  });

  it('is not said of a core adapter that comes late', async () => {
    const { gpu } = compatibilityGpu({}, ['core-features-and-limits']);
    expect(await openDevice(gpu)).toMatchObject({ kind: 'device', facts: { isCompatibility: false } });
  });

  it('is not asked for where there is a core adapter', async () => {
    const { gpu, asked } = compatibilityGpu({});
    const compatible = gpu.requestAdapter.bind(gpu);
    const core = gpuWith(() => compatible({ featureLevel: 'compatibility' }));
    expect(await openDevice(core)).toMatchObject({ kind: 'device', facts: { isCompatibility: false } });
    expect(asked).toHaveLength(1);
  });

  it('is refused with the limits that are too low', async () => {
    const { gpu, requested } = compatibilityGpu({
      maxComputeInvocationsPerWorkgroup: 64,
      maxStorageBuffersPerShaderStage: 4,
    });
    const opened = await openDevice(gpu);
    expect(opened).toMatchObject({
      kind: 'tooSmall',
      message: expect.stringContaining('maxComputeInvocationsPerWorkgroup is 64, not 128; '),
    });
    expect(opened).toMatchObject({ message: expect.stringContaining('PerShaderStage is 4, not 8.') });
    expect(requested).toEqual([]);
  });
});

describeGpu('an open device', () => {
  it('has the limits of its adapter and says what recording may assume', async () => {
    const { device, capabilities, facts } = await getTestDevice();
    expect(capabilities.maxBindingBytes).toBeGreaterThanOrEqual(134_217_728);
    expect(capabilities.maxBindingBytes).toBeLessThan(2 ** 31);
    expect(capabilities.maxBufferBytes).toBe(device.limits.maxBufferSize);
    expect(capabilities.maxInvocationsPerWorkgroup).toBeGreaterThanOrEqual(256);
    expect(capabilities.subgroupMinSize).toBeLessThanOrEqual(capabilities.subgroupMaxSize);
    expect([...capabilities.features].sort()).toEqual([...device.features].sort());
    expect(facts.isSoftware).toBeTypeOf('boolean');
  });
});
