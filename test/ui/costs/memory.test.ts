// Whether a model fits, as the room of costs says it: by binding, by one buffer, and by the memory that a person gives.
import { describe, expect, it } from 'vitest';
import type { DeviceInfo } from '../../../src/contract/device.ts';
import { experimentStart, findStart, initialInputs, startAt } from '../../../src/ui/costs/inputs.ts';
import { memoryVerdict, neededMemory, plannedMemory, reportedMemory } from '../../../src/ui/costs/memory.ts';

const device = (maxBufferSize: number, maxStorageBufferBindingSize: number): DeviceInfo => ({
  ...{ runtime: 'gpu', vendor: '', architecture: '', description: '', isSoftware: false, features: [] },
  limits: Object.entries({ maxBufferSize, maxStorageBufferBindingSize }).map(([name, value]) => ({
    name,
    value,
  })),
});

const memoryBytes = {
  ...{ weights: 1e6, gradients: 1e6, moments: 2e6, activations: 5e6, other: 1e6, total: 10e6 },
};
const published = (id: string) => {
  const start = findStart(id);
  if (!start) throw new Error(`there is no ${id}.`);
  return startAt(initialInputs, start);
};

describe('the verdict', () => {
  const reported = reportedMemory(device(4e9, 2e9));

  it('refuses what a device cannot bind, whatever memory it has', () => {
    const needed = neededMemory(published('llama-3-70b'), 8192, undefined);
    const verdict = memoryVerdict(needed, reportedMemory(device(4e9, 1e9)), 1e15);
    expect(verdict.fits).toBe('no');
    expect(verdict.text).toMatch(/largest matrix of the FFN takes 1\.88.GB.*binds at most 1\.00.GB at once/);
  });

  it('takes one large buffer for a sign of enough memory, and says when it knows no more', () => {
    const small = neededMemory(published('gpt2'), 64, undefined);
    expect(memoryVerdict(small, reported, undefined)).toMatchObject({ fits: 'probably' });
    const large = neededMemory(published('gpt2-xl'), 1024, undefined);
    const verdict = memoryVerdict(large, reported, undefined);
    expect(verdict.fits).toBe('unknown');
    expect(verdict.text).toMatch(/WebGPU does not say how much memory/);
    expect(memoryVerdict(large, undefined, undefined).text).toMatch(/no GPU here to ask/);
  });

  it.each([
    [20e6, 'yes', /^It fits: 10\.0.MB of 20\.0.MB\.$/],
    [10.5e6, 'probably', /barely/],
    [6e6, 'no', /would fit with 4\.00.MB: take fewer tokens/],
    [3e6, 'no', /alone take 4\.00.MB: choose a smaller model/],
  ] as const)('for 10 MB in %d bytes is %s', (memory, fits, text) => {
    const verdict = memoryVerdict(memoryBytes, reported, memory);
    expect(verdict.fits).toBe(fits);
    expect(verdict.text).toMatch(text);
  });

  it('knows no limits where there is no GPU', () => {
    expect(reportedMemory({ ...device(1, 1), runtime: 'cpu', limits: [] })).toBeUndefined();
    expect(reportedMemory(undefined)).toBeUndefined();
    expect(reportedMemory(device(1e9, 4e9))).toEqual({ largestBuffer: 1e9, largestBinding: 1e9 });
  });
});

describe('the experiment of the Train room', () => {
  const resolved = { model: { context: 64, width: 96, heads: 4, layers: 3 }, train: {}, data: {} };
  const prediction = {
    ...{ parameters: 123_456, vocabulary: 60, memoryBytes, flopsPerToken: [] },
    ...{ tokensPerStep: 128, dispatchesPerStep: 1 },
  };

  it('is a starting point with its sizes and the vocabulary of its text', () => {
    expect(experimentStart(resolved, prediction)).toMatchObject({
      id: 'experiment',
      parameters: 123_456,
      model: { context: 64, width: 96, heads: 4, layers: 3, vocabulary: 60 },
    });
    expect(experimentStart(resolved, undefined)).toBeUndefined();
    expect(experimentStart(undefined, prediction)).toBeUndefined();
  });

  it('takes what its plans take, until a size is changed', () => {
    const own = experimentStart(resolved, prediction);
    if (!own) throw new Error('no start');
    const inputs = startAt(initialInputs, own);
    expect(neededMemory(inputs, 64, plannedMemory(inputs, own, prediction)).total).toBe(10e6);
    const changed = { ...inputs, startId: '' };
    expect(plannedMemory(changed, own, prediction)).toBeUndefined();
    expect(neededMemory(changed, 64, undefined).activations).toBe(4 * 64 * 3 * 16 * 96);
  });
});
