// Text for models with a published tokenizer: sampled as with its tokens, and refused by name where it cannot be read.
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { publishedTokenizer } from '../../src/data/tokenizers/published.ts';
import { expectedTokens, readTokenFixture } from '../data/tokenizers/fixtures.ts';
import { createFolder } from '../folders.ts';
import { jsonLines, runMain, tinyExperiment, writeJson } from './run-command.ts';

describe('a model with a tokenizer.json', () => {
  let model = '';
  beforeAll(async () => {
    const folder = createFolder();
    model = join(folder, 'model');
    const config = writeJson(folder, 'tiny.json', {
      ...tinyExperiment,
      model: { ...tinyExperiment.model, vocabulary: 340 },
    });
    await runMain(['train', config, '--steps', '1', '--out', model, '--runtime', 'cpu', '--json']);
    rmSync(join(model, 'flopscope-tokenizer.json'));
    writeJson(model, 'tokenizer.json', readTokenFixture('gpt2'));
  });
  const sample = (...args: string[]) =>
    runMain(['sample', model, '--max-new', '12', '--runtime', 'cpu', '--json', ...args]);

  it('goes on from a text as from the tokens that Python makes of it', async () => {
    const { text, tokens } = expectedTokens.tokenizers.gpt2?.cases[0] ?? { text: '', tokens: [] };
    const byText = await sample('--prompt', text);
    const byTokens = await sample('--prompt-tokens', tokens.join(','));
    expect([byText.code, byText.stderr]).toEqual([0, '']);
    expect(jsonLines(byText)[0].tokens).toEqual(jsonLines(byTokens)[0].tokens);
    expect(jsonLines(byText)[0].text).toEqual(jsonLines(byTokens)[0].text);
  });

  it('is inspected on a text as on its tokens', async () => {
    const { tokens } = expectedTokens.tokenizers.gpt2?.cases[0] ?? { tokens: [] };
    const text = 'Lily found a red';
    const { decode } = publishedTokenizer(readTokenFixture('gpt2'), undefined);
    const ids = tokens.slice(0, 1 + tokens.findIndex((_, at) => decode(tokens.slice(0, at + 1)) === text));
    const batch = { inputs: [ids.slice(0, -1)], targets: [ids.slice(1)] };
    const path = writeJson(createFolder(), 'tokens.json', batch);
    const inspect = (...args: string[]) => runMain(['inspect', model, '--runtime', 'cpu', '--json', ...args]);
    const byText = await inspect('--prompt', text);
    expect([byText.code, byText.stderr]).toEqual([0, '']);
    expect(byText.stdout).toBe((await inspect('--tokens', path)).stdout);
    expect((await inspect('--prompt', 'a')).stderr).toMatch(/the text has 1 token, and needs 2/);
    expect((await inspect('--prompt', 'a', '--tokens', path)).stderr).toMatch(/give one of --tokens/);
  });

  it.each([
    ['of merges null', '{"model":{"type":"BPE","vocab":{"a":0},"merges":null}}', /merges should be an array/],
    ['cut short', '{"model":', /tokenizer\.json: not JSON/],
    ['with a key twice', '{"model":{"vocab":{"a":0,"a":1}}}', /a key occurs twice: "a"/],
  ])('is of use without text where that is %s', async (_, content, message) => {
    writeFileSync(join(model, 'tokenizer.json'), content);
    const { code, stderr } = await sample('--prompt', 'a');
    expect([code, stderr]).toEqual([1, expect.stringMatching(message)]);
    expect((await sample('--prompt-tokens', '1')).code).toBe(0);
  });
});
