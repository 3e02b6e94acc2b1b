// The tokenizer of a GGUF file in the form of a published tokenizer.json: byte-level BPE, and SentencePiece's BPE by scores.
// Source: llama.cpp's src/llama-vocab.cpp (which pattern each `tokenizer.ggml.pre` names), and how convert_hf_to_gguf.py fills the keys.

import { quoteName } from '../strict-json.ts';
import { templateKey } from '../tokenizers/chat.ts';
import type { GgufValue } from './header.ts';

/** What `publishedTokenizer` takes. */
export interface TokenizerJson {
  readonly json: unknown;
  readonly settings: Readonly<Record<string, unknown>>;
}

/** The kind of tokens that texts are cut into: the others are control tokens, single bytes, and the unknown one. */
const normal = 1;

/** Kinds of tokens that stand for themselves in a text: control, and those that a user defined. */
const standsForItself: readonly unknown[] = [3, 4];

const cl100k = (digits: string) =>
  `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|${digits}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+`;
const byteLevel = (usesPattern: boolean) => ({
  type: 'ByteLevel',
  add_prefix_space: false,
  trim_offsets: true,
  use_regex: usesPattern,
});
const bySplit = (pattern: string) => ({
  type: 'Sequence',
  pretokenizers: [
    { type: 'Split', pattern: { Regex: pattern }, behavior: 'Isolated', invert: false },
    byteLevel(false),
  ],
});
const digitByDigit = {
  type: 'Sequence',
  pretokenizers: [{ type: 'Digits', individual_digits: true }, byteLevel(true)],
};

/** How texts are cut before merging, by `tokenizer.ggml.pre`. */
const cuts: ReadonlyMap<string, object> = new Map<string, object>([
  ...['llama3', 'llama-v3', 'llama-bpe', 'dbrx', 'smaug-bpe'].map(
    (name) => [name, bySplit(cl100k('\\p{N}{1,3}'))] as const,
  ),
  ...['qwen2', 'deepseek-r1-qwen'].map((name) => [name, bySplit(cl100k('\\p{N}'))] as const),
  ...['gpt-2', 'olmo', 'phi-2'].map((name) => [name, byteLevel(true)] as const),
  ...['smollm', 'starcoder', 'refact', 'command-r'].map((name) => [name, digitByDigit] as const),
]);

/** Those whose words that are tokens are taken whole, and that begin a text with a token unless told otherwise. */
const llama3 = ['llama3', 'llama-v3', 'llama-bpe'];

/**
 * The tokenizer as a tokenizer.json; undefined where the file has none.
 * @throws an Error in one sentence for one that is not computed here
 */
export function ggufTokenizer(metadata: ReadonlyMap<string, GgufValue>): TokenizerJson | undefined {
  const model = metadata.get('tokenizer.ggml.model');
  const tokens = metadata.get('tokenizer.ggml.tokens');
  if (model === undefined || model === 'none' || tokens === undefined) return undefined;
  const vocabulary = textsOf('tokenizer.ggml.tokens', tokens);
  const added = addedTokens(vocabulary, metadata.get('tokenizer.ggml.token_type'));
  if (model === 'gpt2') return bytePairs(metadata, vocabulary, added);
  if (model === 'llama') return sentencePieces(metadata, vocabulary, added);
  throw new Error(
    `gguf: tokenizer.ggml.model is ${quoteName(String(model))}, which is not computed here. Give token ids instead of text.`,
  );
}

interface AddedToken {
  readonly id: number;
  readonly content: string;
}

function bytePairs(
  metadata: ReadonlyMap<string, GgufValue>,
  vocabulary: readonly string[],
  added: readonly AddedToken[],
): TokenizerJson {
  const pre = String(metadata.get('tokenizer.ggml.pre') ?? 'default');
  const cut = cuts.get(pre);
  if (!cut)
    throw new Error(
      `gguf: tokenizer.ggml.pre is ${quoteName(pre)}: how it cuts texts is not known here. Give token ids instead of text.`,
    );
  const merges = textsOf('tokenizer.ggml.merges', metadata.get('tokenizer.ggml.merges') ?? []);
  const isLlama3 = llama3.includes(pre);
  return {
    json: {
      added_tokens: added.map(special),
      normalizer: null,
      pre_tokenizer: cut,
      post_processor: beginning(metadata, vocabulary, isLlama3),
      decoder: byteLevel(true),
      model: { ...bpe(vocabulary), ignore_merges: isLlama3, merges: merges.map(pairOf) },
    },
    settings: settingsOf(metadata, vocabulary),
  };
}

