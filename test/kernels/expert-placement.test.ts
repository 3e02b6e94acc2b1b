// The placement of tokens against its references, and what it promises: every choice one row, in order, in its expert's tiles.
import { describe, expect, it } from 'vitest';
import {
  droppedRow,
  expertCount,
  expertPlace,
  expertTileBound,
  expertTiles,
  type Placement,
  placeTokens,
} from '../../src/kernels/expert-placement.ts';
import { baselineCapabilities } from '../../src/plan/kernel.ts';
import { freeze } from '../../src/plan/plan.ts';
import { persistentTensor } from '../../src/plan/store.ts';
import { Tape } from '../../src/plan/tape.ts';
import { CpuRuntime } from '../../src/runtime/cpu-runtime.ts';
import { exampleScalars } from '../../src/runtime/kernel-probe.ts';
import { describeKernel } from './describe-kernel.ts';

describeKernel(expertCount, [
  { choices: 1, experts: 1 },
  { choices: 63, experts: 7 },
  { choices: 64, experts: 65 },
  { choices: 1031, experts: 3 },
]);
describeKernel(
  expertTiles,
  [
    [1, 1, 16],
    [100, 63, 16],
    [640, 64, 32],
    [300, 65, 5],
    [2000, 130, 16],
  ].map(([choices = 1, experts = 1, tileRows = 1], i) => {
    return {
      experts,
      capacity: i === 3 ? 4 : choices,
      tileRows,
      tileBound: expertTileBound(choices, experts, tileRows),
    };
  }),
);
describeKernel(expertPlace, [
  { choices: 1, experts: 1, capacity: 1 },
  { choices: 64, experts: 7, capacity: 64 },
  { choices: 1031, experts: 13, capacity: 50 },
]);

/** Places choices on the references and reads everything. */
async function placed(selected: readonly number[], experts: number, tileRows: number, capacity?: number) {
  const tape = new Tape({ capabilities: baselineCapabilities });
  const chosen = persistentTensor('selected', [selected.length], 'u32', 'state');
  const placement = placeTokens(tape, chosen, experts, { tileRows, capacity });
  const { counts, offsets, tiles, rows, assignments } = placement;
  const plan = freeze('placement', tape, [counts, offsets, tiles, rows, assignments]);
  const runtime = new CpuRuntime([plan], [chosen.storage]);
  runtime.write(chosen, Uint32Array.from(selected));
  await runtime.submit([{ plan, scalars: exampleScalars }]);
  const read = async (name: 'counts' | 'offsets' | 'tiles' | 'rows' | 'assignments') => [
    ...(await runtime.read((placement as Placement)[name])),
  ];
  return {
    tileBound: placement.tileBound,
    counts: await read('counts'),
    offsets: await read('offsets'),
    tiles: await read('tiles'),
    rows: await read('rows'),
    assignments: await read('assignments'),
  };
}

describe('placeTokens', () => {
  it('gives each choice a row among its expert’s, in the order of the choices', async () => {
    const { counts, offsets, rows, assignments, tiles } = await placed([2, 0, 2, 3, 0, 2], 4, 2);
    expect(counts).toEqual([2, 0, 3, 1]);
    expect(offsets).toEqual([0, 2, 2, 5, 6]);
    expect(rows).toEqual([2, 0, 3, 5, 1, 4]);
    expect(assignments).toEqual([1, 4, 0, 2, 5, 3]);
    expect(tiles).toEqual([0, 0, 2, 2, 2, 4, 3, 5, 4, 0]);
  });

  it('drops what comes after an expert is full, and still counts it', async () => {
    const { counts, offsets, rows } = await placed([1, 1, 0, 1, 1], 2, 4, 2);
    expect(counts).toEqual([1, 4]);
    expect(offsets).toEqual([0, 1, 3]);
    expect(rows).toEqual([1, 2, 0, droppedRow, droppedRow]);
  });

  it('never needs more tiles than its bound, and can need all of them', async () => {
    expect(expertTileBound(6, 4, 2)).toBe(5);
    // Three experts of one row more than a tile are the worst case of 3 · 17 choices.
    const worst = Array.from({ length: 51 }, (_, i) => i % 3);
    const { tiles, tileBound } = await placed(worst, 3, 16);
    expect(tileBound).toBe(6);
    expect(tiles.filter((value, i) => i % 2 === 0 && value < 3)).toHaveLength(6);
    expect(expertTileBound(2, 64, 16)).toBe(2);
  });
});
