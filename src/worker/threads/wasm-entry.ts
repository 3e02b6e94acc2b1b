// A thread of the WASM runtime in a page.
import { serveThread } from '../../runtime/wasm/thread.ts';
import { serveOrders } from './serve.ts';

serveOrders(serveThread);
