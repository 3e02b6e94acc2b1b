// The device memory of a runtime: a buffer for each persistent storage, and those that plans share.
import { buffersInPool, type Plan, pooledBufferBytes } from '../plan/plan.ts';
import { type Storage, storageBytes, type Tensor } from '../plan/tensor.ts';

/** Buffers made at creation. */
export class Buffers {
  readonly #device: GPUDevice;
  readonly #all: GPUBuffer[] = [];
  readonly #persistent = new Map<Storage, GPUBuffer>();
  readonly #pooled = new Map<Storage, GPUBuffer>();
  readonly #absent: GPUBuffer[] = [];
  #allocatedBytes = 0;

  constructor(device: GPUDevice) {
    this.#device = device;
  }

  /** Bytes of tensors. */
  get allocatedBytes(): number {
    return this.#allocatedBytes;
  }

  /** Makes the buffers of some plans, and of storages that no plan touches. */
  allocate(plans: readonly Plan[], extra: readonly Storage[]): void {
    const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
    // A storage that several plans use (weights, gradients) has one buffer.
    for (const storage of new Set([...plans.flatMap((plan) => [...plan.persistent]), ...extra])) {
      this.#persistent.set(storage, this.#make(storage.name, storageBytes(storage), usage));
    }
    // Whole buffers: ranges of one buffer may not be read and written in one dispatch (WebGPU
    // §3.4.5).
    const pool = pooledBufferBytes(plans).map((bytes, index) => this.#make(`pooled ${index}`, bytes, usage));
    for (const plan of plans) {
      const inPool = buffersInPool(plan);
      for (const [storage, index] of plan.bufferOf)
        this.#pooled.set(storage, pool[inPool[index] ?? -1] as GPUBuffer);
    }
  }

  /** The buffer that a tensor lies in. */
  of(tensor: Tensor): GPUBuffer {
    const buffer = this.#persistent.get(tensor.storage) ?? this.#pooled.get(tensor.storage);
    if (!buffer) throw new Error(`GpuRuntime: tensor ${tensor.name} belongs to no plan of this runtime.`);
    return buffer;
  }

  /** The n-th buffer for bindings that are absent: one that is written may not be bound twice. */
  absent(n: number): GPUBuffer {
    this.#absent[n] ??= this.#make(`absent ${n}`, 256, GPUBufferUsage.STORAGE, false);
    return this.#absent[n] as GPUBuffer;
  }

  #make(label: string, size: number, usage: GPUBufferUsageFlags, counts = true): GPUBuffer {
    const buffer = this.#device.createBuffer({ label, size, usage });
    this.#all.push(buffer);
    if (counts) this.#allocatedBytes += size;
    return buffer;
  }

  dispose(): void {
    for (const buffer of this.#all.splice(0)) buffer.destroy();
  }
}
