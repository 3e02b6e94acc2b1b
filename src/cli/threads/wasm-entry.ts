// A thread of the WASM runtime in Node: bundled on its own, started by wasm.ts as a worker.
import { parentPort } from 'node:worker_threads';
import { serveThread, type ThreadAnswer, type ThreadOrder } from '../../runtime/wasm/thread.ts';

const serve = serveThread((answer: ThreadAnswer) => parentPort?.postMessage(answer));
parentPort?.on('message', (order: ThreadOrder) => void serve(order));
