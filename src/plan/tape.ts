// Records dispatches instead of running them. `backward` replays closures that record gradients: micrograd at plan time.
import { checkedLaunch } from './checked-launch.ts';
import type { Capabilities, Dims, Dispatch, Kernel, Phase, VariantTable } from './kernel.ts';
import { type ElementType, elementCount, type MemoryClass, type Tensor } from './tensor.ts';

/** What recording depends on. The same options give the same plan. */
export interface TapeOptions {
  readonly capabilities: Capabilities;
  readonly variants?: VariantTable | undefined;
  /** False records no gradients: evaluation, prefill and decode. */
  readonly training?: boolean;
}

/** Where a kernel puts a gradient, and whether it must add to what is there. */
export interface GradientTarget {
  readonly gradient: Tensor;
  /** 1 after the first contribution: a kernel's `accumulate` override. */
  readonly accumulate: 0 | 1;
}

/** Where in the model a dispatch is recorded. */
interface Place {
  readonly scope: readonly string[];
  readonly term: string | undefined;
  readonly layer: number | undefined;
}

interface Closure {
  readonly output: Tensor;
  readonly place: Place;
  readonly record: (outputGradient: Tensor) => void;
}

/** An append-only list of dispatches with the closures that extend it backwards. */
export class Tape {
  readonly capabilities: Capabilities;
  readonly training: boolean;
  readonly #variants: VariantTable;
  readonly #dispatches: Dispatch[] = [];
  readonly #closures: Closure[] = [];
  readonly #gradients = new Map<Tensor, Tensor>();
  readonly #contributed = new Set<Tensor>();
  readonly #differentiable = new Set<Tensor>();
  #place: Place = { scope: [], term: undefined, layer: undefined };
  #phase: Phase = 'forward';
  #isRecomputing = false;
  #operation = 0;
  #recordsClosures: boolean;

  constructor(options: TapeOptions) {
    this.capabilities = options.capabilities;
    this.training = options.training ?? false;
    this.#variants = options.variants ?? (() => undefined);
    this.#recordsClosures = this.training;
  }

  get dispatches(): readonly Dispatch[] {
    return this.#dispatches;
  }

  /** A new transient tensor; its memory is decided when the plan is frozen. */
  tensor(
    name: string,
    shape: readonly number[],
    elementType: ElementType = 'f32',
    memoryClass: MemoryClass = 'activations',
  ): Tensor {
    const elements = elementCount(shape);
    if (!Number.isSafeInteger(elements) || elements < 1) {
      throw new Error(
        `tensor: ${name} has shape [${shape.join(', ')}]. Every size must be a positive integer.`,
      );
    }
    const storage = { kind: 'transient' as const, name, elementType, elements, memoryClass };
    return { name, shape, elementType, storage, offset: 0 };
  }

  /** Names a part of the model; dispatches recorded inside carry the path in their label. */
  scope<T>(name: string, record: () => T): T {
    return this.#at({ ...this.#place, scope: [...this.#place.scope, name] }, record);
  }

  /** Attributes the dispatches recorded inside to a term of the cost model; the innermost term holds. */
  term<T>(name: string, record: () => T): T {
    return this.#at({ ...this.#place, term: name }, record);
  }

  /** Attributes the dispatches recorded inside to a layer, in a scope of its name. */
  layer<T>(index: number, record: () => T): T {
    return this.#at({ ...this.#place, layer: index }, () => this.scope(`layer ${index}`, record));
  }

