// What the model diagram shows: alike layers taken together or one by one, the figures of each, and how dark they are.

import type { DiagramBlock, DiagramPart, ModelDiagram, PartCosts } from '../../contract/diagram.ts';
import type { KernelRow } from '../../contract/kernels.ts';
import { formatBytes, formatCount, formatPercent, formatSeconds, formatSi } from '../../text/numbers.ts';
import { sumFields } from '../../text/sums.ts';
import type { FigureTable } from '../../text/table.ts';

/** By what parts are coloured. */
export type Shading = 'flops' | 'parameters' | 'memory';

/** What the reader opened. */
export interface DiagramView {
  /** First layers of the sections that are shown layer by layer. */
  readonly split: ReadonlySet<number>;
  /** Keys of the blocks that are open or closed otherwise than at first: open is the first of its looks, unless one by one. */
  readonly flipped: ReadonlySet<string>;
}

/** A part of one layer, or of all layers that are drawn together. */
export interface DrawnPart {
  readonly key: string;
  /** The part in the first of the layers. */
  readonly part: DiagramPart;
  /** Empty outside the layers. */
  readonly layers: readonly number[];
  readonly costs: PartCosts;
  readonly dispatches: readonly number[];
}

/** Alike layers as one block. */
export interface DrawnBlock {
  readonly key: string;
  readonly title: string;
  readonly note: string;
  readonly layers: readonly number[];
  readonly isOpen: boolean;
  readonly parts: readonly DrawnPart[];
  readonly costs: PartCosts;
}

/** A section: its blocks, and whether they can be drawn one by one. */
export interface DrawnSection {
  readonly first: number;
  /** `Layers 0–11: 2 × LLLLLG`; empty where the blocks say it all. */
  readonly title: string;
  readonly canSplit: boolean;
  readonly isSplit: boolean;
  readonly blocks: readonly DrawnBlock[];
}

/** Everything that is drawn, from top to bottom. */
export interface DrawnModel {
  readonly before: readonly DrawnPart[];
  readonly sections: readonly DrawnSection[];
  readonly after: readonly DrawnPart[];
}

/** Useful flops of a whole step. */
export function stepFlops(costs: PartCosts): number {
  return costs.forwardFlops + costs.backwardFlops + costs.updateFlops;
}

/** The figure that shading goes by. */
export function amountOf(costs: PartCosts, shading: Shading): number {
  if (shading === 'flops') return stepFlops(costs);
  return shading === 'parameters' ? costs.parameters : costs.keptBytes;
}

/** That figure with its unit. */
export function amountText(amount: number, shading: Shading): string {
  if (shading === 'flops') return formatSi(amount, 'FLOP');
  return shading === 'parameters' ? formatSi(amount) : formatBytes(amount);
}

/** What shares are of, in words. */
export const shadingNames: Readonly<Record<Shading, string>> = {
  flops: 'of the step’s flops',
  parameters: 'of the parameters',
  memory: 'of the activations kept',
};

/** Layers as a text: `0–4, 6–10`. */
export function layerRange(layers: readonly number[]): string {
  const runs: [number, number][] = [];
  for (const layer of layers) {
    const last = runs.at(-1);
    if (last && last[1] === layer - 1) last[1] = layer;
    else runs.push([layer, layer]);
  }
  return runs.map(([from, to]) => (from === to ? `${from}` : `${from}–${to}`)).join(', ');
}

/** What is drawn of a diagram. */
export function drawnModel(diagram: ModelDiagram, view: DiagramView): DrawnModel {
  const outside = (part: DiagramPart): DrawnPart => drawnPart([part], [], diagram.total);
  const seen = new Set<string>();
  return {
    before: diagram.before.map(outside),
    sections: diagram.sections.map((section) => drawnSection(diagram, section, view, seen)),
    after: diagram.after.map(outside),
  };
}

function drawnSection(
  { blocks, total }: ModelDiagram,
  { first, times, runs }: ModelDiagram['sections'][number],
  { split, flipped }: DiagramView,
  seen: Set<string>,
): DrawnSection {
  const period = runs.reduce((sum, count) => sum + count, 0);
  const isSplit = split.has(first);
  const unit = Array.from({ length: period }, (_, index) => first + index);
  const repeated = (offset: number, count: number): number[] =>
    Array.from({ length: times }, (_, time) =>
      unit.slice(offset, offset + count).map((layer) => layer + time * period),
    ).flat();
  let offset = 0;
  const together = runs.map((count) => {
    offset += count;
    return repeated(offset - count, count);
  });
  const all = repeated(0, period);
  const groups = isSplit ? all.map((layer) => [layer]) : together;
  const letters = unit.map((layer) => blocks[layer]?.mark ?? '').join('');
  const isComposite = runs.length > 1 && times > 1;
  return {
    first,
    isSplit,
    canSplit: all.length > 1,
    title: isComposite ? `Layers ${layerRange(all)}: ${times} × ${letters || `${period} layers`}` : '',
    blocks: groups.map((layers) =>
      drawnBlock(
        layers.flatMap((layer) => blocks[layer] ?? []),
        { isSplit, flipped, seen, total },
      ),
    ),
  };
}

/** How blocks are drawn; `seen` collects the looks that are open already, `total` has the figures that are summed. */
interface BlockView {
  readonly isSplit: boolean;
  readonly flipped: ReadonlySet<string>;
  readonly seen: Set<string>;
  readonly total: PartCosts;
}

