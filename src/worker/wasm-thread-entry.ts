// A thread of the WASM runtime in a page: a worker of the lab's worker.
import { serveThread, type ThreadAnswer, type ThreadOrder } from '../runtime/wasm/thread.ts';

const serve = serveThread((answer: ThreadAnswer) => self.postMessage(answer));
self.addEventListener('message', ({ data }: MessageEvent<ThreadOrder>) => void serve(data));
