// Compiles kernels: one pipeline per kernel and dims, with layouts made from the names and numbers in the WGSL.
import type { Dims, Dispatch, Kernel } from '../plan/kernel.ts';
import { parseBindings, specialisedDims } from '../plan/wgsl.ts';

/** A compiled kernel and the binding numbers of its names. */
export interface CompiledKernel {
  readonly pipeline: GPUComputePipeline;
  readonly layout: GPUBindGroupLayout;
  readonly bindingNumbers: ReadonlyMap<string, number>;
}

/** Kernels that the device does not compile. */
export class KernelCompileError extends Error {
  readonly kernels: readonly string[];

  constructor(message: string, kernels: readonly string[]) {
    super(message);
    this.name = 'KernelCompileError';
    this.kernels = kernels;
  }
}

/** Compiles and keeps pipelines of one device. */
export class PipelineCache {
  readonly #device: GPUDevice;
  readonly #pipelines = new Map<string, Promise<CompiledKernel>>();
  readonly #modules = new Map<string, GPUShaderModule>();
  /** Layout of group 1: the launch record and the step record, both by dynamic offset. */
  readonly recordLayout: GPUBindGroupLayout;

  constructor(device: GPUDevice) {
    this.#device = device;
    const uniform = { type: 'uniform', hasDynamicOffset: true } as const;
    this.recordLayout = device.createBindGroupLayout({
      label: 'launch and step records',
      entries: [0, 1].map((binding) => ({ binding, visibility: GPUShaderStage.COMPUTE, buffer: uniform })),
    });
  }

  /** Number of pipelines made so far. */
  get size(): number {
    return this.#pipelines.size;
  }

  /**
   * The pipeline of a kernel for given dims.
   * @throws KernelCompileError with the kernel's name, the dims and WebGPU's message when the WGSL does not compile.
   */
  compile(kernel: Kernel, dims: Dims): Promise<CompiledKernel> {
    const key = pipelineKey(kernel, dims);
    let compiled = this.#pipelines.get(key);
    if (!compiled) {
      compiled = this.#compile(kernel, dims);
      this.#pipelines.set(key, compiled);
    }
    return compiled;
  }

  /**
   * The pipelines of many dispatches, compiled side by side.
   * @throws KernelCompileError with the first message and the names of all kernels that do not compile
   */
  async compileAll(
    dispatches: readonly Dispatch[],
    onProgress: (compiled: number, total: number) => void = () => undefined,
  ): Promise<Map<Dispatch, CompiledKernel>> {
    const compiled = new Map<Dispatch, CompiledKernel>();
    const errors: unknown[] = [];
    await Promise.all(
      dispatches.map(async (dispatch) => {
        try {
          compiled.set(dispatch, await this.compile(dispatch.kernel, dispatch.dims));
          onProgress(compiled.size, dispatches.length);
        } catch (error) {
          errors.push(error);
        }
      }),
    );
    const [first] = errors;
    if (first === undefined) return compiled;
    const refused = errors.filter((error) => error instanceof KernelCompileError);
    const names = refused.flatMap(({ kernels }) => kernels);
    if (!(first instanceof KernelCompileError) || refused.length < errors.length) throw first;
    throw new KernelCompileError(first.message, [...new Set(names)]);
  }

