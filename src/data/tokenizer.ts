// What a tokenizer is: text to token ids and back, with the file content that keeps it beside weights.

/** The newest version of the tokenizer file that this code writes and reads. */
export const tokenizerVersion = 3;

/** What stands for a token that the tokenizer does not have. */
export const unknownText = '\uFFFD';
/** Largest number that may be a token id. */
export const highestId = 0x7fff_ffff;

/** A sequence of token ids in the narrowest type that holds the vocabulary. */
export type TokenArray = Uint8Array | Uint16Array | Uint32Array;

/** Turns text into token ids and back; ids run from 0 to vocabularySize − 1. */
export interface Tokenizer {
  readonly kind: TokenizerFile['kind'];
  readonly vocabularySize: number;
  /** What stands before every text that a model goes on from, such as the id of <s>; often nothing. */
  readonly prefix: readonly number[];
  /**
   * Token ids of a text, without the prefix; a published tokenizer answers later.
   * @throws for what is not in the vocabulary, naming it
   */
  encode(text: string): Uint32Array | Promise<Uint32Array>;
  /**
   * The text of token ids. Ids past the vocabulary become U+FFFD, for a model may have more rows than its tokenizer has
   * tokens; so do bytes that are not UTF-8.
   * @param continuing true where the tokens go on from a text: some tokenizers drop the space before a first word
   * @throws for what is no id
   */
  decode(tokens: ArrayLike<number>, continuing?: boolean): string;
  /** A decoder for tokens that arrive one by one: it holds back a character until all of its bytes are there. */
  createStreamDecoder(continuing?: boolean): StreamDecoder;
  /** Bytes of UTF-8 that a token writes within a text; 0 for what is none of its tokens. */
  byteLength(token: number): number;
  /** The content of the tokenizer file. */
  toJSON(): TokenizerFile;
}

/** A tokenizer of our own, which encodes at once. */
export interface OwnTokenizer extends Tokenizer {
  encode(text: string): Uint32Array;
}

/** Decodes a stream of tokens piece by piece; the pieces together equal `decode` of all tokens. */
export interface StreamDecoder {
  /** The text that these tokens complete; may be empty. */
  push(tokens: ArrayLike<number>): string;
  /** What was held back, as U+FFFD if it never became a character; the decoder then starts afresh. */
  end(): string;
}

/** The content of `flopscope-tokenizer.json`. */
export type TokenizerFile = { readonly format: 'flopscope-tokenizer'; readonly version: number } & (
  | (WithSpecialTokens & {
      readonly kind: 'characters';
      /** The id of a character is its place. */
      readonly characters: string;
    })
  | (WithSpecialTokens & { readonly kind: 'bytes' })
  | (WithSpecialTokens & {
      readonly kind: 'bpe';
      /** Pairs of ids that become one token, in order; ids 0 to 255 are the bytes in the order of GPT-2's alphabet. */
      readonly merges: readonly (readonly [left: number, right: number])[];
    })
  | {
      readonly kind: 'published';
      /** The content of `tokenizer.json`. */
      readonly tokenizer: Readonly<Record<string, unknown>>;
      /** That of `tokenizer_config.json`. */
      readonly settings?: Readonly<Record<string, unknown>>;
    }
);

/** What kinds of ours may have besides. */
interface WithSpecialTokens {
  /** Texts that are one token each, with the ids after all others. */
  readonly special?: readonly string[];
}

/** Refuses tokens outside a vocabulary. @throws at the first that is not an integer in [0, vocabularySize), naming value and position */
export function checkTokens(tokens: ArrayLike<number>, vocabularySize: number): void {
  for (let i = 0; i < tokens.length; i++) {
    const token = tokens[i];
    // The comparisons also refuse NaN, and ~~ keeps only whole numbers of 32 bits.
    if (token >= 0 && token < vocabularySize && ~~token === token) continue;
    throw new Error(
      `tokens: outside the vocabulary: ${token} at position ${i}, ids run from 0 to ${vocabularySize - 1}. ` +
        'Use the tokenizer that the model was trained with.',
    );
  }
}

/** An empty token array of the narrowest type: 1 byte up to 256 tokens, 2 bytes up to 65 536, else 4. */
export function createTokenArray(vocabularySize: number, length: number): TokenArray {
  if (vocabularySize <= 0x100) return new Uint8Array(length);
  return vocabularySize <= 0x1_0000 ? new Uint16Array(length) : new Uint32Array(length);
}
