// A generated corpus of two memory tasks: repeating a word, and finding the value that belongs to a key.
import { pick, type Random } from './random.ts';

const letters = [...'abcdefghijklmnopqrstuvwxyz'];
const digits = [...'0123456789'];
const longestCopy = 16;
const mostPairs = 8;

/** One line without its line end: "copy wqk|wqk" or "find k3 a7 z0 k|3", each kind half of the time. */
export function writeMemoryTask(random: Random): string {
  return random.integer(2) === 0 ? writeCopy(random) : writeRecall(random);
}

/** Random letters, and after the bar the same letters: solved by looking back a fixed distance. */
function writeCopy(random: Random): string {
  const length = 1 + random.integer(longestCopy);
  const word = Array.from({ length }, () => pick(random, letters)).join('');
  return `copy ${word}|${word}`;
}

/** Pairs of a letter and a digit, one of the letters, and after the bar its digit: solved by content. */
function writeRecall(random: Random): string {
  const values = new Map<string, string>();
  const pairs = 1 + random.integer(mostPairs);
  while (values.size < pairs) values.set(pick(random, letters), pick(random, digits));
  const [asked, answer] = pick(random, [...values]);
  return `find ${[...values].map(([key, value]) => key + value).join(' ')} ${asked}|${answer}`;
}
