// The WASM kernels of this machine: which variant it can run, the compiled module, and which function serves a family.
import { readKernels, signatures } from 'virtual:wasm-kernels';
import { relaxedSimd, simd } from 'wasm-feature-detect';
import type { Dims } from '../../plan/kernel.ts';

/** A compiled program and what can be asked of it without running a kernel. */
export interface WasmKernels {
  readonly module: WebAssembly.Module;
  /** Multiply-adds round once. */
  readonly isRelaxed: boolean;
  /** Its memory is shared between threads. */
  readonly isShared: boolean;
  /** Units that the work of a family is cut into, and bytes of scratch that each thread needs; undefined without a kernel, or with
   * none for these dims. */
  measure(family: string, dims: Dims): { readonly units: number; readonly scratchBytes: number } | undefined;
  /** Parameter names of a family's function. */
  parametersOf(family: string): readonly string[];
}

/** Name of the exported function that serves a family: `attention.keysAndValues` is `attentionKeysAndValues`. */
export function functionName(family: string): string {
  return family.replace(/\.(\w)/g, (_, letter: string) => letter.toUpperCase());
}

/** Whether a family has a WASM kernel. */
export function hasWasmKernel(family: string): boolean {
  return functionName(family) in signatures;
}

/**
 * Compiles the kernels for this machine.
 * @throws an Error that says so where WebAssembly has no SIMD
 */
export async function loadWasmKernels(isShared: boolean): Promise<WasmKernels> {
  if (typeof WebAssembly === 'undefined' || !(await simd())) {
    throw new Error(
      'wasm: this machine runs no WebAssembly with SIMD. Update the browser, or take another runtime.',
    );
  }
  const isRelaxed = await relaxedSimd();
  const binary = await readKernels(isRelaxed ? 'relaxed' : 'plain');
  const module = await WebAssembly.compile(isShared ? binary : withOwnMemory(binary));
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 65_536, shared: isShared });
  const { exports } = await WebAssembly.instantiate(module, { env: { memory } });
  const ask = (name: string, dims: Dims, otherwise: number): number => {
    const measureOf = exports[name];
    if (typeof measureOf !== 'function') return otherwise;
    return measureOf(...(signatures[name] ?? []).map((parameter) => dims[parameter] ?? 0));
  };
  return {
    module,
    isRelaxed,
    isShared,
    measure: (family, dims) => {
      if (!hasWasmKernel(family)) return undefined;
      const name = functionName(family);
      if (!ask(`${name}Suits`, dims, 1)) return undefined;
      return { units: ask(`${name}Units`, dims, 1), scratchBytes: ask(`${name}Scratch`, dims, 0) };
    },
    parametersOf: (family) => signatures[functionName(family)] ?? [],
  };
}

/**
 * The same program with a memory of one thread: in the import section's entry of the memory, the flags of its limits
 * (core specification 5.3.7 and the threads proposal) lose the bit that says "shared".
 */
export function withOwnMemory(binary: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const copy = binary.slice();
  const name = new TextEncoder().encode('memory');
  const memoryKind = 2;
  const flags = copy.findIndex(
    (byte, at) =>
      byte === name.length &&
      name.every((letter, index) => copy[at + 1 + index] === letter) &&
      copy[at + 1 + name.length] === memoryKind &&
      copy[at + 2 + name.length] === 3,
  );
  if (flags < 0) throw new Error('wasm: the kernels import no shared memory. Build them again.');
  copy[flags + 2 + name.length] = 1;
  return copy;
}
