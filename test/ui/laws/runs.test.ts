// Runs on display: points for a fit, a table whose CSV can be fitted again, and series by size.
import { expect, it } from 'vitest';
import type { PlannedStudy, PlannedStudyRun, StudyRow } from '../../../src/contract/laws.ts';
import type { LawReport } from '../../../src/laws/report.ts';
import { readRunsTable } from '../../../src/laws/runs-table.ts';
import { describePlace } from '../../../src/text/plot-layout.ts';
import { figureCsv } from '../../../src/text/table.ts';
import {
  leftOutOf,
  lossAxis,
  pointsOf,
  runsSeries,
  studyTable,
  variableAxis,
} from '../../../src/ui/laws/runs.ts';
import { near } from '../../near.ts';

const planned = (run: string, parameters: number, tokens: number): PlannedStudyRun => ({
  run,
  parameters,
  counts: { blocks: parameters, withHead: parameters + 200, all: parameters + 300 },
  tokens,
  budget: undefined,
  trunk: 't',
  width: 8,
  ratio: 0.1,
  mlpToAttention: 2,
  layers: 2,
  seed: 1,
  learningRate: 0.008,
  steps: 10,
  predictedSeconds: 1,
  predictedBytes: 1000,
  flops: 1e6,
});

const runs = [planned('a', 1000, 5000), planned('b', 1000, 10_000), planned('c', 4000, 5000)];
const plan = { name: 'mine', runs } as unknown as PlannedStudy;
const rows: readonly StudyRow[] = [
  { run: 'a', status: 'finished', loss: 2.5, seconds: 1 },
  { run: 'b', status: 'diverged', loss: undefined, seconds: 1, message: 'It diverged, at step 3.' },
];
const law = { E: 1, A: 5, B: 20, alpha: 0.3, beta: 0.3 };

it('gives finished runs to a fit, and the others a row with what went wrong', () => {
  expect(pointsOf({ kind: 'study', plan, rows })).toMatchObject([{ run: 'a', trunk: 't', parameters: 1000 }]);
  const table = studyTable(plan, rows, 'c');
  expect(table.rows.map(([run, status]) => [run, status])).toEqual([
    ['a', 'finished'],
    ['b', 'diverged'],
    ['c', 'running'],
  ]);
  expect(table.rows[1]).toContain('It diverged, at step 3.');
});

it('saves a CSV that fits read: what has no loss is set aside', () => {
  const { points, unfinished } = readRunsTable(figureCsv(studyTable(plan, rows, undefined)), 'saved.csv');
  const [{ counts, ratio, mlpToAttention }] = runs;
  const shape = { counts, ratio: near(ratio), mlpToAttention };
  expect(points).toMatchObject([{ run: 'a', parameters: 1000, tokens: 5000, trunk: 't', ...shape }]);
  expect(unfinished).toBe(2);
});

it('draws a series for each size, with the law’s curve of it', () => {
  const points = runs.map(({ parameters, tokens }) => ({ parameters, tokens, loss: 2 }));
  const series = runsSeries(points, 'tokens', law);
  expect(series.map(({ id, kind, points: list }) => [id, kind, list.length])).toEqual([
    ['law-0', 'line', 41],
    ['law-1', 'line', 41],
    ['runs-0', 'points', 2],
    ['runs-1', 'points', 1],
  ]);
  expect(runsSeries(points, 'parameters', undefined).map(({ name }) => name)).toEqual([
    expect.stringMatching(/^D 5\.00.k$/),
    expect.stringMatching(/^D 10\.0.k$/),
  ]);
  expect(runsSeries(points, 'flops', law)[0]).toMatchObject({ id: 'frontier' });
});

it('puts many sizes into five parts that hold every run once', () => {
  const points = Array.from({ length: 23 }, (_, index) => ({
    parameters: 100 + index,
    tokens: 1e4,
    loss: 2,
  }));
  const series = runsSeries(points, 'tokens', law).filter(({ kind }) => kind === 'points');
  expect(series).toHaveLength(5);
  expect(series.reduce((sum, one) => sum + one.points.length, 0)).toBe(23);
});

it('rings runs that are left out, each once, and says why', () => {
  const points = runs.map(({ run, parameters, tokens }) => ({ run, parameters, tokens, loss: 2 }));
  const report = { leftOut: [{ ...points[2], reason: 'among the highest losses' }] } as unknown as LawReport;
  const series = runsSeries(points, 'tokens', undefined, leftOutOf(report, ['a']));
  expect(series.map(({ id, points: list }) => [id, list.map((point) => point.id)])).toEqual([
    ['runs-0', ['b']],
    ['runs-1', []],
    ['left-out', ['a', 'c']],
  ]);
  const axes = { x: variableAxis('tokens'), y: lossAxis };
  expect(describePlace(series, axes, { series: 2, point: 1 })).toMatch(/left out: among the highest losses$/);
});
