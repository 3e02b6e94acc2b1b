// Expands a study: every point of its grids as one whole experiment, with a name that depends on nothing but the experiment.
import { sha256Hex } from '../../data/sha256.ts';
import { type Experiment, parseExperiment } from '../../model/config.ts';
import { fieldsByPath } from '../../model/fields/table.ts';
import { type Shape, shapeOf, solveShape } from './shape.ts';
import {
  baseOf,
  type Formula,
  type GridValues,
  isDerived,
  refuseStudy,
  type Scalar,
  type Study,
  withoutSteps,
} from './study.ts';

/** One run of a study. */
export interface StudyRun {
  /** Ten hexadecimal digits of the experiment's hash: the same run has the same name on every machine. */
  readonly run: string;
  /** Runs with one trunk share their stable phase. */
  readonly trunk: string;
  readonly experiment: Experiment;
  readonly shape: Shape;
  /** D, in whole steps. */
  readonly tokens: number;
  /** C = 6·N·D, N as the study counts it. */
  readonly flops: number;
  /** C as the grid wanted it: the budget of an IsoFLOP curve. */
  readonly budget: number | undefined;
  readonly seed: number;
}

/** An expanded study. */
export interface ExpandedStudy {
  readonly study: Study;
  /** Ten hexadecimal digits of all its runs' names. */
  readonly id: string;
  readonly runs: readonly StudyRun[];
}

/** The most runs of one study. */
export const mostRuns = 5000;

/** Sizes that a solved shape decides on. */
const solvedPaths = ['model.width', 'model.heads', 'model.keyValueHeads', 'model.hidden'] as const;

type Point = Readonly<Record<string, Scalar>>;

/** @param vocabulary V of the text @throws LabError in one sentence, before anything is expanded that is too large */
export function expandStudy(study: Study, vocabulary: number): ExpandedStudy {
  const grids = (Array.isArray(study.grid) ? study.grid : [study.grid]).map((grid) =>
    Object.entries(grid).map(([field, values]) => [checkField(field), listValues(field, values)] as const),
  );
  const count = grids.reduce(
    (sum, grid) => sum + grid.reduce((product, [, values]) => product * values.length, 1),
    0,
  );
  if (count > mostRuns)
    refuseStudy(
      `${study.name} expands to ${count} runs, the limit is ${mostRuns}. Take fewer values or fewer axes.`,
    );
  for (const field of Object.keys(study.formulas)) checkField(field);
  for (const grid of grids) {
    const fields = [...grid.map(([field]) => field), ...Object.keys(study.formulas)];
    checkContradictions(study, fields);
  }
  const points = grids.flatMap((grid) =>
    grid.reduce<Point[]>(
      (list, [field, values]) =>
        list.flatMap((point) => values.map((value) => ({ ...point, [field]: value }))),
      [{}],
    ),
  );
  const base = baseOf(study);
  const runs = new Map<string, StudyRun>();
  for (const point of points) {
    const run = createRun(study, base, point, vocabulary);
    runs.set(run.run, run);
  }
  const list = [...runs.values()];
  return { study, id: digest(list.map(({ run }) => run).sort()), runs: list };
}

function checkField(field: string): string {
  if (isDerived(field) || fieldsByPath.has(field)) return field;
  return refuseStudy(
    `there is no field ${JSON.stringify(field)}. Use a path of an experiment, such as model.width, or parameters, ratio, mlpToAttention, tokens, flops, seed.`,
  );
}

function checkContradictions({ name }: Study, fields: readonly string[]): void {
  const twice = fields.find((field, index) => fields.indexOf(field) < index);
  if (twice)
    refuseStudy(
      `${name}: ${twice} is in the grid and has a formula, which would overrule it. Leave one out.`,
    );
  const isSolved = ['parameters', 'ratio', 'mlpToAttention'].find((field) => fields.includes(field));
  const fixed = solvedPaths.find((path) => fields.includes(path));
  if (isSolved && fixed)
    refuseStudy(`${name}: ${isSolved} decides on ${fixed}, and both are given. Leave one out.`);
  const data = ['tokens', 'flops', 'train.steps'].filter((field) => fields.includes(field));
  if (data.length > 1)
    refuseStudy(`${name}: ${data.join(' and ')} both say how long to train. Leave one out.`);
}

/** The values of a field, ranges written out. */
export function listValues(field: string, values: GridValues): readonly Scalar[] {
  if (Array.isArray(values)) return values;
  if (typeof values !== 'object') return [values];
  const { from, to } = values;
  if (to < from)
    refuseStudy(`${field}: the range ends at ${to}, before it begins at ${from}. Turn it round.`);
  if ('factor' in values) {
    const steps = Math.floor(Math.log(to / from) / Math.log(values.factor) + 1e-9);
    if (steps >= mostRuns)
      refuseStudy(`${field}: ${steps + 1} values, the limit is ${mostRuns}. Take a larger factor.`);
    return Array.from({ length: steps + 1 }, (_, step) => from * values.factor ** step);
  }
  const { count, scale } = values;
  if (count > mostRuns) refuseStudy(`${field}: ${count} values, the limit is ${mostRuns}. Take fewer.`);
  if (scale === 'log' && !(from > 0))
    refuseStudy(`${field}: a range in equal ratios cannot begin at ${from}. Use "scale": "linear".`);
  const at = (part: number) => (scale === 'log' ? from * (to / from) ** part : from + (to - from) * part);
  return Array.from({ length: count }, (_, step) => at(count === 1 ? 0 : step / (count - 1)));
}

