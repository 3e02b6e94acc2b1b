// Refusals before anything is recorded: by the tensor that cannot be bound, and by the memory of the machine.
import { describe, expect, it } from 'vitest';
import { checkCapacity, checkMemory } from '../../../src/lab/plans/capacity.ts';
import { baselineCapabilities } from '../../../src/plan/kernel.ts';
import { tinyExperiment } from '../training/tiny-runs.ts';

const capabilities = { ...baselineCapabilities, maxBindingBytes: 100_000 };
const { model } = tinyExperiment({ model: { width: 64, heads: 4, vocabulary: 50 } });

describe('a model', () => {
  it('that fits is accepted', () => {
    expect(() => checkCapacity({ capabilities }, model, 4)).not.toThrow();
  });

  it('with a layer that cannot be bound is refused by its name, its bytes and the limit', () => {
    const wide = { ...model, width: 128, hidden: 512 };
    expect(() => checkCapacity({ capabilities }, wide, 1)).toThrow(
      'layers.0.ffn.expand [128, 512] needs 262144 bytes, more than the 100000',
    );
  });

  it('with a vocabulary larger than one binding is accepted: its table is cut', () => {
    expect(() => checkCapacity({ capabilities }, { ...model, vocabulary: 100_000 }, 1)).not.toThrow();
  });

  it('larger than the memory of the machine is refused by the sum and the largest tensor', () => {
    const machine = { capabilities, memoryBytes: 1_000_000 };
    expect(() => checkCapacity(machine, { ...model, vocabulary: 10_000 }, 4)).toThrow(
      /in 4 copies, more than the 1000000 of this machine; the largest is tokenEmbedding \[10000, 64\] with 2560000/,
    );
    expect(() => checkCapacity(machine, model, 1)).not.toThrow();
  });
});

describe('a set of plans', () => {
  it('is held against the memory of the machine where that is known', () => {
    expect(() => checkMemory({}, 1e15)).not.toThrow();
    expect(() => checkMemory({ memoryBytes: 100 }, 100)).not.toThrow();
    expect(() => checkMemory({ memoryBytes: 100 }, 101)).toThrow('need 101 bytes, more than the 100');
  });
});
