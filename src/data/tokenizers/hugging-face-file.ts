// Writes tokenizers of ours as tokenizer.json, so that Hugging Face's libraries make the same tokens of every text.
import type { TokenizerFile } from '../tokenizer.ts';
import { byteCharacters, nameOfBytes } from './byte-alphabet.ts';
import { byteVocabulary } from './byte-pairs.ts';
import { wordPattern } from './words.ts';

/** The content of a tokenizer.json. */
export function huggingFaceTokenizer(file: TokenizerFile): object {
  if (file.kind === 'published') return file.tokenizer;
  const { vocab, ...parts } = partsOf(file);
  const first = Object.keys(vocab).length;
  const plain = { single_word: false, lstrip: false, rstrip: false, normalized: false, special: true };
  const added = (file.special ?? []).map((content, index) => ({ id: first + index, content, ...plain }));
  return tokenizerOf({ vocab, ...parts }, added);
}

interface TokenizerParts {
  readonly vocab: object;
  readonly merges: readonly unknown[];
  readonly preTokenizer: object | null;
  readonly decoder: object;
}

function partsOf(file: Exclude<TokenizerFile, { kind: 'published' }>): TokenizerParts {
  switch (file.kind) {
    case 'characters': {
      // Without a cut and without merges every character stays a token; what has none is left out there.
      const vocab = Object.fromEntries(Array.from(file.characters, (character, id) => [character, id]));
      return { vocab, merges: [], preTokenizer: null, decoder: { type: 'Fuse' } };
    }
    case 'bytes': {
      const vocab = Object.fromEntries(byteCharacters.map((name, byte) => [name, byte]));
      return { vocab, merges: [], preTokenizer: byteLevel, decoder: byteLevel };
    }
    case 'bpe': {
      const { tokens } = byteVocabulary(file.merges);
      const names = tokens.map((token) => nameOfBytes(Array.from(token, (unit) => unit.charCodeAt(0))));
      const vocab = Object.fromEntries(names.map((name, id) => [name, id]));
      const merges = file.merges.map(([left, right]) => [names[left], names[right]]);
      const pattern = { Regex: wordPattern };
      const split = { type: 'Split', pattern, behavior: 'Isolated', invert: false };
      const preTokenizer = { type: 'Sequence', pretokenizers: [split, byteLevel] };
      return { vocab, merges, preTokenizer, decoder: byteLevel };
    }
    default:
      return file satisfies never;
  }
}

/** Bytes as characters, and nothing else: the pattern that is built into it is no other library's. */
const byteLevel = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: false };

function tokenizerOf(
  { vocab, merges, preTokenizer, decoder }: TokenizerParts,
  added: readonly object[],
): object {
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: added,
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
