// The list of runs in the order of its columns.
import { describe, expect, it } from 'vitest';
import type { KeptRun } from '../../../src/contract/records.ts';
import {
  describeSettings,
  newestFirst,
  nextOrder,
  runColumns,
  sortRuns,
} from '../../../src/ui/runs/columns.ts';

const run = (id: string, changes: Partial<KeptRun> = {}): KeptRun => ({
  id,
  title: id,
  savedAt: '2026-11-20T10:00:00Z',
  step: 1,
  totalSteps: 2,
  loss: 1,
  bytes: 1,
  state: 'finished',
  canContinue: true,
  ...changes,
});
const ids = (runs: readonly KeptRun[]) => runs.map(({ id }) => id).join('');

describe('sortRuns', () => {
  const runs = [
    run('b', { validationLoss: 2, savedAt: '2026-11-21T10:00:00Z' }),
    run('c'),
    run('a', { validationLoss: 1, savedAt: '2026-11-22T10:00:00Z' }),
  ];

  it('puts the newest first to begin with', () => {
    expect(ids(sortRuns(runs, newestFirst))).toBe('abc');
  });

  it('puts those last that lack a number, either way', () => {
    expect(ids(sortRuns(runs, { by: 'validation', isDescending: false }))).toBe('abc');
    expect(ids(sortRuns(runs, { by: 'validation', isDescending: true }))).toBe('bac');
  });

  it('sorts names by their letters', () => {
    expect(ids(sortRuns(runs, { by: 'title', isDescending: false }))).toBe('abc');
  });
});

describe('nextOrder', () => {
  it('begins with the least loss and the highest rate, and turns round', () => {
    expect(nextOrder(newestFirst, 'validation')).toEqual({ by: 'validation', isDescending: false });
    expect(nextOrder(newestFirst, 'rate')).toEqual({ by: 'rate', isDescending: true });
    expect(nextOrder({ by: 'rate', isDescending: true }, 'rate')).toEqual({
      by: 'rate',
      isDescending: false,
    });
  });
});

it('says what it knows of a run, and that it does not know the rest', () => {
  const texts = runColumns.map(({ text }) => text(run('a', { tokensPerSecond: 8000, device: 'a GPU' })));
  expect(texts.slice(0, 3)).toEqual(['a', 'finished', '1 of 2']);
  expect(texts[4]).toBe('–');
  expect(texts[5]).toMatch(/^8\.00\sk$/);
  expect(texts[6]).toBe('a GPU');
});

describe('describeSettings', () => {
  const shared = ['layers 4→1', 'width 96→32', 'heads 3→2', 'context 64→32', 'steps 2500→40', 'batch 16→4'];
  const one = run('a', { preset: 'Nano', settings: shared });
  const other = run('b', { preset: 'Nano', settings: [...shared, 'seeds.weights 1→7'] });

  it('names first what sets a run apart from the others of the list, however many settings it shares', () => {
    const runs = [one, other];
    expect(describeSettings(one, runs)).toBe(`Nano: ${shared.join(', ')}`);
    expect(describeSettings(other, runs)).toMatch(/^Nano: seeds\.weights 1→7, layers 4→1, .* and 1 more$/);
  });

  it('takes what an older version kept, and names the preset alone where nothing is other', () => {
    expect(describeSettings(run('c', { changes: 'Nano: width 96→32' }), [one])).toBe('Nano: width 96→32');
    expect(describeSettings(run('d', { preset: 'Pico', settings: [] }), [one])).toBe('Pico');
  });
});
