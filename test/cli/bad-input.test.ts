// What a stranger may hand to the train command: each gets one line, exit code 1, and no stack trace.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Field } from '../../src/model/fields/kinds.ts';
import { experimentFields } from '../../src/model/fields/table.ts';
import { presets } from '../../src/model/presets/catalogue.ts';
import { createFolder } from '../folders.ts';
import { runMain, tinyExperiment, writeJson } from './run-command.ts';

type Tree = { [key: string]: unknown };

/** A copy of the tiny experiment with one value set, or removed where it is undefined. */
function changed(path: string, value: unknown): Tree {
  const root = structuredClone(tinyExperiment) as unknown as Tree;
  const keys = path.split('.');
  const last = keys.pop() ?? '';
  let section = root;
  for (const key of keys) {
    section[key] ??= {};
    section = section[key] as Tree;
  }
  if (value === undefined) delete section[last];
  else section[last] = value;
  return root;
}

async function expectRefusal(experiment: unknown, message: RegExp, ...args: string[]): Promise<void> {
  const folder = createFolder();
  const config = writeJson(folder, 'config.json', experiment);
  const { code, stdout, stderr } = await runMain(['train', config, '--runtime', 'cpu', '--json', ...args]);
  expect([code, stdout], stderr).toEqual([1, '']);
  expect(stderr).toMatch(/^flopscope: [^\n]+\n$/);
  expect(stderr).toMatch(message);
  expect(stderr).not.toMatch(/\bat \S+ \(\S+:\d|\.ts:\d/);
}

describe('a configuration', () => {
  const fields: readonly Field[] = experimentFields;
  const required = fields.filter(({ required: isRequired }) => isRequired);
  const numeric = fields.filter(({ kind }) => kind === 'integer' || kind === 'number');
  const named = (list: readonly Field[]) => list.map((field) => [field.path, field] as const);
  const matching = (path: string) => new RegExp(path.replaceAll('.', '\\.'));

  it.each(named(required))('without %s is refused', (path) =>
    expectRefusal(changed(path, undefined), matching(path)),
  );
  it.each(named(fields))('with an object as %s is refused', (path) =>
    expectRefusal(changed(path, {}), matching(path)),
  );
  it.each(named(numeric))('with -1 as %s is refused', (path) =>
    expectRefusal(changed(path, -1), matching(path)),
  );
  it.each(named(numeric))('with 1e30 as %s is refused', (path) =>
    expectRefusal(changed(path, 1e30), matching(path)),
  );
  it.each(named(numeric.filter((field) => 'minimum' in field && field.minimum > 0 && !field.automatic)))(
    'with 0 as %s is refused',
    (path) => expectRefusal(changed(path, 0), matching(path)),
  );
  it.each(named(fields))('with null as %s is refused', (path) =>
    expectRefusal(changed(path, null), matching(path)),
  );

  it.each([
    ['a list', [], /experiment: a list is not an object/],
    ['a number', 3, /not an object/],
    ['an unknown key', changed('model.colour', 'red'), /model\.colour: is not a setting/],
    ['a key near another', changed('train.step', 3), /train\.step: is not a setting\. Did you mean steps\?/],
    ['a hostile key', JSON.parse('{"model":{"__proto__":{"layers":1}}}'), /__proto__/],
    [
      'heads that do not divide',
      changed('model.heads', 3),
      /model\.heads: 3 does not divide model\.width 16\. Use 2 or 4/,
    ],
    ['a context beyond the data', changed('model.context', 5000), /shorter than context \+ 1/],
    [
      'a vocabulary smaller than the text’s',
      changed('model.vocabulary', 3),
      /model\.vocabulary: 3 is less than/,
    ],
    ['a schema of the future', { ...tinyExperiment, version: 2 }, /version: 2 is not known here/],
  ])('that is or has %s is refused', (_what, experiment, message) => expectRefusal(experiment, message));

  it.each(['', '{"model": ', '\u0000\u0001', '[[[['])('of the text %j is refused', async (text) => {
    const path = join(createFolder(), 'config.json');
    writeFileSync(path, text);
    const { code, stdout, stderr } = await runMain(['train', path, '--runtime', 'cpu', '--json']);
    expect([code, stdout, stderr]).toEqual([
      1,
      '',
      expect.stringMatching(/^flopscope: [^\n]*no JSON[^\n]*\n$/),
    ]);
  });

  it('that is a directory needs batches', async () => {
    const { code, stderr } = await runMain(['train', createFolder()]);
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(
        /is a directory\. Give a CONFIG\.json with --model .*, or --batches and --optimizer/,
      ),
    ]);
  });
});

