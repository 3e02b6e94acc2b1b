// Comparisons: models of equal flops trained one after another.

import type { ComparedModel, ComparisonApi, ComparisonEvent } from '../contract/comparison.ts';
import type { ExperimentJson } from '../contract/values.ts';
import { type ModelToCompare, sizeToEqualFlops } from '../lab/cost/equal-flops.ts';
import { LabError } from '../lab/plans/problem.ts';
import { answer } from './answer.ts';
import { parsed, presetNamed } from './run/planned-run.ts';
import type { Runs } from './run/runs.ts';

/** The calls about comparisons. Trained models are runs as any other, and kept. */
export function createComparison(
  runs: Pick<Runs, 'record' | 'isTraining' | 'train' | 'ended' | 'stop'>,
): ComparisonApi {
  let running: AbortController | undefined;

  const size = async (presetIds: readonly string[], steps: number): Promise<readonly ComparedModel[]> => {
    const models = presetIds.map((presetId): ModelToCompare => {
      const { title, experiment } = presetNamed(presetId);
      return { presetId, title, experiment: parsed(experiment) };
    });
    const [first] = models;
    if (!first) return [];
    // The text decides on the vocabulary: the first preset's, for all.
    const { experiment, engine } = await runs.record(first.experiment);
    return sizeToEqualFlops([{ ...first, experiment }, ...models.slice(1)], engine, steps);
  };

  const train = async (
    models: readonly ComparedModel[],
    seeds: number,
    onEvent: (event: ComparisonEvent) => void,
    { signal }: AbortController,
  ): Promise<boolean> => {
    const all = Array.from({ length: seeds }, (_, seed) =>
      models.map((model, index) => ({ seed, model, index })),
    );
    for (const { seed, model, index } of all.flat()) {
      onEvent({ kind: 'begun', index, seed });
      const title = seeds === 1 ? model.title : `${model.title}, seed ${seed + 1}`;
      const isStarted = await runs.train(withSeeds(model.experiment, seed), undefined, title);
      if (!isStarted || signal.aborted) {
        await runs.stop();
        return false;
      }
      const record = await runs.ended();
      if (!record) return false; // another run took its place
      onEvent({ kind: 'ended', index, seed, record });
      if (signal.aborted || record.state === 'stopped' || record.state === 'failed') return false;
    }
    return true;
  };

  return {
    sizeComparison: (presetIds, steps) => answer(() => size(presetIds, steps)),
    runComparison: (models, seeds, onEvent) =>
      answer(async () => {
        if (running) throw busy('A comparison is running. Wait for it, or cancel it.');
        if (runs.isTraining) throw busy('A run is training. Pause or stop it, then compare.');
        const comparison = new AbortController();
        running = comparison;
        return train(models, seeds, onEvent, comparison).finally(() => {
          running = undefined;
        });
      }),
    cancelComparison: async () => {
      if (!running) return;
      running.abort();
      await runs.stop();
    },
  };
}

/** The same experiment from other weights, batches and dropout. */
function withSeeds(json: ExperimentJson, shift: number): ExperimentJson {
  const { seeds } = parsed(json).train;
  const shifted = Object.fromEntries(
    Object.entries(seeds).map(([name, seed]) => [name, (seed + shift) % 2 ** 32]),
  );
  return { ...json, train: { ...json.train, seeds: shifted } };
}

function busy(message: string): LabError {
  return new LabError({ kind: 'busy', message });
}
