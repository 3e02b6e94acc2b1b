// The model of an experiment as a diagram: what its parts cost, summed over the very dispatches that a step runs.

import type { DiagramInput, DiagramPart, ModelDiagram, PartCosts } from '../../contract/diagram.ts';
import type { KernelTable } from '../../contract/kernels.ts';
import { optimizers } from '../../kernels/optimizer-table.ts';
import type { Experiment } from '../../model/config.ts';
import { lifetimes } from '../../plan/memory.ts';
import { elementCount, storageBytes, type Tensor } from '../../plan/tensor.ts';
import { sumFields } from '../../text/sums.ts';
import { timesPerStep } from '../cost/kernel-table.ts';
import type { TrainingPlans } from '../plans/training-plans.ts';
import { type GatheredPart, type GatheredParts, gatherParts, scopeOf } from './parts.ts';
import { findSections } from './sections.ts';
import { blockText, kindOf, Letters, textOf } from './text.ts';

const noCosts: PartCosts = {
  parameters: 0,
  activeParameters: 0,
  movedBytes: 0,
  keptBytes: 0,
  forwardFlops: 0,
  backwardFlops: 0,
  updateFlops: 0,
};

/**
 * Draws up the diagram of a training step.
 * @param table the kernel table of the same plans
 */
export function modelDiagram(
  { model, train }: Experiment,
  plans: TrainingPlans,
  table: KernelTable,
): ModelDiagram {
  const gathered = gatherParts(plans.accumulate.dispatches);
  const letters = new Letters(model, train.batch, plans.time);
  const owned = ownParameters(gathered.parts, plans);
  const kept = keptBytes(gathered, plans);
  const idOf = nameParts(gathered.parts);
  const partOf = (part: GatheredPart): DiagramPart => {
    const { parameters, active, shared, tensors } = owned.get(part) ?? nothingOwned;
    const matrices = tensors.filter(({ shape }) => shape.length > 1);
    const weights = matrices.map(({ name, shape }) => letters.weight(name, shape));
    const place = (of: GatheredPart) => ({ kind: kindOf(of), scope: scopeOf(of.label) });
    const inputs = inputsOf(part).map(({ from, tensor, role }): DiagramInput => {
      return { from: idOf(from), shape: letters.flow(tensor.shape, place(from)), role };
    });
    return {
      id: idOf(part),
      ...textOf(part, model, weights),
      inputs,
      output: letters.flow(outputOf(part, gathered.parts).shape, place(part)),
      shared,
      dispatches: part.indices,
      ...rowCosts(part.indices, table),
      parameters,
      activeParameters: active,
      keptBytes: kept.get(part) ?? 0,
    };
  };
  const layers = gathered.parts.filter(({ layer }) => layer !== undefined);
  const firstOrder = layers[0]?.order ?? 0;
  const outside = (isBefore: boolean) =>
    gathered.parts
      .filter(({ layer, order }) => layer === undefined && order < firstOrder === isBefore)
      .map(partOf);
  const blocks = Array.from({ length: model.layers }, (_, layer) => ({
    layer,
    ...blockText(model, layer),
    parts: layers.filter((part) => part.layer === layer).map(partOf),
  }));
  const [before, after] = [outside(true), [...outside(false), updatePart(plans, table, train)]];
  const all = [...before, ...blocks.flatMap(({ parts }) => parts), ...after];
  return {
    before,
    blocks,
    after,
    sections: findSections(blocks.map(alikeText)),
    total: sumFields(noCosts, all),
    experts: { count: model.experts, perToken: model.experts > 0 ? model.expertsPerToken : 0 },
    letters: letters.list(train.batch, plans.time),
    rows: table.rows,
    accumulation: table.accumulation ?? 1,
    method: table.method,
  };
}

function rowCosts(indices: readonly number[], { rows, accumulation }: KernelTable) {
  const costs = { forwardFlops: 0, backwardFlops: 0, updateFlops: 0, movedBytes: 0 };
  for (const index of indices) {
    const row = rows[index];
    if (!row) throw new Error(`model diagram: there is no row ${index} in a table of ${rows.length}.`);
    const times = timesPerStep(row, accumulation);
    costs[`${row.phase as 'forward' | 'backward' | 'update'}Flops`] += times * row.usefulFlops;
    costs.movedBytes += times * row.bytes;
  }
  return costs;
}

function updatePart(
  plans: TrainingPlans,
  table: KernelTable,
  { optimizer }: Experiment['train'],
): DiagramPart {
  const start = plans.accumulate.dispatches.length;
  const dispatches = plans.update.dispatches.map((_, index) => start + index);
  const { label } = optimizers[optimizer.kind];
  return {
    id: 'update',
    kind: 'update',
    title: 'Update',
    detail: label,
    inputs: [],
    output: { sizes: [], letters: '' },
    shared: [],
    dispatches,
    ...noCosts,
    ...rowCosts(dispatches, table),
  };
}

