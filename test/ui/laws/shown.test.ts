// Runs on display in the room of laws: what a study that gains rows keeps of what a person chose, and other runs do not.
import { expect, it } from 'vitest';
import type { PlannedStudy, StudyRow } from '../../../src/contract/laws.ts';
import type { RunPoint } from '../../../src/laws/run-point.ts';
import type { RunsSource } from '../../../src/ui/laws/runs.ts';
import {
  countRunsBy,
  leaveRunsOut,
  nothingShown,
  showRuns,
  takeRunsBack,
} from '../../../src/ui/laws/shown.ts';

const sizes = [1000, 2000, 3000];
const runs = sizes.map((parameters, index) => ({
  run: `run ${index}`,
  parameters,
  counts: { blocks: parameters, withHead: parameters + 200, all: parameters + 300 },
  tokens: 5000,
  layers: 1,
}));

/** A study of three runs of which the first so many have ended. */
function study(id: string, done: number): RunsSource {
  const rows = runs
    .slice(0, done)
    .map(({ run }): StudyRow => ({ run, status: 'finished', loss: 3, seconds: 1 }));
  return { kind: 'study', plan: { id, name: id, runs } as unknown as PlannedStudy, rows };
}

const names = (points: readonly RunPoint[]) => points.map(({ run }) => run);

it('keeps the count of N and what was left out while a study gains rows', () => {
  const chosen = leaveRunsOut(countRunsBy(showRuns(nothingShown, study('a', 2)), 'all'), ['run 1']);
  const grown = showRuns(chosen, study('a', 3));
  expect(names(grown.points)).toEqual(['run 0', 'run 1', 'run 2']);
  expect(grown.points.map(({ parameters }) => parameters)).toEqual(sizes.map((size) => size + 300));
  expect(grown).toMatchObject({ count: 'all', leftOut: ['run 1'], set: chosen.set });
  expect(takeRunsBack(grown, ['run 1']).leftOut).toEqual([]);
});

it('leaves out no run that is not there any more', () => {
  const chosen = leaveRunsOut(showRuns(nothingShown, study('a', 3)), ['run 2']);
  expect(showRuns(chosen, study('a', 2)).leftOut).toEqual([]);
});

it('begins anew with other runs: with their own count, and none left out', () => {
  const chosen = leaveRunsOut(countRunsBy(showRuns(nothingShown, study('a', 3)), 'all'), ['run 0']);
  const other = showRuns(chosen, study('b', 3));
  expect(other).toMatchObject({ count: 'blocks', leftOut: [], set: chosen.set + 1 });
  expect(other.points.map(({ parameters }) => parameters)).toEqual(sizes);
  const file = showRuns(other, {
    kind: 'file',
    name: 'x.csv',
    points: [{ parameters: 7, tokens: 9, loss: 2 }],
  });
  expect(file).toMatchObject({ count: undefined, leftOut: [], set: other.set + 1 });
});
