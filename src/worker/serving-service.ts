// Batches of texts served by the model of an experiment, with weights of its own, and texts that the open run writes with drafts: no run is changed.

import type { DraftRequest, ServingApi } from '../contract/serving.ts';
import { freshWeights } from '../lab/plans/open-model.ts';
import { storedArrays } from '../lab/plans/parameter-io.ts';
import { draftRun } from '../lab/serving/draft-run.ts';
import { planServing, rowOf, serveBatch } from '../lab/serving/serve.ts';
import { answer } from './answer.ts';
import type { Exclusive } from './exclusive.ts';
import type { Runs } from './run/runs.ts';

/** Of the weights and the prompts: what is drawn does not change what it costs. */
const seed = 1;

/** The calls about serving. */
export function createServing(
  runs: Pick<Runs, 'record' | 'withRun' | 'savedModel'>,
  exclusive: Exclusive,
): ServingApi {
  let running: AbortController | undefined;
  const activity = { what: 'Serving', way: 'cancel it or wait', cancel: () => running?.abort() };

  const serve = async (...[json, request, onRow, onProgress]: Parameters<ServingApi['serve']>) => {
    const abort = new AbortController();
    running = abort;
    try {
      const { experiment, engine } = await runs.record(json);
      const { model } = experiment;
      const { batches, prompt, output, repeats, weights: format, cache } = request;
      const formats = { weights: format, cache };
      const weights = storedArrays(freshWeights(model, seed));
      let done = 0;
      for (const batch of batches) {
        if (abort.signal.aborted) break;
        onProgress(done / batches.length, batch === 1 ? 'One text' : `${batch} texts at a time`);
        const served = { batch, prompt, output };
        const row = rowOf(engine, await planServing(engine, model, served, formats), served);
        const measured = await serveBatch(engine, { model, weights }, served, { ...formats, repeats, seed });
        onRow({ ...row, measured });
        done++;
      }
      return done;
    } finally {
      running = undefined;
    }
  };

  const serveDrafts = async ({ source, ...request }: DraftRequest) => {
    const abort = new AbortController();
    running = abort;
    try {
      const drafting = source === 'ngram' ? source : await runs.savedModel(source.run);
      return await runs.withRun((run, engine) => draftRun(engine, run, drafting, request, abort.signal));
    } catch (error) {
      if (abort.signal.aborted) return undefined;
      throw error;
    } finally {
      running = undefined;
    }
  };

  return {
    serveDrafts: (request) => answer(() => exclusive.during(activity, () => serveDrafts(request))),
    serve: (...request) => answer(() => exclusive.during(activity, () => serve(...request))),
    cancelServing: async () => running?.abort(),
  };
}
