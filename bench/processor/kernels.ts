// Each kernel of the processor beside its reference, and the step of a mixture with its experts by WASM and by references.
import { wasmEngine } from '../../src/lab/plans/engine.ts';
import { allKernels } from '../../src/lab/plans/kernel-catalogue.ts';
import { median } from '../../src/lab/training/median.ts';
import { prepareRun } from '../../src/lab/training/run.ts';
import { parseExperiment } from '../../src/model/config.ts';
import { findPreset } from '../../src/model/presets/catalogue.ts';
import { familyOf, type Kernel } from '../../src/plan/kernel.ts';
import { CpuRuntime } from '../../src/runtime/cpu-runtime.ts';
import { exampleScalars, probeOf } from '../../src/runtime/kernel-probe.ts';
import type { Runtime } from '../../src/runtime/runtime.ts';
import type { WasmKernels } from '../../src/runtime/wasm/kernels.ts';
import { WasmRuntime } from '../../src/runtime/wasm-runtime.ts';
import type { Processor } from './main.ts';

const rounds = 5;
/** Families whose parts of a mixture's step are compared. */
const ofExperts = /^(router|expert|groupedMatmul)/;

/** Milliseconds of one kernel of each family at the second shape of its calibration, or at its last self-test. */
export async function benchKernels({ kernels, start, counts }: Processor): Promise<void> {
  const threads = start(Math.max(...counts));
  console.log('\nkernel                       reference ms    WASM ms    ratio');
  const families = new Map<string, Kernel>();
  for (const kernel of allKernels) families.set(familyOf(kernel.name), kernel);
  for (const [family, kernel] of families) {
    const dims = kernel.calibration?.[1] ?? kernel.selfTest.at(-1);
    if (!dims || !kernels.measure(kernel, dims)) continue;
    const { plan, storages } = probeOf(kernel, dims);
    const scalars = { ...exampleScalars, ...kernel.probeScalars?.(dims) };
    const own = await WasmRuntime.create(kernels, threads, [plan]);
    const reference = new CpuRuntime([plan]);
    const [slow, fast] = [await time(reference, 1), await time(own, 20)];
    const numbers = [slow, fast].map((seconds) => (1000 * seconds).toFixed(3).padStart(12));
    console.log(`${family.padEnd(28)}${numbers.join('')}${(slow / fast).toFixed(0).padStart(8)}`);
    own.dispose();

    async function time(runtime: Runtime, repeats: number): Promise<number> {
      const times: number[] = [];
      for (let round = 0; round < 3; round++) {
        for (const { whole, values } of storages) runtime.write(whole, values);
        const before = performance.now();
        await (await runtime.submit(new Array(repeats).fill({ plan, scalars }))).done;
        times.push((performance.now() - before) / 1000 / repeats);
      }
      return Math.min(...times);
    }
  }
  threads.dispose();
}

/** Milliseconds of a step of Mixtral's miniature, with the experts' kernels and without. */
export async function benchMixture({ kernels, start, counts }: Processor): Promise<void> {
  const threads = start(Math.max(...counts));
  const byReference: WasmKernels = {
    ...kernels,
    measure: (kernel, dims) => (ofExperts.test(kernel.name) ? undefined : kernels.measure(kernel, dims)),
  };
  console.log('\nstep of mixtral-mini          ms');
  for (const [name, used] of [
    ['experts by references', byReference],
    ['experts by WASM', kernels],
  ] as const) {
    const parsed = parseExperiment(findPreset('mixtral-mini')?.experiment);
    if (parsed.kind !== 'ok') throw new Error(parsed.problems[0]?.message);
    const engine = wasmEngine(used, { start: () => threads, threads: threads.count });
    const { trainer, runtime } = await prepareRun(engine, parsed.experiment, { withSampler: false });
    const times: number[] = [];
    for (let round = 0; round < rounds; round++) {
      const before = performance.now();
      await (await trainer.submitStep()).record;
      times.push(performance.now() - before);
    }
    console.log(`${name.padEnd(24)}${median(times).toFixed(1).padStart(8)}`);
    runtime.dispose();
  }
  threads.dispose();
}
