// What computes: read from an address with a sentence for what cannot be meant, and kept from visit to visit.
import { describe, expect, it, vi } from 'vitest';
import {
  askedRuntime,
  availableThreads,
  keepRuntime,
  keptRuntime,
  withoutRuntime,
  withRuntimeOf,
} from '../../../src/ui/state/runtime-choice.ts';

const kept = { runtime: 'wasm', threads: 3 } as const;

describe('the runtime of an address', () => {
  it.each([
    ['v=1&preset=nano', kept],
    ['runtime=gpu', { runtime: 'gpu' }],
    ['runtime=wasm', { runtime: 'wasm' }],
    ['v=1&runtime=wasm&threads=2', { runtime: 'wasm', threads: 2 }],
    ['threads=4', { runtime: 'wasm', threads: 4 }],
  ])('is what %s says, or what was kept', (query, choice) => {
    expect(askedRuntime(query, kept, 4)).toEqual({ choice, notices: [] });
  });

  it.each([
    [
      'runtime=foo',
      { runtime: 'gpu', isAutomatic: true },
      /runtime=foo: there are gpu, and wasm .* The default is taken/,
    ],
    ['runtime=cpu', { runtime: 'gpu', isAutomatic: true }, /runtime=cpu/],
    ['runtime=wasm&threads=0', { runtime: 'wasm' }, /threads=0: this page may have 1 to 4\. .* taken, 4\./],
    ['runtime=wasm&threads=5', { runtime: 'wasm' }, /threads=5: this page may have 1 to 4/],
    ['runtime=wasm&threads=1.5', { runtime: 'wasm' }, /threads=1\.5/],
    ['runtime=wasm&threads=', { runtime: 'wasm' }, /threads=:/],
    ['runtime=gpu&threads=2', { runtime: 'gpu' }, /threads=2: a GPU has none to choose/],
    [`runtime=${'x'.repeat(1000)}`, { runtime: 'gpu', isAutomatic: true }, /runtime=x{20}:/],
  ])('of %s is the default, and why', (query, choice, sentence) => {
    const asked = askedRuntime(query, kept, 4);
    expect(asked.choice).toEqual(choice);
    expect(asked.notices).toEqual([expect.stringMatching(sentence)]);
  });

  it('is one thread where a page may not share memory', () => {
    expect(availableThreads()).toBe(1); // as under Node
    expect(askedRuntime('runtime=wasm&threads=2', kept, 1).notices[0]).toMatch(/this page may have 1\./);
  });

  it('is kept from the reader of experiments, and stays in the address', () => {
    expect(withoutRuntime('v=1&runtime=wasm&layers=2&threads=2')).toBe('v=1&layers=2');
    expect(withoutRuntime('v=1&preset=a,b')).toBe('v=1&preset=a,b');
    expect(withRuntimeOf('?v=1&runtime=wasm&threads=2', 'v=1&layers=3')).toBe(
      'v=1&layers=3&runtime=wasm&threads=2',
    );
    expect(withRuntimeOf('?runtime=gpu', '')).toBe('runtime=gpu');
    expect(withRuntimeOf('?v=1', 'v=2')).toBe('v=2');
  });
});

describe('the kept runtime', () => {
  it('is nobody’s choice at first, then what was chosen, with all threads where there are fewer now', () => {
    const items = new Map<string, string>();
    vi.stubGlobal('localStorage', {
      getItem: (key: string) => items.get(key) ?? null,
      setItem: (key: string, value: string) => void items.set(key, value),
    });
    expect(keptRuntime(4)).toEqual({ runtime: 'gpu', isAutomatic: true });
    keepRuntime(kept);
    expect(keptRuntime(4)).toEqual(kept);
    expect(keptRuntime(2)).toEqual({ runtime: 'wasm' });
    keepRuntime({ runtime: 'wasm' });
    expect(keptRuntime(4)).toEqual({ runtime: 'wasm' });
    keepRuntime({ runtime: 'gpu' });
    expect(keptRuntime(4)).toEqual({ runtime: 'gpu' });
  });
});
