// The rules of ARCHITECTURE.md that a machine can check: imports, sizes, names, the mirror of tests.
import { describe, expect, it } from 'vitest';
import {
  countLines,
  hasFile,
  isTypesOnly,
  listFiles,
  listImports,
  type SourceFile,
  withoutComments,
} from './architecture/source-files.ts';

const sources = listFiles('src', '.ts');
const shaders = listFiles('shaders', '.wgsl');
const tools = [...listFiles('bin', '.js'), ...listFiles('bench', '.ts', '.js')];
const tests = listFiles('test', '.ts');

/** Lines of src and shaders together. Raise it only in a commit that says what it bought. */
const lineBudget = 60_000;
const longestTypeScript = 400;
const longestShader = 200;

const everythingBelowLab = ['plan', 'kernels', 'runtime', 'model', 'data', 'theory', 'laws'];

/** Which folders of src, and which packages, a folder may import besides itself. Anything else is forbidden. */
const mayImport: Readonly<Record<string, { folders: readonly string[]; packages: readonly string[] }>> = {
  plan: { folders: [], packages: [] },
  theory: { folders: [], packages: ['valibot'] },
  laws: { folders: [], packages: ['ml-levenberg-marquardt', 'papaparse'] },
  data: { folders: [], packages: ['valibot'] },
  kernels: { folders: ['plan', 'shaders'], packages: [] },
  runtime: { folders: ['plan'], packages: [] },
  model: { folders: ['plan', 'kernels', 'data'], packages: ['valibot'] },
  lab: { folders: everythingBelowLab, packages: ['valibot'] },
  worker: { folders: [...everythingBelowLab, 'lab'], packages: ['comlink', 'idb', 'valibot'] },
  cli: { folders: [...everythingBelowLab, 'lab'], packages: ['commander', 'valibot', 'webgpu', 'node:'] },
  ui: {
    folders: ['theory', 'laws'],
    packages: ['comlink', 'fflate', 'idb', 'lit', 'nanostores', 'uplot', 'valibot'],
  },
};

/**
 * The contract between page and worker, types only: the files of src/worker that ui, cli and lab may import. The lab
 * makes the events and tables that the contract describes, and a second set of types would be a second truth.
 */
const isContract = (path: string) => /^src\/worker\/api(-[a-z-]+)?\.ts$/.test(path);

/** Folders whose every file needs a test of the same name. */
const mirrored = ['plan', 'kernels', 'runtime', 'model', 'data', 'theory', 'laws', 'lab', 'cli'];

/** Files that are tested through another file's test, and through which. */
const testedElsewhere: Readonly<Record<string, string>> = {
  'src/data/story-phrases.ts': 'test/data/stories.test.ts',
  'src/data/story-plots-heart.ts': 'test/data/stories.test.ts',
  'src/data/story-plots-help.ts': 'test/data/stories.test.ts',
  'src/data/story-plots-quest.ts': 'test/data/stories.test.ts',
  'src/model/huggingface/arithmetic.ts': 'test/model/huggingface/families.test.ts',
  'src/model/huggingface/decoder.ts': 'test/model/huggingface/config.test.ts',
  'src/model/huggingface/layout.ts': 'test/model/huggingface/weights.test.ts',
  'src/model/huggingface/parts.ts': 'test/model/huggingface/weights.test.ts',
  'src/plan/kernel.ts': 'test/architecture/kernels.test.ts',
};

/** A family is two declarations: all are tested alike, each on its fixture. */
const isFamily = (path: string) => path.startsWith('src/model/families/');

/** First folder below src, or the first folder. */
function folderOf(path: string): string {
  const [first = '', second = ''] = path.split('/');
  return first === 'src' ? second : first;
}

function isAllowed(file: SourceFile, target: string): boolean {
  const folder = folderOf(file.path);
  const { folders, packages } = mayImport[folder] ?? { folders: [], packages: [] };
  if (!target.startsWith('src/') && !target.startsWith('shaders/')) {
    return packages.some(
      (name) => target === name || target.startsWith(name.endsWith(':') ? name : `${name}/`),
    );
  }
  if (isContract(file.path)) return folderOf(target) === 'theory' || isContract(target);
  if (isContract(target) && ['ui', 'cli', 'lab'].includes(folder)) return true;
  return folderOf(target) === folder || folders.includes(folderOf(target));
}

