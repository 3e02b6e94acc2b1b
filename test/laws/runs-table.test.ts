// Tests of the table of runs: this lab's and other people's columns, and every fault by its line.
import { describe, expect, test } from 'vitest';
import { mergeTables, readRunsTable } from '../../src/laws/runs-table.ts';
import { near } from '../near.ts';

describe('a table of runs', () => {
  test('is read by the names of its columns', () => {
    const { points, ignoredColumns } = readRunsTable(
      '\uFEFFparameters,tokens,loss,ratio,mlpToAttention,seed\n1e5,2e6,2.5,0.1,1.6,1\n2e5,2e6,2.4,,,2\n',
      'runs.csv',
    );
    expect(points).toEqual([
      { parameters: 1e5, tokens: 2e6, loss: near(2.5), ratio: near(0.1), mlpToAttention: near(1.6) },
      { parameters: 2e5, tokens: 2e6, loss: near(2.4) },
    ]);
    expect(ignoredColumns).toEqual(['seed']);
  });

  test('knows the letters of the papers, semicolons, and D from flops', () => {
    const { points } = readRunsTable('N;C;L\n1000;12000;2.5\n', 'theirs.csv');
    expect(points).toEqual([{ parameters: 1000, flops: 12000, tokens: 2, loss: near(2.5) }]);
  });

  test('does not read a column that only is called as one of ours, and refuses a fault in one that is', () => {
    const { points, warnings } = readRunsTable(
      'N,D,loss,lr,experts\n1e3,2e4,2.5,cosine,\n2e3,2e4,2.4,linear,\n',
      'theirs.csv',
    );
    expect(points.map(({ learningRate }) => learningRate)).toEqual([undefined, undefined]);
    expect(warnings).toEqual([
      'Column lr (learningRate) is not read: no cell in it is a number; the first is "cosine".',
    ]);
    const faulty = (lr: string) => () =>
      readRunsTable(`N,D,loss,lr\n1e3,2e4,2.5,0.001\n2e3,2e4,2.4,${lr}\n`, 'theirs.csv');
    expect(faulty('fast')).toThrow(/line 3: learningRate is "fast", not a positive number/);
    expect(faulty('"0,01"')).toThrow(/with a comma as decimal mark/);
  });

  test('sets runs aside that did not finish', () => {
    const table = readRunsTable('parameters,tokens,loss,status\n1,2,3,finished\n1,2,,diverged\n', 'runs.csv');
    expect(table.unfinished).toBe(1);
    expect(table.points).toHaveLength(1);
  });

  test.each([
    ['', /no runs/],
    ['parameters,tokens,loss\n', /no runs/],
    ['parameters,tokens\n1,2\n', /no column loss/],
    ['parameters,loss\n1,2\n', /no column tokens/],
    [
      'parameters,tokens,loss\n1,2,2,51\n',
      /line 2: 4 fields where the header names 3. Write decimal numbers with a point/,
    ],
    [
      'parameters;tokens;loss\n1;2;2,51\n',
      /line 2: loss is "2,51", with a comma as decimal mark. Write 2.51/,
    ],
    ['parameters,tokens,loss\n1,2,NaN\n', /line 2: loss is "NaN", not a positive number/],
    ['parameters,tokens,loss\n1,2,3\n1,-2,3\n', /line 3: tokens is "-2"/],
    ['parameters,tokens,loss\n1,2\n', /line 2: 2 fields where the header names 3. Complete/],
    ['parameters,tokens,loss\n1,2,\n', /line 2: loss is empty/],
  ])('%j is refused by its line', (text, message) => {
    expect(() => readRunsTable(text, 'runs.csv')).toThrow(message);
  });

  test('shards of one study become one table; of two, none', () => {
    const shard = (study: string, rows: string) =>
      readRunsTable(`study,run,parameters,tokens,loss\n${rows.replaceAll('S', study)}`, 'shard.csv');
    const first = { name: 'a.csv', table: shard('x', 'S,r1,1,2,3\nS,r2,1,2,4\n') };
    const second = { name: 'b.csv', table: shard('x', 'S,r2,1,2,4\nS,r3,1,2,5\n') };
    expect(mergeTables([first, second]).points.map(({ run }) => run)).toEqual(['r1', 'r2', 'r3']);
    const other = { name: 'c.csv', table: shard('y', 'S,r1,1,2,3\n') };
    expect(() => mergeTables([first, other])).toThrow(
      /2 different studies in one folder \(a.csv: x; c.csv: y\)/,
    );
  });
});
