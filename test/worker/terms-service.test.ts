// The call about terms: which kernel table its seconds come from.
import { describe, expect, it } from 'vitest';
import type { KernelTable } from '../../src/contract/kernels.ts';
import type { TermReport, TermsApi } from '../../src/contract/terms.ts';
import type { Result } from '../../src/contract/values.ts';
import { predictedTable } from '../../src/lab/cost/kernel-table.ts';
import { createLab } from '../../src/worker/lab-service.ts';
import { createTerms } from '../../src/worker/terms-service.ts';
import { tinyExperiment, tinyRun } from '../lab/training/tiny-runs.ts';

const json = JSON.parse(JSON.stringify(tinyExperiment()));

/** The service over one tiny run, whose kernel table was measured or not. */
async function termsWith(measured: (table: KernelTable) => KernelTable | undefined): Promise<TermsApi> {
  const { experiment, plans } = await tinyRun();
  const engine = { kind: 'cpu' } as never;
  const measuredKernels = measured(predictedTable({ experiment, plans }, undefined));
  return createTerms({
    measuredKernels,
    record: async () => ({ experiment, plans, sampling: undefined as never, engine }),
  });
}

function training(result: Result<TermReport>) {
  if (result.kind === 'problem') throw new Error(result.problem.message);
  const [table] = result.value.tables;
  if (!table) throw new Error('a table is expected');
  return table;
}

const timed = (table: KernelTable): KernelTable => ({
  ...table,
  method: 'by hand',
  rows: table.rows.map((row) => ({ ...row, measuredSeconds: 1e-5 })),
});

describe('costTerms', () => {
  it('has every kind of work of an experiment, without a device', async () => {
    const result = await createLab().costTerms(json);
    if (result.kind === 'problem') throw new Error(result.problem.message);
    expect(result.value.tables.map(({ work }) => work)).toEqual([
      'training',
      'evaluation',
      'prefill',
      'decode',
    ]);
    expect(training(result).total.unexplainedFlops).toBe(0);
    expect(training(result)).not.toHaveProperty('method');
    // Plain data: it survives the way to the page.
    expect(structuredClone(result)).toEqual(result);
  });

  it('answers with the problem of a wrong experiment', async () => {
    const wrong = { ...json, model: { ...json.model, layers: 0 } };
    expect(await createLab().costTerms(wrong)).toMatchObject({
      kind: 'problem',
      problem: { kind: 'invalidConfig' },
    });
  });

  it('has the seconds of a kernel table of the same plans', async () => {
    const table = training(await (await termsWith(timed)).costTerms(json));
    expect(table.method).toBe('by hand');
    expect(table.total.measuredSeconds).toBeCloseTo(table.total.dispatches * 1e-5, 10);
  });

  it('leaves a kernel table of other plans alone', async () => {
    const shorter = (table: KernelTable) => ({ ...timed(table), rows: timed(table).rows.slice(1) });
    const otherShape = (table: KernelTable) => {
      const { rows } = timed(table);
      return { ...timed(table), rows: rows.map((row) => ({ ...row, shape: `${row.shape} more` })) };
    };
    for (const change of [shorter, otherShape, () => undefined]) {
      const table = training(await (await termsWith(change)).costTerms(json));
      expect(table.total).not.toHaveProperty('measuredSeconds');
    }
  });
});
