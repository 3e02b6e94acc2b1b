// Tests of where weights lie: one file, several with an index, or what is there instead, said by name.
import { expect, test } from 'vitest';
import { writeSafetensors } from '../../../src/data/safetensors.ts';
import { inMemory, ofBlob, openWeightFiles } from '../../../src/lab/training/weight-files.ts';

const tensor = (value: number) => ({ shape: [2], data: Float32Array.of(value, value) });
const file = (...names: readonly string[]) =>
  writeSafetensors(names.map((name, i) => [name, tensor(i)] as const));
const json = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));
const [one, two] = ['model-00001-of-00002.safetensors', 'model-00002-of-00002.safetensors'];
const index = (map: unknown) => json({ metadata: { total_size: 24 }, weight_map: map });
const complete = {
  'model.safetensors.index.json': index({ a: one, b: one, c: two }),
  [one]: file('a', 'b'),
  [two]: file('c'),
};
const read = (files: Readonly<Record<string, Uint8Array>>) =>
  openWeightFiles(async (name) =>
    Object.hasOwn(files, name) ? inMemory(files[name] ?? new Uint8Array()) : undefined,
  );

test('shards are one model', async () => {
  const tensors = await read(complete);
  expect([...tensors.keys()].sort()).toEqual(['a', 'b', 'c']);
  expect(await tensors.get('b')?.read()).toEqual(Float32Array.of(1, 1));
});

test('a single file is taken before shards, as Transformers does', async () => {
  expect([...(await read({ ...complete, 'model.safetensors': file('whole') })).keys()]).toEqual(['whole']);
});

const pointer = new TextEncoder().encode(
  'version https://git-lfs.github.com/spec/v1\noid sha256:ab\nsize 77\n',
);
test.each([
  ['nothing', {}, /there is no model\.safetensors\. Choose a directory/],
  [
    'a pickle',
    { 'pytorch_model.bin': Uint8Array.of(0x50, 0x4b) },
    /but pytorch_model\.bin, a pickle.*save_pretrained/,
  ],
  [
    'pickled shards',
    { 'pytorch_model-00001-of-00003.bin': Uint8Array.of(0x50) },
    /but pytorch_model-00001.*a pickle/,
  ],
  [
    'shards alone',
    { [one]: file('a'), [two]: file('b') },
    /model\.safetensors\.index\.json is missing\. Fetch it/,
  ],
  [
    'an adapter',
    { 'adapter_model.safetensors': file('a') },
    /an adapter to another model\..*--adapter DIR; or merge both/,
  ],
  ['a variant', { 'model.fp16.safetensors': file('a') }, /a variant\. Rename it to model\.safetensors/],
  ['TensorFlow', { 'tf_model.h5': Uint8Array.of(1) }, /weights of TensorFlow, .*from_tf=True/],
  [
    'a GGUF file under the name',
    { 'model.safetensors': new TextEncoder().encode('GGUF\x03\0\0\0\0\0\0\0') },
    /it is a GGUF file of llama\.cpp, not a safetensors file/,
  ],
  [
    'a zip archive under the name',
    { 'model.safetensors': new TextEncoder().encode('PK\x03\x04\x14\0\0\0\0\0') },
    /a zip archive, as torch\.save writes/,
  ],
  [
    'a pickle under the name',
    { 'model.safetensors': Uint8Array.of(0x80, 2, 0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9) },
    /a pickle of Python/,
  ],
  [
    'the answer of a server under the name',
    { 'model.safetensors': json({ error: 'Invalid credentials in Authorization header' }) },
    /it is text, not a safetensors file, and begins "\{.*Invalid credentials.*signed in/,
  ],
  [
    'a packed file under the name',
    { 'model.safetensors': Uint8Array.of(0x1f, 0x8b, 8, 0, 1, 2, 3, 4, 0, 3, 75, 76) },
    /it is packed by gzip, not a safetensors file/,
  ],
  [
    'a pointer for the index',
    { ...complete, 'model.safetensors.index.json': pointer },
    /^model\.safetensors\.index\.json: it is a Git LFS pointer/,
  ],
  [
    'a pointer',
    { 'model.safetensors': pointer },
    /model\.safetensors: it is a Git LFS pointer to a file of 77 bytes/,
  ],
  [
    'a pointer for a shard',
    { ...complete, [two]: pointer },
    /model-00002-of-00002\.safetensors: it is a Git LFS pointer/,
  ],
  [
    'a shard too few',
    { ...complete, [two]: undefined },
    /model-00002-of-00002\.safetensors is missing, which .* names for 1 tensors/,
  ],
  [
    'another shard',
    { ...complete, [two]: file('d') },
    /model-00002-of-00002\.safetensors: there is no "c", which/,
  ],
  [
    'a shard that is cut',
    { ...complete, [two]: file('c').subarray(0, 40) },
    /^model-00002-of-00002\.safetensors: safetensors: /,
  ],
  [
    'a tensor twice',
    { ...complete, [two]: file('a', 'c') },
    /model-00002-of-00002\.safetensors: "a" is in another file too/,
  ],
  ['an index of no tensors', { 'model.safetensors.index.json': json([]) }, /weight_map is missing/],
  ['an index with a list', { 'model.safetensors.index.json': index({ a: [one] }) }, /the file of "a" is/],
  [
    'a path upwards',
    { 'model.safetensors.index.json': index({ a: '../secret.safetensors' }) },
    /is "\.\.\/secret\.safetensors", not the name/,
  ],
  [
    'an absolute path',
    { 'model.safetensors.index.json': index({ a: '/etc/passwd' }) },
    /is "\/etc\/passwd", not the name/,
  ],
  [
    'another format',
    { 'model.safetensors.index.json': index({ a: 'pytorch_model.bin' }) },
    /"pytorch_model\.bin", not the name/,
  ],
  [
    'an index that names a key twice',
    {
      'model.safetensors.index.json': new TextEncoder().encode(
        '{"weight_map":{"a":"x.safetensors","a":"y.safetensors"}}',
      ),
    },
    /a key occurs twice: "a"/,
  ],
  ['an index of bytes', { 'model.safetensors.index.json': Uint8Array.of(0xff, 0xfe) }, /it is not UTF-8/],
])('%s is refused by name', async (_, files, message) => {
  const present = Object.fromEntries(Object.entries(files).filter(([, bytes]) => bytes !== undefined));
  await expect(read(present as Record<string, Uint8Array>)).rejects.toThrow(message);
});

test('a hostile index of many files is refused before any is read', async () => {
  const map = Object.fromEntries(Array.from({ length: 5000 }, (_, i) => [`t${i}`, `${i}.safetensors`]));
  const opened: string[] = [];
  const attempt = openWeightFiles(async (name) => {
    opened.push(name);
    return name === 'model.safetensors.index.json' ? inMemory(index(map)) : undefined;
  });
  await expect(attempt).rejects.toThrow('it names more than 4096 files');
  expect(opened).toEqual(['model.safetensors', 'model.safetensors.index.json']);
});

test('a file that was chosen in a page is read in parts', async () => {
  const blob = new Blob([file('a', 'b')]);
  const tensors = await openWeightFiles(async (name) =>
    name === 'model.safetensors' ? ofBlob(blob) : undefined,
  );
  expect(await tensors.get('b')?.read(1, 1)).toEqual(Float32Array.of(1));
});
