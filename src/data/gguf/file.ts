// A GGUF file that stays where it is: its header is read, its tensors are when they are asked for.
import type { ByteSource } from '../safetensors.ts';
import { quoteName } from '../strict-json.ts';
import { dequantise, readableTypes } from './dequantise.ts';
import { refuseGguf } from './fault.ts';
import { type GgufHeader, type GgufTensor, ggufHeaderLimitBytes, parseGgufHeader } from './header.ts';

/** The extension of the files. */
export const ggufExtension = '.gguf';

/** Bytes of the first look; a header without a vocabulary fits. */
const firstBytes = 2 ** 16;

/** Reads the header of a file. Rejects with an InvalidFileError in one sentence. */
export async function openGguf(source: ByteSource): Promise<GgufHeader> {
  // Headers do not say how long they are: more of the file is read until its header ends, eight times as much each time.
  for (let size = firstBytes; ; size *= 8) {
    const bytes = Math.min(size, source.bytes, ggufHeaderLimitBytes);
    const header = parseGgufHeader(await source.read(0, bytes), source.bytes);
    if (header) return header;
    if (bytes === ggufHeaderLimitBytes)
      return refuseGguf(`its header is longer than ${ggufHeaderLimitBytes} bytes`);
  }
}

/** Refuses a tensor whose numbers are stored in a way that is not read. */
export function checkReadable(name: string, { type }: GgufTensor): void {
  if (readableTypes.includes(type.name)) return;
  refuseGguf(
    `tensor ${quoteName(name)} is of the type ${type.name}, which is not read`,
    `Fetch the model in ${readableTypes.join(', ')}, or a mixture of these such as Q4_K_M.`,
  );
}

/** `count` numbers of a tensor from the row-major `first` on, of all blocks that they lie in. */
export async function readGguf(
  source: ByteSource,
  { type, begin }: GgufTensor,
  first: number,
  count: number,
): Promise<Float32Array> {
  const block = Math.floor(first / type.elements);
  const end = Math.ceil((first + count) / type.elements);
  const bytes = await source.read(begin + block * type.bytes, begin + end * type.bytes);
  const skipped = first - block * type.elements;
  return dequantise(type, bytes).subarray(skipped, skipped + count);
}