describe('a text', () => {
  it.each([
    ['empty', Buffer.alloc(0), /empty/],
    ['binary', Buffer.from([0x7f, 0x45, 0x4c, 0x46, 0, 0, 0, 1]), /binary|zero byte/],
    ['of one character', Buffer.from('a'.repeat(1000)), /a single distinct character/],
    ['not UTF-8', Buffer.from([0x61, 0xff, 0xfe, 0x62]), /UTF-8/],
    ['of UTF-16', Buffer.from('\ufeffsome text', 'utf16le'), /UTF-16/],
    ['shorter than the context', Buffer.from('abcdefgh'), /shorter than context \+ 1/],
  ])('that is %s is refused', async (_what, bytes, message) => {
    const path = join(createFolder(), 'text.txt');
    writeFileSync(path, bytes);
    await expectRefusal(tinyExperiment, message, '--data', path);
  });

  it('that is not there is refused', () =>
    expectRefusal(tinyExperiment, /no such file/, '--data', '/nonexistent.txt'));
  it('that is wanted and not given is asked for', () =>
    expectRefusal(changed('data.source', 'file'), /Pass --data FILE/));
});

describe('a model too large for the machine', () => {
  it('is refused by tensor, bytes and limit when one tensor cannot be bound', () => {
    const model = { ...tinyExperiment.model, width: 16_384, heads: 64, headSize: 256 };
    return expectRefusal(
      { ...tinyExperiment, model },
      /layers\.0\.attention\.qkv \[16384, 49152\] needs 3221225472 bytes, more than the \d+ that this device binds/,
    );
  });

  it('is refused by tensor, bytes and limit when activations cannot be bound', () => {
    const long = changed('model.context', 4096);
    const data = { source: 'arithmetic', characters: 100_000 };
    const train = { ...tinyExperiment.train, batch: 4096 };
    return expectRefusal(
      { ...long, train, data },
      /tensor .* needs \d+ bytes, more than this device binds at once/,
    );
  });

  it('is refused when all of it exceeds the memory', () => {
    const model = { ...tinyExperiment.model, layers: 128, width: 2048, heads: 32, vocabulary: 100 };
    return expectRefusal(
      { ...tinyExperiment, model },
      /parameters need \d+ bytes in 4 copies, more than the \d+ of this machine; the largest is layers\.0/,
    );
  });
});

describe('a directory to resume from', () => {
  it.each([
    ['absent', undefined, /no such directory/],
    ['without a checkpoint', '', /checkpoint\.safetensors: cannot read it/],
    ['with a damaged checkpoint', 'not a checkpoint', /safetensors: /],
  ])('that is %s is refused', async (_what, content, message) => {
    const folder = createFolder();
    if (content) writeFileSync(join(folder, 'checkpoint.safetensors'), content);
    await expectRefusal(
      tinyExperiment,
      message,
      '--resume',
      content === undefined ? join(folder, 'no') : folder,
    );
  });
});

it('refuses a place for results that is a file, before any work', async () => {
  const path = writeJson(createFolder(), 'file', presets.length);
  await expectRefusal(tinyExperiment, /cannot write to it: there is a file of this name/, '--out', path);
});
