// Conversations from the command line: the template's tokens, turns from stdin, and models that know no conversation.
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { readTokenFixture } from '../data/tokenizers/fixtures.ts';
import { createFolder } from '../folders.ts';
import { jsonLines, runMain, spawnCommand, tinyExperiment, writeJson } from './run-command.ts';

const template =
  '{{ bos_token }}{% for m in messages %}[{{ m.role }}]{{ m.content }}{% endfor %}{% if add_generation_prompt %}[reply]{% endif %}';

describe('sample --chat', () => {
  let model = '';
  beforeAll(async () => {
    const folder = createFolder();
    model = join(folder, 'model');
    const config = writeJson(folder, 'tiny.json', {
      ...tinyExperiment,
      model: { ...tinyExperiment.model, vocabulary: 340, context: 128 },
    });
    await runMain(['train', config, '--steps', '1', '--out', model, '--runtime', 'cpu', '--json']);
    rmSync(join(model, 'flopscope-tokenizer.json'));
    writeJson(model, 'tokenizer.json', readTokenFixture('llama3'));
    writeJson(model, 'tokenizer_config.json', { bos_token: '<s>', eos_token: '<|endoftext|>' });
    writeFileSync(join(model, 'chat_template.jinja'), template);
  });
  const args = ['--max-new', '4', '--temperature', '0', '--runtime', 'cpu', '--json'];
  const sample = (...more: string[]) => runMain(['sample', model, ...args, ...more]);

  it('goes on from the text of the template, whose first token is not put there twice', async () => {
    const chatted = await sample('--chat', '--prompt', 'Hi', '--system', 'Be brief.');
    expect([chatted.code, chatted.stderr.split('\n')[0]]).toEqual([
      0,
      'sample: the answer was cut off: it has all of its tokens. Raise --max-new.',
    ]);
    // A plain prompt gets the first token from the tokenizer: the same text without the template's.
    const plain = await sample('--prompt', '[system]Be brief.[user]Hi[reply]');
    expect(jsonLines(chatted)[0].tokens).toEqual(jsonLines(plain)[0].tokens);
    expect(jsonLines(chatted)[0]).toMatchObject({ isEnded: false, dropped: 0, turns: 2 });
  });

  it('takes every line of stdin as a turn beside what was said', async () => {
    const turns = { stdin: 'Hi\n\nHi\n' };
    const spoken = await spawnCommand(['sample', model, ...args, '--chat'], turns);
    const lines = jsonLines(spoken);
    expect([spoken.code, lines.map(({ turns }) => turns)]).toEqual([0, [1, 3]]);
    const [{ text }] = lines;
    const plain = await sample('--prompt', `[user]Hi[assistant]${text}[user]Hi[reply]`);
    expect(lines[1]?.tokens).toEqual(jsonLines(plain)[0].tokens);
  });

  it('refuses what it has no template or no meaning for', async () => {
    const said = async (...more: string[]) => {
      const { code, stderr } = await sample(...more);
      return [code, stderr.trim()];
    };
    expect(await said('--prompt', 'a', '--system', 'b')).toEqual([
      1,
      'flopscope: sample: --system is for --chat. Add that, or leave it out.',
    ]);
    expect(await said('--chat', '--prompt-tokens', '1')).toEqual([
      1,
      expect.stringContaining('--chat takes text'),
    ]);
    writeFileSync(join(model, 'chat_template.jinja'), "{{ raise_exception('Only in French.') }}");
    expect(await said('--chat', '--prompt', 'Hi')).toEqual([
      1,
      expect.stringContaining('chat template: Only in French.'),
    ]);
    rmSync(join(model, 'chat_template.jinja'));
    expect(await said('--chat', '--prompt', 'Hi')).toEqual([
      1,
      expect.stringContaining('this model has no chat template'),
    ]);
  });
});
