// The train command on WASM threads: PyTorch's curves, the losses of the references, and exact resumption.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createFolder } from '../../folders.ts';
import { curveArguments, expectCurve, familyNames, fixtureNames } from '../fixtures.ts';
import { jsonLines, runMain, tinyExperiment, writeJson } from '../run-command.ts';

const onWasm = ['--runtime', 'wasm', '--no-calibrate'];

describe('train --runtime wasm', () => {
  it.each([...fixtureNames, ...familyNames])('follows PyTorch for 20 steps of AdamW on %s', async (name) => {
    expectCurve(name, await runMain([...curveArguments(name), ...onWasm]));
  });

  it('goes on bit for bit from a checkpoint, its own or that of the references', async () => {
    const folder = createFolder();
    writeJson(folder, 'tiny.json', tinyExperiment);
    const train = (...args: string[]) => runMain(['train', 'tiny.json', '--json', ...args], folder);
    const weights = (out: string) => readFileSync(join(folder, out, 'model.safetensors'));
    const whole = jsonLines(await train(...onWasm, '--out', 'whole'));
    await train(...onWasm, '--steps', '4', '--out', 'half');
    await train(...onWasm, '--resume', 'half', '--out', 'rest');
    expect(weights('rest')).toEqual(weights('whole'));
    await train('--runtime', 'cpu', '--steps', '4', '--out', 'half of references');
    const rest = jsonLines(await train(...onWasm, '--resume', 'half of references'));
    expect(Number(rest.at(-1)?.loss)).toBeCloseTo(Number(whole.at(-1)?.loss), 4);
  });
});
