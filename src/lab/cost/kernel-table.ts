// A training step's plan as a table: what every dispatch should cost, and beside it what it did cost.

import type { KernelRow, KernelTable } from '../../contract/kernels.ts';
import type { DeviceProfile, Measurement } from '../../plan/device-profile.ts';
import { type Dispatch, shapeText } from '../../plan/kernel.ts';
import type { Plan } from '../../plan/plan.ts';
import { costOf, predictDispatch } from '../../plan/predict.ts';
import { GpuRuntime } from '../../runtime/gpu-runtime.ts';
import { exampleScalars } from '../../runtime/kernel-probe.ts';
import { profilePlan } from '../../runtime/profile.ts';
import { WasmRuntime } from '../../runtime/wasm-runtime.ts';
import type { Engine } from '../plans/engine.ts';
import { openModel } from '../plans/open-model.ts';
import { readParameters } from '../plans/parameter-io.ts';
import { LabError } from '../plans/problem.ts';
import type { Run } from '../training/run.ts';
import { timeSteps } from './kernel-table-step.ts';

type Planned = Pick<Run, 'experiment' | 'plans'>;

/** The table of predictions alone; nothing needs to be allocated for it. */
export function predictedTable(run: Planned, profile: DeviceProfile | undefined): KernelTable {
  const { accumulation } = run.experiment.train;
  return { rows: rowsOf(run, profile), method: 'not measured', accumulation };
}

/**
 * Times every dispatch of a step on a runtime of its own, with the run's weights and tokens copied in: the run itself
 * is not touched. Call between steps.
 * @param knownSeconds median of the run's own steps; without it steps are taken on the copy
 */
export async function measuredTable(
  engine: Engine,
  run: Run,
  knownSeconds: number | undefined,
  onProgress?: (done: number, total: number) => void,
): Promise<KernelTable> {
  const { plans } = run;
  const parts = [plans.accumulate, plans.update];
  const weights = await readParameters(run.runtime, plans.model.store, 'weights');
  const copy = await openModel(engine, parts, plans.model, weights);
  if (!(copy instanceof GpuRuntime || copy instanceof WasmRuntime)) {
    copy.dispose();
    throw new LabError({
      kind: 'noAdapter',
      message: 'Profiling needs a GPU or WebAssembly; this run uses the reference loops.',
    });
  }
  try {
    copy.write(plans.tokens, await run.runtime.read(plans.tokens));
    const total = parts.reduce((sum, plan) => sum + plan.dispatches.length, 0);
    const { accumulation } = run.experiment.train;
    const lossScale = 1 / (accumulation * (plans.positionLoss.shape[0] ?? 1));
    const scalars = { ...exampleScalars, lossScale, learningRate: 0 };
    const stepSeconds = knownSeconds ?? (await timeSteps(copy, plans, accumulation, scalars));
    const measured: Measurement[] = [];
    let method = '';
    for (const plan of parts) {
      const before = measured.length;
      const profile = await profilePlan(copy, plan, scalars, (done) => onProgress?.(before + done, total));
      measured.push(...profile.dispatches);
      method = profile.method;
    }
    const rows = rowsOf(run, engine.profile, measured);
    const sum = rows.reduce(
      (seconds, row) => seconds + timesPerStep(row, accumulation) * (row.measuredSeconds ?? 0),
      0,
    );
    return { rows, method, accumulation, stepSeconds, sumOverStep: sum / stepSeconds };
  } finally {
    copy.dispose();
  }
}

/** How often a row runs in one step: micro-batches repeat all but the update. */
export function timesPerStep({ phase }: Pick<KernelRow, 'phase'>, accumulation = 1): number {
  return phase === 'update' ? 1 : accumulation;
}

/** Rows that share a kernel or a term, summed over one step. */
export interface KernelTotal {
  readonly name: string;
  /** Dispatches in one step. */
  readonly dispatches: number;
  readonly usefulFlops: number;
  readonly bytes: number;
  /** Undefined when a row of the total has none; so are the other seconds. */
  readonly limitSeconds: number | undefined;
  readonly predictedSeconds: number | undefined;
  readonly measuredSeconds: number | undefined;
}

/** Sums of one step by kernel or by term, what took longest first; the order of the plan where nothing was timed. */
export function totalsBy(
  key: 'kernel' | 'term',
  { rows, accumulation = 1 }: Pick<KernelTable, 'rows' | 'accumulation'>,
): readonly KernelTotal[] {
  const gathered = new Map<string, KernelRow[]>();
  for (const row of rows) {
    const name = row[key] ?? 'other';
    const group = gathered.get(name);
    if (group) group.push(row);
    else gathered.set(name, [row]);
  }
  const totals = [...gathered].map(([name, group]) => totalOf(name, group, accumulation));
  return totals.sort((a, b) => secondsOf(b) - secondsOf(a));
}

/** The sum of some rows over one step. */
export function totalOf(name: string, rows: readonly KernelRow[], accumulation = 1): KernelTotal {
  const sum = (read: (row: KernelRow) => number | undefined): number | undefined =>
    rows.reduce<number | undefined>((total, row) => {
      const value = read(row);
      return total === undefined || value === undefined
        ? undefined
        : total + timesPerStep(row, accumulation) * value;
    }, 0);
  return {
    name,
    dispatches: sum(() => 1) ?? 0,
    usefulFlops: sum((row) => row.usefulFlops) ?? 0,
    bytes: sum((row) => row.bytes) ?? 0,
    limitSeconds: sum((row) => row.limitSeconds),
    predictedSeconds: sum((row) => row.predictedSeconds),
    measuredSeconds: sum((row) => row.measuredSeconds),
  };
}

function secondsOf({ measuredSeconds, predictedSeconds }: KernelTotal): number {
  return measuredSeconds ?? predictedSeconds ?? 0;
}

/** True where the rows of a table are the dispatches of these plans, so that they join by index. */
export function isTableOf({ rows }: KernelTable, { accumulate, update }: Planned['plans']): boolean {
  const dispatches = [...accumulate.dispatches, ...update.dispatches];
  return (
    rows.length === dispatches.length &&
    dispatches.every(({ kernel, dims }, index) => {
      const row = rows[index];
      return row?.kernel === kernel.name && row.shape === shapeText(dims);
    })
  );
}

function rowsOf(
  run: Planned,
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
    ...(predicted ? { limitSeconds: predicted.limitSeconds, predictedSeconds: predicted.seconds } : {}),
    ...(measured ? { measuredSeconds: measured.value, measuredSpread: measured.spread } : {}),
    boundBy: predicted?.bound ?? 'unknown',
  };
}
