// Tests of the table of results as text.
import { expect, test } from 'vitest';
import { expandStudy } from '../../../src/lab/studies/expand.ts';
import { planStudy } from '../../../src/lab/studies/plan.ts';
import { readResults, readRows, resultsHeader, resultsLine } from '../../../src/lab/studies/results.ts';
import { parseStudy } from '../../../src/lab/studies/study.ts';
import { readRunsTable } from '../../../src/laws/runs-table.ts';
import { baselineCapabilities } from '../../../src/plan/kernel.ts';
import { near } from '../../near.ts';
import { exampleStudy } from './example-study.ts';

test('rows are what fit reads, messages with commas included', () => {
  const device = { capabilities: baselineCapabilities, profile: undefined };
  const { groups, id } = planStudy(expandStudy(parseStudy(exampleStudy, 'x'), 20), device, 20);
  const [first, second] = groups[0].runs;
  const table =
    resultsHeader() +
    resultsLine(id, first, { run: first.run, status: 'finished', loss: 2.5, seconds: 1 }) +
    resultsLine(id, second, {
      ...{ run: second.run, status: 'failed', loss: undefined, seconds: 0 },
      message: 'too large: 5 "MB",\nor more',
    });
  const { points, unfinished, studies } = readRunsTable(table, 'runs.csv');
  expect(points).toMatchObject([
    { parameters: 768, tokens: 256, loss: near(2.5), width: 8, experts: 1, run: first.run },
  ]);
  expect(points[0].counts).toEqual(first.shape.counts);
  expect(unfinished).toBe(1);
  expect(studies).toEqual([id]);
  expect(readRows(`${table}cut off,`)).toEqual([
    { run: first.run, status: 'finished', loss: near(2.5), seconds: near(1) },
    {
      ...{ run: second.run, status: 'failed', loss: undefined, seconds: near(0) },
      message: 'too large: 5 "MB", or more',
    },
  ]);
  // Saved again by a spreadsheet: quotes around all, columns moved, and another's name with a comma.
  const saved =
    '"message","study","loss","run","status","seconds"\r\n"a, b","small, wide","2.5","r1","finished","1"\r\n';
  expect([...readResults(saved).studies, ...readResults(saved).done]).toEqual(['small, wide', 'r1']);
  expect(readRows(saved)).toEqual([
    { run: 'r1', status: 'finished', loss: near(2.5), seconds: near(1), message: 'a, b' },
  ]);
});

test('a table of earlier columns is taken over, a message of commas included', () => {
  const earlier =
    'study,run,status,parameters,loss,seconds,message\ns,a,finished,768,2.5,1,\ns,b,failed,768,,1,"5, or ""more"""\n';
  const { whole, done } = readResults(`${earlier}s,c,fin`);
  expect(whole.startsWith(resultsHeader())).toBe(true);
  expect([...done]).toEqual(['a', 'b']);
  expect(readRows(whole)).toEqual(readRows(earlier));
  expect(readRows(whole)).toMatchObject([{ loss: near(2.5) }, { message: '5, or "more"' }]);
  expect(readResults(whole).whole).toBe(whole);
});
