// Experiments that the cost terms are checked at, and the parts of a term table.

import type { NamedFlops, TermRow, TermTable } from '../../../src/contract/terms.ts';
import { termReport } from '../../../src/lab/cost/terms.ts';
import { recordInferencePlans } from '../../../src/lab/plans/inference-plans.ts';
import { recordTrainingPlans } from '../../../src/lab/plans/training-plans.ts';
import { baselineCapabilities, type Capabilities } from '../../../src/plan/kernel.ts';
import { type Changes, families, tinyExperiment } from '../training/tiny-runs.ts';

const software: Capabilities = {
  ...baselineCapabilities,
  features: new Set(['subgroups']),
  subgroupMinSize: 8,
  subgroupMaxSize: 8,
};

const { gpt2, llama } = families;
const sgd = { kind: 'sgd', learningRate: 0.1 };

/** Layouts, odd sizes, grouped heads, H·D ≠ C, tied and own heads, biases, accumulation, dropout, slices of products. */
export const grid: Readonly<Record<string, Changes & { readonly device?: Capabilities }>> = {
  'GPT-2': { model: { ...gpt2, vocabulary: 65 } },
  'GPT-2 without biases, own head': { model: { ...gpt2, bias: false, tiedHead: false, vocabulary: 50 } },
  'GPT-2 of odd sizes': {
    model: { ...gpt2, layers: 3, width: 21, heads: 3, hidden: 37, context: 13, vocabulary: 67 },
    train: { batch: 3 },
  },
  'GPT-2 with dropout': { model: { ...gpt2, dropout: 0.2, vocabulary: 65 }, train: { accumulation: 3 } },
  Llama: { model: { ...llama, vocabulary: 65 } },
  'Llama of odd sizes, one key head': {
    model: { ...llama, width: 19, keyValueHeads: 1, headSize: 6, hidden: 23, context: 11, vocabulary: 33 },
    train: { batch: 5, optimizer: sgd },
  },
  'Llama with biases, tied, heads wider than the model': {
    model: { ...llama, bias: true, tiedHead: true, headSize: 10, vocabulary: 71, context: 70 },
  },
  'Llama with accumulation': { model: { ...llama, vocabulary: 65 }, train: { batch: 2, accumulation: 4 } },
  'learned positions, RMSNorm and a gate': {
    model: { ...gpt2, norm: 'rmsNorm', gated: true, activation: 'relu', vocabulary: 9 },
  },
  'loss on the last position': { model: { ...gpt2, vocabulary: 65 }, train: { lossPositions: 'last' } },
  'long sums, cut into slices': { model: { ...gpt2, context: 320, vocabulary: 65 }, train: { batch: 8 } },
  'long sums on a software GPU': {
    model: { ...llama, context: 300, vocabulary: 65 },
    train: { batch: 7 },
    device: software,
  },
  'windows, shorter than most': {
    model: { ...llama, layers: 3, windowPattern: 'LLG', window: 5, context: 16, vocabulary: 65 },
    train: { accumulation: 2 },
  },
  'windows of one token in every layer': {
    model: { ...gpt2, windowPattern: 'L', window: 1, vocabulary: 33 },
  },
  'normed heads, a cap on scores and sinks': {
    model: {
      ...{ ...llama, queryKeyNorm: 'head', attentionSoftcap: 3, attentionSinks: true, ropeFraction: 0.5 },
      ...{ normOffset: true, vocabulary: 65 },
    },
  },
  'all heads normed together, long, some layers without positions': {
    model: { ...llama, layers: 3, queryKeyNorm: 'all', positionPattern: 'RN', context: 200, vocabulary: 65 },
    train: { batch: 3 },
  },
  'sines and cosines, LayerNorm from 1': {
    model: { ...gpt2, position: 'sinusoidal', normOffset: true, vocabulary: 65 },
  },
  'no positions, windows and sinks on a software GPU': {
    model: {
      ...gpt2,
      position: 'none',
      windowPattern: 'GL',
      window: 9,
      attentionSinks: true,
      vocabulary: 65,
    },
    device: software,
  },
  'no skip connections': { model: { ...gpt2, skipConnections: false, vocabulary: 65 } },
};

export function record(name: string) {
  const { device, ...changes } = grid[name] ?? {};
  return recordOf(changes, device);
}

export function recordOf(changes: Changes, device: Capabilities = baselineCapabilities) {
  const experiment = tinyExperiment(changes);
  const plans = recordTrainingPlans(experiment.model, experiment.train, { capabilities: device });
  const sampling = recordInferencePlans(plans.model, { capabilities: device });
  return { experiment, plans, sampling, report: termReport(experiment, plans, sampling) };
}

export function tableOf({ report }: ReturnType<typeof recordOf>, work: TermTable['work']): TermTable {
  const found = report.tables.find((table) => table.work === work);
  if (!found) throw new Error(`no table of ${work}`);
  return found;
}

export function rowOf({ rows }: TermTable, term: string): TermRow {
  const found = rows.find((row) => row.term === term);
  if (!found) throw new Error(`no row of ${term}`);
  return found;
}

export const partOf = (parts: readonly NamedFlops[], name: string) =>
  parts.find((part) => part.name === name)?.flops ?? 0;
export const sum = (parts: readonly NamedFlops[]) => parts.reduce((all, { flops }) => all + flops, 0);
