// The thread of a published tokenizer in a page.
import { serveEncoder } from '../../data/tokenizers/encoder-thread.ts';
import { serveOrders } from './serve.ts';

serveOrders(serveEncoder);
