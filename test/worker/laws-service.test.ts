// Studies and laws of the worker, on the reference loops: planned, run, paused, gone on with, fitted, and made an experiment.
import { expect, it } from 'vitest';
import type { StudyEvent } from '../../src/contract/laws.ts';
import type { Result } from '../../src/contract/values.ts';
import { Exclusive } from '../../src/worker/exclusive.ts';
import { answerFit } from '../../src/worker/laws/fit.ts';
import { StudyFiles } from '../../src/worker/laws/study-files.ts';
import { createLaws } from '../../src/worker/laws-service.ts';
import { exampleStudy, studyWith } from '../lab/studies/example-study.ts';
import { MemoryFolder } from './memory-folder.ts';
import { MemoryStorage } from './memory-storage.ts';
import { ReferenceDevices } from './reference-devices.ts';

const plain = (study: unknown) => JSON.parse(JSON.stringify(study));
const study = plain(exampleStudy);

function setUp(folder = new MemoryFolder()) {
  const devices = new ReferenceDevices(new MemoryStorage());
  const exclusive = new Exclusive(() => false);
  return createLaws(devices, { text: undefined }, exclusive, new StudyFiles(folder), async (order) =>
    answerFit(order),
  );
}

function resultOf<T>(result: Result<T>): T {
  if (result.kind === 'ok') return result.value;
  throw new Error(result.problem.message);
}

it('plans a study with what each run costs by the device’s rate, and refuses a faulty one in a sentence', async () => {
  const laws = setUp();
  const plan = resultOf(await laws.planStudy(study, 'example'));
  expect(plan).toMatchObject({ name: 'example', basis: 'rate', rows: [], dropped: [] });
  expect(plan.runs.map(({ tokens }) => tokens)).toEqual([256, 512, 256, 512]);
  expect(plan.textWarning).toMatch(/power law/);
  const seconds = plan.runs.reduce((sum, run) => sum + (run.predictedSeconds ?? Number.NaN), 0);
  expect(Math.abs((plan.predictedSeconds ?? 0) / seconds - 1)).toBeLessThan(1e-9);
  const faulty = await laws.planStudy(plain(studyWith({ grid: {} })), 'mine.json');
  expect(faulty).toMatchObject({ kind: 'problem', problem: { kind: 'invalidConfig' } });
});

it('pauses after the run in hand, goes on in another worker, and keeps every row', async () => {
  const folder = new MemoryFolder();
  const first = setUp(folder);
  const { id, runs } = resultOf(await first.planStudy(study, 'example'));
  const events: StudyEvent[] = [];
  const paused = resultOf(
    await first.runStudy(id, (event) => {
      events.push(event);
      if (event.kind === 'row') void first.pauseStudy();
    }),
  );
  expect(paused).toMatchObject({ isWhole: false, isKept: true });
  expect(events.filter(({ kind }) => kind === 'row')).toHaveLength(1);
  expect(events.some((event) => event.kind === 'step' && event.loss > 0)).toBe(true);

  const second = setUp(folder); // the page was loaded anew
  expect(await second.runStudy(id, () => undefined)).toMatchObject({ kind: 'problem' });
  const [kept] = await second.keptStudies();
  expect(kept).toMatchObject({ id, done: 1, runs: runs.length });
  const planned = resultOf(await second.planStudy(kept.study, kept.name));
  expect(planned.rows).toMatchObject([{ run: runs[0].run, status: 'finished' }]);
  expect(resultOf(await second.runStudy(id, () => undefined))).toMatchObject({ isWhole: true });
  const table = resultOf(await second.readRuns('runs.csv', resultOf(await second.studyTable(id))));
  expect(table.points.map(({ run }) => run).sort()).toEqual(runs.map(({ run }) => run).sort());
  resultOf(await second.deleteStudy(id));
  expect(await second.keptStudies()).toEqual([]);
});

it('fits runs of anybody, and says in a sentence which it cannot', async () => {
  const laws = setUp();
  const rows = [1e4, 3e4, 1e5].flatMap((n) =>
    [1e6, 3e6, 1e7].map((d) => [n, d, 1 + 30 / n ** 0.4 + 40 / d ** 0.3]),
  );
  const csv = ['N,D,loss', ...rows.map((row) => row.join(','))].join('\n');
  const { points } = resultOf(await laws.readRuns('theirs.csv', csv));
  const report = resultOf(await laws.fitRuns(points, { law: 'chinchilla', method: 'variable-projection' }));
  expect(Math.abs(report.parameters.alpha - 0.4)).toBeLessThan(0.01);
  expect(await laws.fitRuns(points.slice(0, 2), { law: 'chinchilla' })).toMatchObject({
    kind: 'problem',
    problem: { message: expect.stringContaining('2 runs cannot fix 5 parameters') },
  });
});

it('makes an experiment of a recommended size: width solved, depth and rate as the study has them', async () => {
  const laws = setUp();
  const found = resultOf(await laws.experimentOfSize(60_000, 2_000_000));
  expect(found.model.layers).toBe(2);
  expect(Math.abs(12 * 2 * Number(found.model.width) ** 2 - 60_000)).toBeLessThan(12_000);
  const perStep = Number(found.train.batch) * Number(found.model.context);
  expect(Math.abs(Number(found.train.steps) * perStep - 2_000_000)).toBeLessThan(perStep);
  expect(found.train.evaluationInterval).toBe(found.train.steps);
  expect(await laws.experimentOfSize(0.1, 100, study)).toMatchObject({ kind: 'problem' });
});
