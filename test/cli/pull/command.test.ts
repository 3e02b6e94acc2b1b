// Pulling a model from a hub on this machine: what is said before, faults of the network, and the cache.
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createFolder } from '../../folders.ts';
import { commit, type Faults, type LocalHub, startHub } from '../../lab/hub/local-hub.ts';
import { jsonLines, runMain } from '../run-command.ts';

let folder: string;
let hub: LocalHub | undefined;

beforeEach(() => {
  folder = createFolder();
  vi.stubEnv('XDG_CACHE_HOME', join(folder, 'cache'));
  vi.stubEnv('HF_TOKEN', '');
  mkdirSync(join(folder, 'hub'));
  for (const name of ['config.json', 'model.safetensors'])
    cpSync(join('test/fixtures/llama-c', name), join(folder, 'hub', name));
  writeFileSync(join(folder, 'hub/README.md'), 'a card');
  writeFileSync(join(folder, 'hub/pytorch_model.bin'), 'never fetched');
});

afterEach(async () => {
  await hub?.close();
  hub = undefined;
  vi.unstubAllEnvs();
});

const weights = 'model.safetensors';
const directory = () => join(folder, 'cache/flopscope/models/tiny--model', commit);

async function pull(faults: Faults = {}, args: readonly string[] = ['tiny/model']) {
  hub ??= await startHub(join(folder, 'hub'), faults);
  return runMain(['pull', ...args, '--endpoint', hub.endpoint, '--json'], folder);
}

/** What lies in the cache is what the hub has. */
function expectWhole() {
  for (const name of ['config.json', weights, 'README.md'])
    expect(readFileSync(join(directory(), name)).equals(readFileSync(join(folder, 'hub', name)))).toBe(true);
}

it('says size and need first, fetches what is a model, once, lists it and deletes it', async () => {
  const planned = await pull({ redirects: true }, ['tiny/model@v1', '--dry-run']);
  expect([planned.code, planned.stderr]).toEqual([
    0,
    expect.stringMatching(
      /tiny\/model@0123456789ab: 3 files of .* \(.* free on the disk\); .* of memory in f32/,
    ),
  ]);
  const bytes = ['config.json', weights, 'README.md'].reduce(
    (sum, name) => sum + statSync(join(folder, 'hub', name)).size,
    0,
  );
  const [said] = jsonLines(planned);
  expect(said).toMatchObject({ id: 'tiny/model', revision: 'v1', commit, bytes });
  expect(said.memoryBytes).toBeGreaterThan(bytes / 2);
  expect(existsSync(directory())).toBe(false);

  const first = await pull();
  expect(first.code).toBe(0);
  expect(jsonLines(first)[0]).toMatchObject({ directory: directory(), receivedBytes: bytes });
  expectWhole();
  expect(readdirSync(directory())).not.toContain('pytorch_model.bin');
  expect(jsonLines(await pull())[0]).toMatchObject({ receivedBytes: 0 });
  // As long as it was, and yet another.
  const damaged = readFileSync(join(directory(), weights));
  damaged[damaged.length - 1] ^= 1;
  writeFileSync(join(directory(), weights), damaged);
  const mended = await pull();
  expect(mended.stderr).toMatch(/model\.safetensors: what is here is damaged: fetched again/);
  expect(jsonLines(mended)[0]).toMatchObject({ receivedBytes: damaged.length });
  expectWhole();

  const [kept] = jsonLines(await runMain(['pull', '--list', '--json']));
  expect(kept).toMatchObject({ id: 'tiny/model', commit, isComplete: true, directory: directory() });
  expect((await runMain(['pull', '--delete', 'tiny/model@v2'])).code).toBe(1);
  expect((await runMain(['pull', '--delete', 'tiny/model'])).code).toBe(0);
  expect(existsSync(directory())).toBe(false);
});

