// An encoder's thread for tests that need none: the orders are served here, one turn later.
import type { EncoderPort } from '../../../src/data/tokenizers/asked-thread.ts';
import { type EncoderAnswer, serveEncoder } from '../../../src/data/tokenizers/encoder-thread.ts';

/** Starts it. */
export function inThisThread(): EncoderPort {
  let hear: ((answer: EncoderAnswer) => void) | undefined;
  const serve = serveEncoder((answer) => hear?.(answer));
  return {
    post: (order) => queueMicrotask(() => serve(order)),
    listen: (onAnswer) => {
      hear = onAnswer;
    },
    terminate: () => {
      hear = undefined;
    },
  };
}