function drawnBlock(
  alike: readonly DiagramBlock[],
  { isSplit, flipped, seen, total }: BlockView,
): DrawnBlock {
  const layers = alike.map(({ layer }) => layer);
  const [model] = alike;
  const key = `layers ${layerRange(layers)}`;
  const parts = (model?.parts ?? []).map((_, index) =>
    drawnPart(
      alike.flatMap((block) => block.parts[index] ?? []),
      layers,
      total,
    ),
  );
  const looks = parts.map(({ part }) => part.title).join();
  const isOpenAtFirst = !isSplit && !seen.has(looks);
  seen.add(looks);
  const count = layers.length > 1 ? ` · × ${layers.length}` : '';
  return {
    key,
    layers,
    parts,
    note: model?.note ?? '',
    title: `${layers.length > 1 ? 'Layers' : 'Layer'} ${layerRange(layers)}${count}`,
    isOpen: isOpenAtFirst !== flipped.has(key),
    costs: sumFields(
      total,
      parts.map(({ costs }) => costs),
    ),
  };
}

function drawnPart(alike: readonly DiagramPart[], layers: readonly number[], total: PartCosts): DrawnPart {
  const [part] = alike;
  if (!part) throw new Error('model diagram: a part stands for no layer.');
  const key = layers.length > 1 ? `${part.id} of ${layerRange(layers)}` : part.id;
  return {
    key,
    part,
    layers,
    costs: sumFields(total, alike),
    dispatches: alike.flatMap(({ dispatches }) => dispatches),
  };
}

/** Everything drawn as a table: one row a part. */
export function diagramTable(model: DrawnModel, total: PartCosts): FigureTable {
  const row = ({ part, layers, costs, dispatches }: DrawnPart) => [
    part.title,
    layers.length === 0 ? '' : layerRange(layers),
    part.detail,
    part.inputs.map(({ shape, role }) => `${role === 'residual' ? '+ ' : ''}${shape.letters}`).join(' '),
    part.output.letters,
    ...[costs.parameters, costs.activeParameters, costs.forwardFlops, stepFlops(costs)],
    stepFlops(costs) / (stepFlops(total) || 1),
    ...[costs.keptBytes, costs.movedBytes, dispatches.length],
  ];
  const flops = (value: number) => formatSi(value, 'FLOP');
  return {
    columns: [
      ...[
        { label: 'Part' },
        { label: 'Layers' },
        { label: 'What', room: 'medium' as const },
        { label: 'In', room: 'medium' as const },
        { label: 'Out', room: 'medium' as const },
      ],
      { label: 'Parameters', format: formatCount },
      { label: 'Active parameters', format: formatCount },
      { label: 'Forward (FLOP)', format: flops },
      { label: 'Step (FLOP)', format: flops },
      { label: 'Share of the step', format: formatPercent },
      { label: 'Activations kept (B)', format: formatBytes },
      { label: 'Moved in a step (B)', format: formatBytes },
      { label: 'Dispatches', format: formatCount },
    ],
    rows: [
      ...model.before,
      ...model.sections.flatMap(({ blocks }) => blocks.flatMap(({ parts }) => parts)),
      ...model.after,
    ].map(row),
  };
}

/** The kernel rows behind a part: alike dispatches together, over one step, and their sum last. */
export function rowsTable(
  { rows, accumulation }: Pick<ModelDiagram, 'rows' | 'accumulation'>,
  dispatches: readonly number[],
): FigureTable {
  const groups = new Map<string, KernelRow[]>();
  const behind = dispatches.flatMap((index) => rows[index] ?? []);
  for (const row of behind) {
    const key = `${row.phase} ${row.kernel} ${row.shape}`;
    groups.set(key, [...(groups.get(key) ?? []), row]);
  }
  const sum = (of: readonly KernelRow[], read: (row: KernelRow) => number | undefined) =>
    of.reduce<number | undefined>((total, row) => {
      const value = read(row);
      const times = row.phase === 'update' ? 1 : accumulation;
      return total === undefined || value === undefined ? undefined : total + times * value;
    }, 0);
  const figures = (of: readonly KernelRow[]) => [
    sum(of, () => 1),
    ...[sum(of, (row) => row.usefulFlops), sum(of, (row) => row.bytes)],
    ...(isPredicted ? [sum(of, (row) => row.predictedSeconds)] : []),
    ...(isMeasured ? [sum(of, (row) => row.measuredSeconds)] : []),
  ];
  const isPredicted = behind.some(({ predictedSeconds }) => predictedSeconds !== undefined);
  const isMeasured = behind.some(({ measuredSeconds }) => measuredSeconds !== undefined);
  return {
    columns: [
      ...[{ label: 'Kernel' }, { label: 'Pass' }],
      { label: 'Dispatches', format: formatCount },
      { label: 'Work (FLOP)', format: (value: number) => formatSi(value, 'FLOP') },
      { label: 'Moved (B)', format: formatBytes },
      ...(isPredicted ? [{ label: 'Predicted (s)', format: formatSeconds }] : []),
      ...(isMeasured ? [{ label: 'Measured (s)', format: formatSeconds }] : []),
      { label: 'Dims', room: 'medium' },
    ],
    rows: [
      ...[...groups.values()].map((group) => {
        const [{ kernel, phase, shape } = { kernel: '', phase: '', shape: '' }] = group;
        return [kernel, phase, ...figures(group), shape];
      }),
      ['All', '', ...figures(behind), ''],
    ],
  };
}
