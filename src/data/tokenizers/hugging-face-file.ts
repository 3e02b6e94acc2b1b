// Writes tokenizers of ours as tokenizer.json, so that Hugging Face's libraries make the same tokens of every text.
import type { TokenizerFile } from '../tokenizer.ts';
import { byteCharacters, nameOfBytes } from './byte-alphabet.ts';
import { byteVocabulary } from './byte-pairs.ts';
import { wordPattern } from './words.ts';

/** The content of a tokenizer.json. */
export function huggingFaceTokenizer(file: TokenizerFile): object {
  switch (file.kind) {
    case 'published':
      return file.tokenizer;
    case 'characters': {
      // Without a cut and without merges every character stays a token; what has none is left out there.
      const vocab = Object.fromEntries(Array.from(file.characters, (character, id) => [character, id]));
      return tokenizerOf(vocab, [], null, { type: 'Fuse' });
    }
    case 'bytes': {
      const vocab = Object.fromEntries(byteCharacters.map((name, byte) => [name, byte]));
      return tokenizerOf(vocab, [], byteLevel, byteLevel);
    }
    case 'bpe': {
      const { tokens } = byteVocabulary(file.merges);
      const names = tokens.map((token) => nameOfBytes(Array.from(token, (unit) => unit.charCodeAt(0))));
      const vocab = Object.fromEntries(names.map((name, id) => [name, id]));
      const merges = file.merges.map(([left, right]) => [names[left], names[right]]);
      const pattern = { Regex: wordPattern };
      const split = { type: 'Split', pattern, behavior: 'Isolated', invert: false };
      return tokenizerOf(vocab, merges, { type: 'Sequence', pretokenizers: [split, byteLevel] }, byteLevel);
    }
    default:
      return file satisfies never;
  }
}

/** Bytes as characters, and nothing else: the pattern that is built into it is no other library's. */
const byteLevel = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: false };

function tokenizerOf(
  vocab: object,
  merges: readonly unknown[],
  preTokenizer: object | null,
  decoder: object,
): object {
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: [],
    normalizer: null,
    pre_tokenizer: preTokenizer,
    post_processor: null,
    decoder,
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: false,
      vocab,
      merges,
    },
  };
}
