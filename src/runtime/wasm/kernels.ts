// The WASM kernels of this machine: which variant it can run, the compiled module, and which function serves a family.
import { digest, readKernels, signatures } from 'virtual:wasm-kernels';
import { relaxedSimd, simd } from 'wasm-feature-detect';
import { type Dims, familyOf, type Kernel } from '../../plan/kernel.ts';
import { fixedMemory } from './memory.ts';

/** A compiled program and what can be asked of it without running a kernel. */
export interface WasmKernels {
  readonly module: WebAssembly.Module;
  /** A fingerprint of their text. */
  readonly digest: string;
  /** Multiply-adds round once. */
  readonly isRelaxed: boolean;
  /** Its memory is shared between threads. */
  readonly isShared: boolean;
  /** What runs a kernel, and how it is cut; undefined without a function for its family, or with none for these dims. */
  measure(kernel: Pick<Kernel, 'name' | 'constants' | 'wasmConstants'>, dims: Dims): WasmFunction | undefined;
}

/** The function that runs a dispatch. */
export interface WasmFunction {
  readonly name: string;
  readonly parameters: readonly string[];
  /** Numbers that parameters may name: the dims, and the kernel's constants, those of its shader too. */
  readonly sizes: Dims;
  /** Units that the work is cut into. */
  readonly units: number;
  /** What each thread needs. */
  readonly scratchBytes: number;
}

/**
 * Name of the exported function that serves a family: `attention.keysAndValues` is `attentionKeysAndValues`. One function
 * may serve several families, which the kernels' `wasmConstants` tell apart: `matmul` runs `matmul.nt`.
 */
export function functionName(family: string): string {
  const own = family.replace(/\.(\w)/g, (_, letter: string) => letter.toUpperCase());
  const [common = ''] = family.split('.');
  return !(own in signatures) && common in signatures ? common : own;
}

/** Whether a family has a WASM kernel. */
export function hasWasmKernel(family: string): boolean {
  return functionName(family) in signatures;
}

/** Why threads cannot share a memory here; undefined where they can. */
export function whyNotShared(): string | undefined {
  try {
    const { buffer } = fixedMemory(1, true);
    return buffer instanceof SharedArrayBuffer ? undefined : 'it comes unshared';
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/**
 * Compiles the kernels for this machine.
 * @param relaxed false leaves relaxed instructions out where the machine has them: the same bits then on every machine
 * @throws an Error that says so where WebAssembly has no SIMD
 */
export async function loadWasmKernels(isShared: boolean, relaxed = true): Promise<WasmKernels> {
  if (typeof WebAssembly === 'undefined' || !(await simd())) {
    throw new Error(
      'wasm: this machine runs no WebAssembly with SIMD. Update the browser, or take another runtime.',
    );
  }
  const isRelaxed = relaxed && (await relaxedSimd());
  const binary = await readKernels(isRelaxed ? 'relaxed' : 'plain');
  const module = await WebAssembly.compile(isShared ? binary : withOwnMemory(binary));
  const memory = fixedMemory(1, isShared);
  const { exports } = await WebAssembly.instantiate(module, { env: { memory } });
  const ask = (name: string, sizes: Dims, otherwise: number): number => {
    const measureOf = exports[name];
    if (typeof measureOf !== 'function') return otherwise;
    return measureOf(...(signatures[name] ?? []).map((parameter) => sizes[parameter] ?? 0));
  };
  return {
    module,
    digest,
    isRelaxed,
    isShared,
    measure: (kernel, dims) => {
      const name = functionName(familyOf(kernel.name));
      const parameters = signatures[name];
      const sizes = { ...kernel.constants?.(dims), ...kernel.wasmConstants, ...dims };
      if (parameters === undefined || !ask(`${name}Suits`, sizes, 1)) return undefined;
      const [units, scratchBytes] = [ask(`${name}Units`, sizes, 1), ask(`${name}Scratch`, sizes, 0)];
      return { name, parameters, sizes, units, scratchBytes };
    },
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
