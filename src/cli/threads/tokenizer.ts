// Threads of published tokenizers in Node: workers of node:worker_threads.
import { Worker } from 'node:worker_threads';
import { bundleThread } from 'virtual:wasm-kernels';
import type { EncoderPort } from '../../data/tokenizers/asked-thread.ts';
import type { EncoderAnswer } from '../../data/tokenizers/encoder-thread.ts';

let code: Promise<string> | undefined;

/** Starts a thread; its code is bundled when the first one is wanted. */
export async function startEncoderThread(): Promise<EncoderPort> {
  code ??= bundleThread('src/cli/threads/tokenizer-entry.ts');
  const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(await code)}`));
  worker.unref(); // a tokenizer that waits keeps no process alive
  let isEnded = false;
  return {
    post: (order) => worker.postMessage(order),
    listen: (onAnswer, onFailure) => {
      worker.on('message', (answer: EncoderAnswer) => onAnswer(answer));
      worker.on('error', onFailure);
      worker.on('exit', (exitCode) => {
        if (!isEnded) onFailure(new Error(`it exited with ${exitCode}`));
      });
    },
    terminate: () => {
      isEnded = true;
      void worker.terminate();
    },
  };
}