function sentencePieces(
  metadata: ReadonlyMap<string, GgufValue>,
  vocabulary: readonly string[],
  added: readonly AddedToken[],
): TokenizerJson {
  const scores = metadata.get('tokenizer.ggml.scores');
  if (!Array.isArray(scores) || scores.length !== vocabulary.length)
    throw new Error('gguf: tokenizer.ggml.scores are not one a token. Give token ids instead of text.');
  const hasPrefix = metadata.get('tokenizer.ggml.add_space_prefix') !== false;
  const space = { type: 'Replace', pattern: { String: ' ' }, content: '▁' };
  const back = [
    { type: 'Replace', pattern: { String: '▁' }, content: ' ' },
    { type: 'ByteFallback' },
    { type: 'Fuse' },
  ];
  const unknown = vocabulary[Number(metadata.get('tokenizer.ggml.unknown_token_id') ?? 0)] ?? null;
  return {
    json: {
      added_tokens: added.map(special),
      normalizer: {
        type: 'Sequence',
        normalizers: hasPrefix ? [{ type: 'Prepend', prepend: '▁' }, space] : [space],
      },
      pre_tokenizer: null,
      post_processor: beginning(metadata, vocabulary, true),
      decoder: {
        type: 'Sequence',
        decoders: hasPrefix ? [...back, { type: 'Strip', content: ' ', start: 1, stop: 0 }] : back,
      },
      model: {
        ...bpe(vocabulary),
        unk_token: unknown,
        fuse_unk: true,
        byte_fallback: true,
        merges: mergesByScore(
          vocabulary,
          scores as readonly number[],
          metadata.get('tokenizer.ggml.token_type'),
        ),
      },
    },
    settings: settingsOf(metadata, vocabulary),
  };
}

/** The longest piece that is cut in every way; published ones have at most a few dozen characters. */
const longestPiece = 512;

/**
 * SentencePiece joins the two neighbours whose piece has the highest score: as merges, every way to cut a piece in two, the highest
 * score first.
 */
function mergesByScore(
  vocabulary: readonly string[],
  scores: readonly number[],
  types: GgufValue | undefined,
): (readonly [string, string])[] {
  const isPiece = (id: number) => !Array.isArray(types) || types[id] === normal;
  const places = new Map(vocabulary.map((token, id) => [token, id] as const).filter(([, id]) => isPiece(id)));
  const merges: { readonly pair: readonly [string, string]; readonly score: number }[] = [];
  for (const [token, id] of places) {
    if (token.length > longestPiece)
      throw new Error(
        `gguf: token ${id} has ${token.length} characters, which no piece of a text has. Give token ids instead of text.`,
      );
    // Cut between characters, of which some are two units of a text.
    for (let at = 1; at < token.length; at++) {
      if (isTrail(token, at)) continue;
      const pair = [token.slice(0, at), token.slice(at)] as const;
      if (places.has(pair[0]) && places.has(pair[1])) merges.push({ pair, score: scores[id] });
    }
  }
  return merges.sort((a, b) => b.score - a.score).map(({ pair }) => pair);
}

function isTrail(text: string, at: number): boolean {
  const unit = text.charCodeAt(at);
  return unit >= 0xdc00 && unit < 0xe000;
}

function bpe(vocabulary: readonly string[]) {
  return { type: 'BPE', vocab: Object.fromEntries(vocabulary.map((token, id) => [token, id])) };
}

/** The token that begins a text, where there is one. */
function beginning(
  metadata: ReadonlyMap<string, GgufValue>,
  vocabulary: readonly string[],
  byDefault: boolean,
) {
  const adds = metadata.get('tokenizer.ggml.add_bos_token') ?? byDefault;
  const id = metadata.get('tokenizer.ggml.bos_token_id');
  const content = typeof id === 'number' ? vocabulary[id] : undefined;
  if (adds !== true || content === undefined) return null;
  return {
    type: 'TemplateProcessing',
    single: [{ SpecialToken: { id: content, type_id: 0 } }, { Sequence: { id: 'A', type_id: 0 } }],
    pair: [{ Sequence: { id: 'A', type_id: 0 } }, { Sequence: { id: 'B', type_id: 1 } }],
    special_tokens: { [content]: { id: content, ids: [id], tokens: [content] } },
  };
}

function addedTokens(vocabulary: readonly string[], types: GgufValue | undefined): AddedToken[] {
  if (!Array.isArray(types)) return [];
  return vocabulary.flatMap((content, id) =>
    standsForItself.includes(types[id]) && content !== '' ? [{ id, content }] : [],
  );
}

function special(token: AddedToken) {
  return { ...token, single_word: false, lstrip: false, rstrip: false, normalized: false, special: true };
}

function pairOf(merge: string): readonly [string, string] {
  const at = merge.indexOf(' ', 1); // a token may be a space's own sign, never a space
  return [merge.slice(0, at), merge.slice(at + 1)];
}

function settingsOf(metadata: ReadonlyMap<string, GgufValue>, vocabulary: readonly string[]) {
  const token = (key: string) => {
    const id = metadata.get(`tokenizer.ggml.${key}_token_id`);
    return typeof id === 'number' ? vocabulary[id] : undefined;
  };
  const template = metadata.get('tokenizer.chat_template');
  const named = [
    ['tokenizer_class', 'PreTrainedTokenizerFast'],
    ['bos_token', token('bos')],
    ['eos_token', token('eos')],
    ['clean_up_tokenization_spaces', false],
    [templateKey, typeof template === 'string' ? template : undefined],
  ] as const;
  return Object.fromEntries(named.filter(([, value]) => value !== undefined));
}

function textsOf(key: string, value: GgufValue): readonly string[] {
  if (Array.isArray(value) && value.every((text) => typeof text === 'string'))
    return value as readonly string[];
  throw new Error(`gguf: ${key} is no list of texts. Give token ids instead of text.`);
}
