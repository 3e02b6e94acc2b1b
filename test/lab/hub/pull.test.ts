// Pulling over a hub and into a folder that are made up: what networks and disks do that no local server shows.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { factsName, isNamed, readFacts } from '../../../src/lab/hub/facts.ts';
import { fetchModel, lookUp } from '../../../src/lab/hub/pull.ts';
import { type HubAccess, hubNameOf, parseHubName } from '../../../src/lab/hub/repository.ts';
import { MemoryModelFolder } from './memory-model-folder.ts';

const commit = '0123456789abcdef0123456789abcdef01234567';
const files: Readonly<Record<string, Uint8Array>> = {
  'config.json': readFileSync('test/fixtures/llama-c/config.json'),
  'model.safetensors': readFileSync('test/fixtures/llama-c/model.safetensors'),
};

interface Made {
  readonly gated?: string | false;
  /** Answers a request for a file. */
  readonly file?: (name: string, range: string | undefined, asked: number) => Response;
}

function makeHub({ gated = false, file = (name) => answer(files[name]) }: Made = {}) {
  const asked: { readonly name: string; readonly range: string | undefined }[] = [];
  const access: HubAccess = {
    endpoint: 'https://hub.test/mirror',
    advice: {
      hidden: 'it may be private',
      agreed: 'fetch it again',
      unreachable: 'Check the network.',
      wrongHub: 'Check the address.',
    },
    fetch: async (input, init) => {
      const { pathname } = new URL(String(input));
      if (pathname === '/mirror/api/models/tiny/model/revision/main') {
        const counts = { likes: 0, downloads: 0 };
        return Response.json({ _id: '1', id: 'tiny/model', sha: commit, private: false, gated, ...counts });
      }
      if (pathname === `/mirror/api/models/tiny/model/tree/${commit}`)
        return Response.json(
          Object.entries(files).map(([path, bytes]) => {
            const oid = createHash('sha256').update(bytes).digest('hex');
            return { type: 'file', path, size: bytes.length, oid: 'x', lfs: { oid, size: bytes.length } };
          }),
        );
      const name = pathname.split('/').at(-1) ?? '';
      const range = new Headers(init?.headers).get('range') ?? undefined;
      asked.push({ name, range });
      return file(name, range, asked.filter((one) => one.name === name).length);
    },
  };
  return { access, asked };
}

const answer = (bytes: Uint8Array | undefined, init: ResponseInit = {}) =>
  new Response(bytes === undefined ? null : new Uint8Array(bytes), {
    ...init,
    headers: { 'content-length': String(bytes?.length ?? 0), ...init.headers },
  });

async function pull(made: Made, folder = new MemoryModelFolder()) {
  const { access, asked } = makeHub(made);
  const notes: string[] = [];
  const found = await lookUp(parseHubName('tiny/model'), access);
  const { signal } = new AbortController();
  const progress: number[] = [];
  const received = await fetchModel(found, {
    ...access,
    folder,
    signal,
    note: (line) => notes.push(line),
    onProgress: (bytes) => progress.push(bytes),
  });
  return { received, folder, asked, notes, progress, found };
}

const weights = 'model.safetensors';
const whole = files[weights];
const begun = () => {
  const folder = new MemoryModelFolder();
  folder.files.set(`${weights}.part`, whole.slice(0, 1000));
  return folder;
};

function expectWhole(folder: MemoryModelFolder): void {
  expect(Buffer.compare(folder.files.get(weights) ?? new Uint8Array(), whole)).toBe(0);
  expect([...folder.files.keys()].sort()).toEqual(['config.json', weights, factsName]);
}

it('says what a model is and takes before it is fetched, and fetches it whole', async () => {
  const { found, folder, progress, received } = await pull({});
  const bytes = Object.values(files).reduce((sum, file) => sum + file.length, 0);
  expect(found).toMatchObject({
    bytes,
    published: { id: 'tiny/model', commit },
    need: { parameters: 10_488 },
  });
  expect(found.need.memoryBytes).toBeGreaterThan(4 * found.need.parameters);
  expectWhole(folder);
  expect(received).toBe(bytes);
  expect(progress.at(-1)).toBe(bytes);
  const facts = readFacts(folder.files.get(factsName));
  expect(facts).toEqual({ id: 'tiny/model', revision: 'main', commit, totalBytes: bytes, isComplete: true });
  expect(facts && [isNamed(facts, 'tiny/model', 'main'), isNamed(facts, 'tiny/model', 'v2')]).toEqual([
    true,
    false,
  ]);
  expect(readFacts(new TextEncoder().encode('{"id": 1}'))).toBeUndefined();
});

it('goes on by a range whose place another host hides from a page', async () => {
  const file = (name: string, range: string | undefined) =>
    range === 'bytes=1000-' ? answer(whole.slice(1000), { status: 206 }) : answer(files[name]);
  const { folder, received, found } = await pull({ file }, begun());
  expectWhole(folder);
  expect(received).toBe(found.bytes - 1000);
});

it('begins anew where a server sends another part than was asked for', async () => {
  const file = (name: string, range: string | undefined) =>
    range === undefined ? answer(files[name]) : answer(whole.slice(7), { status: 206 });
  const { folder, notes, asked } = await pull({ file }, begun());
  expectWhole(folder);
  expect(notes).toEqual([expect.stringMatching(/another part than byte 1000 on/)]);
  expect(asked.filter(({ name }) => name === weights).map(({ range }) => range)).toEqual([
    'bytes=1000-',
    undefined,
  ]);
});

it('takes a full disk for no connection that was cut', async () => {
  const folder = new MemoryModelFolder();
  folder.room = 2000;
  await expect(pull({}, folder)).rejects.toMatchObject({ problem: { kind: 'storageFull' } });
  expect(readFacts(folder.files.get(factsName))?.isComplete).toBe(false);
});

it('gives up where no more bytes come, and keeps what came', async () => {
  const headers = { 'content-range': `bytes 1000-${whole.length - 1}/${whole.length}` };
  const file = (name: string, range: string | undefined) =>
    range === undefined ? answer(files[name]) : answer(new Uint8Array(), { status: 206, headers });
  const folder = begun();
  await expect(pull({ file }, folder)).rejects.toThrow(/1000 of \d+ bytes, and no more come\. Pull again/);
  expect(folder.files.get(`${weights}.part`)).toHaveLength(1000);
});

it.each([
  [401, false, /shows no config\.json of tiny\/model \(401\)\. Check the name; it may be private\./],
  [
    403,
    'auto',
    /only to those who agreed to its terms \(403\)\. Agree on https:\/\/hub\.test\/mirror\/tiny\/model; then fetch it again\./,
  ],
  [418, false, /answers 418 for config\.json of tiny\/model\. Try again later\./],
] as const)('says of %i, gated %s, what can be done', async (status, gated, message) => {
  const file = () => answer(undefined, { status });
  await expect(lookUp(parseHubName('tiny/model'), makeHub({ gated, file }).access)).rejects.toThrow(message);
});

it.each([
  ['tiny/model', { id: 'tiny/model', revision: 'main' }],
  [' tiny/model@refs/pr/1 ', { id: 'tiny/model', revision: 'refs/pr/1' }],
  ['tiny', undefined],
  ['../tiny', undefined],
  ['a/b/c', undefined],
  ['a/b@../c', undefined],
])('reads %j as a name', (text, name) => {
  expect(hubNameOf(text)).toEqual(name);
});
