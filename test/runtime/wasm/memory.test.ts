// Places of storages and slots in one linear memory, and what does not fit.
import { describe, expect, it } from 'vitest';
import { softmaxForward } from '../../../src/kernels/softmax.ts';
import { baselineCapabilities } from '../../../src/plan/kernel.ts';
import { freeze } from '../../../src/plan/plan.ts';
import { persistentTensor } from '../../../src/plan/store.ts';
import { Tape } from '../../../src/plan/tape.ts';
import { rowsOf } from '../../../src/plan/tensor.ts';
import { WasmMemory } from '../../../src/runtime/wasm/memory.ts';

const layout = { plans: [], extra: [], threads: 2, scratchBytes: 300, isShared: false };

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

  it('knows no tensor of another runtime, and no f16', () => {
    const half = persistentTensor('half', [64], 'f16', 'weights');
    expect(() => new WasmMemory({ ...layout, extra: [half.storage] })).toThrow(/half is f16/);
    expect(() => new WasmMemory(layout).addressOf(half)).toThrow(/half belongs to no plan/);
  });
});
