// Tokenizers that were learned from a text, kept while the program runs: many runs share a text, and forms ask often.
import { sha256Hex } from '../../data/sha256.ts';
import type { OwnTokenizer } from '../../data/tokenizer.ts';
import { trainBytePairs } from '../../data/tokenizers/byte-pair-training.ts';
import { bytePairTokenizer } from '../../data/tokenizers/byte-pairs.ts';
import type { WorkControl } from '../../data/tokenizers/turns.ts';

/** Texts and sizes whose merges are kept: a few hundred kilobytes each. */
const mostKept = 8;

const kept = new Map<string, OwnTokenizer>();

/**
 * The tokenizer of byte pairs of a text, learned once for each text and size: the same merges every time.
 * @param sha256 of the text, where it is known
 * @throws the signal's reason; what was learned till then is lost
 */
export async function learnedTokenizer(
  text: string,
  vocabulary: number,
  control: WorkControl = {},
  sha256 = sha256Hex(new TextEncoder().encode(text)),
): Promise<OwnTokenizer> {
  const key = `${vocabulary} ${sha256}`;
  const known = kept.get(key);
  if (known) return known;
  const tokenizer = bytePairTokenizer(await trainBytePairs(text, vocabulary, control));
  const [oldest] = kept.keys();
  if (oldest !== undefined && kept.size >= mostKept) kept.delete(oldest);
  kept.set(key, tokenizer);
  return tokenizer;
}
