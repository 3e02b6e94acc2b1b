// The end to end test of training: the GPU and the reference loops take the same run to the same losses.
import { expect, it, vi } from 'vitest';
import type { LabEvent } from '../../../src/contract/runs.ts';
import { cpuEngine, type Engine, gpuEngine } from '../../../src/lab/plans/engine.ts';
import { RunLoop } from '../../../src/lab/training/run-loop.ts';
import { describeGpu, getTestDevice } from '../../gpu-device.ts';
import { families, gpuChanges, stateOf, takeLosses, takeSteps, tinyRun } from '../training/tiny-runs.ts';

let engine: Engine | undefined;
async function gpu(): Promise<Engine> {
  engine ??= gpuEngine(await getTestDevice());
  return engine;
}

/** Names of every object that a device makes while `work` runs. */
async function createdDuring(device: GPUDevice, work: () => Promise<void>): Promise<string[]> {
  const created: string[] = [];
  const own = device as unknown as Record<string, unknown>;
  const names = [
    'Buffer',
    'BindGroup',
    'ComputePipeline',
    'ComputePipelineAsync',
    'ShaderModule',
    'QuerySet',
  ];
  for (const name of [...names, 'PipelineLayout', 'BindGroupLayout', 'Texture', 'Sampler']) {
    const method = `create${name}`;
    const original = (own[method] as (...args: unknown[]) => unknown).bind(device);
    own[method] = (...args: unknown[]) => {
      created.push(name);
      return original(...args);
    };
  }
  try {
    await work();
  } finally {
    for (const name of Object.keys(own)) if (name.startsWith('create')) delete own[name];
  }
  return created;
}

describeGpu('the GPU engine', () => {
  it.each(['gpt2', 'llama', 'experts'] as const)(
    'trains a model of %s for 50 steps to the losses of the reference loops',
    async (kind) => {
      const changes = gpuChanges[kind];
      const [onGpu, onCpu] = [await tinyRun(changes, await gpu()), await tinyRun(changes)];
      expect(onGpu.prediction.memoryBytes.total).toBe(onGpu.runtime.allocatedBytes);
      const [losses, expected] = [await takeLosses(onGpu, 50), await takeLosses(onCpu, 50)];
      const worst = Math.max(...losses.map((loss, i) => Math.abs(loss - (expected[i] ?? 0))));
      expect(worst).toBeLessThan(1e-3);
      const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
      expect(mean(losses.slice(-5))).toBeLessThan(0.85 * mean(losses.slice(0, 5)));
      const [ours, theirs] = [
        await onGpu.trainer.evaluate(onGpu.evaluation),
        await onCpu.trainer.evaluate(onCpu.evaluation),
      ];
      expect(Math.abs(ours - theirs)).toBeLessThan(1e-3);
      onGpu.runtime.dispose();
    },
  );

  it('gives the same losses and weights bit for bit from the same seed', async () => {
    const changes = gpuChanges.llama;
    const results = [];
    for (let i = 0; i < 2; i++) {
      const run = await tinyRun(changes, await gpu());
      results.push({ losses: await takeLosses(run, 12), state: await stateOf(run) });
      run.runtime.dispose();
    }
    expect(results[1]).toEqual(results[0]);
  });

  it('leaves weights and moments alone when a step is not finite', async () => {
    const run = await tinyRun({ model: families.gpt2 }, await gpu());
    await takeSteps(run, 2);
    const weight = run.plans.model.store.parameters.get('layers.0.attention.qkv')?.blocks[0]?.weight;
    if (!weight) throw new Error('no such weight');
    const healthy = await run.runtime.read(weight);
    run.runtime.write(weight, Float32Array.of(Number.NaN));
    const before = await stateOf(run);
    const [bad] = await takeSteps(run, 1);
    expect(bad?.isFinite).toBe(false);
    expect(await stateOf(run)).toEqual(before);
    run.runtime.write(weight, healthy);
    const [good] = await takeSteps(run, 1);
    expect(good?.isFinite).toBe(true);
    run.runtime.dispose();
  });

  it('makes no GPU object after the first step, through evaluations and samples', async () => {
    const train = { steps: 30, evaluationInterval: 5, sampleInterval: 10 };
    const run = await tinyRun({ model: families.gpt2, train }, await gpu(), { withSampler: true });
    await takeSteps(run, 1);
    const { device } = await getTestDevice();
    const events: LabEvent[] = [];
    const created = await createdDuring(device, async () => {
      const loop = new RunLoop(run, { emit: (event) => events.push(event) });
      loop.start();
      await loop.settled();
    });
    expect(events.filter(({ kind }) => kind === 'evaluation')).toHaveLength(6);
    expect(events.filter(({ kind }) => kind === 'sample')).toHaveLength(3);
    expect(run.trainer.progress.step).toBe(30);
    expect(created).toEqual([]);
    const request = { maximumTokens: 7, temperature: 0, topK: 0, topP: 1, seed: 1 };
    const cached = await run.sampler?.generate([3], request);
    expect(cached?.decodedTokens).toBe(6);
    expect(await run.sampler?.generate([3], { ...request, useCache: false })).toMatchObject({
      tokens: cached?.tokens,
    });
    run.runtime.dispose();
  });

  it('describes a step with four calls a dispatch and little else', async () => {
    const run = await tinyRun({ model: families.gpt2 }, await gpu());
    await takeSteps(run, 5);
    const calls = [GPUCommandEncoder, GPUComputePassEncoder, GPUQueue].flatMap(({ prototype }) =>
      Object.getOwnPropertyNames(prototype)
        .filter((name) => typeof Object.getOwnPropertyDescriptor(prototype, name)?.value === 'function')
        .filter((name) => name !== 'constructor')
        .map((name) => vi.spyOn(prototype as unknown as Record<string, () => void>, name)),
    );
    const countCalls = () => calls.reduce((sum, { mock }) => sum + mock.calls.length, 0);
    await takeSteps(run, 1);
    const { accumulate, update } = run.plans;
    const dispatches = accumulate.dispatches.length + update.dispatches.length;
    expect(countCalls()).toBeGreaterThan(dispatches);
    expect(countCalls()).toBeLessThan(4 * dispatches + 40);
    run.runtime.dispose();
  });
});

it('the engine of the reference loops needs no GPU and no calibration', async () => {
  const cpu = cpuEngine(1e9);
  expect(cpu).toMatchObject({ kind: 'cpu', profile: undefined, memoryBytes: 1e9 });
  const run = await tinyRun({}, cpu);
  expect(run.runtime.kind).toBe('cpu');
});
