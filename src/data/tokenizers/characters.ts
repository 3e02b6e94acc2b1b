// The tokenizer of one token per character, for texts of a small alphabet.
import { checkTokens, highestId, type OwnTokenizer, unknownText } from '../tokenizer.ts';

/** A tokenizer with one token per distinct character (code point) of a text, ids in the order of code points. */
export function trainCharacterTokenizer(text: string): OwnTokenizer {
  const lone = text.search(/\p{Surrogate}/u);
  if (lone >= 0) throw new Error(unpairedMessage(text.charCodeAt(lone), lone));
  const seen = new Set<number>();
  for (const character of text) seen.add(character.codePointAt(0) ?? 0);
  return characterTokenizer([...seen].sort((a, b) => a - b));
}

/** A character tokenizer over distinct code points: the id is the place in the list. @throws for fewer than 2 or a repeat */
export function characterTokenizer(codePoints: readonly number[]): OwnTokenizer {
  if (codePoints.length < 2) {
    const found =
      codePoints.length === 0 ? 'the text is empty' : `the only one is ${describe(codePoints[0])}`;
    throw new Error(
      `tokenizer: fewer than two distinct characters: ${found}. Use a text with something to learn.`,
    );
  }
  const idOf = characterIds(codePoints);
  const characters = codePoints.map((codePoint) => String.fromCodePoint(codePoint));
  const decode = (tokens: ArrayLike<number>): string => {
    checkTokens(tokens, highestId + 1);
    const pieces = new Array<string>(tokens.length);
    for (let i = 0; i < tokens.length; i++) pieces[i] = characters[tokens[i]] ?? unknownText;
    return pieces.join('');
  };
  return {
    kind: 'characters',
    vocabularySize: characters.length,
    prefix: [],
    encode: (text) => encodeCharacters(text, idOf),
    decode,
    createStreamDecoder: () => ({ push: decode, end: () => '' }),
    byteLength: (token) => utf8Length(codePoints[token]),
    toJSON: () => ({
      format: 'flopscope-tokenizer',
      version: 1,
      kind: 'characters',
      characters: characters.join(''),
    }),
  };
}

/** A table from code point to id, −1 where there is none; as long as the highest code point demands. */
export function characterIds(codePoints: readonly number[]): Int32Array {
  const highest = codePoints.reduce((a, b) => Math.max(a, b), 0);
  const idOf = new Int32Array(highest + 1).fill(-1);
  codePoints.forEach((codePoint, id) => {
    if (codePoint >= 0xd800 && codePoint <= 0xdfff) throw new Error(unpairedMessage(codePoint, id));
    if (idOf[codePoint] >= 0) {
      const both = `${describe(codePoint)} at ${idOf[codePoint]} and ${id}`;
      throw new Error(`tokenizer: a character occurs twice: ${both}. The file is damaged.`);
    }
    idOf[codePoint] = id;
  });
  return idOf;
}

function encodeCharacters(text: string, idOf: Int32Array): Uint32Array {
  const tokens = new Uint32Array(text.length); // never fewer UTF-16 units than characters
  let count = 0;
  for (let i = 0; i < text.length; i++) {
    const codePoint = text.codePointAt(i) ?? 0;
    if (codePoint > 0xffff) i++;
    const id = codePoint < idOf.length ? idOf[codePoint] : -1;
    if (id < 0) {
      throw new Error(
        `tokenizer: a character is not in the vocabulary: ${describe(codePoint)} at position ${count}. ` +
          'Remove it, or train with a text that has it.',
      );
    }
    tokens[count++] = id;
  }
  return count === tokens.length ? tokens : tokens.slice(0, count);
}

/** Bytes of a code point in UTF-8; 0 for none. */
function utf8Length(codePoint: number | undefined): number {
  if (codePoint === undefined) return 0;
  return codePoint < 0x80 ? 1 : codePoint < 0x800 ? 2 : codePoint < 0x1_0000 ? 3 : 4;
}

function describe(codePoint: number): string {
  const hex = codePoint.toString(16).toUpperCase().padStart(4, '0');
  const isShown = codePoint > 0x20 && !/[\p{C}\p{Z}]/u.test(String.fromCodePoint(codePoint));
  return isShown ? `"${String.fromCodePoint(codePoint)}" (U+${hex})` : `U+${hex}`;
}

/** What is wrong with a text that is no Unicode. */
export function unpairedMessage(unit: number, position: number): string {
  return `tokenizer: half of a surrogate pair is no character: ${describe(unit)} at position ${position}. Repair the text.`;
}
