// The weights of a model directory: one safetensors file, or several with an index, or a sentence that says what is there instead.
import { type ByteSource, openSafetensors, type StoredTensor } from '../../data/safetensors.ts';
import { weightIndex as index, singleWeights as single } from '../../data/safetensors-shards.ts';
import { fileFormat, standInBytes, standInText, textBeginning } from '../../data/stand-ins.ts';
import { parseStrictJson, quoteName } from '../../data/strict-json.ts';

/** Files by name, not read yet; undefined where there is none. */
export type OpenFile = (name: string) => Promise<ByteSource | undefined>;

/** A file that is in memory, or bytes of a test. */
export function inMemory(bytes: Uint8Array): ByteSource {
  return { bytes: bytes.length, read: async (begin, end) => bytes.subarray(begin, end) };
}

/** A file that was chosen in a page. */
export function ofBlob(blob: Blob): ByteSource {
  const read = async (begin: number, end: number) =>
    new Uint8Array(await blob.slice(begin, end).arrayBuffer());
  return { bytes: blob.size, read };
}

/** The first of several files, by how many they are. */
const firstOf = (begin: string, end: string) =>
  Array.from({ length: 63 }, (_, i) => `${begin}-00001-of-${String(i + 2).padStart(5, '0')}.${end}`);

const convert = (from = '') =>
  `Convert it: in Python, AutoModelForCausalLM.from_pretrained(DIR${from}).save_pretrained(OUT, safe_serialization=True).`;

/** What else a directory may hold: names, and what they are and what to do. */
const others: readonly (readonly [names: readonly string[], what: string])[] = [
  [
    [
      ...[
        'pytorch_model.bin',
        'pytorch_model.bin.index.json',
        'model.pt',
        'model.pth',
        'consolidated.00.pth',
      ],
      ...firstOf('pytorch_model', 'bin'),
    ],
    `a pickle that could run any program when it is opened, and is not read. ${convert()}`,
  ],
  [
    firstOf('model', 'safetensors'),
    `one of several files, whose ${index} is missing. Fetch it too; the files stay as they are.`,
  ],
  [
    ['adapter_model.safetensors', 'adapter_config.json'],
    'an adapter to another model. In the command line, give that model with --adapter DIR; or merge both in Python: AutoPeftModelForCausalLM.from_pretrained(DIR).merge_and_unload().save_pretrained(OUT).',
  ],
  [
    ['model.fp16.safetensors', 'model.bf16.safetensors', 'model.fp32.safetensors'],
    `a variant. Rename it to ${single}.`,
  ],
  [['tf_model.h5'], `weights of TensorFlow, which are not read. ${convert(', from_tf=True')}`],
  [['flax_model.msgpack'], `weights of JAX, which are not read. ${convert(', from_flax=True')}`],
  [['model.gguf', 'ggml-model-f16.gguf'], 'which is a model by itself. Give that file, not its directory.'],
];

/** The most files of one model; the largest published one has 163. */
const fileLimit = 4096;

/** All tensors by name, which stay in their files. @throws one sentence that names the file that is missing or wrong. */
export async function openWeightFiles(open: OpenFile): Promise<Map<string, StoredTensor>> {
  const whole = await open(single);
  if (whole) return new Map(await openFile(single, whole));
  const listed = await open(index);
  if (listed) {
    await refuseStandIn(index, listed);
    return openShards(open, readIndex(await listed.read(0, listed.bytes)));
  }
  for (const [names, what] of others) {
    for (const name of names)
      if (await open(name)) throw new Error(`model: there is no ${single}, but ${name}, ${what}`);
  }
  throw new Error(`model: there is no ${single}. Choose a directory that has one.`);
}

/** The index's tensors by file. */
function readIndex(bytes: Uint8Array): Map<string, string[]> {
  const json = parseStrictJson(index, decode(bytes), { maxDepth: 4, maxKeys: 500_000 });
  const map = isRecord(json) ? json.weight_map : undefined;
  if (!isRecord(map)) throw new Error(`${index}: weight_map is missing. The file is damaged.`);
  const files = new Map<string, string[]>();
  for (const [tensor, file] of Object.entries(map)) {
    if (typeof file !== 'string' || !/^[\w.-]{1,200}\.safetensors$/.test(file) || file.startsWith('.'))
      throw new Error(
        `${index}: the file of ${quoteName(tensor)} is ${quoteName(String(file))}, not the name of a safetensors file beside it. The index is damaged.`,
      );
    const tensors = files.get(file) ?? [];
    tensors.push(tensor);
    files.set(file, tensors);
    if (files.size > fileLimit)
      throw new Error(`${index}: it names more than ${fileLimit} files. The index is damaged.`);
  }
  return files;
}

