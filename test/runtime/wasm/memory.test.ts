// Places of storages and slots in one linear memory, and what does not fit.
import { afterEach, describe, expect, it, vi } from 'vitest';
import { softmaxForward } from '../../../src/kernels/softmax.ts';
import { baselineCapabilities } from '../../../src/plan/kernel.ts';
import { freeze } from '../../../src/plan/plan.ts';
import { persistentTensor } from '../../../src/plan/store.ts';
import { Tape } from '../../../src/plan/tape.ts';
import { rowsOf } from '../../../src/plan/tensor.ts';
import { WasmMemory } from '../../../src/runtime/wasm/memory.ts';

afterEach(() => void vi.unstubAllGlobals());

const layout = { plans: [], extra: [], threads: 2, scratchBytes: 300, isShared: false };

/** A browser that gives so many pages and no more, and sets addresses aside for no more. Returns what is asked of it. */
function stubMemory(most: number): WebAssembly.MemoryDescriptor[] {
  const asked: WebAssembly.MemoryDescriptor[] = [];
  class Memory {
    constructor(descriptor: WebAssembly.MemoryDescriptor) {
      asked.push(descriptor);
      if (Math.max(descriptor.initial, descriptor.maximum ?? 65_536) > most) throw new RangeError('no room');
    }
  }
  vi.stubGlobal('WebAssembly', Object.create(WebAssembly, { Memory: { value: Memory } }));
  return asked;
}

function softmaxPlan(name: string, rows: number) {
  const x = persistentTensor('x', [rows, 64], 'f32', 'state');
  const tape = new Tape({ capabilities: baselineCapabilities });
  const y = tape.tensor('y', [rows, 64]);
  tape.dispatch(softmaxForward, { rows, columns: 64 }, { x, y });
  return { plan: freeze(name, tape, [y]), x, y };
}

describe('WasmMemory', () => {
  it('keeps threads, tensors and their views apart', () => {
    const table = persistentTensor('table', [4, 64], 'f32', 'state');
    const tokens = persistentTensor('tokens', [3], 'u32', 'data');
    const memory = new WasmMemory({ ...layout, extra: [table.storage, tokens.storage] });
    expect(memory.allocatedBytes).toBe(4 * (4 * 64 + 3));
    expect(memory.scratchOf(1) - memory.scratchOf(0)).toBe(512);
    expect(memory.addressOf(table)).toBe(memory.scratchOf(2));
    memory.view(rowsOf(table, 1, 2)).fill(7);
    memory.view(tokens).set([1, 2, 4_000_000_000]);
    expect([...memory.view(table)].filter((value) => value === 7)).toHaveLength(128);
    expect(memory.view(tokens)).toEqual(Uint32Array.of(1, 2, 4_000_000_000));
    expect(memory.binding(rowsOf(table, 1, 2))).toHaveLength(3 * 64);
  });

  it('pools the slots of plans that never overlap', () => {
    const [one, two] = [softmaxPlan('one', 2), softmaxPlan('two', 8)];
    const memory = new WasmMemory({ ...layout, plans: [one.plan, two.plan] });
    expect(memory.addressOf(one.y)).toBe(memory.addressOf(two.y));
    expect(memory.allocatedBytes).toBe(256 * (2 + 8 + 8));
  });

  it('names the tensor, the bytes and the limit where 4 GiB do not hold the plans', () => {
    const small = persistentTensor('small', [64], 'f32', 'state');
    const large = persistentTensor('all moments', [2 ** 30], 'f32', 'moments');
    const create = () => new WasmMemory({ ...layout, extra: [small.storage, large.storage] });
    expect(create).toThrow(
      /take 42950\d+ bytes, .* holds 4294967296; all moments alone takes 4294967296\. Choose/,
    );
    expect(create).toThrow(expect.objectContaining({ name: 'OutOfMemoryError' }));
  });

  it.each([true, false])(
    'says what is given where the browser refuses the bytes or sets no addresses aside (shared: %s)',
    (isShared) => {
      const asked = stubMemory(100);
      const { storage } = persistentTensor('table', [2 ** 21], 'f32', 'state');
      const create = () => new WasmMemory({ ...layout, isShared, extra: [storage] });
      expect(create).toThrow(
        /take 84\d+ bytes, .* no more than about 42\d+ at once \(no room\); table alone takes 8388608\. Choose/,
      );
      expect(create).toThrow(expect.objectContaining({ name: 'OutOfMemoryError' }));
      // Never is more asked for than is needed.
      expect(asked.every(({ initial, maximum, shared }) => maximum === initial && shared === isShared)).toBe(
        true,
      );
    },
  );

  it('knows no tensor of another runtime, and no f16', () => {
    const half = persistentTensor('half', [64], 'f16', 'weights');
    expect(() => new WasmMemory({ ...layout, extra: [half.storage] })).toThrow(/half is f16/);
    expect(() => new WasmMemory(layout).addressOf(half)).toThrow(/half belongs to no plan/);
  });
});
