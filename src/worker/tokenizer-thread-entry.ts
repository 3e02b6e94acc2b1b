// The thread of a published tokenizer in a page: a worker of the lab's worker.
import { type EncoderAnswer, type EncoderOrder, serveEncoder } from '../data/tokenizers/encoder-thread.ts';

const serve = serveEncoder((answer: EncoderAnswer) => self.postMessage(answer));
self.addEventListener('message', ({ data }: MessageEvent<EncoderOrder>) => serve(data));
