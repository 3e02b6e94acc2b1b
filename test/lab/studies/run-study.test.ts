// Tests of running a study on the reference loops: branches equal separate runs, failures are rows, an interruption loses nothing.
import { describe, expect, test } from 'vitest';
import type { StudyRow } from '../../../src/contract/laws.ts';
import { loadCorpus } from '../../../src/lab/plans/corpus.ts';
import { cpuEngine } from '../../../src/lab/plans/engine.ts';
import { expandStudy } from '../../../src/lab/studies/expand.ts';
import { planStudy } from '../../../src/lab/studies/plan.ts';
import { readResults, resultsHeader, resultsLine } from '../../../src/lab/studies/results.ts';
import { runStudy, type StudyRunOptions } from '../../../src/lab/studies/run-study.ts';
import { parseStudy } from '../../../src/lab/studies/study.ts';
import { readRunsTable } from '../../../src/laws/runs-table.ts';
import { studyWith } from './example-study.ts';

const engine = cpuEngine();

async function run(changes: Readonly<Record<string, unknown>> = {}, options: Partial<StudyRunOptions> = {}) {
  const study = parseStudy(studyWith(changes), 'x');
  const [{ experiment }] = expandStudy(study, 1).runs;
  const corpus = await loadCorpus(experiment.data);
  const { vocabularySize } = corpus.tokenizer;
  const plan = planStudy(expandStudy(study, vocabularySize), engine, vocabularySize);
  const results: StudyRow[] = [];
  let table = resultsHeader();
  const times = await runStudy(engine, study, plan.groups, {
    corpus,
    onResult: (planned, result) => {
      results.push(result);
      table += resultsLine(plan.id, planned, result);
    },
    ...options,
  });
  return { plan, results, table, times };
}

describe('a study', () => {
  test('gives the same losses by branches of a trunk as by runs of their own', async () => {
    const losses = ({ table }: { table: string }) =>
      [...readRunsTable(table, 'runs.csv').points]
        .sort((a, b) => a.parameters - b.parameters || a.tokens - b.tokens)
        .map(({ loss }) => loss);
    const branches = await run();
    expect(branches.results.every(({ status }) => status === 'finished')).toBe(true);
    expect(branches.times.idleShare).toBeGreaterThanOrEqual(0);
    const [a, b] = [losses(branches), losses(await run({ branches: false }))];
    expect(a).toHaveLength(4);
    a.forEach((loss, index) => {
      expect(loss).toBeCloseTo(b[index], 6);
    });
  });

  test('records what stops, and goes on', async () => {
    const { results, table } = await run({
      grid: [
        { 'model.width': 8, tokens: 1024, 'train.optimizer.learningRate': 10, 'train.clip': 0 },
        { 'model.width': 8, tokens: 1024 },
      ],
      stop: { aboveUniform: 1 },
    });
    expect(results).toHaveLength(2);
    expect(results.filter(({ status }) => status === 'finished')).toHaveLength(1);
    expect(results.find(({ status }) => status !== 'finished')?.message).toMatch(/loss/);
    expect(readRunsTable(table, 'runs.csv')).toMatchObject({ unfinished: 1, points: [{ tokens: 1024 }] });
  });

  test('skips what is done, and ends when asked', async () => {
    const { plan } = await run();
    const names = plan.groups.flatMap(({ runs }) => runs.map((planned) => planned.run));
    const rest = await run({}, { done: new Set(names.slice(0, 3)) });
    expect(rest.results.map((result) => result.run)).toEqual(names.slice(3));
    const controller = new AbortController();
    const ended = await run({}, { signal: controller.signal, onStep: () => controller.abort() });
    expect(ended.results).toEqual([]);
  });

  test('leaves a table that loses only a row that was cut off', async () => {
    const { table } = await run({ grid: { 'model.width': [8], tokens: [256, 512] } });
    const cut = readResults(table.slice(0, -5));
    expect(cut.done.size).toBe(1);
    expect(cut.whole.endsWith('\n')).toBe(true);
    expect(cut.studies.size).toBe(1);
  });
});
