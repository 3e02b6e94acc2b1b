// What the room of costs computes with: a model, assumptions and a way to count; where it can begin, and what is refused.

import type { Prediction } from '../../contract/runs.ts';
import type { ExperimentJson } from '../../contract/values.ts';
import { formatSi } from '../../text/numbers.ts';
import { type Architecture, countArchitecture } from '../../theory/architecture.ts';
import { type Assumptions, assumptionProblems, pressAssumptions } from '../../theory/assumptions.ts';
import { type PressCaseModel, pressCaseModels } from '../../theory/press-cases.ts';
import { publishedModels } from '../../theory/published-models.ts';

/** A multiply-add counts as one (Press's flops) or as two. */
export type Counting = 1 | 2;

/** Everything that the room's figures follow from. */
export interface CostsInputs {
  readonly model: PressCaseModel;
  readonly assumptions: Assumptions;
  readonly counting: Counting;
  /** Bytes of one value of weights, activations and caches. */
  readonly bytesPerValue: number;
  /** The starting point that the model still is; empty once it was changed. */
  readonly startId: string;
}

/** A model to begin with. */
export interface CostsStart {
  readonly id: string;
  readonly name: string;
  readonly model: PressCaseModel;
  /** Undefined for Press's cases, and for an experiment, whose plans are counted. */
  readonly architecture?: Architecture;
  /** Of an experiment, by its plans. */
  readonly parameters?: number | undefined;
}

const { A, B, C, D } = pressCaseModels;

/** Press's cases; D is a range, so both its ends. */
export const pressStarts: readonly CostsStart[] = [
  { id: 'A', name: 'A', model: oneModel(A) },
  { id: 'B', name: 'B', model: oneModel(B) },
  { id: 'C', name: 'C', model: oneModel(C) },
  { id: 'D-low', name: 'D low', model: 'low' in D ? D.low : D },
  { id: 'D-high', name: 'D high', model: 'high' in D ? D.high : D },
];

/** The published models. */
export const publishedStarts: readonly CostsStart[] = publishedModels.map(({ id, name, architecture }) => ({
  id,
  name,
  architecture,
  model: {
    context: architecture.context,
    vocabulary: architecture.vocabulary,
    width: architecture.width,
    heads: architecture.heads,
    layers: architecture.layers,
  },
}));

/** The Train room's experiment as a starting point: its five sizes. Undefined until its costs are known. */
export function experimentStart(
  resolved: ExperimentJson | undefined,
  prediction: Prediction | undefined,
): CostsStart | undefined {
  const vocabulary = prediction?.vocabulary;
  if (resolved === undefined || vocabulary === undefined) return undefined;
  const size = (name: string) => Number(resolved.model[name]);
  return {
    id: 'experiment',
    name: 'Your experiment',
    parameters: prediction?.parameters,
    model: {
      context: size('context'),
      width: size('width'),
      heads: size('heads'),
      layers: size('layers'),
      vocabulary,
    },
  };
}

/** A starting point by its id. */
export function findStart(id: string): CostsStart | undefined {
  return [...pressStarts, ...publishedStarts].find((start) => start.id === id);
}

function oneModel(model: (typeof pressCaseModels)['A']): PressCaseModel {
  return 'low' in model ? model.low : model;
}

/** Press's case A, his assumptions, his counting, values of two bytes. */
export const initialInputs: CostsInputs = {
  model: oneModel(A),
  assumptions: pressAssumptions,
  counting: 1,
  bytesPerValue: 2,
  startId: 'A',
};

/** A size of the model with the ends of its slider; a typed number may lie beyond them. */
export interface SizeField {
  readonly key: keyof PressCaseModel;
  readonly letter: string;
  readonly label: string;
  readonly unit: string;
  readonly low: number;
  readonly high: number;
  /** The slider gives multiples of this. */
  readonly multiple: number;
}

/** The five sizes. */
export const sizeFields: readonly SizeField[] = [
  { key: 'context', letter: 'n', label: 'Context', unit: 'tokens', low: 128, high: 1_048_576, multiple: 128 },
  {
    key: 'vocabulary',
    letter: 'V',
    label: 'Vocabulary',
    unit: 'tokens',
    low: 64,
    high: 262_144,
    multiple: 64,
  },
  { key: 'width', letter: 'd', label: 'Width', unit: 'channels', low: 64, high: 65_536, multiple: 64 },
  { key: 'heads', letter: 'H', label: 'Heads', unit: 'change no count', low: 1, high: 256, multiple: 1 },
  { key: 'layers', letter: 'L', label: 'Layers', unit: '', low: 1, high: 512, multiple: 1 },
];

/** Most that a size may be: beyond it the figures leave the numbers that a computer holds exactly. */
const largestSize = 1e9;

/** Why a size is impossible; undefined when it is possible. */
export function sizeProblem({ label, letter }: SizeField, value: number): string | undefined {
  const who = `${label} ${letter}`;
  if (!Number.isInteger(value)) return `${who} is no whole number: ${value}. Round it.`;
  if (value < 1) return `${who} is impossible: ${value}. Give 1 or more.`;
  return value <= largestSize ? undefined : `${who} is out of range: ${value}. Give at most 1e9.`;
}

