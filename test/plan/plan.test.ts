// Freezing a tape, and sharing buffers between plans that never overlap.
import { describe, expect, it } from 'vitest';
import { copyForward } from '../../src/kernels/copy.ts';
import { softmaxForward } from '../../src/kernels/softmax.ts';
import { baselineCapabilities } from '../../src/plan/kernel.ts';
import { buffersInPool, freeze, type Plan, pooledBufferBytes } from '../../src/plan/plan.ts';
import { persistentTensor } from '../../src/plan/store.ts';
import { Tape } from '../../src/plan/tape.ts';
import type { Tensor } from '../../src/plan/tensor.ts';

/** x → a → b → … → y through transients of the given sizes (in vec4). */
function chain(vectors: number, length: number): { tape: Tape; x: Tensor; tensors: Tensor[] } {
  const tape = new Tape({ capabilities: baselineCapabilities });
  const x = persistentTensor('x', [vectors, 4], 'f32', 'state');
  const tensors: Tensor[] = [];
  for (let i = 0; i < length; i++) {
    const y = tape.tensor(`t${i}`, [vectors, 4]);
    tape.dispatch(copyForward, { vectors }, { x: tensors.at(-1) ?? x, y });
    tensors.push(y);
  }
  return { tape, x, tensors };
}

describe('freeze', () => {
  it('keeps the dispatches of that moment, and finds the persistent storages', () => {
    const { tape, x } = chain(8, 3);
    const plan = freeze('three', tape);
    tape.dispatch(softmaxForward, { rows: 8, columns: 4 }, { x, y: tape.tensor('late', [8, 4]) });
    expect(plan.name).toBe('three');
    expect(plan.dispatches).toHaveLength(3);
    expect([...plan.persistent]).toEqual([x.storage]);
  });

  it('needs two buffers for a chain of any length', () => {
    expect(freeze('chain', chain(8, 9).tape).buffers).toEqual([{ bytes: 128 }, { bytes: 128 }]);
  });

  it('gives kept tensors buffers of their own', () => {
    const { tape, tensors } = chain(8, 9);
    const plan = freeze('chain', tape, [tensors[0] as Tensor, tensors[8] as Tensor]);
    expect(plan.buffers).toHaveLength(4);
    const buffer = (index: number) => plan.bufferOf.get((tensors[index] as Tensor).storage);
    const others = [1, 2, 3, 4, 5, 6, 7].map(buffer);
    expect(others).not.toContain(buffer(0));
    expect(others).not.toContain(buffer(8));
  });

  it('refuses a transient that the device cannot bind', () => {
    const tape = new Tape({ capabilities: { ...baselineCapabilities, maxBindingBytes: 64 } });
    const x = tape.tensor('big', [8, 4]);
    tape.dispatch(copyForward, { vectors: 8 }, { x, y: tape.tensor('as big', [8, 4]) });
    expect(() => freeze('big', tape)).toThrow(/tensor big needs 128 bytes/);
  });

  it('refuses a persistent tensor that the device cannot bind, such as a long cache', () => {
    const tape = new Tape({ capabilities: { ...baselineCapabilities, maxBindingBytes: 64 } });
    const cache = persistentTensor('cache', [8, 4], 'f32', 'cache');
    tape.dispatch(copyForward, { vectors: 4 }, { x: cache, y: tape.tensor('small', [4, 4]) });
    expect(() => freeze('big', tape)).toThrow(/tensor cache needs 128 bytes/);
  });
});

describe('the pool of buffers', () => {
  const withBuffers = (...bytes: number[]) =>
    ({ buffers: bytes.map((size) => ({ bytes: size })) }) as unknown as Plan;

  it('is as large as the largest plan at each rank, not as their sum', () => {
    expect(pooledBufferBytes([withBuffers(10, 300, 50), withBuffers(200, 100)])).toEqual([300, 100, 10]);
    expect(pooledBufferBytes([])).toEqual([]);
  });

  it('has room for every buffer of every plan', () => {
    const plans = [withBuffers(10, 300, 50), withBuffers(200, 100), withBuffers(7)];
    const pool = pooledBufferBytes(plans);
    for (const plan of plans) {
      const places = buffersInPool(plan);
      expect(new Set(places).size).toBe(plan.buffers.length);
      plan.buffers.forEach(({ bytes }, buffer) => {
        expect(pool[places[buffer] ?? -1]).toBeGreaterThanOrEqual(bytes);
      });
    }
  });
});
