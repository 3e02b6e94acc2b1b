// Cuts a text into words before bytes are paired, as GPT-2 does: a letter never joins a number, nor a word the next one.

/**
 * GPT-2's pattern (Radford et al. 2019, encoder.py), as it stands in a tokenizer.json: endings as in 's, letters,
 * numbers, and signs, each with a space before it; then white space, whose last one belongs to the word after it.
 */
export const wordPattern = "'(?:[sdmt]|ll|ve|re)| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";

/** What \s is elsewhere, Unicode's White_Space: JavaScript's lacks U+0085 and has U+FEFF. */
const white = '\\p{White_Space}';
const spelledOut = wordPattern
  .replace('[^\\s', `[^${white}`)
  .replaceAll('\\s', white)
  .replaceAll('\\S', `\\P{White_Space}`);

/** The words of a text, in order; together they are the text. */
export function* wordsOf(text: string): Generator<string> {
  const pattern = new RegExp(spelledOut, 'gu');
  for (const [word] of text.matchAll(pattern)) yield word;
}
