// Runs inside Deno, whose WebGPU is wgpu: compiles all pipelines, checks kernels; a JSON line a result. `full` checks all.
import { typicalPlans } from '../../src/lab/cost/calibration.ts';
import { baselineCapabilities, type Dims, type Kernel } from '../../src/plan/kernel.ts';
import { openDevice } from '../../src/runtime/device.ts';
import { PipelineCache, pipelineKey } from '../../src/runtime/pipelines.ts';
import { verifyKernels } from '../../src/runtime/verify.ts';
import { runVariants, variantsToRun } from './variant-runs.ts';
import { casesToRun, portableKernels, presetsToCompile, type WgpuLine } from './wgpu-lines.ts';

const say = (line: WgpuLine) => console.log(JSON.stringify(line));
const isFull = process.argv.includes('full');

const opened = await openDevice(navigator.gpu);
if (opened.kind === 'device') {
  const { device, facts } = opened;
  const capabilities = { ...opened.capabilities, features: baselineCapabilities.features };
  say({ kind: 'device', description: facts.description });
  const pipelines = new PipelineCache(device);

  const seen = new Set<string>();
  const compile = async (of: string, cases: readonly { kernel: Kernel; dims: Dims }[]) => {
    const failures: string[] = [];
    const before = seen.size;
    for (const { kernel, dims } of cases) {
      const key = pipelineKey(kernel, dims);
      if (seen.has(key)) continue;
      seen.add(key);
      await pipelines.compile(kernel, dims).catch((error: Error) => failures.push(error.message));
    }
    say({ kind: 'compiled', of, pipelines: seen.size - before, failures });
  };
  const selfTest = portableKernels.flatMap((kernel) => kernel.selfTest.map((dims) => ({ kernel, dims })));
  await compile('self-test', selfTest);
  for (const { id, experiment } of presetsToCompile(isFull)) {
    await compile(
      id,
      typicalPlans(experiment, { capabilities }).flatMap(({ dispatches }) => dispatches),
    );
  }

  const results = await verifyKernels(device, casesToRun(isFull), { pipelines });
  for (const result of results) say({ kind: 'kernel', ...result });

  const { tables, models } = variantsToRun(isFull);
  for (const table of tables) {
    const runs = await runVariants(device, capabilities, pipelines, table, models);
    for (const run of runs) say({ kind: 'variant', ...run });
  }
  say({ kind: 'end' });
} else {
  say({ kind: 'noDevice', message: opened.message });
}
