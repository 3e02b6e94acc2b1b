// Going on from a model: its weights, tokenizer and template, on a person's own conversations.
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { readTokenFixture } from '../../data/tokenizers/fixtures.ts';
import { createFolder } from '../../folders.ts';
import { jsonLines, runMain, tinyExperiment, writeJson } from '../run-command.ts';

const conversation = {
  messages: [
    { role: 'user', content: 'Who is it?' },
    { role: 'assistant', content: 'A cat.' },
  ],
};

/** All weights of a folder, behind the header of the file. */
function weightsOf(directory: string): Float32Array {
  const bytes = readFileSync(join(directory, 'model.safetensors'));
  const start = 8 + Number(bytes.readBigUInt64LE(0));
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset + start, bytes.byteOffset + bytes.length));
}

describe('train --model', () => {
  const folder = createFolder();
  const [base, chats] = [join(folder, 'base'), join(folder, 'chats.jsonl')];
  const configOf = (name: string, learningRate: number, train = {}) =>
    writeJson(folder, name, {
      ...tinyExperiment,
      model: { ...tinyExperiment.model, context: 24, vocabulary: 0 },
      train: {
        ...tinyExperiment.train,
        optimizer: { learningRate, weightDecay: 0 },
        schedule: { kind: 'constant', warmupSteps: 0 },
        ...train,
      },
      data: { source: 'instructions', characters: 6000 },
    });
  const train = (...args: string[]) => runMain(['train', ...args, '--runtime', 'cpu', '--json']);

  beforeAll(async () => {
    writeFileSync(chats, `${JSON.stringify(conversation)}\n`.repeat(30));
    expect((await train(configOf('first.json', 3e-3), '--steps', '2', '--out', base)).code).toBe(0);
  });

  it('begins with the weights and the tokenizer of the model, and learns from its text', async () => {
    const out = join(folder, 'still');
    const config = configOf('second.json', 1e-9, { lossPositions: 'answers' });
    const still = await train(config, '--model', base, '--data', chats, '--steps', '1', '--out', out);
    expect([still.code, still.stderr]).toEqual([
      0,
      expect.stringMatching(/goes on from .*base, for texts of up to 24/),
    ]);
    for (const name of ['flopscope-tokenizer.json', 'tokenizer_config.json'])
      expect(readFileSync(join(out, name)).equals(readFileSync(join(base, name))), name).toBe(true);
    // A step at the lowest rate moves no weight by more than that.
    const [before, after] = [weightsOf(base), weightsOf(out)];
    expect(after.length).toBe(before.length);
    expect(after.every((weight, at) => Math.abs(weight - before[at]) < 1e-7)).toBe(true);
    const learned = configOf('third.json', 0.02, { lossPositions: 'answers', steps: 8 });
    const lines = jsonLines(
      await train(learned, '--model', base, '--data', chats, '--out', join(folder, 'on')),
    );
    const losses = lines.flatMap(({ loss }) => (typeof loss === 'number' ? [loss] : []));
    expect(losses.at(-1)).toBeLessThan((losses[0] ?? 0) - 0.5);
  });

  it('writes by the template of a published tokenizer, and keeps it', async () => {
    const published = join(folder, 'published');
    const config = JSON.parse(readFileSync(configOf('plain.json', 3e-3), 'utf8'));
    writeJson(folder, 'wide.json', { ...config, model: { ...config.model, vocabulary: 340 } });
    await train(join(folder, 'wide.json'), '--steps', '1', '--out', published);
    rmSync(join(published, 'flopscope-tokenizer.json'));
    writeJson(published, 'tokenizer.json', readTokenFixture('llama3'));
    const settings = {
      eos_token: '<|endoftext|>',
      chat_template: '{% for m in messages %}{{ m.content }}{{ eos_token }}{% endfor %}',
    };
    writeJson(published, 'tokenizer_config.json', settings);
    const out = join(folder, 'tuned');
    const tuned = configOf('fourth.json', 1e-3, { lossPositions: 'answers' });
    const { code, stderr } = await train(
      tuned,
      '--model',
      published,
      '--data',
      chats,
      '--steps',
      '1',
      '--out',
      out,
    );
    expect([code, stderr]).toEqual([0, expect.stringContaining('goes on from')]);
    expect(JSON.parse(readFileSync(join(out, 'tokenizer_config.json'), 'utf8'))).toEqual(settings);
  });

  it('refuses conversations of which a line is wrong, by its number', async () => {
    const wrong = join(folder, 'wrong.jsonl');
    writeFileSync(wrong, `${JSON.stringify(conversation)}\n{"messages": [{"role": "user"}]}\n`);
    const { code, stderr } = await train(
      configOf('fifth.json', 1e-3),
      '--model',
      base,
      '--data',
      wrong,
      '--steps',
      '1',
    );
    expect([code, stderr]).toEqual([1, expect.stringMatching(/conversations: line 2: messages/)]);
    const plain = join(folder, 'plain.txt');
    writeFileSync(plain, 'What is larger, 1 or 2? '.repeat(40));
    const answers = configOf('sixth.json', 1e-3, { lossPositions: 'answers' });
    const text = await train(answers, '--model', base, '--data', plain, '--steps', '1');
    expect([text.code, text.stderr]).toEqual([1, expect.stringContaining('"answers" is for conversations')]);
  });
});
