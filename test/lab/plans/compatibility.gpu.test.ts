// WebGPU's compatibility mode: Dawn holds every pipeline against its limits, and a model trains and writes as elsewhere.
import { expect, it } from 'vitest';
import { create, globals } from 'webgpu';
import { typicalPlans } from '../../../src/lab/cost/calibration.ts';
import { cpuEngine, gpuEngine } from '../../../src/lab/plans/engine.ts';
import { presets } from '../../../src/model/presets/catalogue.ts';
import { type OpenDevice, openDevice } from '../../../src/runtime/device.ts';
import { PipelineCache } from '../../../src/runtime/pipelines.ts';
import { describeGpu, getTestGpu } from '../../gpu-device.ts';
import { takeLosses, tinyRun } from '../training/tiny-runs.ts';

/** The limits that the mode promises, as browsers over OpenGL ES give them. */
const promised = {
  maxComputeInvocationsPerWorkgroup: 128,
  maxComputeWorkgroupSizeX: 128,
  maxComputeWorkgroupStorageSize: 16_384,
  maxStorageBuffersPerShaderStage: 8,
} as const;

/** Opens a device in that mode, on an adapter that could do more: it has what the mode promises. */
async function openCompatible(gpu: GPU): Promise<OpenDevice> {
  const adapter = await gpu.requestAdapter({ featureLevel: 'compatibility' });
  if (!adapter) throw new Error('Dawn gives no adapter in compatibility mode.');
  const offered = {
    info: adapter.info,
    features: new Set(),
    limits: { ...limitsOf(adapter), ...promised },
    requestDevice: () => adapter.requestDevice(), // without features and limits: those of the mode
  };
  const requestAdapter = async ({ featureLevel }: GPURequestAdapterOptions) =>
    featureLevel === undefined ? null : offered;
  const opened = await openDevice({ requestAdapter } as unknown as GPU);
  if (opened.kind !== 'device') throw new Error(opened.message);
  return opened;
}

// Dawn's null backend holds pipelines against limits like any other and compiles nothing; it must outlive its device.
const nullBackend = create(['backend=null']);

describeGpu('a device in compatibility mode', () => {
  it('gets pipelines within its limits for training and decoding every preset', async () => {
    Object.assign(globalThis, globals);
    const open = await openCompatible(nullBackend);
    expect(open.device.features.has('core-features-and-limits' as GPUFeatureName)).toBe(false);
    expect(open.device.limits.maxComputeInvocationsPerWorkgroup).toBe(128);
    expect(open.facts.isCompatibility).toBe(true);
    expect(open.capabilities.maxInvocationsPerWorkgroup).toBe(128);
    const pipelines = new PipelineCache(open.device);
    for (const { id, experiment } of presets) {
      const dispatches = typicalPlans(experiment, open).flatMap((plan) => plan.dispatches);
      expect(dispatches.length, id).toBeGreaterThan(50);
      await pipelines.compileAll(dispatches);
    }
    expect(pipelines.size).toBeGreaterThan(500);
    open.device.destroy();
  });

  // A software driver compiles some thirty products for it.
  it.runIf(process.env.FLOPSCOPE_FULL)(
    'trains as the reference loops do, and writes',
    async () => {
      const open = await openCompatible(getTestGpu());
      const changes = { model: { layers: 1, vocabulary: 1100 } }; // more ids than the narrowest draw takes
      const run = await tinyRun(changes, gpuEngine(open), { withSampler: true });
      const expected = await takeLosses(await tinyRun(changes, cpuEngine()), 2);
      for (const [step, loss] of (await takeLosses(run, 2)).entries())
        expect(loss).toBeCloseTo(expected[step] ?? 0, 3);
      const options = { maximumTokens: 4, temperature: 0.8, topK: 5, topP: 0.9, seed: 1 };
      const written = await run.sampler?.generate([1], options);
      expect(written?.tokens.length).toBeGreaterThan(0);
      run.runtime.dispose();
      open.device.destroy();
    },
    600_000,
  );
});

/** Limits as own properties: those of an adapter are its prototype's. */
function limitsOf({ limits }: GPUAdapter): Record<string, number> {
  const found: Record<string, number> = {};
  for (const name in limits) {
    const value = limits[name as keyof GPUSupportedLimits];
    if (typeof value === 'number') found[name] = value;
  }
  return found;
}
