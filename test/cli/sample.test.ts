// The sample command on the reference loops.
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { type PublishedBpe, tinyGguf, tokenizerKeys } from '../data/gguf/tiny-gguf.ts';
import { readTokenFixture } from '../data/tokenizers/fixtures.ts';
import { createFolder } from '../folders.ts';
import { fixturePath } from './fixtures.ts';
import { jsonLines, runMain, tinyExperiment, writeJson } from './run-command.ts';

const tokensOf = (result: { stdout: string }) => jsonLines(result)[0].tokens;

describe('sample', () => {
  let model = '';
  beforeAll(async () => {
    const folder = createFolder();
    model = join(folder, 'model');
    const config = writeJson(folder, 'tiny.json', tinyExperiment);
    await runMain(['train', config, '--steps', '2', '--out', model, '--runtime', 'cpu', '--json']);
  });
  const sample = (...args: string[]) => runMain(['sample', model, '--runtime', 'cpu', ...args]);

  it('prints text, tokens and speeds as one object', async () => {
    const result = await sample('--prompt', '1+', '--max-new', '40', '--json');
    const [line, ...others] = jsonLines(result);
    expect([result.code, result.stderr, others]).toEqual([0, '', []]);
    expect(Object.keys(line)).toEqual([
      'text',
      'tokens',
      'context',
      'prefillTokensPerSecond',
      'decodeTokensPerSecond',
      'weights',
      'cache',
      'weightBytes',
      'cacheBytes',
      'totalBytes',
      'runtime',
      'device',
    ]);
    expect(line.tokens).toHaveLength(40);
    expect([...String(line.text)]).toHaveLength(40);
    expect(Number(line.prefillTokensPerSecond)).toBeGreaterThan(0);
    expect(Number(line.decodeTokensPerSecond)).toBeGreaterThan(0);
  });

  it('prints the same text alone for people, with the speeds on stderr', async () => {
    const [line] = jsonLines(await sample('--prompt', '1+', '--max-new', '12', '--json'));
    const { stdout, stderr } = await sample('--prompt', '1+', '--max-new', '12');
    expect(stdout).toBe(`${line.text}\n`);
    expect(stderr).toMatch(/^prefill .*tokens\/s, decode .*tokens\/s on /);
  });

  it('writes with a GGUF file, quantised and with a tokenizer in it, and says what became of its numbers', async () => {
    const file = join(createFolder(), 'tiny.gguf');
    const published = readTokenFixture('llama2') as PublishedBpe;
    const metadata = tokenizerKeys(published, 'scores', 1);
    writeFileSync(file, tinyGguf({ type: 'Q8_0', vocabulary: 406, metadata }));
    const args = ['--prompt', 'The cat', '--max-new', '5', '--runtime', 'cpu', '--json'];
    const result = await runMain(['sample', file, ...args]);
    expect(result.stderr).toContain('gguf: tensors are quantised (8 in Q8_0)');
    expect([result.code, jsonLines(result)[0].tokens]).toEqual([0, expect.any(Array)]);
    writeFileSync(file, readFileSync(file).subarray(0, -100));
    const cut = await runMain(['sample', file, ...args]);
    expect([cut.code, cut.stderr]).toEqual([
      1,
      expect.stringMatching(/gguf: .*It is cut off: fetch it again\./),
    ]);
  });

  it('drafts with n-grams or a second model, and writes what it would write without', async () => {
    const greedy = ['--prompt', '1+2+1+2+', '--max-new', '24', '--temperature', '0', '--json'];
    const alone = tokensOf(await sample(...greedy));
    for (const draft of ['ngram', model]) {
      const result = await sample(...greedy, '--draft', draft, '--draft-tokens', '3');
      const [line] = jsonLines(result);
      expect([result.code, line.tokens]).toEqual([0, alone]);
      expect(line.draft).toMatchObject({ draftTokens: 3, acceptance: expect.any(Number) });
    }
    const said = await sample('--prompt', '1+2', '--draft', model);
    expect(said.stderr).toMatch(/drafts of 4: .* of the tokens that were looked at stayed/);
    expect((await sample('--prompt', '1', '--draft', fixturePath('llama-a'))).stderr).toMatch(
      /draft: its vocabulary has \d+ tokens, that of the model \d+/,
    );
    expect((await sample('--prompt', '1', '--draft', 'ngram', '--no-cache')).stderr).toContain(
      '--no-cache out',
    );
    expect((await sample('--prompt', '1', '--draft-tokens', '4')).stderr).toContain(
      'sample: --draft-tokens: nobody drafts. Give --draft DIR or ngram too',
    );
  });

  it('draws the same for the same seed and takes the likeliest at temperature 0', async () => {
    const draw = async (...args: string[]) =>
      tokensOf(await sample('--prompt', '12', '--max-new', '30', '--json', ...args));
    expect(await draw('--seed', '3')).toEqual(await draw('--seed', '3'));
    expect(await draw('--seed', '3')).not.toEqual(await draw('--seed', '4'));
    const greedy = await draw('--temperature', '0');
    expect(await draw('--temperature', '0', '--seed', '9')).toEqual(greedy);
    expect(await draw('--top-k', '1', '--seed', '9')).toEqual(greedy);
    expect(await draw('--top-p', '0.000001', '--seed', '9')).toEqual(greedy);
  });

  it('gives the same tokens with and without the cache', async () => {
    const args = [
      'sample',
      fixturePath('llama-a'),
      '--prompt-tokens',
      '3,1,4,1,5',
      '--max-new',
      '20',
      '--runtime',
      'cpu',
      '--json',
    ];
    const cached = await runMain(args);
    expect(tokensOf(await runMain([...args, '--no-cache']))).toEqual(tokensOf(cached));
    expect(jsonLines(cached)[0]).not.toHaveProperty('text');
  });

  it('draws with quantised weights, in fewer bytes, and leaves out the tables it is told to', async () => {
    const args = ['--prompt', '1', '--max-new', '2', '--json'];
    const bytesOf = async (...more: string[]) => {
      const [line] = jsonLines(await sample(...args, ...more));
      expect(line.tokens).toHaveLength(2);
      expect(Number(line.totalBytes)).toBeGreaterThan(Number(line.weightBytes) + Number(line.cacheBytes));
      return Number(line.weightBytes);
    };
    const [f32, kept, int8] = [
      await bytesOf(),
      await bytesOf('--weights', 'int8', '--unquantised', 'head'),
      await bytesOf('--weights', 'int8'),
    ];
    expect(int8).toBeLessThanOrEqual(kept); // so small a table takes what its padding takes
    expect(kept).toBeLessThan(f32);
    const wrong = await sample(...args, '--unquantised', 'norm');
    expect([wrong.code, wrong.stderr]).toEqual([
      1,
      expect.stringMatching(/Use embedding, head or embedding,head/),
    ]);
  });

  it('keeps keys and values in int8, in fewer bytes', async () => {
    const args = ['--prompt', '12', '--max-new', '4', '--json'];
    const [exact] = jsonLines(await sample(...args));
    const [rounded] = jsonLines(await sample(...args, '--cache', 'int8'));
    expect([exact.cache, rounded.cache]).toEqual(['f32', 'int8']);
    expect(rounded.tokens).toHaveLength(4);
    // A number is a byte instead of four, and each head's key and value has a scale.
    const { cacheBytes } = exact;
    expect(Number(rounded.cacheBytes)).toBeGreaterThan(Number(cacheBytes) / 4);
    expect(Number(rounded.cacheBytes)).toBeLessThan(Number(cacheBytes) / 2);
  });

  it('says no rate of decoding where nothing was decoded', async () => {
    const { stderr } = await sample('--prompt', '1', '--max-new', '1');
    expect(stderr).toMatch(/^prefill .*tokens\/s on /);
  });

  it('draws nothing when nothing is wanted', async () => {
    expect(tokensOf(await sample('--prompt', '1', '--max-new', '0', '--json'))).toEqual([]);
  });

  it.each([
    [[], /give one of --prompt TEXT and --prompt-tokens/],
    [['--prompt', '1', '--prompt-tokens', '1'], /give one of/],
    [['--prompt', ''], /the prompt is empty/],
    [['--prompt', '1', '--top-k', '-1'], /'-1' is invalid/],
    [['--prompt', 'Ω'], /a character is not in the vocabulary: "Ω"/],
    [['--prompt-tokens', '1,99'], /token 99 is outside the vocabulary of 15\. Use 0 to 14/],
    [['--prompt', '1', '--temperature', '-1'], /'-1' is invalid/],
    [['--prompt', '1', '--top-p', '0'], /'0' is invalid. Use a number above 0 and up to 1/],
    [['--prompt', '1', '--no-cache', '--cache', 'int8'], /--no-cache keeps no keys and values/],
    [['--prompt', '1', '--cache', 'int8', '--no-cache'], /Give one of them/],
    [['--prompt', '1', '--max-new', 'x'], /'x' is invalid/],
  ])('refuses %j in one line', async (args, message) => {
    const { code, stdout, stderr } = await sample(...args);
    expect([code, stdout.trim()]).toEqual([1, '']);
    expect(stderr).toMatch(/^flopscope: [^\n]+\n$/);
    expect(stderr).toMatch(message);
  });

  it('refuses weights that are no numbers, and names the first', async () => {
    const broken = join(createFolder(), 'broken');
    cpSync(model, broken, { recursive: true });
    const path = join(broken, 'model.safetensors');
    const bytes = readFileSync(path);
    bytes.writeFloatLE(Number.NaN, bytes.length - 4);
    writeFileSync(path, bytes);
    const { code, stdout, stderr } = await runMain(['sample', broken, '--prompt', '1', '--runtime', 'cpu']);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/^flopscope: sample: weight \d+ of \w\S* is NaN, not a finite number\. [^\n]+\n$/);
  });

  it('reads a prompt as it reads texts: whatever its line ends', async () => {
    const draw = async (prompt: string) =>
      tokensOf(await sample('--prompt', prompt, '--max-new', '6', '--temperature', '0', '--json'));
    expect(await draw('\ufeff1\r\n2\r3')).toEqual(await draw('1\n2\n3'));
  });

  it.each(['15', '4294967296', '4294967297', '9007199254740991'])(
    'keeps all tokens with --top-k %s',
    async (k) => {
      const draw = async (...args: string[]) =>
        tokensOf(await sample('--prompt', '1', '--max-new', '30', '--temperature', '3', '--json', ...args));
      expect(await draw('--top-k', k)).toEqual(await draw('--top-k', '0'));
    },
  );

  it('sees as many tokens as asked for, or as are needed', async () => {
    const contextOf = async (...args: string[]) =>
      jsonLines(await sample('--prompt', '12', '--json', ...args))[0].context;
    expect(await contextOf('--max-new', '3')).toBe(5);
    expect(await contextOf('--max-new', '500')).toBe(tinyExperiment.model.context);
    expect(await contextOf('--max-new', '3', '--context', '4')).toBe(4);
    const { code, stderr } = await sample('--prompt', '12', '--context', '1000000');
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(/a context of 1000000 is more than the \d+ of the model/),
    ]);
  });

  it('asks for tokens where there is no tokenizer', async () => {
    const { code, stderr } = await runMain([
      'sample',
      fixturePath('llama-a'),
      '--prompt',
      'a',
      '--runtime',
      'cpu',
    ]);
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(/no flopscope-tokenizer\.json.*--prompt-tokens/),
    ]);
  });
});

