// A fixed ring of readback buffers: small results leave behind the work and are read late.
import type { NumberArray } from '../plan/kernel.ts';
import { describeTensor, elementBytes, elementCount, type Tensor, tensorBytes } from '../plan/tensor.ts';
import type { BufferCopy } from './passes.ts';
import type { Replay } from './runtime.ts';
import { mapped } from './settle.ts';
import { clockBytes, type PassTicks, passTicks } from './timing/submit-clock.ts';

/** Readbacks that may be outstanding at once. */
export const ringSize = 4;

/** Bytes that one readback may carry, besides the timestamps in front. */
export const readbackBytes = 65_536;

/** A tensor to be copied out, and where it is. */
export interface ReadSource {
  readonly tensor: Tensor;
  readonly buffer: GPUBuffer;
}

/** A tensor to be copied out, where to, and behind which replay; undefined behind all. */
export interface PlacedRead extends ReadSource {
  readonly offset: number;
  readonly replay: number | undefined;
}

/** One buffer of the ring. */
export interface Readback {
  readonly slot: number;
  readonly buffer: GPUBuffer;
}

/** What came back. */
export interface Collected {
  readonly arrays: readonly NumberArray[];
  /** The device's clock around each timed pass. */
  readonly passes: readonly PassTicks[];
}

/** Readback buffers, made once. */
export class StagingRing {
  readonly #device: GPUDevice;
  readonly #all: readonly Readback[];
  readonly #free: Readback[];
  readonly #waiting: { readonly resolve: () => void; readonly reject: (error: Error) => void }[] = [];

  constructor(device: GPUDevice) {
    this.#device = device;
    const usage = GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST;
    this.#all = Array.from({ length: ringSize }, (_, slot) => ({
      slot,
      buffer: device.createBuffer({ label: `readback ${slot}`, size: clockBytes + readbackBytes, usage }),
    }));
    this.#free = [...this.#all];
  }

  /** A free buffer; waits until one has been read. */
  async acquire(): Promise<Readback> {
    for (;;) {
      const readback = this.#free.pop();
      if (readback) return readback;
      await new Promise<void>((resolve, reject) => this.#waiting.push({ resolve, reject }));
    }
  }

  /** Gives a buffer back unread. */
  release(readback: Readback): void {
    this.#free.push(readback);
    this.#waiting.shift()?.resolve();
  }

  /** Maps the buffer, copies tensors and pass times out, and gives it back to the ring. */
  async collect(readback: Readback, sources: readonly PlacedRead[], passes: number): Promise<Collected> {
    const { buffer } = readback;
    try {
      const last = sources.at(-1);
      const size = last ? last.offset + Math.ceil(tensorBytes(last.tensor) / 4) * 4 : clockBytes;
      await mapped(this.#device, buffer, size);
      const range = buffer.getMappedRange(0, size);
      const arrays = sources.map(({ tensor, offset }) => typedCopy(range, offset, tensor));
      return { arrays, passes: passTicks(range, passes) };
    } finally {
      if (buffer.mapState === 'mapped') buffer.unmap();
      this.release(readback);
    }
  }

  /** Frees the buffers; whoever waits for one is told. */
  dispose(): void {
    for (const { buffer } of this.#all) buffer.destroy();
    for (const { reject } of this.#waiting.splice(0))
      reject(new Error('readback: the runtime was disposed.'));
  }
}

/**
 * Gives the reads of each replay, and those behind all, their places one after another.
 * @throws if they do not fit in one buffer of the ring.
 */
export function placeReads(
  replays: readonly Pick<Replay, 'reads'>[],
  reads: readonly Tensor[],
  bufferOf: (tensor: Tensor) => GPUBuffer,
): PlacedRead[] {
  const wanted = [
    ...replays.flatMap((one, replay) => (one.reads ?? []).map((tensor) => ({ tensor, replay }))),
    ...reads.map((tensor) => ({ tensor, replay: undefined })),
  ];
  let end = clockBytes;
  return wanted.map(({ tensor, replay }) => {
    const offset = end;
    end += tensorBytes(tensor);
    if (end > clockBytes + readbackBytes) {
      throw new Error(
        `readback: ${tensor.name} does not fit in the ring of ${readbackBytes} bytes. Use read().`,
      );
    }
    return { tensor, replay, offset, buffer: bufferOf(tensor) };
  });
}

/** The copy that brings a read into a buffer of the ring. */
export function copyOut({ tensor, buffer, offset }: PlacedRead, readback: Readback): BufferCopy {
  const fromOffset = tensor.offset * elementBytes(tensor.elementType);
  return { from: buffer, fromOffset, to: readback.buffer, toOffset: offset, bytes: tensorBytes(tensor) };
}

export function encodeCopy(encoder: GPUCommandEncoder, copy: BufferCopy): void {
  encoder.copyBufferToBuffer(copy.from, copy.fromOffset, copy.to, copy.toOffset, copy.bytes);
}

/** Submits a copy of a tensor of any size into a buffer of its own, for `collectCopy`. */
export function submitCopy(device: GPUDevice, { tensor, buffer }: ReadSource): GPUBuffer {
  const start = tensor.offset * elementBytes(tensor.elementType);
  const size = Math.ceil(tensorBytes(tensor) / 4) * 4;
  const usage = GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST;
  const copy = device.createBuffer({ label: `read ${tensor.name}`, size, usage });
  const encoder = device.createCommandEncoder();
  encoder.copyBufferToBuffer(buffer, start, copy, 0, size);
  device.queue.submit([encoder.finish()]);
  return copy;
}

/** The elements of a tensor that was copied, when they are there. Frees the copy. */
export async function collectCopy(device: GPUDevice, copy: GPUBuffer, tensor: Tensor): Promise<NumberArray> {
  try {
    await mapped(device, copy);
    return typedCopy(copy.getMappedRange(), 0, tensor);
  } finally {
    copy.destroy();
  }
}

/** A copy of a tensor's elements out of mapped bytes. */
export function typedCopy(range: ArrayBuffer, byteOffset: number, tensor: Tensor): NumberArray {
  const elements = elementCount(tensor.shape);
  return tensor.elementType === 'u32'
    ? new Uint32Array(range, byteOffset, elements).slice()
    : new Float32Array(range, byteOffset, elements).slice();
}

/** @throws if a tensor cannot take these elements: too many, or of another type. */
export function checkElements(tensor: Tensor, data: NumberArray): void {
  const isOfType = tensor.elementType === 'u32' ? data instanceof Uint32Array : data instanceof Float32Array;
  if (isOfType && data.length <= elementCount(tensor.shape)) return;
  throw new Error(
    `write: ${describeTensor(tensor)} cannot take ${data.length} elements of ${data.constructor.name}. ` +
      'Pass as many of its own type.',
  );
}
