// Opening a device: every way it can fail is a value with a sentence for people.
import { afterEach, describe, expect, it, vi } from 'vitest';
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
  afterEach(() => {
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });

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
