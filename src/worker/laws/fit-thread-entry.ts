// The thread of a fit in a page: a worker of the lab's worker, for one fit.
import { answerFit, type FitOrder } from './fit.ts';

self.addEventListener('message', ({ data }: MessageEvent<FitOrder>) => self.postMessage(answerFit(data)));
