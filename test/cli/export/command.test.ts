// Exporting from the command line: the same weights in other types and files, and what is refused.
import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, it } from 'vitest';
import { bfloat16ToFloat32, float32ToBfloat16 } from '../../../src/data/half-float.ts';
import { readSafetensors } from '../../../src/data/safetensors.ts';
import { createFolder } from '../../folders.ts';
import { jsonLines, runMain, tinyExperiment, writeJson } from '../run-command.ts';

const fixtures = resolve('test/fixtures');
const weightsIn = (folder: string, name = 'model.safetensors') =>
  readSafetensors(new Uint8Array(readFileSync(join(folder, name)))).tensors;

it('writes published weights again bit for bit, and rounded in several files that open again', async () => {
  const folder = createFolder();
  const source = join(fixtures, 'qwen2');
  writeFileSync(join(folder, 'README.md'), 'a card');
  cpSync(source, join(folder, 'from'), { recursive: true });
  cpSync(join(folder, 'README.md'), join(folder, 'from/README.md'));
  const same = await runMain(['export', 'from', '--out', 'same', '--json'], folder);
  expect([same.code, same.stderr]).toEqual([0, '']);
  const [before, after] = [weightsIn(source), weightsIn(join(folder, 'same'))];
  expect([...after.keys()].sort()).toEqual([...before.keys()].sort());
  for (const [name, tensor] of before) expect(after.get(name)?.data()).toEqual(tensor.data());
  expect(readFileSync(join(folder, 'same/README.md'), 'utf8')).toBe('a card');

  const args = ['export', 'same', '--out', 'small', '--dtype', 'BF16', '--shard-size', '2KB', '--json'];
  const small = await runMain(args, folder);
  expect([small.code, small.stderr]).toEqual([0, '']);
  const names = readdirSync(join(folder, 'small')).filter((name) => name.endsWith('.safetensors'));
  expect(names.length).toBeGreaterThan(2);
  expect(jsonLines(small)[0]).toMatchObject({ dtype: 'BF16', out: join(folder, 'small') });
  expect(JSON.parse(readFileSync(join(folder, 'small/config.json'), 'utf8')).dtype).toBe('bfloat16');
  const again = await runMain(['export', 'small', '--out', 'wide', '--json'], folder);
  expect([again.code, again.stderr]).toEqual([0, '']);
  for (const [name, tensor] of weightsIn(join(folder, 'wide')))
    expect(tensor.data()).toEqual(
      bfloat16ToFloat32(float32ToBfloat16(before.get(name)?.data().slice() as Float32Array)),
    );
});

it('exports a run that has only its checkpoint, and says so', async () => {
  const folder = createFolder();
  writeJson(folder, 'run.json', tinyExperiment);
  const train = [
    'train',
    'run.json',
    '--runtime',
    'cpu',
    '--out',
    'run',
    '--steps',
    '1',
    '--no-calibrate',
    '--json',
  ];
  expect((await runMain(train, folder)).code).toBe(0);
  const whole = weightsIn(join(folder, 'run'));
  for (const name of ['config.json', 'model.safetensors']) rmSync(join(folder, 'run', name));
  const { code, stderr } = await runMain(['export', 'run', '--out', 'model', '--json'], folder);
  expect([code, stderr]).toEqual([0, expect.stringMatching(/no model yet: that of step 1 is written/)]);
  for (const [name, tensor] of weightsIn(join(folder, 'model')))
    expect(tensor.data()).toEqual(whole.get(name)?.data());
});

it('writes a folder that goes on with a run, and refuses what has no meaning for one', async () => {
  const folder = createFolder();
  writeJson(folder, 'run.json', tinyExperiment);
  const train = ['train', 'run.json', '--runtime', 'cpu', '--out', 'run', '--steps', '1', '--no-calibrate'];
  expect((await runMain([...train, '--json'], folder)).code).toBe(0);
  const { code, stdout, stderr } = await runMain(
    ['export', 'run', '--continue', '--out', 'there', '--mfu', '0.2', '--json'],
    folder,
  );
  expect([code, stderr]).toEqual([0, expect.stringMatching(/dropout of 0\.1 is drawn anew/)]);
  expect(JSON.parse(stdout)).toMatchObject({ utilization: expect.closeTo(0.2), out: join(folder, 'there') });
  expect(readdirSync(join(folder, 'there')).sort()).toEqual(
    ['README.md', 'model', 'optimizer', 'run.json', 'train.py', 'training.bin', 'validation.bin'].sort(),
  );
  const model = join(fixtures, 'llama-c');
  for (const [args, message] of [
    [['run', '--continue', '--dtype', 'BF16'], /--dtype has no meaning with --continue/],
    [['run', '--continue', '--mfu', '40'], /above 0 and up to 1/],
    [['run', '--mfu', '0.3'], /--mfu is for --continue/],
    [['run', '--continue', '--data', 'run.json'], /the text is not the one of the checkpoint/],
    [[model, '--continue'], /no checkpoint\.safetensors in .*flopscope train --out/],
  ] as const) {
    const refused = await runMain(['export', ...args, '--out', 'new'], folder);
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringMatching(message)]);
  }
});

it('refuses a folder that has something in it, one without a model, and types that are not written', async () => {
  const folder = createFolder();
  writeFileSync(join(folder, 'mine.txt'), '');
  const model = join(fixtures, 'llama-c');
  for (const [args, message] of [
    [[model, '--out', '.'], /is not empty\. Name a new folder/],
    [['.', '--out', 'new'], /no checkpoint\.safetensors in .*\. Give a model directory/],
    [['nowhere', '--out', 'new'], /there is no such directory/],
    [[model, '--out', 'new', '--dtype', 'F8'], /Allowed choices are F32, F16, BF16/],
    [[model, '--out', 'new', '--shard-size', '7'], /such as 500MB or 5GB/],
  ] as const) {
    const { code, stderr } = await runMain(['export', ...args], folder);
    expect([code, stderr]).toEqual([1, expect.stringMatching(message)]);
  }
});
