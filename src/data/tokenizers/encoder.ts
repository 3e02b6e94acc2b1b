// Encodes texts by a published tokenizer in a thread of its own, which is ended when it takes too long.
import type { EncoderAnswer, EncoderOrder } from './encoder-thread.ts';
import { publishedTokenizerName } from './published-file.ts';
import { textParts } from './text-parts.ts';

/** A thread, in a page or in Node. */
export interface EncoderPort {
  post(order: EncoderOrder): void;
  /** Called with every answer, and with what ends the thread. */
  listen(onAnswer: (answer: EncoderAnswer) => void, onFailure: (error: Error) => void): void;
  terminate(): void;
}

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

let startThread: (() => EncoderPort | Promise<EncoderPort>) | undefined;

/**
 * Says how threads start here: once, by the program that this code is part of. Tokenizers come out of folders,
 * checkpoints and records, whose readers should not have to carry this along.
 */
export function useEncoderThreads(start: () => EncoderPort | Promise<EncoderPort>): void {
  startThread = start;
}

/** Encodes texts, one after another; the thread starts with the first. */
export class Encoder {
  readonly #tokenizer: object;
  readonly #settings: object;
  readonly #budget: EncoderBudget;
  #open: Promise<OpenThread> | undefined;
  #last: Promise<unknown> = Promise.resolve();

  constructor(tokenizer: object, settings: object, budget: EncoderBudget = defaultBudget) {
    this.#tokenizer = tokenizer;
    this.#settings = settings;
    this.#budget = budget;
  }

  /** The tokens of a text. @throws an Error in one sentence where the library fails or takes too long */
  encode(text: string): Promise<Uint32Array> {
    const result = this.#last.then(async () => {
      const parts: Uint32Array[] = [];
      for (const part of textParts(text, longestPart)) parts.push(await this.#encode(part));
      return joined(parts);
    });
    this.#last = result.catch(() => undefined);
    return result;
  }

  async #encode(text: string): Promise<Uint32Array> {
    this.#open ??= this.#openThread();
    const milliseconds = this.#budget.text + this.#budget.character * text.length;
    try {
      const thread = await this.#open;
      const answer = await thread.ask({ kind: 'encode', text }, milliseconds, 'a text');
      if (answer.kind === 'tokens') return answer.tokens;
      throw failure(answer.kind === 'failed' ? answer.message : 'it gave no tokens');
    } catch (error) {
      const thread = await this.#open?.catch(() => undefined);
      if (!thread || thread.hasEnded()) this.#open = undefined; // the next text gets a new thread
      throw error;
    }
  }

  async #openThread(): Promise<OpenThread> {
    if (!startThread) throw new Error(`${publishedTokenizerName}: no thread may be started here.`);
    const thread = new OpenThread(await startThread());
    const order = { kind: 'open', tokenizer: this.#tokenizer, settings: this.#settings } as const;
    const answer = await thread.ask(order, this.#budget.open, 'opening it');
    if (answer.kind === 'opened') return thread;
    thread.end();
    throw failure(answer.kind === 'failed' ? answer.message : 'it did not open');
  }
}

/** A thread that answers one question at a time, in time or not at all. */
class OpenThread {
  readonly #port: EncoderPort;
  #settle: ((answer: EncoderAnswer | Error) => void) | undefined;
  #hasEnded = false;

  constructor(port: EncoderPort) {
    this.#port = port;
    port.listen(
      (answer) => this.#settle?.(answer),
      (error) => {
        this.end();
        this.#settle?.(failure(`its thread ended: ${error.message}`));
      },
    );
  }

  hasEnded(): boolean {
    return this.#hasEnded;
  }

  end(): void {
    this.#hasEnded = true;
    this.#port.terminate();
  }

  ask(order: EncoderOrder, milliseconds: number, what: string): Promise<EncoderAnswer> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.end();
        const seconds = Math.round(milliseconds / 100) / 10;
        this.#settle?.(failure(`${what} took longer than ${seconds} s: one of its patterns may never end`));
      }, milliseconds);
      this.#settle = (answer) => {
        this.#settle = undefined;
        clearTimeout(timer);
        if (answer instanceof Error) reject(answer);
        else resolve(answer);
      };
      this.#port.post(order);
    });
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
