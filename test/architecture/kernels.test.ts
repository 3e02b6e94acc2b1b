// Each shader has its kernel file, and each kernel declaration agrees with its WGSL and has cost and reference.
import { describe, expect, it } from 'vitest';
import { prologue } from '../../src/kernels/prologue.ts';
import type { Dims, Kernel } from '../../src/plan/kernel.ts';
import { parseBindings, parseOverrides, parseStruct } from '../../src/plan/wgsl.ts';
import { findComponentStores } from '../kernels/whole-vector-stores.ts';
import { declaredNames, foreignNames, namedSources, namesAskedFor } from './shader-names.ts';
import { listFiles, listImports } from './source-files.ts';

const modules = import.meta.glob<Record<string, unknown>>('../../src/kernels/*.ts', { eager: true });

function isKernel(value: unknown): value is Kernel {
  return typeof value === 'object' && value !== null && 'entryPoint' in value && 'reference' in value;
}

/** A module exports kernels, lists of kernels, and functions that record them. */
const kernels = Object.values(modules)
  .flatMap((module) => Object.values(module))
  .flatMap((value) => (Array.isArray(value) ? value : [value]))
  .filter(isKernel);

/** Every step scalar is one: costs may depend on them, and must then still be numbers. */
const scalars = Object.fromEntries(parseStruct(prologue, 'Step').map(({ name }) => [name, 1]));

/** Dims that switch addends on, whose flops cost terms name by themselves (src/lab/cost/terms-split.ts). */
const addends = ['accumulate', 'hasBias', 'hasResidual', 'softcap', 'hasSinks', 'activation', 'dropout'];

describe('each shader', () => {
  const kernelFiles = listFiles('src/kernels', '.ts');
  const texts = new Map(listFiles('shaders', '.wgsl').map(({ path, text }) => [path, text]));
  it.each([...texts])(
    '%s declares each name that it uses, or says from which file it comes',
    (path, text) => {
      const named = namedSources(text);
      const fromElsewhere = foreignNames(text);
      const given =
        path === 'shaders/prologue.wgsl' ? [] : [...declaredNames(prologue), ...namesAskedFor(text)];
      expect(
        [...fromElsewhere].filter((name) => ![...given, ...[...named.values()].flat()].includes(name)),
      ).toEqual([]);
      for (const [file, names] of named) {
        expect(
          names.filter((name) => !declaredNames(texts.get(file) ?? '').includes(name)),
          file,
        ).toEqual([]);
        expect(
          names.filter((name) => !fromElsewhere.has(name)),
          file,
        ).toEqual([]);
      }
    },
  );

  it.each([...texts].filter(([path]) => path !== 'shaders/prologue.wgsl'))(
    '%s stands behind the files that it names, in every kernel',
    (path, text) => {
      const files = [...namedSources(text).keys()];
      for (const { name, source } of kernels.filter((kernel) => kernel.source.includes(text))) {
        const before = source.slice(0, source.indexOf(text));
        expect(
          files.filter((file) => !before.includes(texts.get(file) ?? path)),
          name,
        ).toEqual([]);
      }
    },
  );

  it.each(listFiles('shaders', '.wgsl').map(({ path }) => path))(
    '%s is imported by the kernel file of its name, or by a part of that file',
    (path) => {
      const name = path.replace(/^shaders\/|\.wgsl$/g, '');
      const owner = kernelFiles.find((file) => {
        const words = file.path.replace(/^src\/kernels\/|\.ts$/g, '').split('-');
        // matmul-variants.ts is a part of matmul.ts, and matmul-subgroup.wgsl one of its variants.
        const wholes = words
          .map((_, index) => words.slice(0, index + 1).join('-'))
          .filter((whole) => kernelFiles.some((other) => other.path === `src/kernels/${whole}.ts`));
        const isOfName = wholes.some((whole) => name === whole || name.startsWith(`${whole}-`));
        return isOfName && listImports(file).includes(path);
      });
      expect(owner?.path, `no kernel file named after ${path} imports it`).toBeDefined();
    },
  );
});

