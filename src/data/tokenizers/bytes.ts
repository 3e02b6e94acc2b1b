// The tokenizer whose tokens are the bytes of UTF-8: 256 of them, and no text that they cannot write.
import type { OwnTokenizer } from '../tokenizer.ts';
import { unpairedMessage } from './characters.ts';
import { createPieceDecoder, decodePieces } from './piece-decoder.ts';

const bytesOf = (token: number) => (token < 256 ? Uint8Array.of(token) : undefined);

/** The tokenizer whose 256 tokens are the bytes of UTF-8: it can write down any text. */
export function byteTokenizer(): OwnTokenizer {
  return {
    kind: 'bytes',
    vocabularySize: 256,
    prefix: [],
    encode: encodeUtf8,
    decode: (tokens) => decodePieces(bytesOf, tokens),
    createStreamDecoder: () => createPieceDecoder(bytesOf),
    byteLength: (token) => (token < 256 ? 1 : 0),
    toJSON: () => ({ format: 'flopscope-tokenizer', version: 1, kind: 'bytes' }),
  };
}

function encodeUtf8(text: string): Uint32Array {
  const lone = text.search(/\p{Surrogate}/u);
  if (lone >= 0) throw new Error(unpairedMessage(text.charCodeAt(lone), lone));
  return new Uint32Array(new TextEncoder().encode(text));
}
