// What a dispatch gives its kernel, checked before any GPU sees it: bindings, extents, dims, workgroups.
import type { Dims, Dispatch, Kernel } from './kernel.ts';
import { describeTensor, elementCount, type Tensor } from './tensor.ts';

/**
 * What a dispatch launches, once it is known to be right.
 * @throws if a dim or binding is missing, a tensor is too small, or a written storage is bound twice
 */
export function checkedLaunch<D extends string, B extends string>(
  kernel: Kernel<D, B>,
  dims: Dims<D>,
  bindings: Readonly<Partial<Record<B, Tensor>>>,
  label: string,
): Pick<Dispatch, 'kernel' | 'dims' | 'bindings' | 'workgroups'> {
  // A plan holds kernels of all dims and bindings; what a dispatch gives is checked by name, here and below.
  const plain = kernel as unknown as Kernel;
  const checked = checkBindings(plain, bindings);
  checkExtents(plain, dims, checked, label);
  for (const name of kernel.dims) {
    const value = dims[name];
    if (!Number.isFinite(value)) {
      throw new Error(
        `${kernel.name}: dim ${name} is ${value} at ${label}. Every dim must be a finite number.`,
      );
    }
  }
  const workgroups = kernel.workgroups(dims);
  if (!Number.isSafeInteger(workgroups) || workgroups < 1) {
    throw new Error(
      `${kernel.name}: launches ${workgroups} workgroups for ${JSON.stringify(dims)} at ${label}.`,
    );
  }
  return { kernel: plain, dims, bindings: checked, workgroups };
}

/** Checks that every tensor reaches as far as the kernel will, and holds the right element type. */
function checkExtents(
  kernel: Kernel,
  dims: Dims,
  bindings: Readonly<Record<string, Tensor>>,
  label: string,
): void {
  const specs = kernel.tensors(dims);
  for (const [name, tensor] of Object.entries(bindings)) {
    const spec = specs[name];
    if (!spec) throw new Error(`${kernel.name}: tensors() says nothing of binding ${name}.`);
    const needed = elementCount(spec.shape);
    const type = spec.elementType ?? 'f32';
    if (tensor.storage.elements - tensor.offset < needed || tensor.elementType !== type) {
      throw new Error(
        `${kernel.name}: ${name} must hold [${spec.shape.join(', ')}] ${type} but is ${describeTensor(tensor)} ` +
          `at ${label} with ${JSON.stringify(dims)}. Check the shapes that are passed.`,
      );
    }
  }
}

/** Checks a dispatch's bindings against the kernel and against WebGPU's aliasing rule, before any GPU sees them. */
function checkBindings(
  kernel: Kernel,
  bindings: Readonly<Partial<Record<string, Tensor>>>,
): Record<string, Tensor> {
  const checked: Record<string, Tensor> = {};
  const names = new Set([...kernel.reads, ...kernel.writes]);
  for (const name of names) {
    const tensor = bindings[name];
    if (tensor) checked[name] = tensor;
    else if (!kernel.optional?.includes(name)) throw new Error(`${kernel.name}: binding ${name} is missing.`);
  }
  for (const name of Object.keys(bindings)) {
    if (!names.has(name)) throw new Error(`${kernel.name}: has no binding ${name}.`);
  }
  for (const written of kernel.writes) {
    for (const other of names) {
      const [a, b] = [checked[written], checked[other]];
      if (other !== written && a && b && a.storage === b.storage) {
        throw new Error(
          `${kernel.name}: ${written} (${describeTensor(a)}) and ${other} (${describeTensor(b)}) share a buffer, ` +
            'and a written buffer may be bound once only. Use another tensor.',
        );
      }
    }
  }
  return checked;
}
