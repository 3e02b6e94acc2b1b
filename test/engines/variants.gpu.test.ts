// Variants that this device would not choose train small models as the reference loops do, forward and backward.
import { expect, it } from 'vitest';
import { baselineCapabilities } from '../../src/plan/kernel.ts';
import { PipelineCache } from '../../src/runtime/pipelines.ts';
import { describeGpu, getTestDevice } from '../gpu-device.ts';
import { runVariants, variantsToRun } from './variant-runs.ts';

const { tables, models } = variantsToRun(process.env.FLOPSCOPE_FULL === '1');

/** Milliseconds: a software driver compiles some thirty products, and shares its processor. */
const patience = 600_000;

describeGpu('a training step by a variant table', () => {
  let pipelines: PipelineCache | undefined;
  const chosen = new Map<number | undefined, string>();

  it.each(tables)('comes out right with the variants of table %s', { timeout: patience }, async (table) => {
    const { device, capabilities } = await getTestDevice();
    pipelines ??= new PipelineCache(device);
    const portable = { ...capabilities, features: baselineCapabilities.features };
    const runs = await runVariants(device, portable, pipelines, table, models);
    for (const { gradientError, weightError, lossError, chosen: names } of runs) {
      expect(Math.max(gradientError, weightError, lossError), names.join()).toBeLessThan(1e-3);
    }
    chosen.set(table, runs.flatMap((run) => run.chosen).join());
  });

  it('took other variants by each table, and by none what real GPUs get', () => {
    expect(new Set(chosen.values()).size).toBe(tables.length);
    expect(chosen.get(undefined)).toMatch(/attention\.forward\/tiled.*matmul\.\w+\/tiled/);
  });
});
