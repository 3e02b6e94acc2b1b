// The model's diagram: records the plans that would run and reads the model's parts off them.

import type { DiagramApi } from '../contract/diagram.ts';
import { isTableOf, predictedTable } from '../lab/cost/kernel-table.ts';
import { modelDiagram } from '../lab/diagram/model.ts';
import { answer } from './answer.ts';
import type { Runs } from './run/runs.ts';

/** The call about the diagram. Rows are measured where the last kernel table is of the same plans, else predicted if they can be. */
export function createDiagram(runs: Pick<Runs, 'record' | 'measuredKernels'>): DiagramApi {
  return {
    modelDiagram: (json) =>
      answer(async () => {
        const { experiment, plans, engine } = await runs.record(json);
        const measured = runs.measuredKernels;
        const table =
          measured && isTableOf(measured, plans)
            ? measured
            : predictedTable({ experiment, plans }, engine.profile);
        return modelDiagram(experiment, plans, table);
      }),
  };
}