  async #compile(kernel: Kernel, dims: Dims): Promise<CompiledKernel> {
    const declared = new Map(parseBindings(kernel.source).map((binding) => [binding.name, binding]));
    const names = [...new Set([...kernel.reads, ...kernel.writes])];
    const bindingNumbers = new Map<string, number>();
    const entries = names.map((name): GPUBindGroupLayoutEntry => {
      const binding = declared.get(name);
      if (binding?.group !== 0) {
        throw new Error(`${kernel.name}: the WGSL declares no @group(0) variable ${name}.`);
      }
      bindingNumbers.set(name, binding.binding);
      const type = binding.access === 'read' ? 'read-only-storage' : 'storage';
      return { binding: binding.binding, visibility: GPUShaderStage.COMPUTE, buffer: { type } };
    });
    const code = shaderText(kernel, dims);
    const constants = specialisedDims(code, dims);
    // Errors are told by the pipeline's promise below. Nothing may be awaited while the scope is open: the device
    // has one stack of scopes for everybody.
    this.#device.pushErrorScope('validation');
    const module = this.#moduleOf(kernel.name, code);
    const layout = this.#device.createBindGroupLayout({ label: kernel.name, entries });
    const compiling = this.#device.createComputePipelineAsync({
      label: kernel.name,
      layout: this.#device.createPipelineLayout({ bindGroupLayouts: [layout, this.recordLayout] }),
      compute: { module, entryPoint: kernel.entryPoint, constants },
    });
    const scope = this.#device.popErrorScope();
    try {
      const pipeline = await compiling;
      return { pipeline, layout, bindingNumbers };
    } catch (error) {
      if (await isLost(this.#device)) throw lostError(kernel.name);
      const { messages } = await module.getCompilationInfo();
      const lines = messages.map(({ lineNum, message }) => `line ${lineNum}: ${message}`);
      throw new KernelCompileError(
        `${kernel.name}: does not compile for ${JSON.stringify(dims)}: ` +
          `${error instanceof Error ? error.message : error} ${lines.join('; ')}`,
        [kernel.name],
      );
    } finally {
      await scope.catch(() => undefined);
    }
  }

  #moduleOf(label: string, code: string): GPUShaderModule {
    let module = this.#modules.get(code);
    if (!module) {
      module = this.#device.createShaderModule({ label, code });
      this.#modules.set(code, module);
    }
    return module;
  }
}

/** Milliseconds for a loss to be told that made a compilation fail. */
const lossNotice = 100;

/** A lost device compiles nothing, which says nothing of the kernel. */
function isLost(device: GPUDevice): Promise<boolean> {
  const notTold = new Promise<boolean>((resolve) => setTimeout(resolve, lossNotice, false));
  return Promise.race([device.lost.then(() => true), notTold]);
}

function lostError(kernel: string): Error {
  const error = new Error(`The GPU was lost while ${kernel} was compiled.`);
  error.name = 'DeviceLostError';
  return error;
}

/** What tells one pipeline from another: kernel, overrides and constants, but no dim that the launch record holds. */
export function pipelineKey(kernel: Kernel, dims: Dims): string {
  const values = { ...specialisedDims(kernel.source, dims), ...kernel.constants?.(dims) };
  return `${kernel.name} ${JSON.stringify(values)}`;
}

/**
 * WGSL handed to the device: enable lines, then the source, in which constants that no override may decide (sizes of
 * arrays in registers, say) are `const` where they are declared as `override`.
 * @throws if the source declares no override of a constant's name
 */
export function shaderText(kernel: Kernel, dims: Dims): string {
  const enables: string[] = [];
  if (kernel.requires?.includes('shader-f16')) enables.push('enable f16;');
  if (kernel.requires?.includes('subgroups')) enables.push('enable subgroups;');
  if (kernel.requires?.includes('chromium-experimental-subgroup-matrix')) {
    enables.push('enable chromium_experimental_subgroup_matrix;');
  }
  let source = kernel.source;
  for (const [name, value] of Object.entries(kernel.constants?.(dims) ?? {})) {
    const declaration = new RegExp(`^override ${name}: [^;]*;`, 'm');
    if (!declaration.test(source)) {
      throw new Error(
        `${kernel.name}: the WGSL does not declare the constant. Write \`override ${name}: u32;\`.`,
      );
    }
    const text = Number.isInteger(value) ? `${name} = ${value}u` : `${name}: f32 = ${value}`;
    source = source.replace(declaration, `const ${text};`);
  }
  return [...enables, source].join('\n');
}
