// Sorts the choices of all tokens by expert, stably and without atomics, and maps the tiles of the grouped products.
import source from '../../shaders/expert-placement.wgsl?raw';
import { defineKernel } from '../plan/kernel.ts';
import type { Tape } from '../plan/tape.ts';
import { elementCount, type Tensor } from '../plan/tensor.ts';
import { prologue } from './prologue.ts';

const threads = 64;

/** Row of a choice that found its expert full. */
export const droppedRow = 0xffffffff;

/**
 * Tiles of `tileRows` rows that can be needed at most: Σ ⌈nₑ ÷ tileRows⌉ over experts with at least one row each, where
 * Σ nₑ = choices.
 */
export function expertTileBound(choices: number, experts: number, tileRows: number): number {
  const used = Math.min(experts, choices);
  return Math.floor((choices + used * (tileRows - 1)) / tileRows);
}

/** Choices of a test: every expert is chosen, unevenly. */
const exampleChoice = (experts: number) => (uniform: number) => Math.floor(uniform * uniform * experts);

/**
 * counts[e] = choices of expert e; ranks[i] = how many choices before i fell on the same expert.
 * Three dispatches: count and rank, offsets and tiles, places. How many rows an expert gets is known on the device
 * only, so that tiles are launched for the worst case, and those without an expert return at once.
 */
export const expertCount = defineKernel({
  name: 'expertPlacement.count',
  role: 'placement',
  waste: 'placing tokens',
  source: prologue + source,
  entryPoint: 'count',
  dims: ['choices', 'experts'],
  reads: ['selected'],
  writes: ['ranks', 'counts'],
  tensors: ({ choices, experts }) => ({
    selected: { shape: [choices], elementType: 'u32', fill: exampleChoice(experts) },
    ranks: { shape: [choices], elementType: 'u32', fill: () => 0 },
    counts: { shape: [experts], elementType: 'u32', fill: () => 0 },
  }),
  selfTest: [
    { choices: 130, experts: 5 },
    { choices: 2, experts: 8 },
  ],
  calibration: [
    { choices: 512, experts: 8 },
    { choices: 2048, experts: 8 },
    { choices: 4096, experts: 64 },
  ],
  // a workgroup an expert, which looks through all choices: ranks are then counted in order, without atomics
  workgroups: ({ experts }) => experts,
  usefulFlops: () => 0,
  launchedFlops: ({ choices, experts }) => 2 * choices * experts, // every expert looks at every choice
  bytes: ({ choices, experts }) => 4 * (choices * (2 * experts + 1) + experts),
  reference({ selected, ranks, counts }, { choices, experts }) {
    counts.fill(0, 0, experts);
    for (let i = 0; i < choices; i++) ranks[i] = counts[selected[i]]++;
  },
});

/**
 * offsets[e] = rows of the experts before e, each at most `capacity`; tiles = (expert, first row) of every tile, then
 * (experts, 0) up to the bound.
 */
export const expertTiles = defineKernel({
  name: 'expertPlacement.tile',
  role: 'placement',
  waste: 'placing tokens',
  source: prologue + source,
  entryPoint: 'tile',
  dims: ['experts', 'capacity', 'tileRows', 'tileBound'],
  reads: ['totals'],
  writes: ['offsets', 'tiles'],
  tensors: ({ experts, tileRows, tileBound }) => ({
    totals: { shape: [experts], elementType: 'u32', fill: fittingCounts(experts, tileRows, tileBound) },
    offsets: { shape: [experts + 1], elementType: 'u32', fill: () => 0 },
    tiles: { shape: [tileBound, 2], elementType: 'u32', fill: () => 0 },
  }),
  selfTest: [
    { experts: 5, capacity: 1000, tileRows: 16, tileBound: expertTileBound(256, 5, 16) },
    { experts: 67, capacity: 9, tileRows: 4, tileBound: expertTileBound(700, 67, 4) },
  ],
  calibration: [512, 2048, 4096].map((choices, i) => {
    const experts = i < 2 ? 8 : 64;
    return { experts, capacity: choices, tileRows: 16, tileBound: expertTileBound(choices, experts, 16) };
  }),
  // A prefix sum over a few dozen experts: one workgroup is quicker than two dispatches.
  workgroups: () => 1,
  usefulFlops: () => 0,
  bytes: ({ experts, tileBound }) => 4 * (2 * experts + 1 + 2 * tileBound),
  reference({ totals, offsets, tiles }, { experts, capacity, tileRows, tileBound }) {
    let [row, tile] = [0, 0];
    for (let expert = 0; expert < experts; expert++) {
      offsets[expert] = row;
      // What exceeds the capacity is dropped in the order of the tokens, since ranks are in it.
      const kept = Math.min(totals[expert], capacity);
      for (let first = 0; first < kept; first += tileRows, tile++) {
        tiles[2 * tile] = expert;
        tiles[2 * tile + 1] = row + first;
      }
      row += kept;
    }
    offsets[experts] = row;
    for (; tile < tileBound; tile++) {
      tiles[2 * tile] = experts;
      tiles[2 * tile + 1] = 0;
    }
  },
});

