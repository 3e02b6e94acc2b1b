// From tokens to text, for every tokenizer whose tokens write bytes: whole, or as they come, without half characters.
import { checkTokens, highestId, type StreamDecoder, unknownText } from '../tokenizer.ts';

/**
 * The UTF-8 that a token writes; undefined for an id that the tokenizer does not have.
 * @param isFirst whether it opens a text: some tokenizers leave out the space before a first word
 */
export type BytesOfToken = (id: number, isFirst: boolean) => Uint8Array | undefined;

/**
 * A decoder of tokens that arrive in parts. A character is held back until all of its bytes are there; what is no
 * UTF-8, and every id without bytes, becomes U+FFFD.
 * @param continuing true where the tokens go on from a text
 */
export function createPieceDecoder(bytesOf: BytesOfToken, continuing = false): StreamDecoder {
  // A sample of a young model is seldom valid UTF-8, so the decoder replaces rather than throws.
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  let isFirst = !continuing;
  return {
    push: (tokens) => {
      checkTokens(tokens, highestId + 1);
      const held = new HeldBytes();
      let text = '';
      for (let i = 0; i < tokens.length; i++) {
        const bytes = bytesOf(tokens[i], isFirst);
        isFirst = false;
        if (bytes) held.add(bytes);
        // What has no bytes ends the character before it.
        else text += decoder.decode(held.take()) + unknownText;
      }
      return text + decoder.decode(held.take(), { stream: true });
    },
    end: () => {
      isFirst = !continuing;
      return decoder.decode();
    },
  };
}

/** Bytes of many tokens, so that the decoder is asked once and not for each. */
class HeldBytes {
  #bytes = new Uint8Array(256);
  #count = 0;

  add(bytes: Uint8Array): void {
    if (this.#count + bytes.length > this.#bytes.length) {
      const larger = new Uint8Array(2 * (this.#count + bytes.length));
      larger.set(this.#bytes);
      this.#bytes = larger;
    }
    this.#bytes.set(bytes, this.#count);
    this.#count += bytes.length;
  }

  take(): Uint8Array {
    const bytes = this.#bytes.subarray(0, this.#count);
    this.#count = 0;
    return bytes;
  }
}

/** The text of tokens that are all there. */
export function decodePieces(bytesOf: BytesOfToken, tokens: ArrayLike<number>, continuing = false): string {
  const decoder = createPieceDecoder(bytesOf, continuing);
  return decoder.push(tokens) + decoder.end();
}
