// Reads and checks a tokenizer.json of unknown origin: what it holds is bounded, consistent, and what we can compute.
import * as v from 'valibot';
import { issueText } from '../issue-text.ts';
import { quoteName } from '../strict-json.ts';

/** The name that Hugging Face's libraries give the file. */
export const publishedTokenizerName = 'tokenizer.json';

/** The name of the settings beside it, whose text is handed on as it is. */
export const tokenizerSettingsName = 'tokenizer_config.json';

/** The largest file that is read, in bytes (64 MiB): the largest published one, Gemma's, has 34 million. */
export const publishedLimitBytes = 64 * 2 ** 20;

const mostTokens = 1_000_000;
const mostMerges = 2_000_000;

/** A part of the pipeline: its type and whatever that needs. */
export type Component = { readonly type: string } & Readonly<Record<string, unknown>>;

/** A checked file. */
export interface PublishedFile {
  /** As it was read, with every part that the format has. */
  readonly json: Readonly<Record<string, unknown>>;
  /** The token of every id; undefined where an id is not used. */
  readonly tokens: readonly (string | undefined)[];
  /** Ids of tokens that stand for themselves in a text, such as <|endoftext|>. */
  readonly added: ReadonlySet<number>;
  /** Ids that stand before every text, such as that of <s>. */
  readonly prefix: readonly number[];
  readonly decoder: Component | undefined;
}

const id = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(mostTokens - 1));
const component = v.nullish(v.looseObject({ type: v.string() }));
const fileSchema = v.looseObject({
  added_tokens: v.nullish(v.array(v.looseObject({ id, content: v.pipe(v.string(), v.nonEmpty()) })), []),
  normalizer: component,
  pre_tokenizer: component,
  post_processor: component,
  decoder: component,
  model: v.looseObject({
    type: v.optional(v.string()),
    dropout: v.nullish(v.number()),
  }),
});

/** The parts that `@huggingface/tokenizers` computes as the Python library does, by where they stand. */
const known = {
  normalizer: [
    ...['Sequence', 'NFC', 'NFD', 'NFKC', 'NFKD', 'Lowercase', 'Strip', 'StripAccents', 'Replace', 'Prepend'],
    ...['BertNormalizer', 'Precompiled'],
  ],
  pre_tokenizer: [
    ...['Sequence', 'BertPreTokenizer', 'ByteLevel', 'Whitespace', 'WhitespaceSplit', 'Metaspace', 'Split'],
    ...['Punctuation', 'Digits'],
  ],
  post_processor: ['Sequence', 'ByteLevel', 'TemplateProcessing', 'RobertaProcessing', 'BertProcessing'],
  model: ['BPE', 'Unigram', 'WordPiece'],
} as const;

/** Checks a parsed file. @throws an Error with one sentence that says what is wrong, or what is not computed here. */
export function readPublishedFile(value: unknown): PublishedFile {
  const parsed = v.safeParse(fileSchema, value);
  if (!parsed.success) throw fault(issueText(parsed.issues[0], 'the content'));
  const { added_tokens: added, decoder, model, ...parts } = parsed.output;
  const type = model.type ?? ('merges' in model ? 'BPE' : 'WordPiece');
  checkType('model', type);
  for (const where of ['normalizer', 'pre_tokenizer', 'post_processor'] as const) {
    for (const { type } of flatten(parts[where])) checkType(where, type);
  }
  checkSplits(flatten(parts.pre_tokenizer), flatten(parts.normalizer));
  if (model.dropout) throw fault(`model.dropout is ${model.dropout}: texts would be cut by chance`);
  const tokens = type === 'Unigram' ? unigramTokens(model) : vocabularyTokens(model);
  if (type === 'BPE') checkMerges(model, tokens);
  for (const token of added ?? []) {
    const other = tokens[token.id];
    if (other !== undefined && other !== token.content)
      throw fault(`the id ${token.id} is that of ${quoteName(other)} and of ${quoteName(token.content)}`);
    tokens[token.id] = token.content;
  }
  return {
    json: {
      normalizer: null,
      pre_tokenizer: null,
      post_processor: null,
      decoder: null,
      ...parsed.output,
      added_tokens: added ?? [],
      model: { ...model, type },
    },
    tokens,
    added: new Set((added ?? []).map((token) => token.id)),
    prefix: prefixOf(flatten(parts.post_processor)),
    decoder: decoder ?? undefined,
  };
}

/** The parts of a sequence, in order, or the one part. */
export function flatten(part: Component | null | undefined): readonly Component[] {
  if (!part) return [];
  if (part.type !== 'Sequence') return [part];
  const list = part.normalizers ?? part.pretokenizers ?? part.processors ?? part.decoders;
  const parsed = v.safeParse(v.array(v.looseObject({ type: v.string() })), list);
  if (!parsed.success) throw fault(`a Sequence has no parts: ${issueText(parsed.issues[0], 'its list')}`);
  return parsed.output.flatMap((inner) => (inner.type === 'Sequence' ? flatten(inner) : [inner]));
}

/** An error about the file. */
export function fault(what: string): Error {
  return new Error(`${publishedTokenizerName}: ${what}. Use the file as it was published.`);
}