it('goes on where a connection was cut at 40 %, by a range or, where there are none, from the start', async () => {
  const cut = { [weights]: 0.4 };
  const part = join(directory(), `${weights}.part`);
  const mayCut = () => (statSync(part, { throwIfNoEntry: false })?.size ?? 0) > 0;
  const result = await pull({ cut, mayCut });
  expect([result.code, result.stderr]).toEqual([
    0,
    expect.stringMatching(/model\.safetensors: cut after \d+ of \d+ bytes/),
  ]);
  expectWhole();
  const asked = hub?.requests.filter(({ name }) => name === weights) ?? [];
  expect(asked).toEqual([
    { name: weights },
    { name: weights, range: expect.stringMatching(/^bytes=[1-9]\d*-$/) },
  ]);

  await hub?.close();
  hub = undefined;
  rmSync(directory(), { recursive: true });
  expect((await pull({ cut, mayCut, wholeOnly: true })).code).toBe(0);
  expectWhole();
});

it('goes on with the part of a pull that was ended', async () => {
  mkdirSync(directory(), { recursive: true });
  const whole = readFileSync(join(folder, 'hub', weights));
  writeFileSync(join(directory(), `${weights}.part`), whole.subarray(0, 1000));
  const result = await pull();
  expect(result.code).toBe(0);
  expect(hub?.requests).toContainEqual({ name: weights, range: 'bytes=1000-' });
  expectWhole();
});

it('waits as long as a busy hub asks, and not for minutes', async () => {
  const patient = await pull({ busy: { [weights]: '0' } });
  expect([patient.code, patient.stderr]).toEqual([
    0,
    expect.stringMatching(/too many requests \(429\): trying again in 0 s/),
  ]);
  expectWhole();
  await hub?.close();
  hub = undefined;
  rmSync(directory(), { recursive: true });
  const late = await pull({ busy: { [weights]: '3600' } });
  expect([late.code, late.stderr]).toEqual([
    1,
    expect.stringMatching(/asks to wait 3600 s\. Pull again then; what is here stays/),
  ]);
  expect(readdirSync(directory())).toContain('config.json');
});

it('names a file whose hash is wrong, removes it, and keeps what is good', async () => {
  const { code, stderr } = await pull({ wrong: [weights] });
  expect([code, stderr]).toEqual([
    1,
    expect.stringMatching(
      /model\.safetensors: its SHA-256 is [0-9a-f]{12}…, the hub says [0-9a-f]{12}…\. It was removed/,
    ),
  ]);
  expect(readdirSync(directory()).sort()).toEqual(['README.md', 'config.json', 'pulled.json']);
  expect(jsonLines(await runMain(['pull', '--list', '--json']))[0]).toMatchObject({ isComplete: false });
  await hub?.close();
  hub = undefined;
  rmSync(join(directory(), 'README.md'));
  const small = await pull({ wrong: ['README.md'] });
  expect([small.code, small.stderr]).toEqual([1, expect.stringMatching(/README\.md: its Git hash is /)]);
});

it('refuses before anything is fetched what is not there, not a model, or not computed here', async () => {
  const missing = await pull({}, ['tiny/other']);
  expect([missing.code, missing.stderr]).toEqual([
    1,
    expect.stringMatching(/shows no tiny\/other@main \(404\)\. Check the name; if it is private .* HF_TOKEN/),
  ]);
  writeFileSync(join(folder, 'hub/config.json'), '{"model_type": "mamba"}');
  expect((await pull()).stderr).toMatch(/model_type "mamba" is not known/);
  rmSync(join(folder, 'hub', weights));
  expect((await pull()).stderr).toMatch(
    /tiny\/model has no model\.safetensors, but pytorch_model\.bin\. Choose a revision/,
  );
  expect(existsSync(directory())).toBe(false);
  for (const [args, message] of [
    [['tiny'], /"tiny" is no name of a model\. Give OWNER\/NAME/],
    [['../x/y'], /is no name of a model/],
    [['tiny/model', '--endpoint', 'ftp://x'], /ftp:\/\/x is no address of a hub/],
    [[], /give one of OWNER\/NAME, --list and --delete/],
  ] as const) {
    const { code, stderr } = await runMain(['pull', ...args]);
    expect([code, stderr]).toEqual([1, expect.stringMatching(message)]);
  }
});

