// Compiles the AssemblyScript of src/wasm, and hands it to Vite as the module `virtual:wasm-kernels`.
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { kept, root } from './kept.js';

const folder = join(root, 'src/wasm');
const moduleName = 'virtual:wasm-kernels';

/** Variants of the one program: multiply-adds in one rounding or in two. */
const variants = /** @type {const} */ (['plain', 'relaxed']);

/** @typedef {(typeof variants)[number]} Variant */

/** Files of the folder, below it too. */
function listFiles() {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  return names.filter((name) => name.endsWith('.ts')).sort();
}

/** Files whose exports are kernels: all but those that kernels import from `numeric/`. */
function listEntries() {
  return listFiles().filter((name) => !name.startsWith('numeric'));
}

/** The text of all sources, by which a compiled program is kept. */
function readSources() {
  return listFiles().map((name) => readFileSync(join(folder, name), 'utf8'));
}

/**
 * Parameter names of every exported function, in order: how the runtime knows what to pass.
 * @returns {Record<string, string[]>}
 */
export function readSignatures() {
  const texts = listEntries().map((name) => readFileSync(join(folder, name), 'utf8'));
  const found = texts.flatMap((text) => [...text.matchAll(/^export function (\w+)\(([^)]*)\)/gm)]);
  return Object.fromEntries(
    found.map(([, name = '', parameters = '']) => [
      name,
      [...parameters.matchAll(/(\w+)\s*:/g)].map(([, parameter = '']) => parameter),
    ]),
  );
}

/**
 * Compiles one variant, or reads it from the cache: the compiler takes seconds.
 * @param {Variant} variant
 * @returns {Promise<Uint8Array>} a module that imports a shared memory
 */
export async function compileKernels(variant) {
  return kept(`kernels-${variant}`, readSources, () => compile(variant));
}

/**
 * @param {Variant} variant
 * @returns {Promise<Uint8Array>}
 */
async function compile(variant) {
  const { default: asc } = await import('assemblyscript/asc');
  /** @type {Uint8Array | undefined} */
  let binary;
  const relaxed = variant === 'relaxed' ? ['--enable', 'relaxed-simd'] : [];
  const { error, stderr } = await asc.main(
    [
      ...listEntries().map((name) => join('src/wasm', name)),
      ...[
        '--outFile',
        'kernels.wasm',
        '--runtime',
        'stub',
        '--use',
        'abort=',
        '--noAssert',
        '-O3',
        '--disableWarning',
        '112',
      ],
      ...['--importMemory', '--sharedMemory', '--maximumMemory', '65536', '--memoryBase', '1024'],
      ...['--enable', 'simd', '--enable', 'threads', ...relaxed],
    ],
    {
      readFile: (name) => {
        const path = join(root, name);
        return existsSync(path) ? readFileSync(path, 'utf8') : null;
      },
      writeFile: (_, contents) => {
        if (typeof contents !== 'string') binary = contents;
      },
      listFiles: () => [],
    },
  );
  if (error || binary === undefined)
    throw new Error(`wasm: the kernels do not compile: ${stderr.toString()}`);
  return binary;
}

/**
 * The Vite plugin. In Node the module compiles when it is asked; for a page it names two files.
 * @returns {import('vite').Plugin}
 */
export function wasmKernels() {
  return {
    name: 'wasm-kernels',
    resolveId: (id) => (id === moduleName ? `\0${moduleName}` : undefined),
    async load(id) {
      if (id !== `\0${moduleName}`) return undefined;
      const digest = createHash('sha256').update(JSON.stringify(readSources())).digest('hex').slice(0, 8);
      const signatures = `export const signatures = ${JSON.stringify(readSignatures())};
        export const digest = '${digest}';`;
      if (this.environment.config.consumer === 'server') {
        const compiler = JSON.stringify(import.meta.url);
        const bundler = JSON.stringify(new URL('bundle.js', import.meta.url).href);
        return `${signatures}
          export const readKernels = async (variant) =>
            (await import(/* @vite-ignore */ ${compiler})).compileKernels(variant);
          export const bundleThread = async (entry) =>
            (await import(/* @vite-ignore */ ${bundler})).bundle(entry, { withPackages: true });`;
      }
      const sources = await Promise.all(
        variants.map(async (variant) => {
          const source = await compileKernels(variant);
          if (this.environment.mode === 'dev') {
            return `${variant}: 'data:application/wasm;base64,${Buffer.from(source).toString('base64')}'`;
          }
          const reference = this.emitFile({ type: 'asset', name: `kernels-${variant}.wasm`, source });
          return `${variant}: import.meta.ROLLUP_FILE_URL_${reference}`;
        }),
      );
      return `${signatures}
        const addresses = { ${sources.join(', ')} };
        export const readKernels = async (variant) => {
          const response = await fetch(addresses[variant], { signal: AbortSignal.timeout(10000) });
          if (!response.ok) throw new Error(\`wasm: \${addresses[variant]} answers \${response.status}. Reload the page.\`);
          return new Uint8Array(await response.arrayBuffer());
        };`;
    },
  };
}
