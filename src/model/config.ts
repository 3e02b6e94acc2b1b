// What a run is: model, training and data as one checked object, every default and derived size filled in.
import type { CorpusName } from '../data/corpora.ts';
import type { ActivationName } from '../kernels/activation-functions.ts';
import { type AttentionConfig, checkAttention, derivedRopeHeadSize } from './attention-config.ts';
import { type BlockConfig, checkBlocks } from './block-config.ts';
import { checkExpertCapacity, checkExperts, type ExpertsConfig, expertSizes } from './experts-config.ts';
import { type FieldProblem, isRecord, readFields, showValue } from './fields/check.ts';
import type { Field, FieldValue } from './fields/kinds.ts';
import type { OptimizerConfig } from './fields/optimizer.ts';
import { experimentFields } from './fields/table.ts';

/** Version of the schema; an address or a file with a higher one is refused. */
export const schemaVersion = 1;

/** Shape and kind of a transformer. Sizes are counts; `vocabulary` is 0 until the tokenizer is known. */
export type ModelConfig = AttentionConfig &
  BlockConfig &
  ExpertsConfig & {
    /** L */
    readonly layers: number;
    /** C, residual channels. */
    readonly width: number;
    /** H, query heads. */
    readonly heads: number;
    /** G, key and value heads; divides `heads`. */
    readonly keyValueHeads: number;
    /** D, channels of one head; H·D need not equal C. */
    readonly headSize: number;
    /** F, channels inside the feed-forward layer. */
    readonly hidden: number;
    /** T, tokens. */
    readonly context: number;
    /** V, tokens. */
    readonly vocabulary: number;
    readonly norm: 'layerNorm' | 'rmsNorm';
    readonly normEpsilon: number;
    readonly position: 'learned' | 'rope' | 'sinusoidal' | 'none';
    readonly ropeBase: number;
    readonly activation: ActivationName;
    readonly gated: boolean;
    readonly bias: boolean;
    readonly tiedHead: boolean;
    /** False computes y = f(norm(x)) in each sublayer instead of y = x + f(norm(x)). */
    readonly skipConnections: boolean;
    /** Rate in [0, 1), while training only: after the embedding, inside attention, after both projections. */
    readonly dropout: number;
  };

/** How the learning rate moves; see schedule.ts. */
export type ScheduleConfig = {
  readonly kind: 'cosine' | 'linear' | 'constant' | 'warmupStableDecay' | 'inverseSquareRoot';
  readonly warmupSteps: number;
  /** Part of the run, at its end, in which the rate of `warmupStableDecay` falls. */
  readonly decayFraction: number;
  readonly minimumLearningRate: number;
};

/** How a model is trained. */
export type TrainConfig = {
  readonly steps: number;
  /** B, rows of one micro-batch. */
  readonly batch: number;
  /** Micro-batches per update. */
  readonly accumulation: number;
  /** Largest gradient norm; 0 means no clipping. */
  readonly clip: number;
  readonly optimizer: OptimizerConfig;
  readonly schedule: ScheduleConfig;
  /** `answers`: what an assistant says, of conversations. */
  readonly lossPositions: 'all' | 'last' | 'answers';
  /** `blocks` keeps only what goes into each block and computes the block again for its gradients. */
  readonly recompute: 'none' | 'blocks';
  /** Steps between evaluations; 0 means never. */
  readonly evaluationInterval: number;
  readonly evaluationBatches: number;
  /** Steps between samples; 0 means never. */
  readonly sampleInterval: number;
  readonly seeds: { readonly weights: number; readonly data: number; readonly dropout: number };
};

/** What a model is trained on. */
export type DataConfig = {
  readonly source: CorpusName | 'file';
  /** `model`: that of the model that the run goes on from. */
  readonly tokenizer: 'characters' | 'bytes' | 'bpe' | 'model';
  /** Tokens of `bpe`: the 256 bytes and what is learned. */
  readonly tokenizerVocabulary: number;
  /** Length of a generated text. */
  readonly characters: number;
  readonly seed: number;
  readonly validationFraction: number;
};