describe.each([...new Set(kernels)].map((kernel) => ({ name: kernel.name, kernel })))(
  '$name',
  ({ kernel }) => {
    it('stores whole vectors where invocations share memory: WGSL lets a component take its neighbours along', () => {
      const stores = findComponentStores(kernel.source);
      expect(stores.map(({ vector, component, operator }) => vector + component + operator)).toEqual([]);
    });

    it('leaves no barrier to workgroupUniformLoad, which naga translates wrongly for Metal (wgpu issue 4500)', () => {
      expect(kernel.source).not.toMatch(/workgroupUniformLoad\s*\(/);
    });

    it('finds its workgroup by linearWorkgroup alone: grids are folded where they are wide, and cut into slices', () => {
      const entry = kernel.source.slice(
        kernel.source.search(new RegExp(`\\bfn\\s+${kernel.entryPoint}\\s*\\(`)),
      );
      const body = entry.slice(0, entry.indexOf('\n}')).replace(/\/\/.*/g, '');
      const name = /@builtin\(workgroup_id\)\s*(\w+)/.exec(body)?.[1] ?? 'no workgroup_id';
      const uses = body.match(new RegExp(`\\b${name}\\b`, 'g')) ?? [];
      const lookUps = body.match(new RegExp(`\\blinearWorkgroup\\(${name}\\)`, 'g')) ?? [];
      expect(lookUps.length).toBeGreaterThan(0);
      expect(uses.length).toBe(lookUps.length + 1); // and where it is declared
      expect(body).toMatch(/\blaunch\.endWorkgroup\b/);
      expect(kernel.source).not.toMatch(/\b(num_workgroups|global_invocation_id)\b/);
    });

    const bindings = parseBindings(kernel.source).filter(({ group }) => group === 0);
    const shapes: readonly Dims[] = [...kernel.selfTest, ...kernel.calibration];

    it('is called camelCase.camelCase, and after a slash what tells a variant', () => {
      expect(kernel.name).toMatch(/^[a-z][A-Za-z0-9]*(\.[a-z][A-Za-z0-9]*)?(\/[\w-]+)?$/);
    });

    it('names an entry point of its WGSL', () => {
      expect(kernel.source).toMatch(new RegExp(`@compute[^{]*\\bfn\\s+${kernel.entryPoint}\\s*\\(`));
    });

    it('reads and writes variables of its WGSL with the right access', () => {
      const access = (name: string) => bindings.find((binding) => binding.name === name)?.access;
      expect(kernel.reads.filter((name) => access(name) === undefined)).toEqual([]);
      expect(kernel.writes.filter((name) => access(name) !== 'read_write')).toEqual([]);
      expect(kernel.reads.filter((name) => kernel.writes.includes(name))).toEqual([]);
    });

    it('takes override constants of its WGSL, and numbers of the launch record that it reads, as dims', () => {
      const launch = [...kernel.source.matchAll(/\blaunch\.(\w+)/g)].map(([, name = '']) => name);
      const overrides = [...parseOverrides(kernel.source), ...launch];
      const constants = Object.keys(kernel.constants?.(shapes[0] ?? {}) ?? {});
      expect(kernel.dims.filter((name) => !overrides.includes(name) && !constants.includes(name))).toEqual(
        [],
      );
    });

    it('binds at most eight storage buffers, which every device can', () => {
      expect(kernel.reads.length + kernel.writes.length).toBeLessThanOrEqual(8);
    });

    it('has shapes for self-test and calibration, with every dim', () => {
      expect(kernel.selfTest.length).toBeGreaterThan(0);
      expect(kernel.calibration.length).toBeGreaterThan(0);
      for (const dims of shapes) expect(Object.keys(dims).sort()).toEqual([...kernel.dims].sort());
    });

    it('describes each of its tensors', () => {
      const names = [...kernel.reads, ...kernel.writes].sort();
      for (const dims of shapes) expect(Object.keys(kernel.tensors(dims)).sort()).toEqual(names);
    });

    it('names its flops, unless closed forms count them all or no step has it', () => {
      if (kernel.role === 'other' || kernel.arithmetic !== undefined) return;
      for (const dims of shapes) {
        const bare = { ...dims, ...Object.fromEntries(addends.map((name) => [name, 0])) };
        expect(kernel.countedFlops?.(bare, scalars) ?? 0).toBe(kernel.usefulFlops(bare, scalars));
      }
    });

    it('counts, repeats and wastes no more than it has', () => {
      for (const dims of shapes) {
        const bare = { ...dims, ...Object.fromEntries(addends.map((name) => [name, 0])) };
        const useful = kernel.usefulFlops(dims, scalars);
        const launched = kernel.launchedFlops?.(dims, scalars) ?? useful;
        expect(kernel.countedFlops?.(bare, scalars) ?? 0).toBeLessThanOrEqual(
          kernel.usefulFlops(bare, scalars),
        );
        expect(kernel.repeatedFlops?.(dims, scalars) ?? 0).toBeLessThanOrEqual(launched - useful);
      }
    });

    it('has a cost, a launch and a reference', () => {
      expect(kernel.reference).toBeTypeOf('function');
      for (const dims of shapes) {
        const flops = kernel.usefulFlops(dims, scalars);
        const cost = [flops, kernel.launchedFlops?.(dims, scalars) ?? flops, kernel.bytes(dims, scalars)];
        expect(cost.every((value) => Number.isFinite(value) && value >= 0)).toBe(true);
        expect(kernel.bytes(dims, scalars)).toBeGreaterThan(0);
        expect(kernel.workgroups(dims)).toSatisfy(
          (count) => Number.isSafeInteger(count) && Number(count) > 0,
        );
      }
    });
  },
);