/** Ids by label; a scope that is come back to gets a number. */
function nameParts(parts: readonly GatheredPart[]): (part: GatheredPart) => string {
  const counts = new Map<string, number>();
  const ids = new Map<GatheredPart, string>();
  for (const part of parts) {
    const name = part.label === 'head' && part.term ? part.term : part.label;
    const count = (counts.get(name) ?? 0) + 1;
    counts.set(name, count);
    ids.set(part, count > 1 ? `${name} ${count}` : name);
  }
  return (part) => ids.get(part) ?? part.label;
}

/** Inputs by source and role: of the sources the last one is worked on; of a source's tensors the largest counts. */
function inputsOf({ inputs }: GatheredPart) {
  const worked = inputs.some(({ isAdded }) => !isAdded) ? inputs.filter(({ isAdded }) => !isAdded) : inputs;
  const main = worked.reduce<GatheredPart | undefined>(
    (last, { from }) => (last && last.order > from.order ? last : from),
    undefined,
  );
  const found = new Map<string, { from: GatheredPart; tensor: Tensor; role: DiagramInput['role'] }>();
  for (const { from, tensor, isAdded } of inputs) {
    const role =
      from === main && worked.some((one) => one.tensor === tensor) ? 'main' : isAdded ? 'residual' : 'aside';
    const key = `${from.order} ${role}`;
    const known = found.get(key);
    if (!known || elementCount(known.tensor.shape) < elementCount(tensor.shape))
      found.set(key, { from, tensor, role });
  }
  return [...found.values()].sort((a, b) => b.from.order - a.from.order);
}

/** What a part hands on: the tensor that a later part works on, else the largest that it writes. */
function outputOf(part: GatheredPart, parts: readonly GatheredPart[]): Tensor {
  for (const later of parts) {
    const input = inputsOf(later).find(({ from, role }) => from === part && role !== 'aside');
    if (input) return input.tensor;
  }
  const { kernel, bindings } = part.forward.at(-1) ?? {};
  const written = (kernel?.writes ?? []).flatMap((name) => bindings?.[name] ?? []);
  const [largest] = [...written].sort((a, b) => elementCount(b.shape) - elementCount(a.shape));
  if (!largest) throw new Error(`model diagram: ${part.label} writes nothing.`);
  return largest;
}

interface Owned {
  parameters: number;
  active: number;
  readonly shared: string[];
  readonly tensors: { readonly name: string; readonly shape: readonly number[] }[];
}
const nothingOwned: Owned = { parameters: 0, active: 0, shared: [], tensors: [] };

/** Parameters go to the part that reads them first. What no gradient reaches (the routers' biases) is not among them. */
function ownParameters(
  parts: readonly GatheredPart[],
  { accumulate, model: { store, config } }: TrainingPlans,
): Map<GatheredPart, Owned> {
  const owned = new Map(
    parts.map((part): [GatheredPart, Owned] => [part, { parameters: 0, active: 0, shared: [], tensors: [] }]),
  );
  const bound = accumulate.dispatches.flatMap(({ bindings }) => Object.values(bindings));
  const names = new Set(bound.map(({ name }) => name));
  for (const { name, shape, blocks } of store.parameters.values()) {
    if (!names.has(`∂${name}`)) continue;
    const isBound = ({ storage, offset }: Tensor) =>
      blocks.some(({ weight }) => {
        const inside = offset - weight.offset;
        return storage === weight.storage && inside >= 0 && inside < elementCount(weight.shape);
      });
    const readers = parts.filter(({ forward }) =>
      forward.some(({ bindings }) => Object.values(bindings).some(isBound)),
    );
    const elements = elementCount(shape);
    const isExperts = shape.length === 3 && shape[0] === config.experts;
    const [owner, ...others] = readers.map((part) => owned.get(part) ?? nothingOwned);
    for (const other of others) other.shared.push(name);
    if (!owner) continue;
    owner.parameters += elements;
    owner.active += isExperts ? (elements * config.expertsPerToken) / config.experts : elements;
    owner.tensors.push({ name, shape });
  }
  return owned;
}

/** Bytes by part of what is alive when the forward pass and the loss are done, and the blocks' gradients are not begun. */
function keptBytes({ owners }: GatheredParts, { accumulate }: TrainingPlans): Map<GatheredPart, number> {
  const { dispatches } = accumulate;
  const turn = dispatches.findLastIndex(({ phase }) => phase === 'forward');
  const bytes = new Map<GatheredPart, number>();
  for (const { storage, first, last } of lifetimes(dispatches, [])) {
    const part = owners[first];
    if (part && first <= turn && last > turn) bytes.set(part, (bytes.get(part) ?? 0) + storageBytes(storage));
  }
  return bytes;
}

/** Layers are alike where this text is the same. */
function alikeText({ note, parts }: ModelDiagram['blocks'][number]): string {
  return JSON.stringify([
    note,
    parts.map(({ title, detail, parameters, forwardFlops, output, inputs }) => {
      return [title, detail, parameters, forwardFlops, output.letters, inputs.map(({ role }) => role)];
    }),
  ]);
}
