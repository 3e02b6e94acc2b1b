// A device that claims subgroups and does not have them: Dawn itself refuses the WGSL, and training takes other variants.
import { expect, it } from 'vitest';
import { cpuEngine, gpuEngine } from '../../../src/lab/plans/engine.ts';
import { kernelNamed } from '../../../src/lab/plans/kernel-catalogue.ts';
import { describeGpu, getTestDevice, getTestGpu } from '../../gpu-device.ts';
import { takeLosses, tinyRun } from '../training/tiny-runs.ts';

describeGpu('an adapter that lies about a feature', () => {
  it('trains with kernels that do without, and says which were dropped', async () => {
    const { capabilities, facts } = await getTestDevice();
    const adapter = await getTestGpu().requestAdapter();
    const device = await adapter?.requestDevice();
    if (!device) throw new Error('There is no second device.');
    const claimed = { ...capabilities, features: new Set([...capabilities.features, 'subgroups']) };
    const engine = gpuEngine({ kind: 'device', device, facts, capabilities: claimed });
    const messages: string[] = [];
    engine.onDropped = (message) => messages.push(message);
    const model = { model: { layers: 1 } };
    const run = await tinyRun(model, engine);
    const [losses, expected] = [
      await takeLosses(run, 2),
      await takeLosses(await tinyRun(model, cpuEngine()), 2),
    ];
    for (const [step, loss] of losses.entries()) expect(loss).toBeCloseTo(expected[step] ?? 0, 3);
    const dropped = [...(engine.capabilities.without ?? [])];
    expect(dropped.length).toBeGreaterThan(0);
    for (const name of dropped) expect(kernelNamed(name).requires).toContain('subgroups');
    expect(messages.join()).toContain('although it should by its features');
    run.runtime.dispose();
    device.destroy();
  });
});
