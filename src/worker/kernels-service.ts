// The contract of api-kernels.ts: files made from a kernel table.

import type { KernelsApi } from '../contract/kernels.ts';
import { traceOf } from '../lab/cost/trace.ts';

/** The calls about kernel tables. They need neither device nor run: a table of a saved record will do. */
export function createKernels(): KernelsApi {
  return {
    kernelTrace: async (table, title) => ({
      name: `${title.replace(/[^\w.-]+/g, '-').replace(/^-+|-+$/g, '') || 'step'}-trace.json`,
      bytes: new TextEncoder().encode(`${JSON.stringify(traceOf(table, `Flopscope: ${title}`))}\n`),
    }),
  };
}
