// Starts the thread of a published tokenizer from the lab's worker.
import type { EncoderPort } from '../data/tokenizers/encoder.ts';
import type { EncoderAnswer } from '../data/tokenizers/encoder-thread.ts';

/** A worker in the worker. */
export function startEncoderThread(): EncoderPort {
  const worker = new Worker(new URL('./tokenizer-thread-entry.ts', import.meta.url), { type: 'module' });
  return {
    post: (order) => worker.postMessage(order),
    listen: (onAnswer, onFailure) => {
      worker.addEventListener('message', ({ data }: MessageEvent<EncoderAnswer>) => onAnswer(data));
      worker.addEventListener('error', ({ message }) => onFailure(new Error(message || 'it did not load')));
      worker.addEventListener('messageerror', () => onFailure(new Error('it sent what cannot be read')));
    },
    terminate: () => worker.terminate(),
  };
}
