// Batches of texts served by the model of an experiment, with weights of its own: no run is touched.

import type { ServingApi } from '../contract/serving.ts';
import { freshWeights } from '../lab/plans/open-model.ts';
import { storedArrays } from '../lab/plans/parameter-io.ts';
import { planServing, rowOf, serveBatch } from '../lab/serving/serve.ts';
import { answer } from './answer.ts';
import type { Exclusive } from './exclusive.ts';
import type { Runs } from './run/runs.ts';

/** Of the weights and the prompts: what is drawn does not change what it costs. */
const seed = 1;

/** The calls about serving. */
export function createServing(runs: Pick<Runs, 'record'>, exclusive: Exclusive): ServingApi {
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

  return {
    serve: (...request) => answer(() => exclusive.during(activity, () => serve(...request))),
    cancelServing: async () => running?.abort(),
  };
}