it('lets one process at a time write a model, and takes over from one that was killed', async () => {
  const lock = `${directory()}.lock`;
  mkdirSync(dirname(lock), { recursive: true });
  writeFileSync(lock, `${process.ppid} ${hostname()}`);
  const second = await pull();
  expect([second.code, second.stderr]).toEqual([
    1,
    expect.stringMatching(
      /process \d+ on .* is at work on tiny\/model\. Wait until it ends; if .* delete .*\.lock/,
    ),
  ]);
  expect(existsSync(directory())).toBe(false);
  // No process has this number: it is above what systems give.
  writeFileSync(lock, `${2 ** 31 - 1} ${hostname()}`);
  expect((await pull()).code).toBe(0);
  expectWhole();
  expect(existsSync(lock)).toBe(false);
  writeFileSync(lock, `${process.ppid} ${hostname()}`);
  expect((await runMain(['pull', '--delete', 'tiny/model'])).stderr).toMatch(/is at work on tiny\/model/);
  expectWhole();
});

it('lets commands take a pulled model by its name', async () => {
  const inspect = (name: string) => runMain(['theory', 'kv', name, '--json'], folder);
  const missing = await inspect('tiny/model');
  expect([missing.code, missing.stderr]).toEqual([
    1,
    expect.stringMatching(
      /no model of this name was pulled\. Check it, or fetch it: flopscope pull tiny\/model/,
    ),
  ]);
  await pull({}, ['tiny/model@v1']);
  for (const name of ['tiny/model', 'tiny/model@v1', `tiny/model@${commit.slice(0, 12)}`])
    expect(jsonLines(await inspect(name))[0]).toMatchObject({ config: name });
  expect((await inspect('tiny/model@v2')).stderr).toMatch(/no model of this name was pulled/);
  // A path goes first, and what was meant as one is named as it is.
  mkdirSync(join(folder, 'tiny/model'), { recursive: true });
  expect((await inspect('tiny/model')).stderr).toMatch(/tiny\/model\/config\.json: cannot read it/);
  rmSync(join(folder, 'tiny'), { recursive: true });

  const other = join(dirname(directory()), 'fedcba9876543210');
  cpSync(directory(), other, { recursive: true });
  const facts = (isComplete: boolean) =>
    JSON.stringify({ id: 'tiny/model', revision: 'main', commit: basename(other), isComplete });
  writeFileSync(join(other, 'pulled.json'), facts(true));
  expect((await inspect('tiny/model')).stderr).toMatch(
    /several commits of it are here\. Name one: .*tiny\/model@fedcba987654/,
  );
  writeFileSync(join(other, 'pulled.json'), facts(false));
  expect(jsonLines(await inspect('tiny/model'))).toHaveLength(1);
  expect((await inspect('tiny/model@main')).stderr).toMatch(
    /its pull was not finished\. Go on with it: flopscope pull tiny\/model@main/,
  );
});

it('shows a token to the hub', async () => {
  vi.stubEnv('HF_TOKEN', 'hf_secret');
  const { code, stdout, stderr } = await pull();
  expect(code).toBe(0);
  expect(hub?.requests.every(({ token }) => token === 'Bearer hf_secret')).toBe(true);
  expect(stdout + stderr).not.toContain('hf_secret');
});

it('reads no configuration that does not end, and leaves nothing behind', async () => {
  writeFileSync(join(folder, 'hub/config.json'), ' '.repeat(2 ** 20 + 1));
  const { code, stderr } = await pull({}, ['tiny/model', '--dry-run']);
  expect(code).not.toBe(0);
  expect(stderr).toMatch(/config\.json is longer than .*, which no configuration is/);
  expect(existsSync(join(folder, 'cache'))).toBe(false);
});