async function openShards(
  open: OpenFile,
  files: ReadonlyMap<string, readonly string[]>,
): Promise<Map<string, StoredTensor>> {
  const all = new Map<string, StoredTensor>();
  for (const [file, tensors] of files) {
    const source = await open(file);
    if (!source)
      throw new Error(
        `model: ${file} is missing, which ${index} names for ${tensors.length} tensors. Fetch it too; the other files stay as they are.`,
      );
    const found = await openFile(file, source);
    const lost = tensors.find((name) => !found.has(name));
    if (lost !== undefined)
      throw new Error(
        `${file}: there is no ${quoteName(lost)}, which ${index} says is there. Fetch ${file} again; the other files stay as they are.`,
      );
    for (const [name, tensor] of found) {
      if (all.has(name))
        throw new Error(`${file}: ${quoteName(name)} is in another file too. Fetch the files of one model.`);
      all.set(name, tensor);
    }
  }
  return all;
}

async function openFile(name: string, source: ByteSource): Promise<ReadonlyMap<string, StoredTensor>> {
  await refuseStandIn(name, source);
  try {
    return await openSafetensors(source);
  } catch (error) {
    if (name === single || !(error instanceof Error)) throw error;
    throw new Error(`${name}: ${error.message}`);
  }
}

async function refuseStandIn(name: string, source: ByteSource): Promise<void> {
  const head = await headOf(source);
  const standIn = standInText(name, head, source.bytes);
  if (standIn !== undefined) throw new Error(standIn);
  if (name === index) return;
  refuseText(name, head, 'a safetensors file');
  const format = formatOf(head);
  if (format === undefined) return;
  throw new Error(
    `${name}: it is ${format}, not a safetensors file. Fetch the safetensors file of the same model, or convert it in Python.`,
  );
}

/** Refuses what stands where a GGUF file was meant to be. @throws one sentence that says what it is */
export async function refuseGgufStandIn(source: ByteSource): Promise<void> {
  const head = await headOf(source);
  const standIn = standInText('gguf', head, source.bytes);
  if (standIn !== undefined) throw new Error(standIn);
  const isGguf = head.length >= 4 && String.fromCharCode(...head.subarray(0, 4)) === 'GGUF';
  if (!isGguf) refuseText('gguf', head, 'a GGUF file');
}

const headOf = (source: ByteSource) => source.read(0, Math.min(source.bytes, standInBytes));

function refuseText(name: string, head: Uint8Array, wanted: string): void {
  const text = head.length > 8 ? textBeginning(head) : undefined;
  if (text === undefined) return;
  throw new Error(
    `${name}: it is text, not ${wanted}, and begins ${quoteName(text)}. ` +
      'A server that refuses a file may send such a text in its place: fetch the file again, signed in where that is asked for.',
  );
}

/** A format of other weights, by what its files begin with: as the length of a header all of these are beyond what is read. */
function formatOf(head: Uint8Array): string | undefined {
  const begins = (mark: string) =>
    head.length >= 8 && [...mark].every((letter, i) => head[i] === letter.charCodeAt(0));
  if (begins('GGUF')) return 'a GGUF file of llama.cpp';
  if (begins('PK\x03\x04')) return 'a zip archive, as torch.save writes';
  if (begins('\x89HDF')) return 'an HDF5 file, as Keras writes';
  // A header's length has zeros in its upper half, what follows a pickle's protocol has not.
  const isPickle =
    begins('\x80') && head[1] >= 2 && head[1] <= 5 && head.subarray(4, 8).every((byte) => byte > 0);
  return isPickle ? 'a pickle of Python, which is not opened' : fileFormat(head)?.what;
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new Error(`${index}: it is not UTF-8. The file is damaged.`);
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
