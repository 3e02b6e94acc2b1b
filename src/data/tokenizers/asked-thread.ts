// A thread that does a stranger's work (patterns, templates): asked one question at a time, ended where an answer takes too
// long, and started anew for the next.
import type { EncoderAnswer, EncoderOrder } from './encoder-thread.ts';

/** A thread, in a page or in Node. */
export interface EncoderPort {
  post(order: EncoderOrder): void;
  /** Called with every answer, and with what ends the thread. */
  listen(onAnswer: (answer: EncoderAnswer) => void, onFailure: (error: Error) => void): void;
  terminate(): void;
}

let startThread: (() => EncoderPort | Promise<EncoderPort>) | undefined;

/**
 * Says how threads start here: once, by the program that this code is part of. Tokenizers come out of folders,
 * checkpoints and records, whose readers should not have to carry this along.
 */
export function useEncoderThreads(start: () => EncoderPort | Promise<EncoderPort>): void {
  startThread = start;
}

/** What a thread is there for. */
export interface ThreadTask {
  /** The first order, answered with `opened`, and how long it may take in milliseconds. */
  readonly opening: EncoderOrder;
  readonly openMilliseconds: number;
  /** What a thread that takes too long may be about. */
  readonly suspect: string;
  /** Makes an error of what went wrong. */
  readonly failure: (what: string) => Error;
}

/** A thread that nobody asked for so long is ended: each model that is opened would leave one behind. Milliseconds. */
export const idleMilliseconds = 30_000;

/** Questions to a thread, one after another; it starts with the first, and anew where it had ended. */
export class AskedThread {
  readonly #task: ThreadTask;
  #open: Promise<OpenThread> | undefined;
  #idle: ReturnType<typeof setTimeout> | undefined;
  #last: Promise<unknown> = Promise.resolve();

  constructor(task: ThreadTask) {
    this.#task = task;
  }

  /** The answer, never `failed`. @param what took too long, for the error @throws the task's failure */
  ask(order: EncoderOrder, milliseconds: number, what: string): Promise<EncoderAnswer> {
    const result = this.#last.then(() => this.#ask(order, milliseconds, what));
    this.#last = result.catch(() => undefined);
    return result;
  }

  async #ask(order: EncoderOrder, milliseconds: number, what: string): Promise<EncoderAnswer> {
    clearTimeout(this.#idle);
    this.#open ??= this.#openThread();
    try {
      const thread = await this.#open;
      const answer = await thread.ask(order, milliseconds, what);
      if (answer.kind !== 'failed') return answer;
      throw this.#task.failure(answer.message);
    } catch (error) {
      const thread = await this.#open?.catch(() => undefined);
      if (!thread || thread.hasEnded()) this.#open = undefined; // the next question gets a new thread
      throw error;
    } finally {
      this.#idle = setTimeout(() => this.#end(), idleMilliseconds);
      if (typeof this.#idle === 'object') this.#idle.unref(); // Node would wait for it
    }
  }

  #end(): void {
    const open = this.#open;
    this.#open = undefined;
    void open?.then((thread) => thread.end()).catch(() => undefined); // one that did not open has ended
  }

  async #openThread(): Promise<OpenThread> {
    const { opening, openMilliseconds, failure } = this.#task;
    if (!startThread) throw failure('no thread may be started here');
    const thread = new OpenThread(await startThread(), this.#task);
    const answer = await thread.ask(opening, openMilliseconds, 'opening it');
    if (answer.kind === 'opened') return thread;
    thread.end();
    throw failure(answer.kind === 'failed' ? answer.message : 'it did not open');
  }
}

/** A thread that answers one question at a time, in time or not at all. */
class OpenThread {
  readonly #port: EncoderPort;
  readonly #task: ThreadTask;
  #settle: ((answer: EncoderAnswer | Error) => void) | undefined;
  #hasEnded = false;

  constructor(port: EncoderPort, task: ThreadTask) {
    this.#port = port;
    this.#task = task;
    port.listen(
      (answer) => this.#settle?.(answer),
      (error) => {
        this.end();
        this.#settle?.(task.failure(`its thread ended: ${error.message}`));
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
        const { failure, suspect } = this.#task;
        this.#settle?.(failure(`${what} took longer than ${seconds} s: ${suspect} may never end`));
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
