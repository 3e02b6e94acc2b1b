// Training an adapter from the command line: how it is said, what is written and where it goes on, and what is refused.
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { parseAdapter } from '../../../src/cli/train/adapter.ts';
import { createFolder } from '../../folders.ts';
import { jsonLines, runMain, tinyExperiment, writeJson } from '../run-command.ts';

describe('an adapter as it is said', () => {
  it.each([
    ['rank=8', { rank: 8, alpha: 16, dropout: 0, targets: ['all-linear'], isRankStabilised: false }],
    [
      'rank=4,alpha=2.5,targets=q,v,mlp.c_proj,dropout=0.05',
      { rank: 4, alpha: 2.5, dropout: 0.05, targets: ['q', 'v', 'mlp.c_proj'] },
    ],
    ['targets=c_attn,rank=2,rslora=true', { targets: ['c_attn'], rank: 2, isRankStabilised: true }],
  ])('%s is read', (text, adapter) => expect(parseAdapter(text)).toMatchObject(adapter));

  it.each([
    ['', /"" is no setting/],
    ['8', /"8" is no setting/],
    ['alpha=4', /rank is missing/],
    ['rank=0', /rank cannot be 0/],
    ['rank=2.5', /rank cannot be 2.5/],
    ['rank=4,8', /rank has two values/],
    ['rank=4,alpha=8,rank=4', /rank is given twice/],
    ['rank=4,alpha=', /"alpha=" says nothing/],
    ['rank=4,dropout=1', /dropout cannot be 1/],
    ['rank=4,rslora=yes', /rslora is true or false/],
    ['rank=4,bias=all', /"bias=all" is no setting/],
  ])('%s is refused', (text, message) => expect(() => parseAdapter(text)).toThrow(message));
});

describe('train --adapter', () => {
  const folder = createFolder();
  const at = (name: string) => join(folder, name);
  const experiment = {
    ...tinyExperiment,
    model: { ...tinyExperiment.model, position: 'rope', norm: 'rmsNorm', gated: true },
  };
  const config = writeJson(folder, 'tune.json', {
    ...experiment,
    train: {
      ...experiment.train,
      optimizer: { learningRate: 0.02 },
      schedule: { kind: 'constant', warmupSteps: 0 },
    },
  });
  const run = (...args: string[]) =>
    runMain([...args, ...(args[0] === 'export' ? [] : ['--runtime', 'cpu']), '--json'], folder);
  const bytesOf = (directory: string) => readFileSync(at(`${directory}/adapter_model.safetensors`));
  const lossOf = async (...args: string[]) =>
    Number(jsonLines(await run('evaluate', ...args, '--data', 'text.txt', '--context', '16'))[0]?.loss);

  beforeAll(async () => {
    writeFileSync(at('text.txt'), '12+30=42\n7+8=15\n20+22=42\n');
    expect((await run('train', config, '--steps', '4', '--out', 'base')).code).toBe(0);
    const trained = await run(
      'train',
      config,
      '--model',
      'base',
      '--adapter',
      'rank=3,targets=q,down',
      '--out',
      'tuned',
    );
    expect([trained.code, trained.stderr]).toEqual([
      0,
      expect.stringMatching(/an adapter of rank 3 on q_proj, down_proj: .* stay/),
    ]);
  });

  it('writes the adapter in the layout of PEFT, and no model', () => {
    expect(JSON.parse(readFileSync(at('tuned/adapter_config.json'), 'utf8'))).toMatchObject({
      peft_type: 'LORA',
      base_model_name_or_path: at('base'),
      ...{ r: 3, lora_alpha: 6, target_modules: ['q_proj', 'down_proj'] },
    });
    expect(existsSync(at('tuned/config.json'))).toBe(false);
  });

  it('is used beside its base, and merged into it', async () => {
    expect((await run('export', 'base', '--adapter', 'tuned', '--out', 'merged')).code).toBe(0);
    const [plain, beside, merged] = [
      await lossOf('base'),
      await lossOf('base', '--adapter', 'tuned'),
      await lossOf('merged'),
    ];
    expect(Math.abs(plain - beside)).toBeGreaterThan(1e-4);
    expect(Math.abs(merged - beside)).toBeLessThan(1e-6);
    const sample = ['--prompt', '1+', '--max-new', '8', '--temperature', '0'];
    const [ours, theirs] = [
      await run('sample', 'base', '--adapter', 'tuned', ...sample),
      await run('sample', 'merged', ...sample),
    ];
    expect(jsonLines(ours)[0]?.tokens).toEqual(jsonLines(theirs)[0]?.tokens);
  });

  it('goes on exactly from its checkpoint, which names the base', async () => {
    const half = ['--model', 'base', '--adapter', 'rank=3,targets=q,down', '--steps', '3', '--out', 'half'];
    expect((await run('train', config, ...half)).code).toBe(0);
    expect(bytesOf('half').equals(bytesOf('tuned'))).toBe(false);
    const resumed = await run('train', config, '--resume', 'half', '--out', 'half');
    expect([resumed.code, resumed.stderr]).toEqual([0, expect.stringContaining('goes on from')]);
    expect(bytesOf('half').equals(bytesOf('tuned'))).toBe(true);
    const on = await run(
      'train',
      config,
      '--model',
      'base',
      '--adapter',
      'half',
      '--steps',
      '1',
      '--out',
      'on',
    );
    expect(jsonLines(on)[0]?.loss).not.toBeCloseTo(Number(jsonLines(resumed)[0]?.loss), 6);
    rmSync(at('half/adapter_config.json'));
    expect((await run('train', config, '--model', 'base', '--adapter', 'half')).stderr).toMatch(
      /no adapter_config.json/,
    );
  });

  it('does not go on beside another base, and says so', async () => {
    expect((await run('train', config, '--steps', '3', '--out', 'other')).code).toBe(0);
    const { code, stderr } = await run('train', config, '--resume', 'tuned', '--model', 'other');
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(/the weights of .*other are not those .*it was .*base/),
    ]);
  });

  it.each([
    [['train', config, '--adapter', 'rank=3'], /Give that with --model/],
    [['train', config, '--resume', 'tuned', '--adapter', 'rank=3'], /Leave --adapter out/],
    [
      ['train', config, '--model', 'base', '--adapter', 'rank=3,targets=c_attn'],
      /no linear layer "c_attn".*Use q_proj, k_proj/,
    ],
    [['sample', 'tuned', '--prompt', '1'], /give that model, with --adapter/],
    [['export', 'tuned', '--out', 'none'], /an adapter to .*base alone/],
    [['sample', 'base', '--adapter', 'nowhere', '--prompt', '1'], /no such directory/],
    [['sample', 'base', '--adapter', 'base', '--prompt', '1'], /no adapter_config.json/],
  ])('refuses %j', async (args, message) => {
    const { code, stderr } = await run(...args);
    expect([code, stderr]).toEqual([1, expect.stringMatching(message)]);
  });
});
