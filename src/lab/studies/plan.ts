// Plans a study on one device: seconds and bytes of every run from the plans that would run, what a budget leaves, and the order.

import { planFlops } from '../../plan/predict.ts';
import { formatDigits } from '../../text/numbers.ts';
import type { Engine } from '../plans/engine.ts';
import { expectWork } from '../plans/expectation.ts';
import { predictMemory } from '../plans/prediction.ts';
import { recordTrainingPlans, type TrainingPlans } from '../plans/training-plans.ts';
import { evaluationWork, trainingWork } from '../plans/work.ts';
import type { ExpandedStudy, StudyRun } from './expand.ts';
import { refuseStudy, type Study } from './study.ts';

/** What planning needs of a device. */
export type PlanningDevice = Pick<
  Engine,
  'capabilities' | 'variants' | 'profile' | 'memoryBytes' | 'trainingFlopsPerSecond'
>;

/** One run with what it will cost here. */
export interface PlannedRun extends StudyRun {
  /** Of this run alone: what its trunk has trained already is not in it. undefined on a device of which nothing is known. */
  readonly predictedSeconds: number | undefined;
  readonly predictedBytes: number;
  /** Useful flops by the plan, likewise. */
  readonly planFlops: number;
  /** Steps it takes beyond the trunk. */
  readonly steps: number;
}

/** Runs that share a trunk, the shortest first; or one run alone. */
export interface TrunkGroup {
  readonly trunk: string;
  readonly runs: readonly PlannedRun[];
}

/** A run that will not be made, and by which rule. */
export interface DroppedRun {
  readonly run: StudyRun;
  readonly reason: string;
}

/** A study on a device. */
export interface StudyPlan {
  readonly id: string;
  readonly study: Study;
  /** In the order in which they run: the cheapest first, so that a fault shows early. */
  readonly groups: readonly TrunkGroup[];
  readonly dropped: readonly DroppedRun[];
  readonly predictedSeconds: number | undefined;
  readonly flops: number;
}

/** Seconds that a trunk takes besides its steps: plans, weights, corpora. Measured on a software GPU, pipelines kept. */
const secondsPerTrunk = 0.3;

/** @throws LabError for a budget that no run fits, or money without its price */
export function planStudy(expanded: ExpandedStudy, device: PlanningDevice, vocabulary: number): StudyPlan {
  const { study, id } = expanded;
  const costs = new Map<string, Cost>();
  const costOf = (run: StudyRun) => {
    const { model, train } = run.experiment;
    const key = JSON.stringify([
      model,
      train.batch,
      train.accumulation,
      train.optimizer.kind,
      train.recompute,
    ]);
    const known = costs.get(key) ?? measure(run, device, vocabulary);
    costs.set(key, known);
    return known;
  };
  const tooLarge: DroppedRun[] = [];
  const fitting = expanded.runs.filter((run) => {
    const { bytes } = costOf(run);
    if (device.memoryBytes === undefined || bytes <= device.memoryBytes) return true;
    tooLarge.push({ run, reason: `needs ${bytes} bytes, the device has ${device.memoryBytes}` });
    return false;
  });
  let groups = groupRuns(fitting, costOf);
  const dropped = [...tooLarge];
  const limit = limitOf(study, groups);
  while (limit && limit.used(groups) > limit.most) {
    const next = nextToDrop(groups);
    if (!next) break;
    dropped.push({ run: next, reason: `beyond the budget of ${limit.text}` });
    groups = groupRuns(
      groups.flatMap(({ runs }) => runs.filter(({ run }) => run !== next.run)),
      costOf,
    );
  }
  if (groups.length === 0) {
    const first = dropped[0];
    refuseStudy(
      `${study.name}: no run is left of ${expanded.runs.length}: ${first ? first.reason : 'the grid is empty'}. Raise the budget or shrink the runs.`,
    );
  }
  return { id, study, groups, dropped, predictedSeconds: secondsOf(groups), flops: flopsOf(groups) };
}

/** Groups of one of `count` shards, from 1: the most expensive group goes to the shard with least to do so far. */
export function shardOf(groups: readonly TrunkGroup[], index: number, count: number): TrunkGroup[] {
  const loads = new Array<number>(count).fill(0);
  const mine = new Set<string>();
  const cost = (group: TrunkGroup) => group.runs.reduce((sum, run) => sum + run.planFlops, 0);
  const sorted = [...groups].sort((a, b) => cost(b) - cost(a) || a.trunk.localeCompare(b.trunk));
  for (const group of sorted) {
    const least = loads.indexOf(Math.min(...loads));
    loads[least] += cost(group);
    if (least === index - 1) mine.add(group.trunk);
  }
  return groups.filter(({ trunk }) => mine.has(trunk));
}

/** The step at which a branch leaves its trunk: the last at which the rate is still at its peak. */
export function branchStep({ experiment: { train } }: StudyRun): number {
  const { warmupSteps, decayFraction, kind } = train.schedule;
  if (kind !== 'warmupStableDecay') return 0;
  return Math.min(train.steps, Math.floor(Math.max(warmupSteps, train.steps * (1 - decayFraction)) + 1e-9));
}

/** One set of plans for every model and batch of a study: what a device must be calibrated for. */
export function plansOfStudy(
  { runs }: ExpandedStudy,
  device: PlanningDevice,
  vocabulary: number,
): TrainingPlans[] {
  const distinct = new Map(runs.map((run) => [costKey(run), run]));
  return [...distinct.values()].map((run) => record(run, device, vocabulary));
}

function costKey({ experiment: { model, train } }: StudyRun): string {
  return JSON.stringify([model, train.batch, train.accumulation, train.optimizer.kind, train.recompute]);
}

