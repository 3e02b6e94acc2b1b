// Reads the parts of a model off a recorded step: which dispatches are one part, what flows between parts, and which
// gradients belong to which. Scopes name the parts, so a part that is new to the model is a part of the diagram by itself.
import type { Dispatch, Kernel } from '../../plan/kernel.ts';
import type { Storage, Tensor } from '../../plan/tensor.ts';

/** A tensor that a part takes from another. */
export interface PartInput {
  readonly from: GatheredPart;
  readonly tensor: Tensor;
  /** True for what is added to a result: the residual stream. */
  readonly isAdded: boolean;
}

/** One part with its dispatches. */
export interface GatheredPart {
  /** Place in the forward pass: the index of its last dispatch there. */
  order: number;
  readonly label: string;
  readonly layer: number | undefined;
  readonly term: string | undefined;
  /** True for the matrices of experts, which are one part. */
  readonly isExperts: boolean;
  /** Dispatches of the forward pass. */
  readonly forward: Dispatch[];
  /** Indices of all its dispatches, gradients and recomputation included. */
  readonly indices: number[];
  readonly inputs: PartInput[];
}

/** Parts of the micro-batch plan in the order of the forward pass, with the part of every dispatch. */
export interface GatheredParts {
  readonly parts: readonly GatheredPart[];
  readonly owners: readonly GatheredPart[];
}

/**
 * Gathers the dispatches of a plan that has a forward and a backward pass.
 * @throws if there is no forward dispatch.
 */
export function gatherParts(dispatches: readonly Dispatch[]): GatheredParts {
  const gathering = new Gathering();
  dispatches.forEach((dispatch, index) => {
    if (dispatch.phase === 'forward') gathering.addForward(dispatch, index);
  });
  dispatches.forEach((dispatch, index) => {
    if (dispatch.phase !== 'forward') gathering.addGradient(dispatch, index);
  });
  const parts = [...gathering.parts].sort((a, b) => a.order - b.order);
  const owners: GatheredPart[] = [];
  for (const part of parts) {
    part.indices.sort((a, b) => a - b);
    for (const index of part.indices) owners[index] = part;
  }
  return { parts, owners };
}

/** The state of one gathering. */
class Gathering {
  readonly parts: GatheredPart[] = [];
  /** Parts that have dispatches of a label. */
  readonly #byLabel = new Map<string, GatheredPart[]>();
  readonly #lastWriter = new Map<Storage, GatheredPart>();
  /** Who made a storage, gradients included. */
  readonly #makers = new Map<Storage, GatheredPart>();
  #last: GatheredPart | undefined;

  addForward(dispatch: Dispatch, index: number): void {
    const part = this.#partFor(dispatch);
    this.#last = part;
    const { kernel, bindings, label } = dispatch;
    const same = this.#byLabel.get(label) ?? [];
    if (!same.includes(part)) this.#byLabel.set(label, [...same, part]);
    part.forward.push(dispatch);
    part.indices.push(index);
    part.order = index;
    for (const [name, tensor] of Object.entries(bindings)) {
      const from = this.#lastWriter.get(tensor.storage);
      const isAdded = name === 'residual' || kernel.role === 'addition';
      if (from && from !== part) part.inputs.push({ from, tensor, isAdded });
    }
    for (const name of kernel.writes) {
      const { storage } = bindings[name] ?? {};
      if (!storage) continue;
      this.#lastWriter.set(storage, part);
      if (!this.#makers.has(storage)) this.#makers.set(storage, part);
    }
  }

  addGradient(dispatch: Dispatch, index: number): void {
    const part = this.#partOfGradient(dispatch);
    part.indices.push(index);
    for (const name of dispatch.kernel.writes) {
      const { storage } = dispatch.bindings[name] ?? {};
      if (storage?.kind === 'transient' && !this.#makers.has(storage)) this.#makers.set(storage, part);
    }
  }

  /** Dispatches of one scope in a row are a part; outside the layers, where chunks alternate, all of one scope and term. */
  #partFor({ label, layer, term, kernel }: Dispatch): GatheredPart {
    const isGrouped = kernel.role === 'expertProduct';
    const last = this.#last;
    if (layer === undefined) {
      const known = this.#byLabel.get(label)?.find((part) => part.term === term);
      if (known) return known;
    } else if (last?.layer === layer) {
      const isInside = last.isExperts && (isGrouped || scopeOf(label) === 'activation');
      const isSame = last.label === label && !this.#startsAnew(last, term, kernel);
      if (isSame || (isInside && parentOf(last.label) === parentOf(label))) return last;
    }
    const part: GatheredPart = {
      order: 0,
      label,
      layer,
      term,
      isExperts: isGrouped,
      forward: [],
      indices: [],
      inputs: [],
    };
    this.parts.push(part);
    return part;
  }

  /** Compressed queries, keys and values are several products and norms in one scope. */
  #startsAnew(last: GatheredPart, term: string | undefined, { role }: Kernel): boolean {
    const isProduct = role === 'product';
    if (scopeOf(last.label) !== 'qkv') return false;
    return last.term !== term || (isProduct && last.forward.some(({ kernel }) => kernel.role === 'product'));
  }

  /**
   * A gradient belongs to the part that was recorded in the same place. A place with several parts (the norms before and
   * after attention) is told apart by the weights that a dispatch binds, then by its kind of kernel, then by its values.
   */
  #partOfGradient(dispatch: Dispatch): GatheredPart {
    const { label, term, kernel, bindings } = dispatch;
    const inPlace = this.#byLabel.get(label) ?? [];
    const ofTerm = inPlace.filter((part) => part.term === term);
    const candidates = ofTerm.length > 0 ? ofTerm : inPlace;
    const [only, ...others] = candidates;
    if (!only) {
      const last = this.parts.at(-1);
      if (!last) throw new Error(`model diagram: ${label} comes before every forward dispatch.`);
      return last;
    }
    if (others.length === 0) return only;
    const tensors = Object.values(bindings);
    const names = tensors.map(({ name }) => name.replace(/^∂| slices$/g, ''));
    const bindsWeight = (part: GatheredPart) =>
      part.forward.some(({ bindings: own }) =>
        Object.values(own).some(
          ({ name, storage }) => storage.memoryClass === 'weights' && names.includes(name),
        ),
      );
    const bindsValue = (part: GatheredPart) =>
      tensors.some(({ storage }) => this.#makers.get(storage) === part);
    const hasKernel = (part: GatheredPart) =>
      part.forward.some(({ kernel: own }) => own.role === kernel.role);
    const narrow = (parts: readonly GatheredPart[], test: (part: GatheredPart) => boolean) => {
      const found = parts.filter(test);
      return found.length > 0 ? found : parts;
    };
    return narrow(narrow(narrow(candidates, bindsWeight), hasKernel), bindsValue)[0] ?? only;
  }
}

/** The innermost scope of a label: `qkv` of `layer 0 / attention / qkv`. */
export function scopeOf(label: string): string {
  return label.split(' / ').at(-1) ?? '';
}

function parentOf(label: string): string {
  return label.split(' / ').slice(0, -1).join(' / ');
}
