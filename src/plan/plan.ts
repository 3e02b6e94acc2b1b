// A frozen plan: ordered dispatches, and a place in memory for every tensor they touch.
import type { Dispatch } from './kernel.ts';
import { checkBindable, planSlots, type Slot } from './memory.ts';
import type { Tape } from './tape.ts';
import type { Storage, Tensor } from './tensor.ts';

/** The only description of one shape of work; predict, run and explain read it. */
export interface Plan {
  readonly name: string;
  readonly dispatches: readonly Dispatch[];
  /** Whole buffers shared by transient tensors whose lifetimes do not overlap. */
  readonly slots: readonly Slot[];
  /** Index into `slots` of each transient storage. */
  readonly slotOf: ReadonlyMap<Storage, number>;
  /** Persistent storages that the dispatches touch. */
  readonly persistent: ReadonlySet<Storage>;
}

/**
 * Freezes a tape. @throws where a tensor is larger than the device binds at once
 * @param keep tensors that are read or written from outside, alive during the whole plan
 */
export function freeze(name: string, tape: Tape, keep: readonly Tensor[] = []): Plan {
  const { dispatches } = tape;
  const persistent = new Set<Storage>();
  for (const { bindings } of dispatches) {
    for (const { storage } of Object.values(bindings))
      if (storage.kind === 'persistent') persistent.add(storage);
  }
  const { maxBindingBytes } = tape.capabilities;
  for (const storage of persistent) checkBindable(storage, maxBindingBytes);
  const { slots, slotOf } = planSlots(
    dispatches,
    keep.map((tensor) => tensor.storage),
    maxBindingBytes,
  );
  return { name, dispatches: [...dispatches], slots, slotOf, persistent };
}

/** Bytes of the slots that a set of plans needs when no two of them ever overlap: they share one pool. */
export function pooledSlotBytes(plans: readonly Plan[]): number[] {
  const pool: number[] = [];
  for (const plan of plans) {
    const sizes = plan.slots.map((slot) => slot.bytes).sort((a, b) => b - a);
    sizes.forEach((bytes, index) => {
      pool[index] = Math.max(pool[index] ?? 0, bytes);
    });
  }
  return pool;
}

/** For each slot of a plan, its index in the pool: the largest slot takes the largest buffer. */
export function slotsInPool(plan: Plan): number[] {
  const order = plan.slots.map((_, index) => index).sort((a, b) => slotBytes(plan, b) - slotBytes(plan, a));
  const inPool = new Array<number>(order.length);
  order.forEach((slot, index) => {
    inPool[slot] = index;
  });
  return inPool;
}

function slotBytes(plan: Plan, index: number): number {
  return plan.slots[index]?.bytes ?? 0;
}
