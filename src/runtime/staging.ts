// A fixed ring of readback buffers: small results leave behind the work and are read late.
import type { NumberArray } from '../plan/kernel.ts';
import { elementCount, type Tensor, tensorBytes } from '../plan/tensor.ts';

const ringSize = 4;

/** Bytes that one readback may carry. */
export const readbackBytes = 65_536;

/** A tensor to be copied out, and where it is. */
export interface ReadSource {
  readonly tensor: Tensor;
  readonly buffer: GPUBuffer;
}

/** Readback buffers, made once. */
export class StagingRing {
  readonly #free: GPUBuffer[] = [];
  readonly #waiting: (() => void)[] = [];

  constructor(device: GPUDevice) {
    for (let i = 0; i < ringSize; i++) {
      const usage = GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST;
      this.#free.push(device.createBuffer({ label: `readback ${i}`, size: readbackBytes, usage }));
    }
  }

  /** A free buffer; waits until one has been read. */
  async acquire(): Promise<GPUBuffer> {
    for (;;) {
      const buffer = this.#free.pop();
      if (buffer) return buffer;
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  /** Encodes copies of the sources one after another; returns the bytes taken. */
  encode(encoder: GPUCommandEncoder, staging: GPUBuffer, sources: readonly ReadSource[]): number {
    let offset = 0;
    for (const { tensor, buffer } of sources) {
      const bytes = tensorBytes(tensor);
      if (offset + bytes > readbackBytes) {
        throw new Error(
          `readback: ${tensor.name} does not fit in the ring of ${readbackBytes} bytes. Use read().`,
        );
      }
      encoder.copyBufferToBuffer(buffer, tensor.offset * 4, staging, offset, bytes);
      offset += bytes;
    }
    return offset;
  }

  /** Maps the buffer, copies the tensors out, and gives it back to the ring. */
  async collect(staging: GPUBuffer, sources: readonly ReadSource[], bytes: number): Promise<NumberArray[]> {
    try {
      await staging.mapAsync(GPUMapMode.READ, 0, Math.max(bytes, 4));
      const range = staging.getMappedRange(0, Math.max(bytes, 4));
      let offset = 0;
      const arrays = sources.map(({ tensor }) => {
        const array = typedCopy(range, offset, tensor);
        offset += tensorBytes(tensor);
        return array;
      });
      staging.unmap();
      return arrays;
    } finally {
      this.#free.push(staging);
      this.#waiting.shift()?.();
    }
  }

  dispose(): void {
    for (const buffer of this.#free) buffer.destroy();
  }
}

/** A copy of a tensor's elements out of mapped bytes. */
export function typedCopy(range: ArrayBuffer, byteOffset: number, tensor: Tensor): NumberArray {
  const elements = elementCount(tensor.shape);
  return tensor.elementType === 'u32'
    ? new Uint32Array(range, byteOffset, elements).slice()
    : new Float32Array(range, byteOffset, elements).slice();
}
