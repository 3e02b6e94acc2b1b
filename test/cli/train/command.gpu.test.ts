// The train command on a GPU, in processes of its own: PyTorch's curves, prediction, exact resumption, Ctrl-C.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { profileToJson } from '../../../src/cli/profiles.ts';
import { readCheckpoint } from '../../../src/lab/training/checkpoint.ts';
import { createFolder } from '../../folders.ts';
import { describeGpu } from '../../gpu-device.ts';
import { exampleProfile } from '../example-profile.ts';
import { curveArguments, expectCurve, familyNames, fixtureNames } from '../fixtures.ts';
import { gpuExperiment, jsonLines, spawnCommand, writeJson } from '../run-command.ts';

/** Models of all families. */
const names = [...fixtureNames, ...familyNames];

describeGpu('train on the GPU', () => {
  // In every run latent-attention.gpu.test.ts follows PyTorch on a GPU, and wasm.test.ts on the processor.
  it.runIf(process.env.FLOPSCOPE_FULL).each(names)(
    'follows PyTorch for 20 steps of AdamW on %s',
    async (name) => {
      expectCurve(name, await spawnCommand(curveArguments(name)));
    },
  );

  it('ends with prediction, measurement, utilization and peak; resumes bit for bit; keeps a run at Ctrl-C', async () => {
    const folder = createFolder();
    writeJson(folder, 'profile.json', profileToJson(exampleProfile));
    writeJson(folder, 'tiny.json', gpuExperiment);
    const endless = { ...gpuExperiment, train: { ...gpuExperiment.train, steps: 1_000_000 } };
    writeJson(folder, 'endless.json', endless);
    const args = (...more: string[]) => ['train', ...more, '--profile', 'profile.json', '--json'];
    const read = (out: string, file = 'model.safetensors') =>
      new Uint8Array(readFileSync(join(folder, out, file)));

    const whole = await spawnCommand(args('tiny.json', '--out', 'whole'), { folder });
    expect(whole.stderr).toMatch(/^profile: it was made on example, and this is [^\n]*\n$/);
    const lines = jsonLines(whole);
    expect(lines).toHaveLength(9);
    const last = lines[8];
    expect(last).toMatchObject({ done: true, steps: 8, runtime: 'gpu', peakFlopsPerSecond: 100e9 });
    const { measuredTokensPerSecond, modelFlopsUtilization, predictedTokensPerSecond } = last;
    expect(Number(predictedTokensPerSecond)).toBeGreaterThan(0);
    expect(Number(measuredTokensPerSecond)).toBeGreaterThan(0);
    expect(Number(modelFlopsUtilization)).toBeGreaterThan(0);
    expect(Number(modelFlopsUtilization)).toBeLessThan(1);

    let interrupted = false;
    const half = await spawnCommand(args('endless.json', '--out', 'half', '--steps', '1000000'), {
      folder,
      onStdout: (stdout, interrupt) => {
        if (!interrupted && stdout.includes('"step":3,')) interrupt();
        interrupted ||= stdout.includes('"step":3,');
      },
    });
    expect([half.code, half.stderr]).toEqual([
      130,
      expect.stringMatching(/wrote a checkpoint and the model to /),
    ]);
    const { step } = readCheckpoint(read('half', 'checkpoint.safetensors')).progress;
    expect(jsonLines(half).at(-1)?.step).toBe(step);

    const end = String(step + 4);
    await spawnCommand(args('endless.json', '--resume', 'half', '--steps', end, '--out', 'resumed'), {
      folder,
    });
    await spawnCommand(args('endless.json', '--steps', end, '--out', 'straight'), { folder });
    expect(read('resumed')).toEqual(read('straight'));
  });
});
