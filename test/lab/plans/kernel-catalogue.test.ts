// Every kernel of src/kernels is found, once, under a name of its own.
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { allKernels, kernelNamed } from '../../../src/lab/plans/kernel-catalogue.ts';

const folder = new URL('../../../src/kernels/', import.meta.url);
const sources = readdirSync(folder).map((file) => readFileSync(new URL(file, folder), 'utf8'));

describe('the catalogue of kernels', () => {
  it('has names that differ', () => {
    const names = allKernels.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
  });

  it('has every kernel that is declared under a written name', () => {
    const declared = sources.flatMap((text) =>
      [...text.matchAll(/defineKernel\(\{\s*name: '([^']+)'/g)].map(([, name]) => name ?? ''),
    );
    expect(declared.length).toBeGreaterThan(15);
    const names = allKernels.map(({ name }) => name);
    for (const name of declared) expect(names).toContain(name);
  });

  it('has a kernel of every file that declares one', () => {
    const declaring = sources.filter((text) => /\bdefineKernel\(/.test(text)).length;
    const shaders = new Set(allKernels.map(({ source }) => source));
    expect(shaders.size).toBeGreaterThanOrEqual(declaring - 2); // two files may share a shader
    expect(allKernels.length).toBeGreaterThanOrEqual(declaring);
  });

  it('gives a kernel by its name', () => {
    expect(kernelNamed('softmax.forward').entryPoint).toBe('forward');
    expect(() => kernelNamed('nothing')).toThrow('there is none named nothing');
  });
});