describe('imports', () => {
  it('go in the directions of the table', () => {
    const wrong = sources.flatMap((file) =>
      listImports(file)
        .filter((target) => !isAllowed(file, target))
        .map((target) => `${file.path} imports ${target}`),
    );
    expect(wrong).toEqual([]);
  });

  it('stay within folders that the table names', () => {
    expect(sources.map(({ path }) => folderOf(path)).filter((name) => !(name in mayImport))).toEqual([]);
  });

  it('have no cycle', () => {
    // The contract's files are one set of types in parts: `Lab` is all of them, and they share its `Result`.
    const isOrdered = (from: string) => (to: string) => !(isContract(from) && isContract(to));
    const edges = new Map(sources.map((file) => [file.path, listImports(file).filter(isOrdered(file.path))]));
    const finished = new Set<string>();
    const cycles: string[] = [];
    const visit = (path: string, trail: readonly string[]): void => {
      if (trail.includes(path)) {
        cycles.push([...trail.slice(trail.indexOf(path)), path].join(' → '));
      } else if (!finished.has(path)) {
        for (const target of edges.get(path) ?? []) visit(target, [...trail, path]);
        finished.add(path);
      }
    };
    for (const path of edges.keys()) visit(path, []);
    expect(cycles).toEqual([]);
  });

  it('name files that exist', () => {
    const missing = sources.flatMap((file) =>
      listImports(file)
        .filter((target) => /^(src|shaders)\//.test(target) && !hasFile(target))
        .map((target) => `${file.path} imports ${target}`),
    );
    expect(missing).toEqual([]);
  });
});

describe('sizes', () => {
  const tooLong = (files: readonly SourceFile[], limit: number) =>
    files
      .filter(({ text }) => countLines(text) > limit)
      .map(({ path, text }) => `${path}: ${countLines(text)} lines`);

  it(`keep TypeScript files to ${longestTypeScript} lines`, () => {
    expect(tooLong([...sources, ...tools, ...tests], longestTypeScript)).toEqual([]);
  });

  it(`keep shaders to ${longestShader} lines`, () => {
    expect(tooLong(shaders, longestShader)).toEqual([]);
  });

  it(`keep src and shaders to ${lineBudget} lines in all`, () => {
    const total = [...sources, ...shaders].reduce((sum, { text }) => sum + countLines(text), 0);
    expect(total).toBeLessThanOrEqual(lineBudget);
  });
});

describe('files', () => {
  it('open with a comment that says what they are', () => {
    const wrong = [...sources, ...shaders, ...tools, ...tests].filter(
      ({ text }) => !/^(#![^\n]*\n)?\/\/\/? \S+ \S+/.test(text),
    );
    expect(wrong.map(({ path }) => path)).toEqual([]);
  });

  it('are named in kebab-case and sit in no folder for leftovers', () => {
    const forbidden = /(^|\/)(utils?|common|core|helpers?|lib|misc|shared|index)(\/|\.ts$)/;
    const kebab = /^[a-z0-9]+(-[a-z0-9]+)*(\.(gpu|full))?(\.test)?\.(ts|wgsl|js)$/;
    const wrong = [...sources, ...shaders, ...tools, ...tests].filter(
      ({ path }) => forbidden.test(path) || !kebab.test(path.split('/').at(-1) ?? ''),
    );
    expect(wrong.map(({ path }) => path)).toEqual([]);
  });

  it('of the mirrored folders have a test of their name, or of the name that theirs extends', () => {
    const hasTest = (base: string) => hasFile(`test/${base}.test.ts`) || hasFile(`test/${base}.gpu.test.ts`);
    // attention-shape.ts is a part of attention.ts, split off for length: attention.test.ts covers both.
    const isCovered = (path: string) => {
      const base = path.replace(/^src\/|\.ts$/g, '');
      const parts = base.split('-');
      const whole = parts.map((_, index) => parts.slice(0, index).join('-')).slice(1);
      return hasTest(base) || whole.some((name) => hasFile(`src/${name}.ts`) && hasTest(name));
    };
    const wrong = sources
      .filter(({ path, text }) => mirrored.includes(folderOf(path)) && !isTypesOnly(text))
      .filter(({ path }) => !(path in testedElsewhere) && !isFamily(path) && !isCovered(path));
    expect(wrong.map(({ path }) => path)).toEqual([]);
  });

  it('that are tested elsewhere exist, and so do their tests', () => {
    expect(
      Object.entries(testedElsewhere)
        .flat()
        .filter((path) => !hasFile(path)),
    ).toEqual([]);
  });
});

describe('TypeScript', () => {
  const filesWith = (pattern: RegExp, files: readonly SourceFile[]) =>
    files.filter(({ text }) => pattern.test(withoutComments(text))).map(({ path }) => path);

  it('says no GPU type outside src/runtime and src/cli/device.ts', () => {
    const others = sources.filter(({ path }) => folderOf(path) !== 'runtime' && path !== 'src/cli/device.ts');
    expect(filesWith(/\bGPU[A-Z]\w*/, others)).toEqual([]);
  });

  it('has no any, no silenced error, no default export', () => {
    expect(filesWith(/[:<,(]\s*any\b|\bas any\b|^export default\b/m, sources)).toEqual([]);
    expect(sources.filter(({ text }) => /@ts-(ignore|nocheck|expect-error)/.test(text))).toEqual([]);
  });

  it('states no binding number: those live in the WGSL', () => {
    expect(filesWith(/\bbinding:\s*\d|@binding\(\d/, sources)).toEqual([]);
  });

  it('writes no WGSL: shaders are files', () => {
    expect(filesWith(/@compute|@workgroup_size/, sources)).toEqual([]);
  });
});
