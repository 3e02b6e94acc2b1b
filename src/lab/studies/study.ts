// What a study is: one JSON file that says which runs to make, from a base experiment, a grid of values, formulas and a budget.
import * as v from 'valibot';
import { issueText } from '../../data/issue-text.ts';
import { parameterCounts } from '../../laws/run-point.ts';
import { findPreset } from '../../model/presets/catalogue.ts';
import { LabError } from '../plans/problem.ts';

const positive = v.pipe(v.number(), v.finite(), v.gtValue(0));
const scalar = v.union([v.number(), v.string(), v.boolean()]);

/** A range: `factor` or `count` steps from `from` to `to`, in equal ratios unless `scale` is linear. */
const range = v.union([
  v.strictObject({ from: positive, to: positive, factor: v.pipe(v.number(), v.finite(), v.gtValue(1)) }),
  v.strictObject({
    from: v.pipe(v.number(), v.finite()),
    to: v.pipe(v.number(), v.finite()),
    count: v.pipe(v.number(), v.integer(), v.minValue(1)),
    scale: v.optional(v.picklist(['log', 'linear'] as const), 'log'),
  }),
]);

/**
 * A value that follows from others: factor · Π field^exponent, kept within `least` and `most`, rounded to a whole number
 * where the field is one.
 */
const formula = v.strictObject({
  factor: v.pipe(v.number(), v.finite()),
  powers: v.record(v.string(), v.pipe(v.number(), v.finite())),
  least: v.optional(v.pipe(v.number(), v.finite())),
  most: v.optional(v.pipe(v.number(), v.finite())),
});

const values = v.union([scalar, v.pipe(v.array(scalar), v.minLength(1)), range]);
/** An empty list would pass as a record without keys. */
const grid = v.pipe(
  v.record(v.string(), values),
  v.check((fields) => Object.keys(fields).length > 0, 'the grid is empty'),
);

const budgetSchema = v.strictObject({
  seconds: v.optional(positive),
  flops: v.optional(positive),
  dollars: v.optional(positive),
  /** Of a second of this device, where dollars are given. */
  dollarsPerHour: v.optional(positive),
});

const studySchema = v.strictObject({
  version: v.optional(v.literal(1), 1),
  name: v.pipe(v.string(), v.minLength(1), v.maxLength(100)),
  note: v.optional(v.pipe(v.string(), v.maxLength(2000)), ''),
  /** An experiment, or the name of a preset. */
  base: v.union([v.string(), v.record(v.string(), v.unknown())]),
  /** One grid, or several whose runs are put together. Keys are paths of an experiment, or derived fields. */
  grid: v.union([grid, v.pipe(v.array(grid), v.minLength(1))]),
  formulas: v.optional(v.record(v.string(), formula), {}),
  /** How far a solved shape may be from what was asked, as a part. */
  tolerance: v.optional(v.pipe(v.number(), v.minValue(0), v.maxValue(0.2)), 0.2),
  /** Runs that differ in `tokens` only are branches of one trunk (warm-up, stable, decay). */
  branches: v.optional(v.boolean(), true),
  /** Tokens of the text's end that every run is measured on, whatever its batch; the same for all. */
  validationTokens: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1)), 65_536),
  /** Which parameters the law counts. */
  count: v.optional(v.picklist(parameterCounts), 'blocks'),
  budget: v.optional(budgetSchema, {}),
  /** A run whose loss is still above this part of ln V at half its steps ends there. */
  stop: v.optional(v.strictObject({ aboveUniform: v.pipe(v.number(), v.gtValue(0), v.maxValue(1)) })),
  /** Of `search`: the size and data of the model wanted, the shapes tried, and what loss it may cost. */
  search: v.optional(
    v.strictObject({
      parameters: positive,
      tokens: positive,
      ratio: values,
      mlpToAttention: values,
      /** Nats; the baseline's loss and `lossSlack` of it unless given. */
      lossLimit: v.optional(positive),
      lossSlack: v.optional(v.pipe(v.number(), v.minValue(0), v.maxValue(1)), 0),
      /** Tokens of the prompt, and tokens generated, that speed is judged by. */
      prompt: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1)), 16),
      output: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1)), 32),
    }),
  ),
});

/** A checked study; defaults are filled in. */
export type Study = v.InferOutput<typeof studySchema>;

/** Values of one field of a grid, as written. */
export type GridValues = v.InferOutput<typeof values>;

/** A value that follows from others. */
export type Formula = v.InferOutput<typeof formula>;

/** A field's value. */
export type Scalar = v.InferOutput<typeof scalar>;

/** Fields that are no paths of an experiment, and what they mean. */
export const derivedFields = {
  parameters: 'N, parameters of the blocks’ matrices: solved by the width',
  ratio: 'd / √N: solved by width, at fixed N',
  mlpToAttention:
    'r, parameters of the feed-forward layers over those of attention: solved by heads and hidden size',
  tokens: 'D: solved by the steps',
  flops: 'C, training flops by 6·N·D: solved by the tokens',
  seed: 'of weights, batches and dropout together',
} as const;

/** A derived field. */
export type DerivedField = keyof typeof derivedFields;

/** Whether a field is derived. */
export function isDerived(field: string): field is DerivedField {
  return Object.hasOwn(derivedFields, field);
}

/** Reads a study. @throws LabError in one sentence */
export function parseStudy(json: unknown, name: string): Study {
  const parsed = v.safeParse(studySchema, json);
  if (!parsed.success) refuseStudy(`${name}: ${issueText(parsed.issues[0], 'the study')}.`);
  return parsed.output;
}

/** The base experiment as JSON. @throws LabError for a preset that does not exist */
export function baseOf({ base, name }: Study): Record<string, unknown> {
  if (typeof base !== 'string') return base;
  const preset = findPreset(base);
  if (!preset)
    refuseStudy(`${name}: there is no preset ${JSON.stringify(base)}. flopscope presets lists them.`);
  return preset.experiment;
}

/** An experiment that needs no steps, for something else says how long to train. */
export function withoutSteps(base: Record<string, unknown>): Record<string, unknown> {
  const train = typeof base.train === 'object' && base.train !== null ? base.train : {};
  return { ...base, train: { steps: 1, ...train } };
}

/** @throws LabError */
export function refuseStudy(message: string): never {
  throw new LabError({ kind: 'invalidConfig', message: `study: ${message}` });
}
