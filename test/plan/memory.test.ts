// Lifetimes and buffers of transient tensors.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Dispatch } from '../../src/plan/kernel.ts';
import { lifetimes, planBuffers } from '../../src/plan/memory.ts';
import { persistentTensor } from '../../src/plan/store.ts';
import { type Storage, storageBytes, type Tensor } from '../../src/plan/tensor.ts';

function transient(name: string, elements: number): Tensor {
  const storage: Storage = {
    kind: 'transient',
    name,
    elementType: 'f32',
    elements,
    memoryClass: 'activations',
  };
  return { name, shape: [elements], elementType: 'f32', storage, offset: 0 };
}

/** A dispatch that touches some tensors: memory planning looks at nothing else. */
function touching(...tensors: Tensor[]): Dispatch {
  const bindings = Object.fromEntries(tensors.map((tensor, index) => [`b${index}`, tensor]));
  return { bindings } as unknown as Dispatch;
}

describe('lifetimes', () => {
  it('reach from the first to the last dispatch that touches a storage, under any name', () => {
    const [a, b] = [transient('a', 4), transient('b', 4)];
    const alias = { ...a, name: 'alias' };
    const weights = persistentTensor('w', [4], 'f32', 'weights');
    const found = lifetimes([touching(a, weights), touching(b), touching(alias), touching(b)], []);
    expect(found.map(({ storage, first, last }) => [storage.name, first, last])).toEqual([
      ['a', 0, 2],
      ['b', 1, 3],
    ]);
  });

  it('of kept tensors cover the whole plan and what is read after it', () => {
    const a = transient('a', 4);
    const [found] = lifetimes([touching(a), touching()], [a.storage]);
    expect([found?.first, found?.last]).toEqual([-1, 2]);
  });
});

describe('planBuffers', () => {
  it('lets tensors share a buffer that do not live at the same time', () => {
    const [a, b, c] = [transient('a', 100), transient('b', 50), transient('c', 80)];
    const { buffers, bufferOf } = planBuffers([touching(a, b), touching(b, c)], [], 1e9);
    expect(buffers.map(({ bytes }) => bytes)).toEqual([400, 200]);
    expect([a, b, c].map(({ storage }) => bufferOf.get(storage))).toEqual([0, 1, 0]);
  });

  it('refuses a tensor that cannot be bound, with its name and both sizes', () => {
    const logits = transient('logits', 1000);
    expect(() => planBuffers([touching(logits)], [], 3999)).toThrow(
      'memory: tensor logits needs 4000 bytes, more than this device binds at once (3999).',
    );
    expect(planBuffers([touching(logits)], [], 4000).buffers).toHaveLength(1);
  });

  it('never gives one buffer to two tensors that live at the same time, and wastes no buffer', () => {
    const plan = fc.record({
      sizes: fc.array(fc.integer({ min: 1, max: 1000 }), { minLength: 1, maxLength: 25 }),
      touches: fc.array(fc.array(fc.nat(24), { minLength: 1, maxLength: 4 }), {
        minLength: 1,
        maxLength: 40,
      }),
      kept: fc.array(fc.nat(24), { maxLength: 3 }),
    });
    const property = fc.property(plan, ({ sizes, touches, kept }) => {
      const tensors = sizes.map((size, index) => transient(`t${index}`, size));
      const pick = (index: number) => tensors[index % tensors.length] as Tensor;
      const dispatches = touches.map((indices) => touching(...indices.map(pick)));
      const keep = kept.map((index) => pick(index).storage);
      const { buffers, bufferOf } = planBuffers(dispatches, keep, 1e9);
      const alive = lifetimes(dispatches, keep);
      expect(new Set(bufferOf.keys())).toEqual(new Set(alive.map(({ storage }) => storage)));
      for (const a of alive) {
        expect(buffers[bufferOf.get(a.storage) ?? -1]?.bytes).toBeGreaterThanOrEqual(storageBytes(a.storage));
        for (const b of alive) {
          const overlap = a !== b && a.first <= b.last && b.first <= a.last;
          if (overlap) expect(bufferOf.get(a.storage)).not.toBe(bufferOf.get(b.storage));
        }
      }
      buffers.forEach(({ bytes }, index) => {
        const tenants = alive.filter(({ storage }) => bufferOf.get(storage) === index);
        expect(bytes).toBe(Math.max(...tenants.map(({ storage }) => storageBytes(storage))));
      });
    });
    fc.assert(property, { numRuns: 100, seed: 11 });
  });
});