function checkType(where: keyof typeof known, type: string): void {
  if ((known[where] as readonly string[]).includes(type)) return;
  throw new Error(
    `${publishedTokenizerName}: ${where} is of the type ${quoteName(type)}, which is not computed here. ` +
      'Give token ids instead of text.',
  );
}

/** The library cuts in two ways only; a cut at spaces that the normalizer took away changes nothing (Gemma's). */
function checkSplits(cuts: readonly Component[], normalizers: readonly Component[]): void {
  for (const { type, behavior, pattern, invert } of cuts) {
    if (type !== 'Split' || invert === true || behavior === 'Isolated' || behavior === 'Removed') continue;
    const replaced = normalizers.some(
      (part) => part.type === 'Replace' && JSON.stringify(part.pattern) === JSON.stringify(pattern),
    );
    if (!replaced) checkType('pre_tokenizer', `Split with ${String(behavior)}`);
  }
}

/** { token: id } as a list. */
function vocabularyTokens({ vocab }: Readonly<Record<string, unknown>>): (string | undefined)[] {
  if (typeof vocab !== 'object' || vocab === null || Array.isArray(vocab))
    throw fault('model.vocab should be { token: id }');
  const entries = Object.entries(vocab);
  checkCount(entries.length);
  const tokens: (string | undefined)[] = [];
  for (const [token, at] of entries) {
    if (typeof at !== 'number' || !Number.isInteger(at) || at < 0 || at >= mostTokens)
      throw fault(`the id of ${quoteName(token)} is no id: ${quoteName(String(at))}`);
    const other = tokens[at];
    if (other !== undefined)
      throw fault(`the id ${at} is that of ${quoteName(other)} and of ${quoteName(token)}`);
    tokens[at] = token;
  }
  return tokens;
}

/** [[token, log probability], …]: an id is a place. */
function unigramTokens({ vocab, unk_id }: Readonly<Record<string, unknown>>) {
  if (!Array.isArray(vocab)) throw fault('model.vocab should be [[token, logarithm], …]');
  checkCount(vocab.length);
  const tokens = vocab.map((entry: unknown, at): string | undefined => {
    if (Array.isArray(entry) && typeof entry[0] === 'string' && Number.isFinite(entry[1])) return entry[0];
    throw fault(`model.vocab.${at} is no [token, logarithm of its probability]`);
  });
  if (unk_id !== undefined && unk_id !== null && tokens[Number(unk_id)] === undefined)
    throw fault(`model.unk_id is ${quoteName(String(unk_id))}, and there are ${tokens.length} tokens`);
  return tokens;
}

function checkCount(count: number): void {
  if (count === 0) throw fault('model.vocab is empty');
  if (count > mostTokens) throw fault(`model.vocab has ${count} tokens, more than ${mostTokens}`);
}

/** Every merge joins two tokens into a third, or an id would be made up. */
function checkMerges(
  model: Readonly<Record<string, unknown>>,
  tokens: readonly (string | undefined)[],
): void {
  const { merges, continuing_subword_prefix: inner } = model;
  if (!Array.isArray(merges)) {
    const found = merges === null ? 'null' : typeof merges;
    throw fault(`model.merges should be an array, found ${found}`);
  }
  if (merges.length > mostMerges)
    throw fault(`model.merges has ${merges.length} entries, more than ${mostMerges}`);
  const isToken = new Set(tokens);
  for (let at = 0; at < merges.length; at++) {
    const merge: unknown = merges[at];
    const pair: unknown[] = typeof merge === 'string' ? merge.split(' ') : Array.isArray(merge) ? merge : [];
    const [left, right] = pair;
    if (pair.length !== 2 || typeof left !== 'string' || typeof right !== 'string')
      throw fault(`model.merges.${at} is no pair of tokens`);
    const tail = typeof inner === 'string' && inner !== '' ? right.replace(inner, '') : right;
    const unknown = [left, right, left + tail].find((token) => !isToken.has(token));
    if (unknown !== undefined)
      throw fault(`model.merges.${at} needs ${quoteName(unknown)}, which is not in model.vocab`);
  }
}

const templateSchema = v.looseObject({
  single: v.array(
    v.union([
      v.object({ SpecialToken: v.object({ id: v.string() }) }),
      v.object({ Sequence: v.object({ id: v.string() }) }),
    ]),
  ),
  special_tokens: v.record(v.string(), v.looseObject({ ids: v.array(id) })),
});
const classSchema = v.looseObject({ cls: v.tuple([v.string(), id]) });

/** What stands before one text; what stands after it, a model that goes on from the text does not want. */
function prefixOf(processors: readonly Component[]): readonly number[] {
  return processors.flatMap((part) => {
    if (part.type === 'ByteLevel') return [];
    if (part.type !== 'TemplateProcessing') return [checked(classSchema, part).cls[1]];
    const { single, special_tokens: special } = checked(templateSchema, part);
    const end = single.findIndex((piece) => 'Sequence' in piece);
    return single
      .slice(0, Math.max(0, end))
      .flatMap((piece) => ('SpecialToken' in piece ? (special[piece.SpecialToken.id]?.ids ?? []) : []));
  });
}

function checked<T>(schema: v.GenericSchema<unknown, T>, part: Component): T {
  const parsed = v.safeParse(schema, part);
  if (parsed.success) return parsed.output;
  throw fault(`post_processor.${issueText(parsed.issues[0], part.type)}`);
}
