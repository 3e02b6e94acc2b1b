// A tokenizer that others published as tokenizer.json: texts are encoded by their library, tokens decoded here.
import type { Tokenizer } from '../tokenizer.ts';
import { Encoder, type EncoderBudget } from './encoder.ts';
import { createPieceDecoder, decodePieces } from './piece-decoder.ts';
import { publishedPieces } from './published-decoder.ts';
import { readPublishedFile } from './published-file.ts';

/**
 * Makes a tokenizer of a parsed tokenizer.json.
 * @param settings the parsed tokenizer_config.json, if there is one
 * @throws an Error with one sentence for what is damaged, and for what is not computed here
 */
export function publishedTokenizer(
  json: unknown,
  settings: Readonly<Record<string, unknown>> | undefined,
  budget?: EncoderBudget,
): Tokenizer {
  const file = readPublishedFile(json);
  const bytesOf = publishedPieces(file);
  const encoder = new Encoder(file.json, relevantOf(settings), budget);
  return {
    kind: 'published',
    vocabularySize: file.tokens.length,
    prefix: file.prefix,
    encode: (text) => encoder.encode(text),
    decode: (tokens, continuing) => decodePieces(bytesOf, tokens, continuing),
    createStreamDecoder: (continuing) => createPieceDecoder(bytesOf, continuing),
    byteLength: (token) => bytesOf(token, false)?.length ?? 0,
    toJSON: () => ({
      format: 'flopscope-tokenizer',
      version: 2,
      kind: 'published',
      tokenizer: file.json,
      ...(settings ? { settings } : {}),
    }),
  };
}

/** What the library reads of the settings to encode; the rest is for chats and for padding. */
function relevantOf(settings: Readonly<Record<string, unknown>> | undefined): object {
  const names = ['eos_token', 'remove_space', 'do_lowercase_and_remove_accent'];
  const entries = names.map((name) => [name, settings?.[name]] as const);
  return Object.fromEntries(
    entries.filter(([, value]) => typeof value === 'string' || typeof value === 'boolean'),
  );
}
