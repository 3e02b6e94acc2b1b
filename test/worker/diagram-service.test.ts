// The call about the model diagram: needs no run, and has the times of a profile of the same plans.
import { describe, expect, it } from 'vitest';
import { predictedTable } from '../../src/lab/cost/kernel-table.ts';
import { createDiagram } from '../../src/worker/diagram-service.ts';
import { createLab } from '../../src/worker/lab-service.ts';
import { tinyExperiment, tinyRun } from '../lab/training/tiny-runs.ts';
import { near } from '../near.ts';

const json = JSON.parse(JSON.stringify(tinyExperiment()));

describe('modelDiagram', () => {
  it('draws an experiment without a device or a run', async () => {
    const result = await createLab().modelDiagram(json);
    if (result.kind === 'problem') throw new Error(result.problem.message);
    expect(result.value.blocks).toHaveLength(2);
    expect(result.value.rows.some(({ measuredSeconds }) => measuredSeconds !== undefined)).toBe(false);
    expect(structuredClone(result)).toEqual(result);
  });

  it('answers with the problem of a wrong experiment', async () => {
    const wrong = { ...json, model: { ...json.model, layers: 0 } };
    expect(await createLab().modelDiagram(wrong)).toMatchObject({
      kind: 'problem',
      problem: { kind: 'invalidConfig' },
    });
  });

  it('has measured times only of a profile of the same plans', async () => {
    const { experiment, plans } = await tinyRun();
    const table = predictedTable({ experiment, plans }, undefined);
    const measured = {
      ...table,
      method: 'by hand',
      rows: table.rows.map((row) => ({ ...row, measuredSeconds: 1e-5 })),
    };
    const other = { ...measured, rows: measured.rows.slice(1) };
    for (const measuredKernels of [measured, other]) {
      const { modelDiagram } = createDiagram({
        measuredKernels,
        record: async () => ({
          experiment,
          plans,
          sampling: undefined as never,
          engine: { kind: 'cpu' } as never,
        }),
      });
      const result = await modelDiagram(json);
      if (result.kind === 'problem') throw new Error(result.problem.message);
      const isSame = measuredKernels === measured;
      expect(result.value.method).toBe(isSame ? 'by hand' : 'not measured');
      expect(result.value.rows[0]?.measuredSeconds).toEqual(isSame ? near(1e-5) : undefined);
    }
  });
});
