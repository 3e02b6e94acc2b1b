// Looks inside the open run for the page: every call waits its turn between steps and frees what it allocated.

import type { InsideApi } from '../contract/inside.ts';
import { readAttentionFigure } from '../lab/inside/attention-map.ts';
import { readPositionLosses } from '../lab/inside/positions.ts';
import { readExpertTastes } from '../lab/inside/tastes.ts';
import { readTextInside } from '../lab/inside/text.ts';
import { answer } from './answer.ts';
import type { Runs } from './run/runs.ts';

/** The calls of the contract on looking inside, over the worker's run. */
export function createInside(runs: Pick<Runs, 'withRun'>): InsideApi {
  return {
    attentionMap: (request) =>
      answer(() => runs.withRun((run, engine) => readAttentionFigure(engine, run, request))),
    readText: (request) => answer(() => runs.withRun((run, engine) => readTextInside(engine, run, request))),
    positionLosses: () => answer(() => runs.withRun((run) => readPositionLosses(run))),
    expertHistory: () =>
      answer(() =>
        runs.withRun(async (_run, _engine, loop) => {
          await loop.takeExperts();
          return loop.experts.history();
        }),
      ),
    expertTastes: () => answer(() => runs.withRun((run, engine) => readExpertTastes(engine, run))),
  };
}