/**
 * A whole run. Parsing it again gives the same object. This and its parts are types, not interfaces: they are JSON, to
 * which TypeScript assigns no interface.
 */
export type Experiment = {
  readonly model: ModelConfig;
  readonly train: TrainConfig;
  readonly data: DataConfig;
};

/** An experiment, or everything that is wrong with what was given. */
export type ParsedExperiment =
  | { readonly kind: 'ok'; readonly experiment: Experiment }
  | { readonly kind: 'problem'; readonly problems: readonly FieldProblem[] };

/** Checks a stranger's `{model, train, data}`; a `version` beside them may not be newer than the schema. */
export function parseExperiment(value: unknown): ParsedExperiment {
  const problems: FieldProblem[] = [];
  const values = readFields(experimentFields, withoutVersion(value, problems), problems);
  if (problems.length === 0) {
    const nested = nest(values) as Experiment;
    const experiment = { ...nested, model: resolveSizes(nested.model, problems) };
    checkSchedule(experiment.train, problems);
    checkExpertCapacity(
      experiment.model,
      experiment.train.batch * experiment.model.context,
      reportTo(problems),
    );
    if (problems.length === 0) return { kind: 'ok', experiment };
  }
  return { kind: 'problem', problems };
}

/** A model alone, as it comes from a file in another layout, or what is wrong with it. */
export function parseModel(
  model: unknown,
):
  | { readonly kind: 'ok'; readonly model: ModelConfig }
  | { readonly kind: 'problem'; readonly problems: readonly FieldProblem[] } {
  const problems: FieldProblem[] = [];
  const fields = experimentFields.filter((field: Field) => field.path.startsWith('model.'));
  const values = readFields(fields, { model }, problems);
  if (problems.length === 0) {
    const resolved = resolveSizes((nest(values) as Pick<Experiment, 'model'>).model, problems);
    if (problems.length === 0) return { kind: 'ok', model: resolved };
  }
  return { kind: 'problem', problems };
}

/**
 * The values by path as the form and the address hold them: sizes that equal their derived value are 0 (automatic), so
 * that they follow when another field changes.
 */
export function experimentValues(
  experiment: {
    readonly [section in keyof Experiment]: object;
  },
): Map<string, FieldValue> {
  const values = new Map<string, FieldValue>();
  // What a record holds was an experiment once; where a later field is missing, nothing follows it.
  const model = experiment.model as ModelConfig;
  const follows = (key: keyof Sizes) => derivedSizes({ ...model, [key]: 0 })[key] === model[key];
  const followers = sizeKeys.filter(follows).map((key) => [key, 0] as const);
  const sections: Readonly<Record<string, unknown>> = {
    ...experiment,
    model: {
      ...model,
      ...Object.fromEntries(followers),
    },
  };
  for (const { path } of experimentFields) {
    let value: unknown = sections;
    for (const key of path.split('.')) value = isRecord(value) ? value[key] : undefined;
    values.set(path, value as FieldValue);
  }
  return values;
}

/** The same experiment with sizes that equal their derived value as 0: as the form and a configuration file hold it. */
export function withAutomaticSizes(experiment: Experiment): Experiment {
  return nest(experimentValues(experiment)) as Experiment;
}

/** Nested JSON of values by path. Paths come from the table, never from a file. */
export function nest(values: ReadonlyMap<string, FieldValue>): Record<string, unknown> {
  const root: Record<string, unknown> = {};
  for (const [path, value] of values) {
    const keys = path.split('.');
    let section = root;
    for (const key of keys.slice(0, -1)) {
      const inner = section[key];
      const next: Record<string, unknown> = isRecord(inner) ? inner : {};
      section[key] = next;
      section = next;
    }
    section[keys.at(-1) ?? ''] = value;
  }
  return root;
}

