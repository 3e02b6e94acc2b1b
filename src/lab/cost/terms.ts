// The term table: Press's Table 1 in its general form beside the sum of the dispatches of each term, every difference with
// its name and size, and the measured time. Closed form + differences = plan, exactly.

import type { KernelTable } from '../../contract/kernels.ts';
import type { TermReport, TermTable } from '../../contract/terms.ts';
import type { Experiment, ModelConfig } from '../../model/config.ts';
import { termConvention } from '../../theory/terms.ts';
import type { InferencePlans } from '../plans/inference-plans.ts';
import type { TrainingPlans } from '../plans/training-plans.ts';
import { termTable } from './terms-table.ts';

/**
 * Tables of a training step and an evaluation batch, and of prefill and decode at the full context if they are recorded.
 * @param kernels the kernel table of the same plans, whose seconds are added up by term
 */
export function termReport(
  experiment: Experiment,
  training: TrainingPlans,
  sampling?: InferencePlans,
  kernels?: KernelTable,
): TermReport {
  const { model, train } = experiment;
  const { batch, accumulation } = train;
  const { accumulate, update, evaluate, time } = training;
  const rows = batch * accumulation;
  const each = accumulation > 1 ? `${accumulation} × ` : '';
  const tables = [
    termTable(model, {
      work: 'training',
      title: `one training step: ${each}${batch} × ${time} tokens`,
      parts: [
        { plan: accumulate, times: accumulation },
        { plan: update, times: 1 },
      ],
      tokens: { sequences: rows, queries: time, keys: time },
      scalars: {},
      kernels,
    }),
    termTable(model, {
      work: 'evaluation',
      title: `one batch of evaluation: ${batch} × ${time} tokens`,
      parts: [{ plan: evaluate, times: 1 }],
      tokens: { sequences: batch, queries: time, keys: time },
      scalars: {},
    }),
  ];
  return {
    convention: termConvention,
    tables: sampling ? [...tables, ...samplingTables(model, sampling)] : tables,
  };
}

function samplingTables(model: ModelConfig, { prefill, decode }: InferencePlans): TermTable[] {
  const longest = prefill.at(-1);
  const { context } = model;
  const decoding = termTable(model, {
    work: 'decode',
    title: `one decoded token with ${context - 1} in the cache`,
    parts: [{ plan: decode, times: 1 }],
    tokens: { sequences: 1, queries: 1, keys: context },
    scalars: { position: context - 1, temperature: 0 },
  });
  if (!longest) return [decoding];
  const { length, plan } = longest;
  const prefilling = termTable(model, {
    work: 'prefill',
    title: `prefill of ${length} tokens and the first token after them`,
    parts: [{ plan, times: 1 }],
    tokens: { sequences: 1, queries: length, keys: length },
    scalars: { length, temperature: 0 },
  });
  return [prefilling, decoding];
}
