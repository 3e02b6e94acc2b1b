// The rules of ARCHITECTURE.md that a machine can check: imports, sizes, names, the mirror of tests.
import { posix } from 'node:path';
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
const lineBudget = 117_000;
const longestTypeScript = 400;
const longestShader = 200;
const mostFiles = 25;

/** Folders that may hold more, for a file there is an entry of one list: a kernel, a command, a lesson. */
const roomier: Readonly<Record<string, number>> = { 'src/kernels': 80, 'src/cli': 40, 'src/lab/lessons': 40 };

const belowLab = ['plan', 'kernels', 'runtime', 'model', 'data', 'theory', 'laws', 'text', 'contract'];

/** The rooms of the lab, from the ground up: a room may import those before it. */
const labRooms = [
  'plans',
  'sampling',
  'training',
  'hub',
  'cost',
  'inside',
  'evaluation',
  'records',
  'diagram',
  'studies',
  'serving',
  'lessons',
];

/** What all rooms of the page stand on, from the ground up. */
const pageFloors = ['state', 'figures', 'run-views'];

/** The rooms of the page: all folders but these and the page's own. None imports another: what two need stands below. */
const pageRooms = [
  ...new Set(sources.map(({ path }) => /^src\/ui\/([^/]+)\//.exec(path)?.[1] ?? 'page')),
].filter((name) => name !== 'page' && !pageFloors.includes(name));
const belowPage = ['contract', 'text', 'theory', 'laws', 'classroom'];
const pagePackages = ['lit', 'nanostores'];

/** What the class server is made of; vite builds the page that it serves. */
const classServer = ['node-sqlite3-wasm', 'selfsigned', 'sirv', 'uqr', 'vite'];

interface Allowed {
  readonly folders: readonly string[];
  readonly packages: readonly string[];
}

const below = (floor: string, rooms: readonly string[], index: number) =>
  rooms.slice(0, index).map((name) => `${floor}/${name}`);

/**
 * Which folders of src, and which packages, a folder may import besides itself. Anything else is forbidden. A key of
 * two levels is a room of its own; a folder without such keys is one room with its subfolders.
 */
const mayImport: Readonly<Record<string, Allowed>> = {
  plan: { folders: [], packages: [] },
  theory: { folders: [], packages: ['valibot'] },
  laws: { folders: ['text'], packages: ['ml-levenberg-marquardt', 'papaparse'] },
  text: { folders: [], packages: [] },
  classroom: { folders: ['text'], packages: ['valibot'] },
  // The service worker: a program of its own.
  offline: { folders: [], packages: ['workbox-precaching'] },
  // Types of fits alone: laws is a leaf that page and worker both read.
  contract: { folders: ['laws'], packages: [] },
  data: {
    folders: [],
    packages: ['@huggingface/jinja', '@huggingface/tokenizers', '@noble/hashes', 'valibot'],
  },
  kernels: { folders: ['plan', 'data', 'shaders'], packages: [] },
  // src/wasm is AssemblyScript: a program of its own, whose compiled form the runtime gets from the bundler.
  wasm: { folders: [], packages: [] },
  runtime: { folders: ['plan'], packages: ['virtual:', 'wasm-feature-detect'] },
  model: { folders: ['plan', 'kernels', 'data', 'text'], packages: ['valibot'] },
  ...Object.fromEntries(
    labRooms.map((name, index): [string, Allowed] => [
      `lab/${name}`,
      {
        folders: [...belowLab, ...below('lab', labRooms, index)],
        packages: ['valibot', ...(name === 'hub' ? ['@huggingface/hub'] : [])],
      },
    ]),
  ),
  worker: { folders: [...belowLab, 'lab'], packages: ['comlink', 'idb', 'valibot'] },
  cli: {
    folders: [...belowLab, 'lab', 'classroom'],
    packages: ['commander', 'valibot', 'webgpu', 'node:', 'virtual:', ...classServer],
  },
  'ui/state': { folders: belowPage, packages: ['comlink', 'fflate', 'idb', ...pagePackages] },
  'ui/figures': { folders: [...belowPage, 'ui/state'], packages: pagePackages },
  'ui/run-views': {
    folders: [...belowPage, ...below('ui', pageFloors, 2)],
    packages: [...pagePackages, 'uplot'],
  },
  ...Object.fromEntries(
    pageRooms.map((name): [string, Allowed] => [
      `ui/${name}`,
      { folders: [...belowPage, ...below('ui', pageFloors, 3)], packages: ['idb', ...pagePackages] },
    ]),
  ),
  'ui/page': {
    folders: [...belowPage, ...below('ui', pageFloors, 3), ...below('ui', pageRooms, pageRooms.length)],
    packages: [...pagePackages, 'uqr'],
  },
};

/** Files, and folders of one table's rows, that are tested through another file's test, and through which. */
const testedElsewhere: Readonly<Record<string, string>> = {
  'src/contract/threads.ts': 'test/ui/state/thread-starter.test.ts',
  'src/cli/export/continue.ts': 'test/cli/export/command.test.ts',
  'src/cli/export/source.ts': 'test/cli/export/command.test.ts',
  'src/cli/models.ts': 'test/cli/pull/command.test.ts',
  'src/cli/pull/disk-folder.ts': 'test/cli/pull/command.test.ts',
  'src/cli/pull/store.ts': 'test/cli/pull/command.test.ts',
  'src/lab/hub/repository.ts': 'test/lab/hub/pull.test.ts',
  'src/classroom/link-names.ts': 'test/ui/page/share-data.test.ts',
  'src/data/tokenizers/asked-thread.ts': 'test/data/tokenizers/encoder.test.ts',
  'src/data/tokenizers/template.ts': 'test/data/tokenizers/chat.test.ts',
  'src/data/stories/phrases.ts': 'test/data/stories/writer.test.ts',
  'src/data/stories/plots-heart.ts': 'test/data/stories/writer.test.ts',
  'src/data/stories/plots-help.ts': 'test/data/stories/writer.test.ts',
  'src/data/stories/plots-quest.ts': 'test/data/stories/writer.test.ts',
  'src/lab/records/chart.ts': 'test/cli/report.test.ts',
  'src/lab/records/html.ts': 'test/cli/report.test.ts',
  'src/lab/records/report.ts': 'test/cli/report.test.ts',
  'src/model/families': 'test/model/huggingface/families.test.ts',
  'src/model/huggingface/decoder.ts': 'test/model/huggingface/config.test.ts',
  'src/model/huggingface/decoder-layout.ts': 'test/model/huggingface/weights.test.ts',
  'src/model/huggingface/latent-layout.ts': 'test/model/huggingface/families.test.ts',
  'src/model/huggingface/rotary-layers.ts': 'test/model/huggingface/families.test.ts',
  'src/model/huggingface/windows.ts': 'test/model/huggingface/families.test.ts',
  'src/plan/kernel.ts': 'test/architecture/kernels.test.ts',
  'src/runtime/wasm/binary.ts': 'test/runtime/wasm/kernels.test.ts',
  'src/cli/threads/wasm-entry.ts': 'test/runtime/wasm/pool.test.ts',
  'src/cli/threads/wasm.ts': 'test/runtime/wasm/pool.test.ts',
  'src/cli/threads/tokenizer-entry.ts': 'test/cli/published-text.test.ts',
  'src/cli/threads/tokenizer.ts': 'test/cli/published-text.test.ts',
  'src/worker/hub/origin-models.ts': 'test/e2e/published-text.test.ts',
  'src/worker/threads/fit-entry.ts': 'test/e2e/laws.test.ts',
  'src/worker/threads/serve.ts': 'test/e2e/without-gpu.test.ts',
  'src/worker/threads/tokenizer-entry.ts': 'test/e2e/published-text.test.ts',
  'src/worker/threads/wasm-entry.ts': 'test/e2e/without-gpu.test.ts',
  'src/offline/service-worker.ts': 'test/e2e/offline.test.ts',
  'src/wasm': 'test/kernels/describe-kernel.ts',
  'src/wasm/decoding': 'test/kernels/describe-kernel.ts',
  'src/wasm/experts': 'test/kernels/describe-kernel.ts',
  'src/wasm/optimizers': 'test/kernels/describe-kernel.ts',
  'src/wasm/quantised': 'test/kernels/describe-kernel.ts',
  'src/wasm/numeric': 'test/kernels/describe-kernel.ts',
  'src/ui/costs/caches.ts': 'test/e2e/costs.test.ts',
  'src/ui/costs/compute.ts': 'test/e2e/costs.test.ts',
  'src/ui/costs/curves.ts': 'test/e2e/costs.test.ts',
  'src/ui/costs/models.ts': 'test/e2e/costs.test.ts',
  'src/ui/costs/own.ts': 'test/e2e/costs.test.ts',
  'src/ui/figures/check-box.ts': 'test/e2e/compare.test.ts',
  'src/ui/figures/data-table.ts': 'test/e2e/serving.test.ts',
  'src/ui/figures/webgpu-browsers.ts': 'test/e2e/without-gpu.test.ts',
  'src/ui/model/pick.ts': 'test/e2e/model.test.ts',
  'src/ui/page/actions.ts': 'test/e2e/train.test.ts',
  'src/ui/page/theme.ts': 'test/e2e/accessibility.test.ts',
  'src/ui/page/train-columns.ts': 'test/e2e/train.test.ts',
  'src/ui/run-views/kernel-requests.ts': 'test/e2e/kernels.test.ts',
  'src/ui/state/events.ts': 'test/e2e/train.test.ts',
};

/** The room a file is in: a key of the table, of two levels where there is one. */
function roomOf(path: string): string {
  const [first = '', second = '', third = ''] = path.split('/');
  if (first !== 'src') return first;
  const twoLevels = `${second}/${third}`;
  return twoLevels in mayImport ? twoLevels : second;
}

function isAllowed(file: SourceFile, target: string): boolean {
  const room = roomOf(file.path);
  const { folders, packages } = mayImport[room] ?? { folders: [], packages: [] };
  if (!target.startsWith('src/') && !target.startsWith('shaders/')) {
    return packages.some(
      (name) => target === name || target.startsWith(name.endsWith(':') ? name : `${name}/`),
    );
  }
  const other = roomOf(target);
  return other === room || folders.some((name) => other === name || other.startsWith(`${name}/`));
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
    expect(sources.map(({ path }) => roomOf(path)).filter((name) => !(name in mayImport))).toEqual([]);
  });

  it('have no cycle', () => {
    const edges = new Map(sources.map((file) => [file.path, listImports(file)]));
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

  it('do not repeat the name of their folder', () => {
    const repeats = (path: string) => {
      const [folder = '', name = ''] = path.split('/').slice(-2);
      return name.startsWith(`${folder}-`) || name.startsWith(`${folder.replace(/s$/, '')}-`);
    };
    const roomFiles = sources.filter(({ path }) => path.split('/').length > 2);
    expect(roomFiles.map(({ path }) => path).filter(repeats)).toEqual([]);
  });

  it('name constants in camelCase, and say what they throw behind @throws', () => {
    const wrong = sources.filter(({ text }) => /^\s*(export )?const [A-Z][A-Z0-9_]+ |\bThrows\b/m.test(text));
    expect(wrong.map(({ path }) => path)).toEqual([]);
  });

  it('spread no literals, which only keeps the formatter from one property a line', () => {
    const wrong = sources.filter(({ text }) =>
      /^\s*\.\.\.(\{ |\(\[[^\]]*\] as const\),)/m.test(withoutComments(text)),
    );
    expect(wrong.map(({ path }) => path)).toEqual([]);
  });

  it('leave to one place what one place does', () => {
    const places: readonly (readonly [what: RegExp, where: string])[] = [
      [/\b(toFixed|toPrecision|toExponential|toLocaleString|NumberFormat)\(/, 'src/text/'],
      [/\bnew ResizeObserver\b/, 'src/ui/figures/size-controller.ts'],
      [/addEventListener\('hashchange'/, 'src/ui/state/address-controller.ts'],
    ];
    const wrong = places.flatMap(([what, where]) =>
      sources
        .filter(({ path, text }) => !path.startsWith(where) && what.test(withoutComments(text)))
        .map(({ path }) => `${path}: ${what}`),
    );
    expect(wrong).toEqual([]);
  });

  it('are at most twenty-five to a folder', () => {
    const counts = new Map<string, number>();
    for (const { path } of sources) {
      counts.set(posix.dirname(path), (counts.get(posix.dirname(path)) ?? 0) + 1);
    }
    const crowded = [...counts].filter(([folder, count]) => count > (roomier[folder] ?? mostFiles));
    expect(crowded).toEqual([]);
  });

  it('have a test of their name in the same place, or belong to a file of their room that has one', () => {
    const hasTest = (path: string) =>
      ['.test.ts', '.gpu.test.ts'].some((end) => hasFile(path.replace(/^src/, 'test').replace('.ts', end)));
    // attention-shape.ts is a part of attention.ts, split off for length: attention.test.ts covers both.
    const isPart = (path: string) => {
      const parts = path.replace(/\.ts$/, '').split('-');
      const whole = parts.map((_, index) => `${parts.slice(0, index).join('-')}.ts`).slice(1);
      return whole.some((name) => hasFile(name) && hasTest(name));
    };
    const importers = new Map<string, string[]>();
    for (const file of sources) {
      for (const target of listImports(file))
        importers.set(target, [...(importers.get(target) ?? []), file.path]);
    }
    // A row of a table is tested through its table: families.test.ts covers llama.ts, which only families.ts imports.
    const isCovered = (path: string): boolean =>
      hasTest(path) ||
      isPart(path) ||
      (importers.get(path) ?? []).some(
        (user) => posix.dirname(user) === posix.dirname(path) && isCovered(user),
      );
    // What a browser must draw is tested in a browser, room by room.
    const isDrawn = ({ path, text }: SourceFile) =>
      path.startsWith('src/ui/') && /@customElement|\bcss`|ReactiveController/.test(text);
    const wrong = sources.filter(
      (file) => !isTypesOnly(file.text) && !isDrawn(file) && !isCovered(file.path),
    );
    const isElsewhere = (path: string) => path in testedElsewhere || posix.dirname(path) in testedElsewhere;
    expect(wrong.map(({ path }) => path).filter((path) => !isElsewhere(path))).toEqual([]);
  });

  it('of every room of the page are driven in a browser', () => {
    expect(pageRooms.filter((name) => !hasFile(`test/e2e/${name}.test.ts`))).toEqual([]);
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
    const others = sources.filter(({ path }) => roomOf(path) !== 'runtime' && path !== 'src/cli/device.ts');
    expect(filesWith(/\bGPU[A-Z]\w*/, others)).toEqual([]);
  });

  it('has no any, no silenced error, no default export', () => {
    expect(filesWith(/[:<,(]\s*any\b|\bas any\b|^export default\b/m, sources)).toEqual([]);
    expect(sources.filter(({ text }) => /@ts-(ignore|nocheck|expect-error)/.test(text))).toEqual([]);
  });

  it('has no comment over a doc comment: whoever reads the one reads the other', () => {
    expect(filesWith(/^[ \t]*\/\/[^\n]*\n[ \t]*\/\*\*/m, sources)).toEqual([]);
  });

  it('states no binding number: those live in the WGSL', () => {
    expect(filesWith(/\bbinding:\s*\d|@binding\(\d/, sources)).toEqual([]);
  });

  it('asks no kernel for its family to know what it is for: its role says so', () => {
    // The WASM functions are named after families; nobody else outside plan and kernels has a use for them.
    const others = sources.filter(({ path }) => !/^src\/(plan|kernels|runtime\/wasm)\//.test(path));
    expect(filesWith(/\bkernel\b[^\n;]*\.family\b|\bkernel: \{[^}]*\bfamily\b/, others)).toEqual([]);
    expect(filesWith(/\bkernel\.name(\.\w+\(|\s*[!=]==?\s*['"`/])/, others)).toEqual([]);
  });

  it('writes no WGSL: shaders are files', () => {
    expect(filesWith(/@compute|@workgroup_size/, sources)).toEqual([]);
  });
});