/** Counts whose tiles fit the bound, with an expert that nobody chose. */
function fittingCounts(experts: number, tileRows: number, tileBound: number) {
  const most = Math.max(1, Math.floor(tileBound / experts)) * tileRows;
  return (uniform: number, index: number) => (index % 3 === 1 ? 0 : Math.floor(uniform * most));
}

/** rows[i] = offset of the choice's expert + rank, or `droppedRow`; assignments[rows[i]] = i. */
export const expertPlace = defineKernel({
  name: 'expertPlacement.place',
  role: 'placement',
  waste: 'placing tokens',
  source: prologue + source,
  entryPoint: 'place',
  dims: ['choices', 'experts', 'capacity'],
  reads: ['selected', 'starts', 'order'],
  writes: ['rows', 'assignments'],
  tensors: ({ choices, experts }) => {
    // Choice i takes expert i mod E, so that its rank is ⌊i ÷ E⌋ and no two choices share a row.
    const starts = (e: number) => e * Math.floor(choices / experts) + Math.min(e, choices % experts);
    return {
      selected: { shape: [choices], elementType: 'u32', fill: (_, i) => i % experts },
      starts: { shape: [experts + 1], elementType: 'u32', fill: (_, e) => starts(e) },
      order: { shape: [choices], elementType: 'u32', fill: (_, i) => Math.floor(i / experts) },
      rows: { shape: [choices], elementType: 'u32', fill: () => 0 },
      assignments: { shape: [choices], elementType: 'u32', fill: () => 0 },
    };
  },
  selfTest: [
    { choices: 130, experts: 5, capacity: 130 },
    { choices: 67, experts: 4, capacity: 9 },
  ],
  calibration: [512, 2048, 4096].map((choices) => ({ choices, experts: 8, capacity: choices })),
  workgroups: ({ choices }) => Math.ceil(choices / threads),
  usefulFlops: () => 0,
  bytes: ({ choices, experts }) => 4 * (4 * choices + experts),
  reference({ selected, starts, order, rows, assignments }, { choices, capacity }) {
    for (let i = 0; i < choices; i++) {
      rows[i] = order[i] < capacity ? starts[selected[i]] + order[i] : droppedRow;
      if (order[i] < capacity) assignments[rows[i]] = i;
    }
  },
});

/** Where every choice of an expert goes. Rows of one expert are neighbours; `choices` = N·K. */
export interface Placement {
  /** N·K, rows in all. */
  readonly choices: number;
  /** E. */
  readonly experts: number;
  /** Rows of one tile of the grouped products. */
  readonly tileRows: number;
  /** Tiles at most: what is launched. */
  readonly tileBound: number;
  /** u32 [E]: how many tokens chose each expert, the dropped included. */
  readonly counts: Tensor;
  /** u32 [E + 1]: first row of each expert, then how many rows there are. */
  readonly offsets: Tensor;
  /** u32 [tileBound, 2]: expert and first row of each tile; expert E where there is none. */
  readonly tiles: Tensor;
  /** u32 [N·K]: row of a choice, or `droppedRow`. */
  readonly rows: Tensor;
  /** u32 [N·K]: choice of a row. */
  readonly assignments: Tensor;
}

/** How rows are laid out. */
export interface PlacementOptions {
  /** Rows of one tile of the grouped products. */
  readonly tileRows: number;
  /** Most rows of an expert; none is dropped without it. */
  readonly capacity?: number | undefined;
}

/** Records the placement of choices u32 [N, K] of `experts`. */
export function placeTokens(
  tape: Tape,
  selected: Tensor,
  experts: number,
  { tileRows, capacity: wanted }: PlacementOptions,
): Placement {
  const choices = elementCount(selected.shape);
  const capacity = Math.min(wanted ?? choices, choices);
  const tileBound = expertTileBound(choices, experts, tileRows);
  const u32 = (name: string, shape: readonly number[]) => tape.tensor(name, shape, 'u32');
  const ranks = u32('expert ranks', [choices]);
  const counts = u32('expert counts', [experts]);
  const offsets = u32('expert offsets', [experts + 1]);
  const tiles = u32('expert tiles', [tileBound, 2]);
  const rows = u32('expert rows', [choices]);
  const assignments = u32('expert assignments', [choices]);
  tape.dispatch(expertCount, { choices, experts }, { selected, ranks, counts });
  tape.dispatch(expertTiles, { experts, capacity, tileRows, tileBound }, { totals: counts, offsets, tiles });
  const order = { selected, starts: offsets, order: ranks, rows, assignments };
  tape.dispatch(expertPlace, { choices, experts, capacity }, order);
  return { choices, experts, tileRows, tileBound, counts, offsets, tiles, rows, assignments };
}
