// Reads the tokenizer file of ours, of any version and any kind.
import * as v from 'valibot';
import { issueText } from '../issue-text.ts';
import { type OwnTokenizer, type Tokenizer, tokenizerVersion } from '../tokenizer.ts';
import { bytePairTokenizer } from './byte-pairs.ts';
import { byteTokenizer } from './bytes.ts';
import { characterTokenizer } from './characters.ts';
import { publishedTokenizer } from './published.ts';
import { withSpecialTokens } from './special-tokens.ts';

/** The name of the tokenizer file in a model folder. */
export const tokenizerFileName = 'flopscope-tokenizer.json';

const header = { format: v.literal('flopscope-tokenizer'), version: v.number() };
/** Merges of a file that are read: four times as many as are ever learned here. */
const mostMerges = 65_536;
const tokenId = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(mostMerges + 255));
/** Texts of special tokens: a page of them. */
const special = v.optional(v.pipe(v.array(v.pipe(v.string(), v.maxLength(100))), v.maxLength(100)));
const tokenizerFileSchema = v.variant('kind', [
  v.strictObject({ ...header, kind: v.literal('characters'), characters: v.string(), special }),
  v.strictObject({ ...header, kind: v.literal('bytes'), special }),
  v.strictObject({
    ...header,
    kind: v.literal('bpe'),
    merges: v.pipe(v.array(v.tuple([tokenId, tokenId])), v.maxLength(mostMerges)),
    special,
  }),
  v.strictObject({
    ...header,
    kind: v.literal('published'),
    tokenizer: v.looseObject({}),
    settings: v.optional(v.looseObject({})),
  }),
]);
/** What every version of the file has in common, read first so that a newer version is named as such. */
const anyVersionSchema = v.looseObject({
  format: v.literal('flopscope-tokenizer'),
  version: v.pipe(v.number(), v.integer(), v.minValue(1)),
});

/** The tokenizer of a parsed tokenizer file of any origin. @throws with one clear line if it is not one */
export function tokenizerFromJSON(json: unknown): Tokenizer {
  const start = v.safeParse(anyVersionSchema, json);
  if (!start.success)
    throw new Error(
      `tokenizer file: ${issueText(start.issues[0], 'the content')}. Is it a ${tokenizerFileName}?`,
    );
  if (start.output.version > tokenizerVersion) {
    throw new Error(
      `tokenizer file: written by a newer version: it is ${start.output.version}, this program reads ` +
        `${tokenizerVersion}. Update the program.`,
    );
  }
  const parsed = v.safeParse(tokenizerFileSchema, json);
  if (!parsed.success)
    throw new Error(`tokenizer file: ${issueText(parsed.issues[0], 'the content')}. Save the model again.`);
  const file = parsed.output;
  if (file.kind === 'published') return publishedTokenizer(file.tokenizer, file.settings);
  const own = ownTokenizer(file);
  return file.special ? withSpecialTokens(own, file.special) : own;
}

function ownTokenizer(
  file: Exclude<v.InferOutput<typeof tokenizerFileSchema>, { kind: 'published' }>,
): OwnTokenizer {
  switch (file.kind) {
    case 'bytes':
      return byteTokenizer();
    case 'characters':
      return characterTokenizer(Array.from(file.characters, (character) => character.codePointAt(0) ?? 0));
    case 'bpe':
      return bytePairTokenizer(file.merges);
    default:
      return file satisfies never;
  }
}
