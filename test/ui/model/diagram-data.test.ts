// What the model diagram shows of a model: alike layers together or one by one, and always the same sums.
import { describe, expect, it } from 'vitest';
import { sumFields } from '../../../src/text/sums.ts';
import {
  amountOf,
  type DiagramView,
  type DrawnModel,
  diagramTable,
  drawnModel,
  layerRange,
  rowsTable,
  stepFlops,
} from '../../../src/ui/model/diagram-data.ts';
import { drawings, tinyDiagram } from './diagrams.ts';

const view = (split: readonly number[] = [], flipped: readonly string[] = []): DiagramView => ({
  split: new Set(split),
  flipped: new Set(flipped),
});
const partsOf = ({ before, sections, after }: DrawnModel) => [
  ...before,
  ...sections.flatMap(({ blocks }) => blocks.flatMap(({ parts }) => parts)),
  ...after,
];

describe.each(Object.entries(drawings))('the diagram of %s', (_, model) => {
  const diagram = tinyDiagram(model);

  it('has the sums of the model, together and one by one', () => {
    const all = diagram.sections.map(({ first }) => first);
    for (const shown of [view(), view(all)]) {
      const parts = partsOf(drawnModel(diagram, shown));
      const costs = parts.map((part) => part.costs);
      expect(sumFields(diagram.total, costs)).toEqual(diagram.total);
      expect(new Set(parts.map(({ key }) => key)).size).toBe(parts.length);
      const rows = parts.flatMap(({ dispatches }) => dispatches);
      expect(rows.sort((a, b) => a - b)).toEqual(diagram.rows.map((_row, index) => index));
    }
  });

  it('has a table with a row for every part', () => {
    const drawn = drawnModel(diagram, view());
    const { columns, rows } = diagramTable(drawn, diagram.total);
    expect(rows).toHaveLength(partsOf(drawn).length);
    const step = columns.findIndex(({ label }) => label === 'Step (FLOP)');
    expect(rows.reduce((sum, row) => sum + Number(row[step]), 0)).toBe(stepFlops(diagram.total));
  });
});

describe('drawnModel', () => {
  it('draws a pattern of windows once, with what repeats above it', () => {
    const diagram = tinyDiagram(drawings['windows in a pattern']);
    const [section, ...more] = drawnModel(diagram, view()).sections;
    expect(more).toEqual([]);
    expect(section).toMatchObject({ title: 'Layers 0–7: 2 × LLLG', canSplit: true, isSplit: false });
    expect(section?.blocks.map(({ title, note, isOpen }) => [title, note, isOpen])).toEqual([
      ['Layers 0–2, 4–6 · × 6', 'local, 4 tokens', true],
      // It looks like the block before.
      ['Layers 3, 7 · × 2', 'global', false],
    ]);
  });

  it('opens the first block of each look, and what is opened by hand', () => {
    const diagram = tinyDiagram(drawings['experts and a shared one']);
    const open = (flipped: readonly string[]) =>
      drawnModel(diagram, view([], flipped)).sections.map(({ blocks }) => blocks.map(({ isOpen }) => isOpen));
    expect(open([])).toEqual([[true], [true]]);
    expect(open(['layers 1–2'])).toEqual([[true], [false]]);
  });

  it('draws layers one by one, closed until they are opened', () => {
    const diagram = tinyDiagram(drawings['GPT-2']);
    const [section] = drawnModel(diagram, view([0], ['layers 1'])).sections;
    expect(section?.blocks.map(({ title, isOpen }) => [title, isOpen])).toEqual([
      ['Layer 0', false],
      ['Layer 1', true],
    ]);
  });
});

describe('rowsTable', () => {
  it('adds up alike dispatches, and all of them last', () => {
    const diagram = tinyDiagram(drawings['GPT-2']);
    const parts = partsOf(drawnModel(diagram, view()));
    for (const { costs, dispatches } of parts) {
      const { rows } = rowsTable(diagram, dispatches);
      expect(rows.at(-1)?.slice(2, 5)).toEqual([dispatches.length, stepFlops(costs), costs.movedBytes]);
      const count = rows.slice(0, -1).reduce((sum, row) => sum + Number(row[2]), 0);
      expect(count).toBe(dispatches.length);
    }
  });

  it('has predicted and measured times where there are any, micro-batches counted', () => {
    const diagram = tinyDiagram(drawings['GPT-2']);
    const timed = diagram.rows.map((row) => ({ ...row, predictedSeconds: 2e-6, measuredSeconds: 3e-6 }));
    const { columns, rows } = rowsTable({ rows: timed, accumulation: 4 }, [0, 1, 2]);
    expect(columns.map(({ label }) => label)).toContain('Measured (s)');
    expect(rows.at(-1)?.[5]).toBeCloseTo(3 * 4 * 2e-6, 12);
    expect(rows.at(-1)?.[6]).toBeCloseTo(3 * 4 * 3e-6, 12);
    expect(rowsTable(diagram, [0]).columns.map(({ label }) => label)).not.toContain('Measured (s)');
  });
});

describe('layerRange', () => {
  it('joins neighbours', () => {
    expect(layerRange([0, 1, 2, 5, 7, 8])).toBe('0–2, 5, 7–8');
    expect(layerRange([])).toBe('');
  });
});

describe('amountOf', () => {
  it('goes by work, parameters or memory', () => {
    const { total } = tinyDiagram(drawings['GPT-2']);
    expect(amountOf(total, 'flops')).toBe(total.forwardFlops + total.backwardFlops + total.updateFlops);
    expect(amountOf(total, 'parameters')).toBe(total.parameters);
    expect(amountOf(total, 'memory')).toBe(total.keptBytes);
  });
});