function record({ experiment }: StudyRun, device: PlanningDevice, vocabulary: number): TrainingPlans {
  const model = { ...experiment.model, vocabulary: experiment.model.vocabulary || vocabulary };
  return recordTrainingPlans(model, experiment.train, device);
}

interface Cost {
  readonly stepSeconds: number | undefined;
  readonly evaluationSeconds: number | undefined;
  readonly stepFlops: number;
  readonly bytes: number;
}

function measure(run: StudyRun, device: PlanningDevice, vocabulary: number): Cost {
  const { train } = run.experiment;
  const plans = record(run, device, vocabulary);
  const { profile, trainingFlopsPerSecond: rate } = device;
  const stepFlops = planFlops(plans.accumulate) * train.accumulation + planFlops(plans.update);
  const byRate = (flops: number) => (rate === undefined ? undefined : flops / rate);
  return {
    stepSeconds: profile ? expectWork(trainingWork(plans, train), profile).seconds : byRate(stepFlops),
    evaluationSeconds: profile
      ? expectWork(evaluationWork(plans, train), profile).seconds
      : byRate(planFlops(plans.evaluate)),
    stepFlops,
    bytes: predictMemory(plans).total,
  };
}

function groupRuns(runs: readonly StudyRun[], costOf: (run: StudyRun) => Cost): TrunkGroup[] {
  const byTrunk = new Map<string, StudyRun[]>();
  for (const run of runs) byTrunk.set(run.trunk, [...(byTrunk.get(run.trunk) ?? []), run]);
  const groups = [...byTrunk].map(([trunk, members]) => {
    const isTrunk = members[0].trunk !== members[0].run;
    let reached = 0;
    const planned = members
      .sort((a, b) => a.experiment.train.steps - b.experiment.train.steps)
      .map((run, index): PlannedRun => {
        const { stepSeconds, evaluationSeconds, stepFlops, bytes } = costOf(run);
        const { steps, evaluationBatches } = run.experiment.train;
        const taken = steps - reached;
        if (isTrunk) reached = branchStep(run);
        const predictedSeconds =
          stepSeconds === undefined || evaluationSeconds === undefined
            ? undefined
            : taken * stepSeconds +
              evaluationBatches * evaluationSeconds +
              (index === 0 ? secondsPerTrunk : 0);
        return {
          ...run,
          steps: taken,
          predictedSeconds,
          predictedBytes: bytes,
          planFlops: taken * stepFlops,
        };
      });
    return { trunk, runs: planned };
  });
  return groups.sort((a, b) => flopsOf([a]) - flopsOf([b]));
}

function secondsOf(groups: readonly TrunkGroup[]): number | undefined {
  return groups
    .flatMap(({ runs }) => runs)
    .reduce<number | undefined>(
      (sum, { predictedSeconds }) =>
        sum === undefined || predictedSeconds === undefined ? undefined : sum + predictedSeconds,
      0,
    );
}

function flopsOf(groups: readonly TrunkGroup[]): number {
  return groups.flatMap(({ runs }) => runs).reduce((sum, run) => sum + run.planFlops, 0);
}

interface Limit {
  readonly most: number;
  readonly text: string;
  used(groups: readonly TrunkGroup[]): number;
}

function limitOf({ budget, name }: Study, groups: readonly TrunkGroup[]): Limit | undefined {
  const { seconds, flops, dollars, dollarsPerHour } = budget;
  const needsTime = seconds !== undefined || dollars !== undefined;
  if (needsTime && secondsOf(groups) === undefined)
    refuseStudy(`${name}: a budget of time or money needs a calibrated device. Calibrate, or give flops.`);
  const time = (list: readonly TrunkGroup[]) => secondsOf(list) ?? 0;
  const limits: Limit[] = [];
  if (seconds !== undefined)
    limits.push({ most: 1, text: `${seconds} s`, used: (list) => time(list) / seconds });
  if (flops !== undefined)
    limits.push({ most: 1, text: `${formatDigits(flops)} flops`, used: (list) => flopsOf(list) / flops });
  if (dollars !== undefined) {
    if (dollarsPerHour === undefined)
      refuseStudy(`${name}: a budget of $${dollars} needs budget.dollarsPerHour, the price of this device.`);
    limits.push({
      most: 1,
      text: `$${dollars}`,
      used: (list) => (time(list) * dollarsPerHour) / 3600 / dollars,
    });
  }
  if (limits.length === 0) return undefined;
  return {
    most: 1,
    text: limits.map(({ text }) => text).join(' and '),
    used: (list) => Math.max(...limits.map((limit) => limit.used(list))),
  };
}

/**
 * The rule by which a study shrinks: of the dearest run that is a repeat of another (same model and tokens, another
 * seed), else the dearest of all. Range beats number, but a run that alone eats the budget teaches nothing.
 */
function nextToDrop(groups: readonly TrunkGroup[]): PlannedRun | undefined {
  const runs = groups.flatMap((group) => group.runs);
  const cell = ({ shape, tokens }: StudyRun) => `${shape.parameters} ${shape.ratio} ${tokens}`;
  const counts = new Map<string, number>();
  for (const run of runs) counts.set(cell(run), (counts.get(cell(run)) ?? 0) + 1);
  const repeats = runs.filter((run) => (counts.get(cell(run)) ?? 0) > 1);
  const pool = repeats.length > 0 ? repeats : runs;
  return pool.reduce<PlannedRun | undefined>(
    (dearest, run) => (!dearest || run.planFlops > dearest.planFlops ? run : dearest),
    undefined,
  );
}
