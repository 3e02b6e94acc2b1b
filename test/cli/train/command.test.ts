// The train command on the reference loops: lines, files, exact resumption, interruption, comparison with PyTorch.
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readCheckpoint } from '../../../src/lab/training/checkpoint.ts';
import { parseExperiment } from '../../../src/model/config.ts';
import { createFolder } from '../../folders.ts';
import {
  curveArguments,
  expectCurve,
  familyNames,
  fixtureNames,
  fixturePath,
  writeBatches,
} from '../fixtures.ts';
import { jsonLines, runMain, spawnCommand, tinyExperiment, writeJson } from '../run-command.ts';

const onCpu = ['--runtime', 'cpu', '--json'];

/** A folder with tiny.json, and a command that trains it. */
function createRun(experiment: unknown = tinyExperiment) {
  const folder = createFolder();
  writeJson(folder, 'tiny.json', experiment);
  const train = (...args: string[]) => runMain(['train', 'tiny.json', ...onCpu, ...args], folder);
  const weights = (out: string) => readFileSync(join(folder, out, 'model.safetensors'));
  return { folder, train, weights };
}

describe('train on text', () => {
  it('writes one line per step, evaluations in the line of their step, and a last line', async () => {
    const { train } = createRun();
    const result = await train();
    expect([result.code, result.stderr]).toEqual([0, '']);
    const lines = jsonLines(result);
    const last = lines.pop();
    expect(lines.map(({ step }) => step)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    for (const line of lines) {
      const { step, validationLoss, validationBitsPerByte, ...numbers } = line;
      expect(Object.keys(numbers)).toEqual([
        'tokens',
        'loss',
        'learningRate',
        'gradientNorm',
        'stepSeconds',
        'tokensPerSecond',
        'bitsPerByte',
      ]);
      expect(Object.values(numbers).every((value) => Number(value) > 0)).toBe(true);
      expect(line.tokens).toBe(Number(step) * 32);
      expect(typeof validationLoss).toBe(Number(step) % 4 === 0 ? 'number' : 'undefined');
      expect(typeof validationBitsPerByte).toBe(typeof validationLoss);
      // One byte a character: bits are nats over ln 2.
      expect(Number(line.bitsPerByte)).toBeCloseTo(Number(line.loss) / Math.LN2, 10);
    }
    expect(lines[0].learningRate).toBeCloseTo(1e-3, 12);
    const { measuredTokensPerSecond, seconds, device, ...rest } = last ?? {};
    expect(rest).toEqual({
      done: true,
      steps: 8,
      tokens: 256,
      loss: lines[7].loss,
      validationLoss: lines[7].validationLoss,
      bitsPerByte: lines[7].bitsPerByte,
      validationBitsPerByte: lines[7].validationBitsPerByte,
      runtime: 'cpu',
    });
    expect([measuredTokensPerSecond, seconds].every((value) => Number(value) > 0)).toBe(true);
    expect(device).toBeTruthy();
  });

  it('evaluates once more at a last step that is not a multiple of the interval', async () => {
    const lines = jsonLines(await createRun().train('--steps', '6'));
    expect(lines.map(({ validationLoss }) => validationLoss !== undefined)).toEqual([
      false,
      false,
      false,
      true,
      false,
      true,
      true,
    ]);
  });

  it('writes model, tokenizer, checkpoint, experiment and record', async () => {
    const { folder, train } = createRun();
    const result = await train('--out', 'made/here');
    const out = join(folder, 'made/here');
    expect(jsonLines(result).at(-1)?.out).toBe(out);
    expect(readdirSync(out).sort()).toEqual([
      'README.md',
      'checkpoint.safetensors',
      'config.json',
      'experiment.json',
      'flopscope-tokenizer.json',
      'generation_config.json',
      'model.safetensors',
      'record.json',
      'tokenizer.json',
      'tokenizer_config.json',
    ]);
    const experiment = JSON.parse(readFileSync(join(out, 'experiment.json'), 'utf8'));
    expect(parseExperiment(experiment)).toEqual({ kind: 'ok', experiment });
    expect(experiment.model.vocabulary).toBeGreaterThan(2);
  });

  it('goes on exactly: 8 steps are 4, a checkpoint and 4 more, on one schedule', async () => {
    const { train, weights } = createRun();
    await train('--seed', '5', '--out', 'whole');
    await train('--seed', '5', '--steps', '4', '--out', 'half');
    const rest = await train('--resume', 'half', '--out', 'rest');
    expect(rest.stderr).toBe('resume: at step 4, training to step 8.\n');
    expect(jsonLines(rest)[0]).toMatchObject({ step: 5, tokens: 160 });
    expect(weights('rest')).toEqual(weights('whole'));
    const more = await train('--resume', 'half', '--steps', '4', '--seed', '6', '--out', 'more');
    expect(more.stderr).toContain('--seed 6 is not used: the seeds stay those of the checkpoint (5)');
    expect(jsonLines(more).at(-1)).toMatchObject({ steps: 8 });
    expect(weights('more')).toEqual(weights('whole'));
    expect(weights('half')).not.toEqual(weights('whole'));
  });

  it('says so where steps past the schedule teach nothing', async () => {
    const schedule = { kind: 'cosine', warmupSteps: 0, minimumLearningRate: 0 };
    const { train } = createRun({
      ...tinyExperiment,
      train: { ...tinyExperiment.train, steps: 2, schedule },
    });
    expect((await train('--steps', '3')).stderr).toMatch(
      /ends at step 2.* up to 3 teach nothing\. Set train\.steps to 3/,
    );
    expect((await train('--steps', '2')).stderr).toBe('');
  });

  it('gives the same run for the same seed and another for another', async () => {
    const { train, weights } = createRun();
    await train('--steps', '2', '--seed', '3', '--out', 'a');
    await train('--steps', '2', '--seed', '3', '--out', 'b');
    await train('--steps', '2', '--seed', '4', '--out', 'c');
    expect(weights('a')).toEqual(weights('b'));
    expect(weights('a')).not.toEqual(weights('c'));
  });

  it('trains on a file of the user’s', async () => {
    const { folder, train } = createRun();
    writeFileSync(join(folder, 'text.txt'), 'To be, or not to be. '.repeat(40));
    await train('--data', 'text.txt', '--steps', '1', '--out', 'out');
    const tokenizer = JSON.parse(readFileSync(join(folder, 'out/flopscope-tokenizer.json'), 'utf8'));
    expect(tokenizer.characters).toBe([...new Set('To be, or not to be. ')].sort().join(''));
    const other = await train('--resume', 'out', '--steps', '2');
    expect([other.code, other.stderr]).toEqual([
      1,
      expect.stringMatching(/data\.source is arithmetic and was file/),
    ]);
  });

  it('writes a checkpoint at Ctrl-C, says so, exits 130, and the run goes on from it', async () => {
    const long = { ...tinyExperiment, train: { ...tinyExperiment.train, steps: 1_000_000 } };
    const { folder, train } = createRun(long);
    const args = ['train', 'tiny.json', ...onCpu, '--out', 'out'];
    const result = await spawnCommand(args, {
      folder,
      onStdout: (stdout, interrupt) => {
        if (stdout.includes('"step":5,')) interrupt();
      },
    });
    expect(result.code).toBe(130);
    expect(result.stderr).toMatch(
      /^flopscope: interrupted: after step \d+: wrote a checkpoint and the model to [^\n]*out\. [^\n]*\n$/,
    );
    const { progress } = readCheckpoint(
      new Uint8Array(readFileSync(join(folder, 'out/checkpoint.safetensors'))),
    );
    expect(jsonLines(result).at(-1)?.step).toBe(progress.step);
    const next = jsonLines(await train('--resume', 'out', '--steps', String(progress.step + 1)));
    expect(next[0].step).toBe(progress.step + 1);
  });

  it('says at Ctrl-C that without --out nothing was kept', async () => {
    const long = { ...tinyExperiment, train: { ...tinyExperiment.train, steps: 1_000_000 } };
    const { folder } = createRun(long);
    const { code, stderr } = await spawnCommand(['train', 'tiny.json', ...onCpu], {
      folder,
      onStdout: (_stdout, interrupt) => interrupt(),
    });
    expect([code, stderr]).toEqual([
      130,
      expect.stringMatching(/^flopscope: interrupted: after step \d+: nothing was kept[^\n]*\n$/),
    ]);
  });

  it('stops a run that diverges, says at which step, and exits 1', async () => {
    const wild = {
      ...tinyExperiment.train,
      optimizer: { learningRate: 10 },
      schedule: { kind: 'constant', warmupSteps: 0 },
    };
    const { train } = createRun({ ...tinyExperiment, train: { ...wild, steps: 500, clip: 0 } });
    const { code, stderr } = await train();
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(/^flopscope: The loss (is|became) [^\n]* at step \d+[^\n]*\n$/),
    ]);
  });

  it('keeps what was saved when the disk is full', async () => {
    if (!existsSync('/dev/full')) return;
    const { folder, train } = createRun();
    await train('--steps', '2', '--out', 'out');
    const kept = readFileSync(join(folder, 'out/checkpoint.safetensors'));
    mkdirSync(join(folder, 'full'));
    writeFileSync(join(folder, 'full/checkpoint.safetensors'), kept);
    symlinkSync('/dev/full', join(folder, 'full/model.safetensors'));
    const { code, stderr } = await train('--resume', 'out', '--steps', '4', '--out', 'full');
    expect(code).toBe(1);
    expect(stderr).toMatch(/\nflopscope: [^\n]*the disk is full[^\n]*\n$/);
    expect(readFileSync(join(folder, 'full/checkpoint.safetensors'))).toEqual(kept);
    expect(readdirSync(join(folder, 'full')).sort()).toEqual(['checkpoint.safetensors', 'model.safetensors']);
  });
});