function createRun(study: Study, base: Record<string, unknown>, point: Point, vocabulary: number): StudyRun {
  const draft = structuredClone(base);
  for (const [path, value] of Object.entries(point)) if (!isDerived(path)) setPath(draft, path, value);
  const isLengthSaid = [point.tokens, point.flops, study.formulas.tokens].some(
    (value) => value !== undefined,
  );
  const given = parse(study, isLengthSaid ? withoutSteps(draft) : draft);
  const { parameters, ratio, mlpToAttention } = point;
  const wanted = {
    ...(parameters === undefined ? {} : { parameters: numberOf('parameters', parameters) }),
    ...(ratio === undefined ? {} : { ratio: numberOf('ratio', ratio) }),
    ...(mlpToAttention === undefined ? {} : { mlpToAttention: numberOf('mlpToAttention', mlpToAttention) }),
  };
  const model =
    Object.keys(wanted).length > 0 ? solveShape(given.model, wanted, study.tolerance) : given.model;
  const shape = shapeOf(model, study.count, model.vocabulary || vocabulary);
  const known = new Map<string, number>([
    ['parameters', shape.parameters],
    ['ratio', shape.ratio],
    ['mlpToAttention', shape.mlpToAttention],
  ]);
  let experiment: Experiment = { ...given, model };
  const budget = point.flops === undefined ? undefined : numberOf('flops', point.flops);
  let tokens = point.tokens === undefined ? undefined : numberOf('tokens', point.tokens);
  if (budget !== undefined) tokens = budget / (6 * shape.parameters);
  if (tokens !== undefined) known.set('tokens', tokens);
  for (const [field, formula] of Object.entries(study.formulas)) {
    const value = evaluate(field, formula, known, experiment);
    known.set(field, value);
    if (field === 'tokens') tokens = value;
    else if (isDerived(field)) refuseStudy(`${field} cannot follow from a formula; tokens and paths can.`);
    else experiment = withPath(study, experiment, field, value);
  }
  const { batch, accumulation } = experiment.train;
  const perStep = batch * accumulation * experiment.model.context;
  const steps = tokens === undefined ? experiment.train.steps : Math.max(1, Math.round(tokens / perStep));
  const seed = point.seed === undefined ? experiment.train.seeds.weights : numberOf('seed', point.seed);
  experiment = {
    ...experiment,
    train: {
      ...experiment.train,
      steps,
      evaluationBatches: Math.ceil(study.validationTokens / (batch * experiment.model.context)),
      ...(point.seed === undefined ? {} : { seeds: { weights: seed, data: seed, dropout: seed } }),
    },
  };
  experiment = parse(study, experiment);
  const isBranch = study.branches && experiment.train.schedule.kind === 'warmupStableDecay';
  const run = digest(experiment);
  return {
    run,
    trunk: isBranch ? digest({ ...experiment, train: { ...experiment.train, steps: 0 } }) : run,
    experiment,
    shape,
    tokens: steps * perStep,
    flops: 6 * shape.parameters * steps * perStep,
    budget,
    seed,
  };
}

function evaluate(
  field: string,
  { factor, powers, least, most }: Formula,
  known: ReadonlyMap<string, number>,
  experiment: Experiment,
): number {
  let value = factor;
  for (const [name, exponent] of Object.entries(powers)) {
    const base = known.get(name) ?? readPath(experiment, name);
    if (typeof base !== 'number')
      refuseStudy(
        `the formula of ${field} needs ${name}, which is ${base === undefined ? 'not known there' : 'no number'}.`,
      );
    value *= base ** exponent;
  }
  value = Math.min(most ?? Infinity, Math.max(least ?? -Infinity, value));
  return fieldsByPath.get(field)?.kind === 'integer' ? Math.round(value) : value;
}

function parse(study: Study, json: unknown): Experiment {
  const parsed = parseExperiment(json);
  if (parsed.kind === 'ok') return parsed.experiment;
  return refuseStudy(`${study.name}: ${parsed.problems[0]?.message ?? 'an experiment is wrong.'}`);
}

function withPath(study: Study, experiment: Experiment, path: string, value: number): Experiment {
  const draft = structuredClone(experiment) as Record<string, unknown>;
  setPath(draft, path, value);
  return parse(study, draft);
}

/** Paths come from the table of fields, never from a file alone. */
function setPath(root: Record<string, unknown>, path: string, value: Scalar): void {
  const keys = path.split('.');
  let section = root;
  for (const key of keys.slice(0, -1)) {
    const inner = section[key];
    const next = typeof inner === 'object' && inner !== null ? (inner as Record<string, unknown>) : {};
    section[key] = next;
    section = next;
  }
  section[keys[keys.length - 1]] = value;
}

function readPath(root: unknown, path: string): unknown {
  return fieldsByPath.has(path)
    ? path
        .split('.')
        .reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined)?.[key], root)
    : undefined;
}

function numberOf(field: string, value: Scalar): number {
  if (typeof value === 'number' && value > 0) return value;
  return refuseStudy(`${field} is ${JSON.stringify(value)}; it must be a positive number.`);
}

function digest(value: unknown): string {
  return sha256Hex(new TextEncoder().encode(JSON.stringify(value))).slice(0, 10);
}
