// The calls about kernel tables: the run's own, measured or not, and a table as a trace.
import type { KernelsApi } from '../contract/kernels.ts';
import { traceOf } from '../lab/cost/trace.ts';
import { answer } from './answer.ts';
import type { Runs } from './run/runs.ts';

/** The calls about kernel tables. A trace needs neither device nor run: a table of a saved record will do. */
export function createKernels(runs: Pick<Runs, 'kernelTable'>): KernelsApi {
  return {
    kernelTable: (measure, onProgress) => answer(() => runs.kernelTable(measure, onProgress)),
    kernelTrace: async (table, title) => ({
      name: `${title.replace(/[^\w.-]+/g, '-').replace(/^-+|-+$/g, '') || 'step'}-trace.json`,
      bytes: new TextEncoder().encode(`${JSON.stringify(traceOf(table, `Flopscope: ${title}`))}\n`),
    }),
  };
}