function withoutVersion(value: unknown, problems: FieldProblem[]): unknown {
  if (!isRecord(value) || !Object.hasOwn(value, 'version')) return value;
  const { version, ...rest } = value;
  if (!Number.isInteger(version) || Number(version) < 1 || Number(version) > schemaVersion) {
    const message = `version: ${showValue(version)} is not known here, the newest is ${schemaVersion}. Update Flopscope.`;
    problems.push({ path: 'version', message });
  }
  return rest;
}

const sizeKeys = [
  'keyValueHeads',
  'headSize',
  'ropeHeadSize',
  'valueHeadSize',
  'hidden',
  'expertHidden',
  'sharedHidden',
] as const;
type Sizes = Pick<ModelConfig, (typeof sizeKeys)[number]>;

/** Sizes that are 0, derived: G = H, D = C / H, F = 4C, or 8/3·C to a multiple of 8 when gated (Shazeer 2020). */
function derivedSizes(model: ModelConfig): Sizes {
  const headSize = model.headSize || model.width / model.heads;
  const hidden = model.gated ? Math.max(8, Math.round((8 * model.width) / 3 / 8) * 8) : 4 * model.width;
  return {
    keyValueHeads: model.keyValueHeads || model.heads,
    headSize,
    ropeHeadSize: model.ropeHeadSize || derivedRopeHeadSize({ ...model, headSize }),
    valueHeadSize: model.valueHeadSize || headSize,
    hidden: model.hidden || hidden,
    ...expertSizes(model, model.hidden || hidden),
  };
}

function resolveSizes(model: ModelConfig, problems: FieldProblem[]): ModelConfig {
  const resolved = { ...model, ...derivedSizes(model) };
  const { width, heads, keyValueHeads, headSize } = resolved;
  const report = reportTo(problems);
  if (!Number.isInteger(headSize)) {
    const use = nearestDivisors(width, heads).join(' or ');
    report('model.heads', `${heads} does not divide model.width ${width}. Use ${use}.`);
  } else if (headSize > 256) {
    report(
      'model.heads',
      `${heads} of width ${width} makes heads of ${headSize}, more than 256. Use more heads.`,
    );
  } else if (
    resolved.position === 'rope' &&
    resolved.attention === 'heads' &&
    resolved.ropeFraction === 1 &&
    headSize % 2 === 1
  ) {
    const from = model.headSize === 0 ? ` (model.width ${width} / model.heads ${heads})` : '';
    report('model.headSize', `${headSize}${from} is odd, but rotary positions turn pairs. Use an even size.`);
  }
  if (heads % keyValueHeads !== 0) {
    const use = nearestDivisors(heads, keyValueHeads).join(' or ');
    report('model.keyValueHeads', `${keyValueHeads} does not divide model.heads ${heads}. Use ${use}.`);
  }
  checkAttention(resolved, report);
  checkBlocks(resolved, report);
  checkExperts(resolved, report);
  return resolved;
}

/** Appends a sentence that begins with the field's path. */
function reportTo(problems: FieldProblem[]): (path: string, what: string) => void {
  return (path, what) => {
    problems.push({ path, message: `${path}: ${what}` });
  };
}

function checkSchedule({ optimizer, schedule }: TrainConfig, problems: FieldProblem[]): void {
  const { kind } = schedule;
  if (kind === 'constant' || kind === 'inverseSquareRoot') return;
  if (schedule.minimumLearningRate <= optimizer.learningRate) return;
  const path = 'train.schedule.minimumLearningRate';
  const found = `${schedule.minimumLearningRate} is above train.optimizer.learningRate ${optimizer.learningRate}`;
  problems.push({ path, message: `${path}: ${found}. Use less, such as a tenth of it.` });
}

/** The divisors of `whole` next below and next above a number that divides it not. */
function nearestDivisors(whole: number, part: number): number[] {
  let below = Math.min(part, whole);
  while (whole % below !== 0) below--;
  let above = part;
  while (above < whole && whole % above !== 0) above++;
  return above < whole || whole % above === 0 ? [...new Set([below, above])] : [below];
}
