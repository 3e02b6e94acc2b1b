// The runs on display in the room of laws: where they are from, how their N is counted, and what a person left out.
import { countedBy, countOf, type ParameterCount, type RunPoint, runName } from '../../laws/run-point.ts';
import { pointsOf, type RunsSource } from './runs.ts';

/** Runs on display. */
export interface ShownRuns {
  readonly source: RunsSource;
  /** The runs of the source, with N counted as chosen. */
  readonly points: readonly RunPoint[];
  /** How N is counted; undefined where the runs have one N only. */
  readonly count: ParameterCount | undefined;
  /** Names of the runs that a person left out of the fit. */
  readonly leftOut: readonly string[];
  /** Counts sets of runs that were shown; a study that gains rows is the same set. */
  readonly set: number;
}

export const nothingShown: ShownRuns = {
  source: { kind: 'none' },
  points: [],
  count: undefined,
  leftOut: [],
  set: 0,
};

/** Shows runs. Rows that a study gains change neither how N is counted nor what a person left out. */
export function showRuns(before: ShownRuns, source: RunsSource): ShownRuns {
  const last = before.source;
  const isSame = source.kind === 'study' && last.kind === 'study' && source.plan.id === last.plan.id;
  const points = pointsOf(source);
  const given = countOf(points);
  const count = (isSame ? before.count : undefined) ?? given;
  const names = points.map(runName);
  return {
    source,
    points: count === given || count === undefined ? points : countedBy(points, count),
    count,
    leftOut: isSame ? before.leftOut.filter((name) => names.includes(name)) : [],
    set: isSame ? before.set : before.set + 1,
  };
}

/** The same runs with N counted in another way. */
export function countRunsBy(shown: ShownRuns, count: ParameterCount): ShownRuns {
  return { ...shown, count, points: countedBy(pointsOf(shown.source), count) };
}

/** Leaves runs out of the fit, by their names. */
export function leaveRunsOut(shown: ShownRuns, names: readonly string[]): ShownRuns {
  return { ...shown, leftOut: [...shown.leftOut, ...names] };
}

/** Takes runs back into the fit. */
export function takeRunsBack(shown: ShownRuns, names: readonly string[]): ShownRuns {
  return { ...shown, leftOut: shown.leftOut.filter((name) => !names.includes(name)) };
}
