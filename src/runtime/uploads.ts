// What replays of one submission are given: written into one buffer before it, copied to where it belongs in turn.
import { elementBytes, type Tensor } from '../plan/tensor.ts';
import type { BufferCopy } from './passes.ts';
import type { TensorWrite } from './runtime.ts';
import { checkElements } from './staging.ts';

/** Bytes of all writes of one submission: a hundred micro-batches of 12 × 65 tokens take a third of it. */
export const uploadBytes = 2 ** 20;

/** One buffer, made once; the queue keeps its order, so the next submission may overwrite it at once. */
export class Uploads {
  readonly #device: GPUDevice;
  readonly #buffer: GPUBuffer;
  readonly #bytes = new Uint8Array(uploadBytes);

  constructor(device: GPUDevice) {
    this.#device = device;
    const usage = GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
    this.#buffer = device.createBuffer({ label: 'uploads', size: uploadBytes, usage });
  }

  /**
   * Hands over the writes of all replays; returns the copies that each replay begins with.
   * @throws if they are too many, or a tensor cannot take its elements
   */
  write(
    replays: readonly (readonly TensorWrite[])[],
    bufferOf: (tensor: Tensor) => GPUBuffer,
  ): (readonly BufferCopy[])[] {
    let used = 0;
    const copies = replays.map((writes) =>
      writes.map(({ tensor, data }): BufferCopy => {
        checkElements(tensor, data);
        const { buffer, byteOffset, byteLength } = data;
        const fromOffset = used;
        used += byteLength;
        if (used > uploadBytes) {
          throw new Error(
            `submit: the writes of its replays take ${used} bytes or more; at most ${uploadBytes}. Submit them in parts.`,
          );
        }
        this.#bytes.set(new Uint8Array(buffer, byteOffset, byteLength), fromOffset);
        const toOffset = tensor.offset * elementBytes(tensor.elementType);
        return { from: this.#buffer, fromOffset, to: bufferOf(tensor), toOffset, bytes: byteLength };
      }),
    );
    if (used > 0) this.#device.queue.writeBuffer(this.#buffer, 0, this.#bytes, 0, used);
    return copies;
  }

  dispose(): void {
    this.#buffer.destroy();
  }
}
