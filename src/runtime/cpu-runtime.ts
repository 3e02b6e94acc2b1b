// Executes plans by the kernels' reference loops: the oracle of the tests and the fallback without WebGPU.
import type { Dispatch, NumberArray, Scalars } from '../plan/kernel.ts';
import { buffersInPool, type Plan, pooledBufferBytes } from '../plan/plan.ts';
import { elementBytes, elementCount, type Storage, storageBytes, type Tensor } from '../plan/tensor.ts';
import type { Replay, Runtime, Submission } from './runtime.ts';

/** Float storage of the reference: f32 as on the GPU, f64 to check gradients. */
export type FloatStorage = 'f32' | 'f64';

/** Runs a dispatch by its kernel's reference. `bindingOf` gives a tensor's elements up to the end of its storage. */
export function runReference(
  { kernel, dims, bindings }: Dispatch,
  scalars: Scalars,
  bindingOf: (tensor: Tensor) => NumberArray,
): void {
  const arrays: Record<string, NumberArray> = {};
  // An absent binding is an empty array: references ask their dims whether to read it.
  for (const name of kernel.optional ?? []) arrays[name] = new Float32Array(0);
  for (const [name, tensor] of Object.entries(bindings)) arrays[name] = bindingOf(tensor);
  kernel.reference(arrays, dims, scalars);
}

/** A CPU runtime over the given plans. `extra` are persistent storages that no plan touches but the caller reads. */
export class CpuRuntime implements Runtime {
  readonly kind = 'cpu';
  readonly uploadBytes = 0;
  readonly allocatedBytes: number;
  readonly #float: FloatStorage;
  readonly #persistent = new Map<Storage, NumberArray>();
  readonly #pool: ArrayBuffer[];
  readonly #inPool = new Map<Plan, number[]>();
  readonly #views = new Map<Tensor, NumberArray>();
  readonly #bindings = new Map<Tensor, NumberArray>();
  readonly #planOf = new Map<Storage, Plan>();

  constructor(plans: readonly Plan[], extra: readonly Storage[] = [], float: FloatStorage = 'f32') {
    this.#float = float;
    // Finite differences subtract nearly equal losses: in f32 nothing of the gradient would be left.
    const width = float === 'f64' ? 2 : 1;
    // Buffers are shared as on the GPU: a plan that frees a tensor too early fails here as there.
    this.#pool = pooledBufferBytes(plans).map((bytes) => new ArrayBuffer(bytes * width));
    let bytes = this.#pool.reduce((sum, buffer) => sum + buffer.byteLength, 0);
    for (const storage of new Set([...plans.flatMap((plan) => [...plan.persistent]), ...extra])) {
      const array = this.#array(
        storage.elementType,
        new ArrayBuffer(storageBytes(storage) * width),
        0,
        storage.elements,
      );
      this.#persistent.set(storage, array);
      bytes += array.byteLength;
    }
    for (const plan of plans) {
      this.#inPool.set(plan, buffersInPool(plan));
      for (const storage of plan.bufferOf.keys()) this.#planOf.set(storage, plan);
    }
    this.allocatedBytes = bytes;
  }

  observedSeconds(): undefined {
    return undefined;
  }

  async submit(replays: readonly Replay[], reads: readonly Tensor[] = []): Promise<Submission> {
    for (const { plan, scalars } of replays) {
      for (const dispatch of plan.dispatches) {
        runReference(dispatch, scalars, (tensor) => this.#view(tensor, true));
      }
      // The reference may take seconds: let messages (pause, stop) through between replays.
      await new Promise((resolve) => setTimeout(resolve, 0));
    }
    const done = Promise.resolve(reads.map((tensor) => this.#view(tensor).slice()));
    return { done, gpuSeconds: Promise.resolve(undefined), encodeSeconds: 0 };
  }

  write(tensor: Tensor, data: NumberArray): void {
    this.#view(tensor).set(data);
  }

  async read(tensor: Tensor): Promise<NumberArray> {
    return this.#view(tensor).slice();
  }

  async idle(): Promise<void> {}

  dispose(): void {
    this.#persistent.clear();
    this.#views.clear();
    this.#bindings.clear();
    this.#pool.length = 0;
  }

  /**
   * The elements of a tensor, as a live view; of a transient tensor it is valid during its plan only.
   * `toEnd` reaches to the end of the storage, as GPU bindings do: a column block of a matrix is offset and stride.
   */
  #view(tensor: Tensor, toEnd = false): NumberArray {
    // Kept: making a typed array for every binding of every step took longer than small kernels.
    const views = toEnd ? this.#bindings : this.#views;
    let view = views.get(tensor);
    if (!view) {
      const { storage } = tensor;
      const elements = toEnd ? storage.elements - tensor.offset : elementCount(tensor.shape);
      const whole = this.#persistent.get(storage);
      if (whole) {
        view = whole.subarray(tensor.offset, tensor.offset + elements);
      } else {
        const plan = this.#planOf.get(storage);
        const index = plan?.bufferOf.get(storage);
        const buffer =
          index === undefined ? undefined : this.#pool[this.#inPool.get(plan as Plan)?.[index] ?? -1];
        if (!buffer) throw new Error(`CpuRuntime: tensor ${tensor.name} belongs to no plan of this runtime.`);
        // Buffers were made twice as wide for f64; integers keep their width.
        const scale = this.#float === 'f64' && tensor.elementType !== 'u32' ? 2 : 1;
        view = this.#array(
          tensor.elementType,
          buffer,
          tensor.offset * elementBytes(tensor.elementType) * scale,
          elements,
        );
      }
      views.set(tensor, view);
    }
    return view;
  }

  #array(
    type: Tensor['elementType'],
    buffer: ArrayBuffer,
    byteOffset: number,
    elements: number,
  ): NumberArray {
    if (type === 'u32') return new Uint32Array(buffer, byteOffset, elements);
    if (type === 'f32') {
      return this.#float === 'f64'
        ? new Float64Array(buffer, byteOffset, elements)
        : new Float32Array(buffer, byteOffset, elements);
    }
    throw new Error('CpuRuntime: f16 tensors have no reference storage yet. Record the plan in f32.');
  }
}
