// Special tokens of a tokenizer of ours: texts such as <|end|> that are one token each, with the ids after all others.
import {
  checkTokens,
  highestId,
  type OwnTokenizer,
  type StreamDecoder,
  tokenizerVersion,
} from '../tokenizer.ts';

/**
 * The same tokenizer with texts that stand for themselves wherever they occur: the longest where several begin.
 * @throws for none, an empty one or one that is there twice
 */
export function withSpecialTokens(base: OwnTokenizer, special: readonly string[]): OwnTokenizer {
  if (special.length === 0 || new Set(special).size < special.length || special.includes(''))
    throw new Error(
      `tokenizer: special tokens are none, empty or twice: ${special.join(' ')}. The file is damaged.`,
    );
  const first = base.vocabularySize;
  const idOf = new Map(special.map((text, index) => [text, first + index]));
  const textOf = (id: number): string | undefined => (id >= first ? special[id - first] : undefined);
  const longestFirst = [...special].sort((a, b) => b.length - a.length);
  const cut = new RegExp(`(${longestFirst.map((text) => text.replace(/[^\w\s]/g, '\\$&')).join('|')})`);
  const createStreamDecoder = (): StreamDecoder => {
    const inner = base.createStreamDecoder();
    return {
      push: (tokens) => {
        let text = '';
        for (let at = 0; at < tokens.length; at++) {
          const own = textOf(tokens[at]);
          // Bytes that were no character yet never become one behind a special token.
          text += own === undefined ? inner.push([tokens[at]]) : inner.end() + own;
        }
        return text;
      },
      end: () => inner.end(),
    };
  };
  return {
    kind: base.kind,
    vocabularySize: first + special.length,
    prefix: base.prefix,
    encode: (text) => {
      // Every second piece is a special token: the pattern captures it.
      const pieces = text.split(cut).map((piece, index) => {
        const id = index % 2 === 1 ? idOf.get(piece) : undefined;
        return id === undefined ? base.encode(piece) : Uint32Array.of(id);
      });
      const tokens = new Uint32Array(pieces.reduce((sum, { length }) => sum + length, 0));
      let at = 0;
      for (const piece of pieces) {
        tokens.set(piece, at);
        at += piece.length;
      }
      return tokens;
    },
    decode: (tokens) => {
      checkTokens(tokens, highestId + 1);
      const decoder = createStreamDecoder();
      return decoder.push(tokens) + decoder.end();
    },
    createStreamDecoder,
    byteLength: (token) => textOf(token)?.length ?? base.byteLength(token),
    toJSON: () => ({ ...base.toJSON(), version: tokenizerVersion, special }),
  };
}