  #at<T>(place: Place, record: () => T): T {
    const saved = this.#place;
    this.#place = place;
    try {
      return record();
    } finally {
      this.#place = saved;
    }
  }

  /** Marks the dispatches recorded inside as another phase than forward. */
  phase<T>(phase: Phase, record: () => T): T {
    const saved = this.#phase;
    this.#phase = phase;
    try {
      return record();
    } finally {
      this.#phase = saved;
    }
  }

  /** True where the device can run a kernel, and should for given dims. */
  runs(kernel: Kernel, dims: Dims): boolean {
    const { without, features } = this.capabilities;
    return (
      !without?.has(kernel.name) &&
      (kernel.requires ?? []).every((feature) => features.has(feature)) &&
      (kernel.suits?.(dims, this.capabilities) ?? true)
    );
  }

  /** First variant that the device can run, unless the variant table names another one that it can run too. */
  choose<K extends Kernel>(candidates: readonly K[], dims: Dims): K {
    const runnable = candidates.filter((kernel) => this.runs(kernel, dims));
    const first = runnable[0];
    if (!first) {
      const names = candidates.map((kernel) => kernel.name).join(', ');
      const error = new Error(`choose: no variant of ${names} suits ${JSON.stringify(dims)} on this device.`);
      error.name = 'NoVariantError';
      throw error;
    }
    const wanted = this.#variants(runnable, dims);
    return runnable.find((kernel) => kernel === wanted) ?? first;
  }

  /**
   * Appends one dispatch.
   * @throws if a dim or binding is missing, a tensor is too small, or a written storage is bound twice.
   */
  dispatch<D extends string, B extends string>(
    kernel: Kernel<D, B>,
    dims: Dims<D>,
    bindings: Readonly<Partial<Record<B, Tensor>>>,
  ): void {
    const { scope, term, layer } = this.#place;
    const label = scope.join(' / ');
    const launch = checkedLaunch(kernel, dims, bindings, label);
    this.#dispatches.push({
      ...launch,
      label,
      phase: this.#phase,
      term,
      layer,
      isRecomputed: this.#isRecomputing,
    });
  }

  /**
   * Lets the dispatch that wrote a tensor do more before it stores: an epilogue instead of a dispatch that reads what was
   * written. What it launches is replaced; place and order stay. Only if nothing read or added to the tensor since.
   * @param extend other dims and bindings of the dispatch, or undefined where its kernel has no such epilogue
   * @returns false if the dispatch was left alone: then the caller records one of its own
   */
  extendWriter(
    tensor: Tensor,
    extend: (writer: Dispatch) => Pick<Dispatch, 'dims' | 'bindings'> | undefined,
  ): boolean {
    const index = this.#dispatches.findLastIndex(({ bindings }) =>
      Object.values(bindings).some(({ storage }) => storage === tensor.storage),
    );
    const writer = this.#dispatches[index];
    const isWritten = writer?.kernel.writes.some((name) => writer.bindings[name] === tensor);
    const more = writer && isWritten ? extend(writer) : undefined;
    if (!writer || !more) return false;
    const launch = checkedLaunch(writer.kernel, more.dims, more.bindings, writer.label);
    this.#dispatches[index] = { ...writer, ...launch };
    return true;
  }

  /** A number for the random counter of one operation; recomputation and backward reuse it. */
  nextOperation(): number {
    return this.#operation++;
  }

  /** Declares a leaf whose gradient is wanted at a place of the caller's (parameters live in the Store). */
  parameter(weight: Tensor, gradient: Tensor, accumulate: 0 | 1 = 0): void {
    this.#differentiable.add(weight);
    this.#gradients.set(weight, gradient);
    if (accumulate === 1) this.#contributed.add(weight);
  }

  /** True if a gradient with respect to this tensor will be wanted. */
  needsGradient(tensor: Tensor | undefined): boolean {
    return tensor !== undefined && this.#recordsClosures && this.#differentiable.has(tensor);
  }

  /** Registers how to record the gradients of an operation's inputs, given that of its output. */
  onBackward(
    inputs: readonly (Tensor | undefined)[],
    output: Tensor,
    record: (outputGradient: Tensor) => void,
  ): void {
    if (!inputs.some((input) => this.needsGradient(input))) return;
    this.#differentiable.add(output);
    this.#closures.push({ output, place: this.#place, record });
  }

  /** The place for the next contribution to a tensor's gradient. Call once per contribution, in recorded order. */
  gradientTarget(tensor: Tensor): GradientTarget {
    let gradient = this.#gradients.get(tensor);
    if (!gradient) {
      gradient = this.tensor(`∂${tensor.name}`, tensor.shape, tensor.elementType);
      this.#gradients.set(tensor, gradient);
    }
    const accumulate = this.#contributed.has(tensor) ? 1 : 0;
    this.#contributed.add(tensor);
    return { gradient, accumulate };
  }

  /** The gradient recorded so far, if any. */
  gradientOf(tensor: Tensor): Tensor | undefined {
    return this.#contributed.has(tensor) ? this.#gradients.get(tensor) : undefined;
  }

  /**
   * Makes `gradient` the first contribution to `tensor`'s gradient without a copy (a residual passes it through).
   * @returns false if there is a contribution already or the place is fixed: then the caller must add instead.
   */
  adoptGradient(tensor: Tensor, gradient: Tensor): boolean {
    if (this.#gradients.has(tensor)) return false;
    this.#gradients.set(tensor, gradient);
    this.#contributed.add(tensor);
    return true;
  }

  /** The same memory under a new identity, for operations in place: the old tensor must not be read any more. */
  alias(tensor: Tensor, name = tensor.name): Tensor {
    return { ...tensor, name };
  }

  /**
   * Records a block whose activations are not kept: backward records the block again before its gradients.
   * `record` must be pure. Random operations get the same numbers both times. `inputs` need not want gradients:
   * parameters inside the block may.
   */
  checkpoint(inputs: readonly Tensor[], record: () => Tensor): Tensor {
    if (!this.#recordsClosures) return record();
    const firstOperation = this.#operation;
    this.#recordsClosures = false;
    const output = record();
    this.#recordsClosures = true;
    if (inputs.includes(output)) return output;
    this.#differentiable.add(output);
    const recordGradients = (outputGradient: Tensor) => {
      const operation = this.#operation;
      this.#operation = firstOperation;
      const mark = this.#closures.length;
      this.#recordsClosures = true;
      this.#isRecomputing = true;
      const again = record();
      this.#isRecomputing = false;
      this.#recordsClosures = false;
      this.#operation = operation;
      this.#gradients.set(again, outputGradient);
      this.#contributed.add(again);
      this.#replayClosures(mark);
    };
    this.#closures.push({ output, place: this.#place, record: recordGradients });
    return output;
  }

  /** Records all gradients, last operation first. Operations nobody sent a gradient to are skipped. */
  backward(): void {
    this.#recordsClosures = false;
    this.phase('backward', () => this.#replayClosures(0));
  }

  #replayClosures(mark: number): void {
    while (this.#closures.length > mark) {
      const closure = this.#closures.pop();
      const gradient = closure && this.gradientOf(closure.output);
      if (!closure || !gradient) continue;
      this.#at(closure.place, () => closure.record(gradient));
    }
  }
}
