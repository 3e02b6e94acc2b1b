// Files in and out of the page: downloads one by one or packed, and what a dropped file is meant for.
import { unzipSync, zipSync } from 'fflate';
import type { NamedFile } from '../../contract/values.ts';

/** Above this a zip would hold the page for longer than a moment: the files come one by one. Bytes. */
const zipLimit = 128 * 1024 * 1024;
/** An archive that unpacks to more, or to more files, is refused. Bytes. */
const unzipLimit = 1024 * 1024 * 1024;
const entryLimit = 64;

/** Starts the download of one file. */
export function downloadBytes(name: string, bytes: Uint8Array<ArrayBuffer>, type: string): void {
  const address = URL.createObjectURL(new Blob([bytes], { type }));
  const link = document.createElement('a');
  link.href = address;
  link.download = name;
  link.click();
  // The browser reads the address after this task; a minute is ample.
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}

/** Starts the download of a text. */
export function downloadText(name: string, text: string, type: string): void {
  downloadBytes(name, new TextEncoder().encode(text), type);
}

/** The bytes of an archive with these files, stored and not squeezed: weights do not get smaller. */
export function packFiles(files: readonly NamedFile[]): Uint8Array<ArrayBuffer> {
  return zipSync(Object.fromEntries(files.map(({ name, bytes }) => [name, [bytes, { level: 0 }]])));
}

/**
 * The files of an archive, named without their folders.
 * @throws if it declares more than 1 GiB or 64 files, which is known before anything is unpacked
 */
export function unpackFiles(archive: Uint8Array): readonly NamedFile[] {
  let total = 0;
  let count = 0;
  const files = unzipSync(archive, {
    filter: ({ name, originalSize }) => {
      if (name.endsWith('/')) return false;
      total += originalSize;
      count += 1;
      if (total > unzipLimit || count > entryLimit) {
        throw new Error(
          `zip: too much inside: ${count} files, ${total} bytes. Unpack it first, then open the files.`,
        );
      }
      return true;
    },
  });
  return Object.entries(files).map(([path, bytes]) => ({
    name: path.slice(path.lastIndexOf('/') + 1),
    bytes,
  }));
}

/** Downloads files as `title.zip`, or one by one when they are many megabytes or only one; folders are always packed. */
export function downloadFiles(title: string, files: readonly NamedFile[]): void {
  const total = files.reduce((sum, { bytes }) => sum + bytes.byteLength, 0);
  const hasFolders = files.some(({ name }) => name.includes('/'));
  if (hasFolders || (files.length > 1 && total <= zipLimit)) {
    downloadBytes(`${title}.zip`, packFiles(files), 'application/zip');
    return;
  }
  for (const { name, bytes } of files) downloadBytes(name, bytes, 'application/octet-stream');
}

/** Whether a file's name says that it belongs to a model or checkpoint; anything else is text to train on. */
export function isModelFile(name: string): boolean {
  return (
    /\.(safetensors|gguf|zip|bin|checkpoint)$/i.test(name) ||
    /^(config|tokenizer|checkpoint|run|state)[\w.-]*\.json$/i.test(name)
  );
}

/** What the worker is given to open: archives are unpacked, other files passed on as they are. */
export async function filesToImport(
  files: readonly File[],
): Promise<readonly { readonly name: string; readonly content: Blob }[]> {
  const list: { readonly name: string; readonly content: Blob }[] = [];
  for (const file of files) {
    if (!/\.zip$/i.test(file.name)) {
      list.push({ name: file.name, content: file });
      continue;
    }
    const unpacked = unpackFiles(new Uint8Array(await file.arrayBuffer()));
    list.push(
      ...unpacked.map(({ name, bytes }) => ({ name, content: new Blob([bytes as Uint8Array<ArrayBuffer>]) })),
    );
  }
  return list;
}
