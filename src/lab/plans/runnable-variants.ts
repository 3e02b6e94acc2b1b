// A device may not compile what its features promise: such a variant is dropped for good, and the next one taken.
import { KernelCompileError } from '../../runtime/pipelines.ts';
import type { Engine } from './engine.ts';

/**
 * Records and compiles, again without the variants that turn out not to compile. What is dropped stays dropped: the engine
 * is told, so that no later plan has it.
 * @param work records plans by the engine's capabilities and makes a runtime for them
 * @throws what `work` throws: the first refusal to compile where no other variant is left
 */
export async function withRunnableVariants<T>(engine: Engine, work: () => Promise<T>): Promise<T> {
  let refusal: unknown;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      const kernels = uncompiledKernels(error).filter((name) => !engine.capabilities.without?.has(name));
      if (kernels.length === 0) throw (isNoVariantLeft(error) && refusal) || error;
      refusal ??= error;
      engine.onDropped?.(dropVariants(engine, kernels));
    }
  }
}

/** Takes kernels that its device does not compile away from an engine. Returns the sentence that says so. */
export function dropVariants(engine: Engine, kernels: readonly string[]): string {
  const { capabilities } = engine;
  engine.capabilities = { ...capabilities, without: new Set([...(capabilities.without ?? []), ...kernels]) };
  return (
    `This device's driver does not compile ${[...kernels].sort().join(', ')}, although it should by its features: ` +
    'other variants are used, which may be slower. A newer driver or browser may help.'
  );
}

/** Kernels that did not compile, if that is why something failed. */
function uncompiledKernels(error: unknown): readonly string[] {
  const refusal = causesOf(error).find((cause) => cause instanceof KernelCompileError);
  return refusal instanceof KernelCompileError ? refusal.kernels : [];
}

/** True where recording found no variant that it may still take. */
function isNoVariantLeft(error: unknown): boolean {
  return causesOf(error).some(({ name }) => name === 'NoVariantError');
}

/** An error and what was thrown below it. */
function causesOf(error: unknown): Error[] {
  return error instanceof Error ? [error, ...causesOf(error.cause)] : [];
}
