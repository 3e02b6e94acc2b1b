// Encodes texts by a published tokenizer in a thread of its own, which is ended when it takes too long.
import { AskedThread } from './asked-thread.ts';
import { publishedTokenizerName } from './published-file.ts';
import { textParts } from './text-parts.ts';

/** How long a thread may take, in milliseconds; a sound tokenizer needs a hundredth of it. */
export interface EncoderBudget {
  /** To load and to open, where no text is read yet. */
  readonly open: number;
  /** For any text, */
  readonly text: number;
  /** and for each of its characters besides. */
  readonly character: number;
}

const defaultBudget: EncoderBudget = { open: 30_000, text: 2000, character: 0.05 };

/** Characters at a time: the library spreads lists over arguments, and a budget should not be a minute. */
const longestPart = 32_768;

/** Encodes texts, one after another; the thread starts with the first. */
export class Encoder {
  readonly #budget: EncoderBudget;
  readonly #thread: AskedThread;

  constructor(tokenizer: object, settings: object, budget: EncoderBudget = defaultBudget) {
    this.#budget = budget;
    this.#thread = new AskedThread({
      opening: { kind: 'open', tokenizer, settings },
      openMilliseconds: budget.open,
      suspect: 'one of its patterns',
      failure,
    });
  }

  /** The tokens of a text. @throws an Error in one sentence where the library fails or takes too long */
  async encode(text: string): Promise<Uint32Array> {
    const parts: Uint32Array[] = [];
    for (const part of textParts(text, longestPart)) parts.push(await this.#encode(part));
    return joined(parts);
  }

  async #encode(text: string): Promise<Uint32Array> {
    const milliseconds = this.#budget.text + this.#budget.character * text.length;
    const answer = await this.#thread.ask({ kind: 'encode', text }, milliseconds, 'a text');
    if (answer.kind === 'tokens') return answer.tokens;
    throw failure('it gave no tokens');
  }
}

function joined(parts: readonly Uint32Array[]): Uint32Array {
  const [first] = parts;
  if (first && parts.length === 1) return first;
  const whole = new Uint32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function failure(what: string): Error {
  const line = what.split('\n')[0]?.slice(0, 200) ?? '';
  return new Error(`${publishedTokenizerName}: ${line.replace(/\.$/, '')}. Give token ids instead of text.`);
}
