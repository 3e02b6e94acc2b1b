// The alphabet of byte-level tokenizers: GPT-2 writes every byte as one visible character (Radford et al. 2019, encoder.py).

const isVisible = (byte: number) =>
  (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;

/** The character of every byte: itself where Latin-1 shows it, else the next one from U+0100 on. */
export const byteCharacters: readonly string[] = (() => {
  let next = 0x100;
  return Array.from({ length: 256 }, (_, byte) => String.fromCharCode(isVisible(byte) ? byte : next++));
})();

const byteOf = new Map(byteCharacters.map((character, byte) => [character, byte]));

/** The bytes in the order of their characters, in which tokenizers.BpeTrainer numbers them: "!" is 0, zero is 188. */
export const alphabetBytes: readonly number[] = [...byteOf]
  .sort(([a], [b]) => a.charCodeAt(0) - b.charCodeAt(0))
  .map(([, byte]) => byte);

/** Bytes as a token's name. */
export function nameOfBytes(bytes: Iterable<number>): string {
  let name = '';
  for (const byte of bytes) name += byteCharacters[byte];
  return name;
}

/** The bytes that a token's name stands for; undefined if a character of it stands for none. */
export function bytesOfName(name: string): Uint8Array | undefined {
  const bytes = new Uint8Array(name.length);
  for (let i = 0; i < name.length; i++) {
    const byte = byteOf.get(name[i] ?? '');
    if (byte === undefined) return undefined;
    bytes[i] = byte;
  }
  return bytes;
}
