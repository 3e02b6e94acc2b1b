// Gives transient tensors their memory: lifetimes from the order of dispatches, then best fit into whole buffers.
//
// Each is a whole GPUBuffer because WebGPU tracks usage per buffer: two ranges of one buffer cannot be read and
// written by the same dispatch (WebGPU §3.4.5, usage scopes).
import type { Dispatch } from './kernel.ts';
import { type Storage, storageBytes } from './tensor.ts';

/** Memory that transient tensors take in turn. */
export interface PlanBuffer {
  readonly bytes: number;
}

interface Lifetime {
  readonly storage: Storage;
  readonly first: number;
  last: number;
}

/** First and last dispatch that touches each transient storage, in order of first use. */
export function lifetimes(dispatches: readonly Dispatch[], keep: readonly Storage[]): Lifetime[] {
  const found = new Map<Storage, Lifetime>();
  dispatches.forEach(({ bindings }, index) => {
    for (const { storage } of Object.values(bindings)) {
      if (storage.kind !== 'transient') continue;
      const lifetime = found.get(storage);
      if (lifetime) lifetime.last = index;
      else found.set(storage, { storage, first: index, last: index });
    }
  });
  return [...found.values()].map((lifetime) =>
    keep.includes(lifetime.storage)
      ? { storage: lifetime.storage, first: -1, last: dispatches.length }
      : lifetime,
  );
}

/** @throws if a storage exceeds the device's binding limit: a binding reaches to the end of its buffer. */
export function checkBindable(storage: Storage, maxBindingBytes: number): void {
  const bytes = storageBytes(storage);
  if (bytes <= maxBindingBytes) return;
  throw new Error(
    `memory: tensor ${storage.name} needs ${bytes} bytes, more than this device binds at once ` +
      `(${maxBindingBytes}). Lower the batch, the context or the width.`,
  );
}

/**
 * Assigns storages to buffers, largest first: a storage takes the first buffer in which no lifetime overlaps its own.
 * Placing large ones first keeps every buffer as large as its largest tenant and no larger.
 * @throws if one tensor exceeds the device's binding limit.
 */
export function planBuffers(
  dispatches: readonly Dispatch[],
  keep: readonly Storage[],
  maxBindingBytes: number,
): { buffers: PlanBuffer[]; bufferOf: Map<Storage, number> } {
  const bySize = lifetimes(dispatches, keep).sort(
    (a, b) => storageBytes(b.storage) - storageBytes(a.storage) || a.first - b.first,
  );
  const tenants: Lifetime[][] = [];
  const buffers: PlanBuffer[] = [];
  const bufferOf = new Map<Storage, number>();
  for (const lifetime of bySize) {
    const bytes = storageBytes(lifetime.storage);
    checkBindable(lifetime.storage, maxBindingBytes);
    let index = tenants.findIndex((others) =>
      others.every((other) => other.last < lifetime.first || lifetime.last < other.first),
    );
    if (index < 0) {
      index = buffers.length;
      buffers.push({ bytes });
      tenants.push([]);
    }
    tenants[index]?.push(lifetime);
    bufferOf.set(lifetime.storage, index);
  }
  return { buffers, bufferOf };
}
