// The term table: records the plans that would run and adds them up by term.

import type { TermsApi } from '../contract/terms.ts';
import { isTableOf, predictedTable } from '../lab/cost/kernel-table.ts';
import { termReport } from '../lab/cost/terms.ts';
import { answer } from './answer.ts';
import type { Runs } from './run/runs.ts';

/** The calls about terms. Seconds are measured where the last kernel table is of the same plans, else predicted if they can be. */
export function createTerms(runs: Pick<Runs, 'record' | 'measuredKernels'>): TermsApi {
  return {
    costTerms: (json) =>
      answer(async () => {
        const { experiment, plans, sampling, engine } = await runs.record(json);
        const measured = runs.measuredKernels;
        const kernels =
          measured && isTableOf(measured, plans)
            ? measured
            : predictedTable({ experiment, plans }, engine.profile);
        return termReport(experiment, plans, sampling, kernels);
      }),
  };
}
