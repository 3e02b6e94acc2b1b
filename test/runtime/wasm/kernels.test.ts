// The compiled kernels: which family each serves, what its parameters are, and the memory of one thread.
import { readFileSync } from 'node:fs';
import { signatures } from 'virtual:wasm-kernels';
import { describe, expect, it, vi } from 'vitest';
import { prologue } from '../../../src/kernels/prologue.ts';
import { settingNumbers } from '../../../src/kernels/sample.ts';
import { slotNumbers } from '../../../src/kernels/slots.ts';
import { allKernels } from '../../../src/lab/plans/kernel-catalogue.ts';
import { familyOf, type Kernel } from '../../../src/plan/kernel.ts';
import { parseStruct } from '../../../src/plan/wgsl.ts';
import {
  functionName,
  hasWasmKernel,
  loadWasmKernels,
  withOwnMemory,
} from '../../../src/runtime/wasm/kernels.ts';

/** The kernels that a function runs. */
const servedBy = (name: string) =>
  allKernels.filter((kernel) => functionName(familyOf(kernel.name)) === name);
/** What parameters may name besides tensors. */
const numbersOf = ({ dims, constants, selfTest: [sizes = {}], wasmConstants }: Kernel) => [
  ...dims,
  ...Object.keys({ ...constants?.(sizes), ...wasmConstants }),
];
const stepScalars = parseStruct(prologue, 'Step').map(({ name }) => name);

/** The function that a measure such as `matmulNnUnits` belongs to. */
const measured = (name: string) => name.replace(/(Units|Scratch|Suits)$/, '');

describe('signatures', () => {
  it.each(Object.keys(signatures).filter((name) => measured(name) === name))(
    '%s takes dims, constants, tensors and step scalars of all that it serves, and what threads give it',
    (name) => {
      const served = servedBy(name);
      expect(served).not.toEqual([]);
      const own = ['scratch', 'first', 'last'];
      for (const kernel of served) {
        const known = [...numbersOf(kernel), ...kernel.reads, ...kernel.writes, ...stepScalars, ...own];
        expect(
          signatures[name]?.filter((parameter) => !known.includes(parameter)),
          kernel.name,
        ).toEqual([]);
      }
      expect(signatures[name]?.includes('first')).toBe(`${name}Units` in signatures);
      expect(signatures[name]?.includes('scratch')).toBe(`${name}Scratch` in signatures);
    },
  );

  it('measure by numbers alone', () => {
    const measures = Object.entries(signatures).filter(([name]) => measured(name) !== name);
    const wrong = measures.filter(([name, parameters]) =>
      servedBy(measured(name)).some((kernel) => {
        const numbers: readonly string[] = numbersOf(kernel);
        return parameters.some((parameter) => !numbers.includes(parameter));
      }),
    );
    expect(wrong).toEqual([]);
  });
});

describe('rows that kernels of TypeScript and of WASM read', () => {
  it.each([
    ['numeric/rings.ts', 'stateBytes', slotNumbers],
    ['decoding/sample.ts', 'settingBytes', settingNumbers],
  ])('are as long in %s as in the plan: %s', (file, name, numbers) => {
    const text = readFileSync(new URL(`../../../src/wasm/${file}`, import.meta.url), 'utf8');
    expect(Number(new RegExp(`const ${name}: usize = (\\d+);`).exec(text)?.[1])).toBe(4 * numbers);
  });
});

/** Families that run by their references. */
const byReference = [
  'attentionMap', // a picture of one head, for 256 tokens at most
  ...['attention.decodeParts', 'attention.decodeMerge'], // for devices with more cores than there are heads
];

describe('loadWasmKernels', () => {
  it('finds a function for every family, but for those that run by their references', async () => {
    const { measure } = await loadWasmKernels(false);
    const unserved = allKernels.filter((kernel) => kernel.selfTest.every((dims) => !measure(kernel, dims)));
    expect([...new Set(unserved.map(({ name }) => familyOf(name)))].sort()).toEqual(byReference.sort());
  });

  it('says how a dispatch is cut, and of what there is no kernel', async () => {
    const { measure } = await loadWasmKernels(false);
    const tiles = { rows: 130, columns: 65, slices: 1 };
    expect(measure({ name: 'matmul.nn/plain' }, tiles)).toMatchObject({ name: 'matmul', units: 6 });
    const whole = { units: 1, scratchBytes: 0 };
    expect(measure({ name: 'crossEntropy.sumLosses' }, { rows: 130 })).toMatchObject(whole);
    expect(measure({ name: 'activation.forward' }, { elements: 8, kind: 0 })?.units).toBe(1);
    expect(measure({ name: 'activation.forward' }, { elements: 8, kind: 99 })).toBeUndefined();
    expect(measure({ name: 'no.suchFamily' }, {})).toBeUndefined();
    expect(hasWasmKernel('no.such-family')).toBe(false);
  });

  it('says so where WebAssembly has no SIMD', async () => {
    vi.stubGlobal('WebAssembly', { ...WebAssembly, validate: () => false });
    await expect(loadWasmKernels(true)).rejects.toThrow(/runs no WebAssembly with SIMD\. Update the browser/);
    vi.unstubAllGlobals();
  });

  it('makes a memory of one thread of a shared one, and refuses another program', async () => {
    const { module } = await loadWasmKernels(false);
    expect(WebAssembly.Module.imports(module)).toEqual([{ kind: 'memory', module: 'env', name: 'memory' }]);
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 65_536 });
    await expect(WebAssembly.instantiate(module, { env: { memory } })).resolves.toBeDefined();
    expect(() => withOwnMemory(new Uint8Array(64))).toThrow(/no shared memory/);
  });
});