/** Why an assumption is impossible; undefined when it is possible. */
export function assumptionProblem(
  assumptions: Assumptions,
  field: keyof Assumptions,
  value: number | undefined,
): string | undefined {
  return assumptionProblems({ ...assumptions, [field]: value })[0]?.replace(/^assumptions: /, '');
}

const suffixes: Readonly<Record<string, number>> = { '': 1, K: 1e3, M: 1e6, G: 1e9, B: 1e9, T: 1e12 };

/** A number as people write it: `4096`, `4,096`, `2.21e19`, `671B`; undefined when it is none. */
export function readAmount(text: string): number | undefined {
  const compact = text.replace(/[\s,_\u202f]/g, '');
  const [, digits, suffix = ''] =
    compact.match(/^([-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?)([KMGBT]?)$/i) ?? [];
  if (digits === undefined) return undefined;
  const value = Number(digits) * (suffixes[suffix.toUpperCase()] ?? Number.NaN);
  return Number.isFinite(value) ? value : undefined;
}

/** The inputs with another starting point. */
export function startAt(inputs: CostsInputs, start: CostsStart): CostsInputs {
  return { ...inputs, model: start.model, startId: start.id };
}

/** The inputs with one size changed: no longer the starting point's, unless nothing changed. */
export function withSize(inputs: CostsInputs, key: keyof PressCaseModel, value: number): CostsInputs {
  if (inputs.model[key] === value) return inputs;
  return { ...inputs, model: { ...inputs.model, [key]: value }, startId: '' };
}

/** The inputs with one assumption changed; the price of a multiply-add then follows from peak and GPU-year again. */
export function withAssumption(
  inputs: CostsInputs,
  field: keyof Assumptions,
  value: number | undefined,
): CostsInputs {
  const isPriceDerived = field === 'multiplyAddsPerSecond' || field === 'dollarsPerGpuYear';
  const derived = isPriceDerived ? { dollarsPerMultiplyAdd: undefined } : {};
  return { ...inputs, assumptions: { ...inputs.assumptions, ...derived, [field]: value } };
}

/** What the counted operations are called. */
export function workUnit(counting: Counting): string {
  return counting === 1 ? 'mult-adds' : 'flops';
}

/** The convention in words, for captions. */
export function countingNote(counting: Counting): string {
  return counting === 1
    ? 'A multiply-add counts as one, as Press counts.'
    : 'A multiply-add counts as two flops.';
}

/** What Press's letters stand for, with those that the other rooms have for the same. */
export const pressLetters =
  'Letters as in the paper: L layers, n tokens of the context (T in Model and Kernels), d channels of the width (C there), ' +
  'V tokens of the vocabulary.';

/** Values as bytes, powers of 1000: weights of 70 billion two-byte values are 140 GB to everybody. */
export function formatStored(values: number, bytesPerValue: number): string {
  return formatSi(values * bytesPerValue, 'B');
}

/** What a model holds besides Press's shape, in one sentence; empty for his own cases. */
export function describeStart(
  { name, architecture, parameters: own }: CostsStart,
  parameters: number,
): string {
  if (own !== undefined) {
    return `${name} has ${formatSi(own)} parameters by its plans; Press’s formula gives its shape ${formatSi(parameters)}. Its sizes follow the Train room until one is changed here.`;
  }
  if (architecture === undefined) return '';
  const { total } = countArchitecture(architecture);
  const { feedForward, keyValueHeads, heads, latentAttention, tiedHead } = architecture;
  const differs = [
    latentAttention
      ? 'latent attention'
      : keyValueHeads < heads && `${keyValueHeads} key/value heads for ${heads} query heads`,
    feedForward.kind === 'mixture'
      ? `${feedForward.expertsPerToken} of ${feedForward.experts} experts a token`
      : feedForward.gated && `a gated FFN of ${feedForward.hidden} channels`,
    tiedHead && 'a head tied to the embedding',
  ].filter((part) => typeof part === 'string');
  return `${name} has ${formatSi(total)} parameters; Press’s formula gives its shape ${formatSi(parameters)}, because it has ${differs.join(', ') || 'biases and positions'}.`;
}

/** The values of a slider: from low to high in eighths of an octave, rounded to the multiple, each once. */
export function sliderStops(low: number, high: number, multiple: number): readonly number[] {
  const count = Math.round(Math.log2(high / low) * 8);
  const stops = Array.from({ length: count + 1 }, (_, step) => low * 2 ** (step / 8));
  return [...new Set(stops.map((value) => Math.max(low, Math.round(value / multiple) * multiple)))];
}

/** Which stop is nearest to a value, by ratio. */
export function nearestStop(stops: readonly number[], value: number): number {
  const far = (stop: number): number => Math.abs(Math.log(stop / Math.max(value, Number.MIN_VALUE)));
  return stops.reduce((best, stop, index) => (far(stop) < far(stops[best]) ? index : best), 0);
}
