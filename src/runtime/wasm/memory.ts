// One linear memory for plans: a page for the threads, scratch for each, then storages and pooled buffers.
import type { NumberArray } from '../../plan/kernel.ts';
import { buffersInPool, type Plan, pooledBufferBytes } from '../../plan/plan.ts';
import {
  bindingAlignmentBytes,
  elementCount,
  type Storage,
  storageBytes,
  type Tensor,
} from '../../plan/tensor.ts';

/** Bytes of a page of WebAssembly memory, and the most that 32-bit addresses reach. */
const pageBytes = 65_536;
export const wasmMemoryBytes: number = 65_536 * pageBytes;
/** Loads of whole vectors may reach past the last tensor. */
const paddingBytes = 256;

/** First byte of what the threads share: the kernels' constants lie below. */
export const controlAddress = 32_768;

/** What a memory is laid out for. */
export interface WasmLayout {
  readonly plans: readonly Plan[];
  readonly extra: readonly Storage[];
  readonly threads: number;
  readonly scratchBytes: number;
  readonly isShared: boolean;
}

/** Places of all tensors, and views of them. */
export class WasmMemory {
  readonly memory: WebAssembly.Memory;
  /** Bytes of storages and pooled buffers. */
  readonly allocatedBytes: number;
  readonly #scratchBytes: number;
  readonly #places = new Map<Storage, number>();
  readonly #views = new Map<Tensor, NumberArray>();
  readonly #bindings = new Map<Tensor, NumberArray>();

  /** @throws an Error named OutOfMemoryError if 4 GiB do not hold the plans, or the machine has no room for them. */
  constructor({ plans, extra, threads, scratchBytes, isShared }: WasmLayout) {
    this.#scratchBytes = align(scratchBytes);
    // The first page is the kernels' constants and what threads share; then a scratch for each thread.
    let end = pageBytes + threads * this.#scratchBytes;
    let allocated = 0;
    const take = (bytes: number): number => {
      const at = end;
      end += align(bytes);
      allocated += bytes;
      return at;
    };
    const persistent = new Set([...plans.flatMap((plan) => [...plan.persistent]), ...extra]);
    for (const storage of persistent) {
      if (storage.elementType === 'f16') {
        throw new Error(
          `WasmRuntime: ${storage.name} is f16, which has no WASM kernels yet. Record the plan in f32.`,
        );
      }
      this.#places.set(storage, take(storageBytes(storage)));
    }
    // Plans never overlap in time: their transient tensors lie in one pool of buffers, as on the GPU.
    const pool = pooledBufferBytes(plans).map(take);
    for (const plan of plans) {
      const inPool = buffersInPool(plan);
      for (const [storage, index] of plan.bufferOf) this.#places.set(storage, pool[inPool[index] ?? -1] ?? 0);
    }
    this.allocatedBytes = allocated;
    this.memory = createMemory(end + paddingBytes, isShared, largestOf(this.#places.keys()));
  }

  /** Where a tensor starts. */
  addressOf(tensor: Tensor): number {
    const place = this.#places.get(tensor.storage);
    if (place === undefined)
      throw new Error(`WasmRuntime: tensor ${tensor.name} belongs to no plan of this runtime.`);
    return place + tensor.offset * 4;
  }

  /** Where a thread's scratch starts. */
  scratchOf(thread: number): number {
    return pageBytes + thread * this.#scratchBytes;
  }

  /** The elements of a tensor, live; of a transient one they are valid during its plan only. */
  view(tensor: Tensor): NumberArray {
    return this.#viewOf(this.#views, tensor, elementCount(tensor.shape));
  }

  /** The same up to the end of the storage, as GPU bindings reach. */
  binding(tensor: Tensor): NumberArray {
    return this.#viewOf(this.#bindings, tensor, tensor.storage.elements - tensor.offset);
  }

  #viewOf(views: Map<Tensor, NumberArray>, tensor: Tensor, elements: number): NumberArray {
    let view = views.get(tensor);
    if (!view) {
      const { buffer } = this.memory;
      const address = this.addressOf(tensor);
      view =
        tensor.elementType === 'u32'
          ? new Uint32Array(buffer, address, elements)
          : new Float32Array(buffer, address, elements);
      views.set(tensor, view);
    }
    return view;
  }
}

function align(bytes: number): number {
  return Math.ceil(bytes / bindingAlignmentBytes) * bindingAlignmentBytes;
}

function largestOf(storages: Iterable<Storage>): string {
  const [largest] = [...storages].sort((a, b) => storageBytes(b) - storageBytes(a));
  return largest ? `${largest.name} alone takes ${storageBytes(largest)}` : 'there is no tensor';
}

/**
 * A memory of so many pages that never grows: browsers set addresses aside for the largest size that it may get, and some have
 * none left for 4 GiB. @throws a RangeError where it is refused
 */
export function fixedMemory(pages: number, isShared: boolean): WebAssembly.Memory {
  return new WebAssembly.Memory({ initial: pages, maximum: pages, shared: isShared });
}

function createMemory(bytes: number, isShared: boolean, largest: string): WebAssembly.Memory {
  const pages = Math.ceil(bytes / pageBytes);
  let reason = `one WebAssembly memory holds ${wasmMemoryBytes}`;
  if (bytes <= wasmMemoryBytes) {
    try {
      return fixedMemory(pages, isShared);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      reason = `this machine gives no more than about ${grantedPages(pages, isShared) * pageBytes} at once (${why})`;
    }
  }
  const error = new Error(
    `WasmRuntime: the plans take ${bytes} bytes, and ${reason}; ${largest}. Choose a smaller model, batch or context.`,
  );
  error.name = 'OutOfMemoryError';
  throw error;
}

/** The largest half, quarter, … of so many pages that is granted; 0 of none. */
function grantedPages(refused: number, isShared: boolean): number {
  for (let pages = refused >> 1; pages > 0; pages >>= 1) {
    try {
      fixedMemory(pages, isShared);
      return pages;
    } catch {
      // and half of that
    }
  }
  return 0;
}
