// Turns the bytes of a text file, piece by piece, into checked and normalised text, and counts its characters.

import { fileFormat } from './stand-ins.ts';

/** A file, or a function that starts reading the same bytes anew each time (it is called once per pass). */
export type TextSource = Blob | (() => AsyncIterable<Uint8Array>);

/** What a text is made of. */
export interface TextCount {
  /** Characters (code points). */
  readonly characters: number;
  /** The distinct ones, ascending. */
  readonly codePoints: readonly number[];
  /** Size in UTF-8. */
  readonly utf8Bytes: number;
}

/** The pieces of a source in order. Breaking out of the loop ends the reading. */
export async function* readChunks(source: TextSource): AsyncGenerator<Uint8Array> {
  if (typeof source === 'function') {
    yield* source();
    return;
  }
  // Streams cannot be iterated in every browser, so the reader is used by hand.
  const reader = source.stream().getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    await reader.cancel();
  }
}

/**
 * A decoder from pieces of UTF-8 to text without byte order mark, "\r\n" and "\r" turned into "\n".
 * Call it without a piece at the end.
 * @throws for other formats, zero bytes, UTF-16 and invalid UTF-8, naming the place
 */
export function createPieceDecoder(): (piece?: Uint8Array) => string {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let bytes = 0;
  let heldReturn = '';
  return (piece) => {
    const from = bytes;
    if (piece) {
      checkIsText(piece, from);
      bytes += piece.length;
    }
    const text = heldReturn + decode(decoder, piece, from);
    // A "\r" at the very end may be the first half of "\r\n": keep it for the next piece.
    heldReturn = piece && text.endsWith('\r') ? '\r' : '';
    const complete = heldReturn === '' ? text : text.slice(0, -1);
    return complete.includes('\r') ? complete.replace(/\r\n?/g, '\n') : complete;
  };
}

/** Text that a person typed or a shell handed over, as `createPieceDecoder` leaves the text of files. */
export function normaliseText(text: string): string {
  return text.replace(/^\uFEFF/, '').replace(/\r\n?/g, '\n');
}

/** A counter of characters; feed it whole code points. */
export function createTextCounter(): { add(text: string): void; result(): TextCount } {
  const seen = new Uint8Array(0x11_0000);
  let characters = 0;
  let utf8Bytes = 0;
  const add = (text: string): void => {
    for (let i = 0; i < text.length; i++) {
      const codePoint = text.codePointAt(i) ?? 0;
      if (codePoint > 0xffff) i++;
      seen[codePoint] = 1;
      characters++;
      utf8Bytes += codePoint < 0x80 ? 1 : codePoint < 0x800 ? 2 : codePoint < 0x1_0000 ? 3 : 4;
    }
  };
  const result = (): TextCount => {
    const codePoints: number[] = [];
    for (let codePoint = 0; codePoint < seen.length; codePoint++)
      if (seen[codePoint]) codePoints.push(codePoint);
    return { characters, codePoints, utf8Bytes };
  };
  return { add, result };
}

function checkIsText(piece: Uint8Array, from: number): void {
  const isMark = (piece[0] === 0xff && piece[1] === 0xfe) || (piece[0] === 0xfe && piece[1] === 0xff);
  if (from === 0 && isMark) {
    // A little-endian mark of UTF-32 is one of UTF-16 and two zero bytes.
    const encoding = piece[0] === 0xff && piece.length >= 4 && !piece[2] && !piece[3] ? 'UTF-32' : 'UTF-16';
    throw new Error(
      `text file: ${encoding}, not UTF-8: it starts with a byte order mark of ${encoding}. Save it as UTF-8.`,
    );
  }
  const format = from === 0 ? fileFormat(piece) : undefined;
  if (format) throw new Error(`text file: it is ${format.what}, not text. ${format.advice}`);
  const zero = piece.indexOf(0);
  if (zero >= 0) {
    const found = `a zero byte at position ${from + zero}`;
    throw new Error(`text file: binary, not text: ${found}. Choose a plain text file saved as UTF-8.`);
  }
}

function decode(decoder: TextDecoder, piece: Uint8Array | undefined, from: number): string {
  try {
    return piece ? decoder.decode(piece, { stream: true }) : decoder.decode();
  } catch {
    // The decoder does not say where; a character may have begun up to three bytes before this piece.
    const place = piece
      ? `between the bytes ${Math.max(0, from - 3)} and ${from + piece.length}`
      : 'at its end';
    throw new Error(`text file: not valid UTF-8: ${place}. Save it as UTF-8.`);
  }
}
