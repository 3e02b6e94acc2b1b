// The record of a training run from the command line: complete, going on with --resume, and kept when a run goes wrong.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readRunRecord } from '../../../src/lab/records/run-record.ts';
import { createFolder } from '../../folders.ts';
import { fixturePath, writeBatches } from '../fixtures.ts';
import { jsonLines, runMain, spawnCommand, tinyExperiment, writeJson } from '../run-command.ts';

const onCpu = ['--runtime', 'cpu', '--json'];

function createRun(experiment: object = tinyExperiment) {
  const folder = createFolder();
  writeJson(folder, 'tiny.json', experiment);
  return {
    folder,
    train: (...args: string[]) => runMain(['train', 'tiny.json', ...onCpu, ...args], folder),
    read: (path: string) => readRunRecord(new Uint8Array(readFileSync(join(folder, path))), path),
  };
}

const trained = (change: object) => ({ ...tinyExperiment, train: { ...tinyExperiment.train, ...change } });

describe('the record of flopscope train', () => {
  it('has the losses that were printed, the configuration and the machine', async () => {
    const { train, read } = createRun();
    const result = await train('--out', 'out', '--record', 'kept/mine.json');
    const lines = jsonLines(result);
    const record = read('out/record.json');
    expect(read('kept/mine.json')).toEqual(record);
    expect(lines.at(-1)?.record).toMatch(/kept\/mine\.json$/);
    expect(record.steps.map(({ loss }) => loss)).toEqual(lines.slice(0, -1).map(({ loss }) => loss));
    expect(record.evaluations.map(({ loss }) => loss)).toEqual(
      lines
        .slice(0, -1)
        .flatMap(({ validationLoss }) => (validationLoss === undefined ? [] : [validationLoss])),
    );
    expect(record).toMatchObject({ state: 'finished', totalSteps: 8 });
    expect(record.device).toMatchObject({ runtime: 'cpu', isSoftware: true });
    expect(record.dataSha256).toMatch(/^[0-9a-f]{64}$/);
    expect(record.prediction?.memoryBytes.total).toBe(record.allocatedBytes);
  });

  it('is refused before the work begins where it cannot be written', async () => {
    const { folder, train } = createRun();
    const { code, stdout, stderr } = await train('--record', folder, '--out', 'out');
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/it is a directory\. Give a file\.\n$/);
  });

  it('goes on with the run that it is of', async () => {
    const { train, read } = createRun();
    await train('--steps', '4', '--out', 'half');
    await train('--resume', 'half', '--out', 'rest');
    expect(read('rest/record.json').steps.map(({ step }) => step)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(read('rest/record.json').id).toBe(read('half/record.json').id);
  });

  it('begins anew beside a record that cannot be read, which stays as it is', async () => {
    const { folder, train, read } = createRun();
    await train('--steps', '4', '--out', 'half');
    writeFileSync(join(folder, 'half/record.json'), '{"format":"flopscope-run","version":99}');
    const { code, stderr } = await train('--resume', 'half', '--out', 'rest');
    expect([code, stderr]).toEqual([
      0,
      expect.stringMatching(/the record begins anew: [^\n]*version 99 is newer/),
    ]);
    expect(read('rest/record.json').steps[0]?.step).toBe(5);
    expect(readFileSync(join(folder, 'half/record.json'), 'utf8')).toContain('99');
  });

  it('is there after Ctrl-C', async () => {
    const { folder, read } = createRun(trained({ steps: 1_000_000 }));
    const { code, stderr } = await spawnCommand(['train', 'tiny.json', ...onCpu, '--record', 'it.json'], {
      folder,
      onStdout: (stdout, interrupt) => {
        if (stdout.includes('"step":5,')) interrupt();
      },
    });
    expect([code, stderr]).toEqual([
      130,
      expect.stringMatching(/nothing but the record in [^\n]*it\.json was kept/),
    ]);
    const { state, steps } = read('it.json');
    expect(state).toBe('paused');
    expect(steps.length).toBeGreaterThanOrEqual(5);
  });

  it('says of a run that diverged where it did', async () => {
    const wild = { optimizer: { learningRate: 10 }, schedule: { kind: 'constant', warmupSteps: 0 }, clip: 0 };
    const { folder, train, read } = createRun(trained({ ...wild, steps: 500 }));
    expect((await train('--out', 'out')).code).toBe(1);
    expect(readdirSync(join(folder, 'out'))).toEqual(['record.json']);
    const record = read('out/record.json');
    expect(record.state).toBe('diverged');
    expect(record.message).toMatch(/at step \d+/);
  });

  it('costs nothing where it cannot be written', async () => {
    const { folder, train } = createRun();
    writeFileSync(join(folder, 'file'), '');
    const { code, stdout, stderr } = await train('--record', 'file/it.json');
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/^flopscope: [^\n]*file[^\n]*\n$/);
  });

  it('is written of given batches too', async () => {
    const { folder, read } = createRun();
    const batches = writeBatches('llama-c', folder, (all) => ({ batches: all.slice(0, 3) }));
    const files = ['--batches', batches, '--optimizer', fixturePath('llama-c', 'optimizer.json')];
    const result = await runMain(
      ['train', fixturePath('llama-c'), ...files, ...onCpu, '--out', 'out'],
      folder,
    );
    const { steps, state, title } = read('out/record.json');
    expect(steps.map(({ loss }) => loss)).toEqual(jsonLines(result).map(({ loss }) => loss));
    expect(state).toBe('finished');
    expect(title).toMatch(/ on [\w.-]+\.json$/);
  });
});
