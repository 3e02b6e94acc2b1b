// The inspect command on the reference loops: agreement with PyTorch, and what it refuses.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createFolder } from '../folders.ts';
import { expectInspection, familyNames, fixtureNames, fixturePath, inspectArguments } from './fixtures.ts';
import { jsonLines, runMain, writeJson } from './run-command.ts';

const onCpu = ['--runtime', 'cpu'];

describe('inspect', () => {
  it.each([...fixtureNames, ...familyNames])('agrees with PyTorch on %s', async (name) => {
    const folder = createFolder();
    expectInspection(name, folder, await runMain([...inspectArguments(name, folder), ...onCpu]));
  });

  it('agrees with PyTorch on a GGUF file, gradients under the names of its family', async () => {
    const folder = createFolder();
    const [command, , ...rest] = inspectArguments('llama-c', folder);
    const args = [command, fixturePath('gguf', 'llama-c.gguf'), ...rest, ...onCpu];
    expectInspection('llama-c', folder, await runMain(args));
  });

  it('prints loss, parameters, runtime and device, and nothing else', async () => {
    const args = [
      'inspect',
      fixturePath('llama-c'),
      '--tokens',
      fixturePath('llama-c', 'tokens.json'),
      '--json',
    ];
    const [line, ...others] = jsonLines(await runMain([...args, ...onCpu]));
    expect(Object.keys(line)).toEqual([
      'loss',
      'parameters',
      'context',
      'weights',
      'cache',
      'weightBytes',
      'runtime',
      'device',
    ]);
    expect([line.runtime, others]).toEqual(['cpu', []]);
  });

  it('decodes beside a cache of int8, with a loss and logits of its own close by', async () => {
    const folder = createFolder();
    const inspect = async (...more: string[]) => {
      const tokens = fixturePath('llama-c', 'tokens.json');
      const result = await runMain([
        'inspect',
        fixturePath('llama-c'),
        '--tokens',
        tokens,
        ...more,
        '--json',
        ...onCpu,
      ]);
      return { ...result, line: jsonLines(result)[0] };
    };
    const [exact, rounded] = [
      await inspect(),
      await inspect('--cache', 'int8', '--logits', join(folder, 'logits')),
    ];
    expect([exact.line?.cache, rounded.line?.cache]).toEqual(['f32', 'int8']);
    const difference = Math.abs(Number(rounded.line?.loss) - Number(exact.line?.loss));
    expect(difference).toBeLessThan(0.02);
    expect(difference).toBeGreaterThan(0);
    await inspect('--logits', join(folder, 'exact'));
    const lengths = ['exact', 'logits'].map((name) => readFileSync(join(folder, name)).length);
    expect(lengths[1]).toBe(lengths[0]);
    const refused = await inspect('--cache', 'int8', '--gradients', join(folder, 'gradients'));
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining('has no gradients')]);
  });

  it('looks at the start of each row, which may be longer than the model sees', async () => {
    const folder = createFolder();
    const row = Array.from({ length: 40 }, (_, index) => index % 61);
    const inspect = async (length: number, more: readonly string[]) => {
      const tokens = {
        inputs: [row.slice(0, length)],
        targets: [
          row
            .slice(1, length + 1)
            .concat(0)
            .slice(0, length),
        ],
      };
      const path = writeJson(folder, `tokens-${length}.json`, tokens);
      return runMain(['inspect', fixturePath('llama-c'), '--tokens', path, '--json', ...more, ...onCpu]);
    };
    const [whole] = jsonLines(await inspect(9, []));
    const [cut] = jsonLines(await inspect(40, ['--context', '9']));
    expect([whole?.context, cut?.context]).toEqual([9, 9]);
    expect(cut?.loss).toBeCloseTo(Number(whole?.loss), 6);
    const { code, stderr } = await inspect(40, ['--context', '34']);
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(/context of 34 is more than the 33 of the model/),
    ]);
  });

  it.each([
    ['no object', [], /inputs|file/],
    ['no targets', { inputs: [[1, 2]] }, /targets is missing/],
    ['no rows', { inputs: [], targets: [] }, /inputs has 0 entries, >=1 are needed/],
    [
      'rows of different lengths',
      { inputs: [[1, 2], [1]], targets: [[1, 2], [1]] },
      /row 1 of inputs has 1 tokens, not 2/,
    ],
    ['fewer targets', { inputs: [[1], [2]], targets: [[1]] }, /2 rows of inputs, but 1 of targets/],
    [
      'a token past the vocabulary',
      { inputs: [[61]], targets: [[1]] },
      /inputs\[0\]\[0\] is 61, outside the vocabulary of 61/,
    ],
    ['a fraction', { inputs: [[1]], targets: [[1.5]] }, /targets\[0\]\[0\] is 1\.5/],
    ['a negative target', { inputs: [[1]], targets: [[-1]] }, /targets\[0\]\[0\] is -1/],
    ['no target that counts', { inputs: [[1]], targets: [[-100]] }, /every target is ignored/],
    [
      'rows past the context',
      { inputs: [Array(34).fill(1)], targets: [Array(34).fill(1)] },
      /rows of 34 tokens do not fit the model's context of 33/,
    ],
    ['a key too many', { inputs: [[1]], targets: [[1]], mask: [] }, /mask/],
  ])('refuses %s in one line', async (_what, tokens, message) => {
    const path = writeJson(createFolder(), 'tokens.json', tokens);
    const { code, stdout, stderr } = await runMain([
      'inspect',
      fixturePath('llama-c'),
      '--tokens',
      path,
      ...onCpu,
    ]);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/^flopscope: [^\n]+\n$/);
    expect(stderr).toMatch(message);
  });

  const weights = readFileSync(fixturePath('llama-c', 'model.safetensors'));
  const headerLength = Number(weights.readBigUInt64LE(0));
  const header = weights.subarray(8, 8 + headerLength).toString();
  const withHeader = (text: string) => {
    const start = Buffer.alloc(8);
    start.writeBigUInt64LE(BigInt(Buffer.byteLength(text)));
    return Buffer.concat([start, Buffer.from(text), weights.subarray(8 + headerLength)]);
  };
  const firstShape = /"shape":\[[^\]]*\]/;
  it.each([
    [
      'cut short',
      weights.subarray(0, weights.length - 5),
      /the file is cut: \d+ of \d+ bytes are there.* Fetch it again/,
    ],
    ['of length 3', weights.subarray(0, 3), /shorter than the 8 bytes/],
    [
      'with a header longer than the file',
      Buffer.concat([Buffer.from([255, 255, 255, 0, 0, 0, 0, 0]), weights.subarray(8)]),
      /header is longer than the file/,
    ],
    [
      'with a key twice',
      withHeader(
        header.replace(
          '{',
          '{"x":{"dtype":"F32","shape":[0],"data_offsets":[0,0]},"x":{"dtype":"F32","shape":[0],"data_offsets":[0,0]},',
        ),
      ),
      /key occurs twice/,
    ],
    [
      'with a billion elements',
      withHeader(header.replace(firstShape, '"shape":[1000000000]')),
      /bytes by its shape/,
    ],
    ['with an unknown type', withHeader(header.replace('"F32"', '"F99"')), /unknown dtype/],
    [
      'with another tensor name',
      withHeader(header.replace('lm_head.weight', 'lm_head.weighs')),
      /lm_head\.weight is missing/,
    ],
  ])('refuses weights %s in one line', async (_what, bytes, message) => {
    const folder = createFolder();
    writeFileSync(join(folder, 'config.json'), readFileSync(fixturePath('llama-c', 'config.json')));
    writeFileSync(join(folder, 'model.safetensors'), bytes);
    const args = ['inspect', folder, '--tokens', fixturePath('llama-c', 'tokens.json'), ...onCpu];
    const { code, stdout, stderr } = await runMain(args);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/^flopscope: [^\n]+\n$/);
    expect(stderr).toMatch(message);
  });

  it.each([
    ['rope_scaling', { type: 'mrope', factor: 2 }],
    ['sliding_window', 128],
    ['head_dim', 7],
    ['model_type', 'mamba'],
  ])('refuses a config.json whose %s it does not compute, by name', async (key, value) => {
    const folder = createFolder();
    const config = JSON.parse(readFileSync(fixturePath('llama-c', 'config.json'), 'utf8'));
    writeJson(folder, 'config.json', { ...config, [key]: value });
    writeFileSync(join(folder, 'model.safetensors'), weights);
    const args = ['inspect', folder, '--tokens', fixturePath('llama-c', 'tokens.json'), ...onCpu];
    const { code, stderr } = await runMain(args);
    expect(code).toBe(1);
    expect(stderr).toMatch(
      new RegExp(`^flopscope: [^\\n]*${key === 'head_dim' ? 'headSize' : key}[^\\n]*\\n$`),
    );
  });

  it('writes nothing but one line when the logits have no room', async () => {
    const args = ['inspect', fixturePath('llama-c'), '--tokens', fixturePath('llama-c', 'tokens.json')];
    const { code, stdout, stderr } = await runMain([...args, '--logits', '/dev/full', ...onCpu]);
    if (process.platform !== 'linux') return;
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/^flopscope: \/dev\/full: cannot write it: the disk is full[^\n]*\n$/);
  });
});
