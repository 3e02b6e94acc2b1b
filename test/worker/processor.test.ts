// How many threads a page's processor has, and the sentence that says why there are no more.
import { afterEach, expect, it, vi } from 'vitest';
import { openProcessor } from '../../src/worker/processor.ts';

afterEach(() => void vi.unstubAllGlobals());

/** A page on a device with so many cores. */
function stubPage(cores: number, isIsolated: boolean): void {
  vi.stubGlobal('navigator', { hardwareConcurrency: cores });
  vi.stubGlobal('crossOriginIsolated', isIsolated);
}

it.each([
  [8, true, undefined, 8, undefined],
  [8, true, 3, 3, undefined],
  [2, true, 16, 2, undefined],
  [1, true, undefined, 1, /this device has one core/],
  [8, false, 4, 1, /does not isolate it.*npm start serves the page with the two headers/],
])('%i cores, isolated %s, %s wanted: %i threads', async (cores, isIsolated, wanted, threads, note) => {
  stubPage(cores, isIsolated);
  const processor = await openProcessor(wanted);
  expect(processor.threads).toBe(threads);
  if (note) expect(processor.note).toMatch(note);
  else expect(processor.note).toBeUndefined();
});

it('computes on one thread where the browser gives no memory that threads could share, and says why', async () => {
  stubPage(8, true);
  const { Memory } = WebAssembly;
  class Unshared extends Memory {
    constructor(descriptor: WebAssembly.MemoryDescriptor) {
      if (descriptor.shared) throw new RangeError('no shared memory today');
      super(descriptor);
    }
  }
  vi.stubGlobal('WebAssembly', Object.create(WebAssembly, { Memory: { value: Unshared } }));
  const processor = await openProcessor();
  expect(processor.threads).toBe(1);
  expect(processor.note).toMatch(
    /One thread only: .* could share \(no shared memory today\)\. Close other tabs/,
  );
});
