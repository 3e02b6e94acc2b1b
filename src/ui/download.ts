// Hands files to the browser's download list, one by one or packed.
import { zipSync } from 'fflate';
import type { NamedFile } from '../worker/api.ts';

/** Above this a zip would hold the page for longer than a moment: the files come one by one. Bytes. */
const zipLimit = 128 * 1024 * 1024;

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

/** Downloads files as `title.zip`, or one by one when they are many megabytes or only one. */
export function downloadFiles(title: string, files: readonly NamedFile[]): void {
  const total = files.reduce((sum, { bytes }) => sum + bytes.byteLength, 0);
  if (files.length > 1 && total <= zipLimit) {
    downloadBytes(`${title}.zip`, packFiles(files), 'application/zip');
    return;
  }
  for (const { name, bytes } of files) downloadBytes(name, bytes, 'application/octet-stream');
}
