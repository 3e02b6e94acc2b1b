// The thread of a published tokenizer in Node: bundled on its own, started by tokenizer.ts as a worker.
import { parentPort } from 'node:worker_threads';
import { type EncoderAnswer, type EncoderOrder, serveEncoder } from '../../data/tokenizers/encoder-thread.ts';

const serve = serveEncoder((answer: EncoderAnswer) => parentPort?.postMessage(answer));
parentPort?.on('message', (order: EncoderOrder) => serve(order));