describe('train on given batches', () => {
  // The long contexts take half a minute here; on the GPU they always run.
  const all = [...fixtureNames, ...familyNames];
  const names = all.filter((name) => process.env.FLOPSCOPE_FULL || !name.endsWith('-b'));
  it.each(names)('follows PyTorch for 20 steps of AdamW on %s', async (name) => {
    expectCurve(name, await runMain([...curveArguments(name), '--runtime', 'cpu']));
  });

  it('goes on exactly from a checkpoint of its own', async () => {
    const folder = createFolder();
    const files = ['--optimizer', fixturePath('llama-c', 'optimizer.json'), '--json', '--runtime', 'cpu'];
    const all = writeBatches('llama-c', folder, (batches) => ({ batches: batches.slice(0, 6) }));
    const run = (path: string, ...args: string[]) =>
      runMain(['train', fixturePath('llama-c'), '--batches', path, ...files, ...args], folder);
    await run(all, '--out', 'whole');
    const half = join(folder, 'half.json');
    const { batches } = JSON.parse(readFileSync(all, 'utf8'));
    writeFileSync(half, JSON.stringify({ batches: batches.slice(0, 3) }));
    await run(half, '--out', 'half');
    const rest = await run(all, '--resume', 'half', '--out', 'rest');
    expect(jsonLines(rest).map(({ step }) => step)).toEqual([4, 5, 6]);
    expect(readFileSync(join(folder, 'rest/model.safetensors'))).toEqual(
      readFileSync(join(folder, 'whole/model.safetensors')),
    );
  });

  it.each([
    ['no batch', () => ({ batches: [] }), /batches has 0 entries, >=1 are needed/],
    ['another key', () => ({ steps: [] }), /batches|steps/],
    [
      'different shapes',
      ([first, second]) => ({
        batches: [
          first,
          {
            inputs: second.inputs.map((row) => row.slice(1)),
            targets: second.targets.map((row) => row.slice(1)),
          },
        ],
      }),
      /batch 0 is \[1, 33\], batch 1 is \[1, 32\]/,
    ],
    [
      'a token outside',
      ([first]) => ({ batches: [{ ...first, inputs: first.inputs.map((row) => row.map(() => 61)) }] }),
      /batch 0: inputs\[0\]\[0\] is 61/,
    ],
    [
      'rows past the context',
      ([first]) => ({
        batches: [{ inputs: [[...first.inputs[0], 1]], targets: [[...first.targets[0], 1]] }],
      }),
      /34 tokens do not fit the model's context of 33/,
    ],
  ] as [string, Parameters<typeof writeBatches>[2], RegExp][])(
    'refuses batches with %s',
    async (_what, change, message) => {
      const path = writeBatches('llama-c', createFolder(), change);
      const files = ['--batches', path, '--optimizer', fixturePath('llama-c', 'optimizer.json')];
      const { code, stdout, stderr } = await runMain(['train', fixturePath('llama-c'), ...files, ...onCpu]);
      expect([code, stdout]).toEqual([1, '']);
      expect(stderr).toMatch(/^flopscope: [^\n]+\n$/);
      expect(stderr).toMatch(message);
    },
  );

  it.each([
    [{ kind: 'sgd', learningRate: 1 }, /kind should be "adamw"/],
    [{ kind: 'adamw' }, /learningRate/],
    [{ kind: 'adamw', learningRate: -1 }, /learningRate should be/],
    [{ kind: 'adamw', learningRate: 1, betas: [0.9] }, /betas/],
    [{ kind: 'adamw', learningRate: 1, beta1: 0.9 }, /beta1/],
  ])('refuses the optimizer %j', async (optimizer, message) => {
    const path = writeJson(createFolder(), 'optimizer.json', optimizer);
    const files = ['--batches', fixturePath('llama-c', 'batches.json'), '--optimizer', path];
    const { code, stderr } = await runMain(['train', fixturePath('llama-c'), ...files, ...onCpu]);
    expect([code, stderr]).toEqual([1, expect.stringMatching(message)]);
  });
});
