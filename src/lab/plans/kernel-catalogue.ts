// All kernels there are, found by their files: a file name is the registration.
import type { Kernel } from '../../plan/kernel.ts';

const modules = import.meta.glob<Record<string, unknown>>('../../kernels/*.ts', { eager: true });

/** Every exported kernel, in the order of file names. */
export const allKernels: readonly Kernel[] = Object.values(modules).flatMap((exports) =>
  kernelsIn(Object.values(exports)),
);

/** A kernel by its name. @throws if there is none. */
export function kernelNamed(name: string): Kernel {
  const kernel = allKernels.find((candidate) => candidate.name === name);
  if (!kernel) throw new Error(`kernels: there is none named ${name}.`);
  return kernel;
}

/** Kernels among exported values, also in lists and records of them; each once. */
function kernelsIn(values: readonly unknown[]): Kernel[] {
  const found = new Set<Kernel>();
  const visit = (value: unknown, depth: number) => {
    if (typeof value !== 'object' || value === null || depth > 2) return;
    if ('entryPoint' in value && 'usefulFlops' in value && 'reference' in value) found.add(value as Kernel);
    else for (const inner of Object.values(value)) visit(inner, depth + 1);
  };
  for (const value of values) visit(value, 0);
  return [...found];
}
