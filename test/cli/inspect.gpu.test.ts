// The inspect command on a GPU, in a process of its own, against PyTorch.
import { expect, it } from 'vitest';
import { createFolder } from '../folders.ts';
import { describeGpu } from '../gpu-device.ts';
import { expectInspection, familyNames, fixtureNames, inspectArguments } from './fixtures.ts';
import { jsonLines, spawnCommand } from './run-command.ts';

/** The model that sample.gpu.test.ts runs, whose kernels a driver then has; all in a full run, and in inspect-wasm.test.ts. */
const names = process.env.FLOPSCOPE_FULL ? [...fixtureNames, ...familyNames] : (['llama-a'] as const);

describeGpu('inspect on the GPU', () => {
  it.each(names)('agrees with PyTorch on %s', async (name) => {
    const folder = createFolder();
    const result = await spawnCommand(inspectArguments(name, folder));
    expectInspection(name, folder, result);
    expect(jsonLines(result)[0].runtime).toBe('gpu');
  });
});
