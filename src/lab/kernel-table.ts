// A training step's plan as a table: what every dispatch should cost, and beside it what it did cost.

import { constantTables } from '../model/model-tensors.ts';
import type { Dispatch } from '../plan/kernel.ts';
import type { Plan } from '../plan/plan.ts';
import { costOf, type DeviceProfile, type Measurement, predictDispatch } from '../plan/predict.ts';
import { storagesOf } from '../plan/store.ts';
import { shapeText } from '../runtime/calibrate.ts';
import { GpuRuntime } from '../runtime/gpu-runtime.ts';
import { profilePlan } from '../runtime/profile.ts';
import { exampleScalars } from '../runtime/verify.ts';
import type { KernelRow, KernelTable } from '../worker/api.ts';
import type { Engine } from './engine.ts';
import { readParameters, writeParameters } from './parameter-io.ts';
import { LabError } from './problem.ts';
import type { Run } from './run.ts';

/** The table of predictions alone. */
export function predictedTable(run: Run, profile: DeviceProfile | undefined): KernelTable {
  return { rows: rowsOf(run, profile), method: 'not measured' };
}

/**
 * Times every dispatch of a step on a runtime of its own, with the run's weights and tokens copied in: the run itself
 * is not touched. Call between steps.
 * @param stepSeconds median of the unprofiled step, for the ratio of the summed rows
 */
export async function measuredTable(
  engine: Engine,
  run: Run,
  stepSeconds: number | undefined,
  onProgress?: (done: number, total: number) => void,
): Promise<KernelTable> {
  const { plans } = run;
  const parts = [plans.accumulate, plans.update];
  const copy = await engine.createRuntime(parts, storagesOf(plans.model.store));
  if (!(copy instanceof GpuRuntime)) {
    copy.dispose();
    throw new LabError({
      kind: 'noAdapter',
      message: 'Profiling needs a GPU; this run uses the reference loops.',
    });
  }
  try {
    const { store } = plans.model;
    writeParameters(copy, store, 'weights', await readParameters(run.runtime, store, 'weights'));
    copy.write(plans.tokens, await run.runtime.read(plans.tokens));
    for (const { tensor, values } of constantTables(plans.model)) copy.write(tensor, values);
    const total = parts.reduce((sum, plan) => sum + plan.dispatches.length, 0);
    const measured: Measurement[] = [];
    let method = '';
    for (const plan of parts) {
      const before = measured.length;
      const scalars = {
        ...exampleScalars,
        lossScale: 1 / (plans.positionLoss.shape[0] ?? 1),
        learningRate: 0,
      };
      const profile = await profilePlan(copy, plan, scalars, (done) => onProgress?.(before + done, total));
      measured.push(...profile.dispatches);
      method = profile.method;
    }
    const rows = rowsOf(run, engine.profile, measured);
    const sum = rows.reduce(
      (seconds, row) => seconds + timesPerStep(run, row.phase) * (row.measuredSeconds ?? 0),
      0,
    );
    return { rows, method, ...(stepSeconds ? { sumOverStep: sum / stepSeconds } : {}) };
  } finally {
    copy.dispose();
  }
}

/** Micro-batches repeat all but the update. */
function timesPerStep(run: Run, phase: string): number {
  return phase === 'update' ? 1 : run.experiment.train.accumulation;
}

function rowsOf(
  run: Run,
  profile: DeviceProfile | undefined,
  measured?: readonly Measurement[],
): KernelRow[] {
  const plans: readonly Plan[] = [run.plans.accumulate, run.plans.update];
  return plans
    .flatMap((plan) => [...plan.dispatches])
    .map((dispatch, index) => rowOf(dispatch, index, profile, measured?.[index]));
}

function rowOf(
  dispatch: Dispatch,
  index: number,
  profile: DeviceProfile | undefined,
  measured: Measurement | undefined,
): KernelRow {
  const predicted = profile && predictDispatch(dispatch, profile);
  return {
    index,
    label: dispatch.label,
    phase: dispatch.phase,
    ...(dispatch.term === undefined ? {} : { term: dispatch.term }),
    ...(dispatch.layer === undefined ? {} : { layer: dispatch.layer }),
    kernel: dispatch.kernel.name,
    shape: shapeText(dispatch.dims),
    workgroups: dispatch.workgroups,
    ...costOf(dispatch),
    ...(predicted ? { predictedSeconds: predicted.seconds } : {}),
    ...(measured ? { measuredSeconds: measured.value, measuredSpread: measured.spread } : {}),
    boundBy: predicted?.bound ?? 'unknown',
  };
}
