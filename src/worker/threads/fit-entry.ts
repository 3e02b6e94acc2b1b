// The thread of a fit in a page, for one fit.
import type { Result } from '../../contract/values.ts';
import type { LawReport } from '../../laws/report.ts';
import { answerFit, type FitOrder } from '../laws/fit.ts';
import { serveOrders } from './serve.ts';

serveOrders((answer: (report: Result<LawReport>) => void) => (order: FitOrder) => answer(answerFit(order)));
