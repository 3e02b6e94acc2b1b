// The readback ring: order of tensors, limits, waiting and giving back.
import { afterEach, expect, it } from 'vitest';
import { persistentTensor } from '../../src/plan/store.ts';
import { viewOf } from '../../src/plan/tensor.ts';
import {
  checkElements,
  copyOut,
  encodeCopy,
  placeReads,
  readbackBytes,
  ringSize,
  StagingRing,
  typedCopy,
} from '../../src/runtime/staging.ts';
import { describeGpu, getTestDevice } from '../gpu-device.ts';

const disposables: { dispose?: () => void; destroy?: () => void }[] = [];
afterEach(() => {
  for (const one of disposables.splice(0)) {
    one.dispose?.();
    one.destroy?.();
  }
});

async function setUp(values: Uint32Array<ArrayBuffer>) {
  const { device } = await getTestDevice();
  const ring = new StagingRing(device);
  const usage = GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
  const buffer = device.createBuffer({ size: values.byteLength, usage });
  device.queue.writeBuffer(buffer, 0, values);
  disposables.push(ring, buffer);
  return { device, ring, buffer };
}

describeGpu('StagingRing', () => {
  it('brings several tensors back in one buffer, each with its type and offset', async () => {
    const values = Uint32Array.from({ length: 256 }, (_, i) => i);
    const kept = Float32Array.of(0.5, -2);
    new Float32Array(values.buffer).set(kept, 128);
    const { device, ring, buffer } = await setUp(values);
    const whole = persistentTensor('words', [256], 'u32', 'state');
    const floats = { ...viewOf(whole, 128, [2], 'floats'), elementType: 'f32' as const };
    const part = viewOf(whole, 64, [3], 'part');
    const sources = placeReads([{ reads: [part] }], [floats], () => buffer);
    expect(sources.map(({ replay }) => replay)).toEqual([0, undefined]);
    const readback = await ring.acquire();
    const encoder = device.createCommandEncoder();
    for (const source of sources) encodeCopy(encoder, copyOut(source, readback));
    device.queue.submit([encoder.finish()]);
    const { arrays, passes } = await ring.collect(readback, sources, 0);
    expect(arrays).toEqual([Uint32Array.of(64, 65, 66), kept]);
    expect(passes).toEqual([]);
  });

  it('refuses more than one buffer holds', async () => {
    const { buffer } = await setUp(new Uint32Array(readbackBytes / 2));
    const half = persistentTensor('half', [readbackBytes / 8], 'f32', 'state');
    expect(placeReads([{ reads: [half] }], [half], () => buffer)).toHaveLength(2);
    expect(() => placeReads([{ reads: [half] }, { reads: [half] }], [half], () => buffer)).toThrow(
      'readback: half does not fit in the ring of 65536 bytes. Use read().',
    );
  });

  it('makes the next one wait until a buffer is given back, read or not', async () => {
    const { ring } = await setUp(new Uint32Array(4));
    const taken = await Promise.all(Array.from({ length: ringSize }, () => ring.acquire()));
    expect(new Set(taken.map(({ slot }) => slot)).size).toBe(ringSize);
    let got: number | undefined;
    const waiting = ring.acquire().then(({ slot }) => {
      got = slot;
    });
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(got).toBeUndefined();
    const [first, second] = taken;
    if (!first || !second) return expect.unreachable();
    ring.release(first);
    await waiting;
    expect(got).toBe(first.slot);
    const next = ring.acquire();
    await ring.collect(second, [], 0);
    expect((await next).slot).toBe(second.slot);
  });

  it('tells those who wait when it is disposed', async () => {
    const { ring } = await setUp(new Uint32Array(4));
    for (let i = 0; i < ringSize; i++) await ring.acquire();
    const waiting = ring.acquire();
    ring.dispose();
    await expect(waiting).rejects.toThrow('readback: the runtime was disposed.');
  });

  it('copies elements out of mapped bytes', () => {
    const words = Uint32Array.of(1, 2, 3, 4);
    const copy = typedCopy(words.buffer, 4, persistentTensor('t', [2], 'u32', 'state'));
    words.fill(0);
    expect(copy).toEqual(Uint32Array.of(2, 3));
  });

  it('refuses elements of another type, and more than a tensor holds', () => {
    const floats = persistentTensor('t', [2], 'f32', 'state');
    checkElements(floats, Float32Array.of(1));
    checkElements({ ...floats, elementType: 'u32' }, Uint32Array.of(1, 2));
    expect(() => checkElements(floats, Uint32Array.of(1, 2))).toThrow(/2 elements of Uint32Array/);
    expect(() => checkElements(floats, new Float32Array(3))).toThrow(
      'write: t [2] f32 cannot take 3 elements',
    );
  });
});