describe('sample of a model with more rows than its tokenizer has tokens', () => {
  let padded = '';
  beforeAll(async () => {
    const folder = createFolder();
    padded = join(folder, 'model');
    const model = { ...tinyExperiment.model, vocabulary: 64 };
    const config = writeJson(folder, 'padded.json', { ...tinyExperiment, model });
    await runMain(['train', config, '--steps', '2', '--out', padded, '--runtime', 'cpu', '--json']);
  });
  const args = ['--prompt', '1', '--max-new', '40', '--temperature', '5', '--runtime', 'cpu'];

  it('shows what has no text as U+FFFD, streamed as in JSON', async () => {
    const [line] = jsonLines(await runMain(['sample', padded, ...args, '--json']));
    expect(line.text).toContain('\ufffd');
    expect(line.tokens).toHaveLength(40);
    const { code, stdout } = await runMain(['sample', padded, ...args]);
    expect([code, stdout]).toEqual([0, `${line.text}\n`]);
  });

  it('draws none of them when asked for known tokens only', async () => {
    const [line] = jsonLines(await runMain(['sample', padded, ...args, '--known-tokens', '--json']));
    expect(line.tokens).toHaveLength(40);
    expect(Math.max(...(line.tokens as number[]))).toBeLessThan(15);
    expect(line.text).not.toContain('\ufffd');
  });

  it('needs to know the tokens for that', async () => {
    const asked = ['--prompt-tokens', '3', '--known-tokens', '--runtime', 'cpu'];
    const { code, stderr } = await runMain(['sample', fixturePath('llama-a'), ...asked]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/no flopscope-tokenizer\.json and no tokenizer\.json.*Leave --known-tokens out/);
  });
});
