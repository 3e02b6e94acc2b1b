// Comparisons: presets in other sizes, and models of equal flops trained one after another.

import type { ComparisonEvent, MatchedModel } from '../contract/comparison.ts';
import type { ExperimentJson } from '../contract/values.ts';
import { type Contestant, matchFlops } from '../lab/cost/equal-flops.ts';
import { LabError, stage } from '../lab/plans/problem.ts';
import { findPreset } from '../model/presets/catalogue.ts';
import { scaleExperiment } from '../model/size-dial.ts';
import { parsed } from './planned-run.ts';
import type { RunService } from './run-service.ts';

type Runs = Pick<RunService, 'record' | 'isTraining' | 'train' | 'ended' | 'stop'>;

/** Families and sizes of one worker. */
export class ComparisonService {
  readonly #runs: Runs;
  #comparison: AbortController | undefined;

  constructor(runs: Runs) {
    this.#runs = runs;
  }

  /** @throws LabError if there is no such preset, or none of that size */
  async scale(presetId: string, factor: number): Promise<ExperimentJson> {
    const experiment = parsed(presetOf(presetId).experiment);
    return stage('invalidConfig', () => scaleExperiment(experiment, factor) as unknown as ExperimentJson);
  }

  /** @throws LabError if the presets cannot be matched, or do not suit the device */
  async match(presetIds: readonly string[], steps: number): Promise<readonly MatchedModel[]> {
    const contestants = presetIds.map((presetId): Contestant => {
      const { title, experiment } = presetOf(presetId);
      return { presetId, title, experiment: parsed(experiment) };
    });
    const [first] = contestants;
    if (!first) return [];
    // The text decides on the vocabulary: the first preset's, for all.
    const { experiment, engine } = await this.#runs.record(first.experiment as unknown as ExperimentJson);
    return matchFlops([{ ...first, experiment }, ...contestants.slice(1)], engine, steps);
  }

  /** Trains the models in turn. @returns whether all came to their end @throws LabError while another run trains */
  async compare(
    models: readonly MatchedModel[],
    onEvent: (event: ComparisonEvent) => void,
  ): Promise<boolean> {
    if (this.#comparison) throw busy('A comparison is running. Wait for it, or cancel it.');
    if (this.#runs.isTraining) throw busy('A run is training. Pause or stop it, then compare.');
    const comparison = new AbortController();
    this.#comparison = comparison;
    try {
      for (const [index, { experiment, title }] of models.entries()) {
        onEvent({ kind: 'begun', index });
        const isStarted = await this.#runs.train(experiment, undefined, title);
        if (!isStarted || comparison.signal.aborted) {
          await this.#runs.stop();
          return false;
        }
        const record = await this.#runs.ended();
        if (!record) return false; // another run took its place
        onEvent({ kind: 'ended', index, record });
        if (comparison.signal.aborted || record.state === 'stopped' || record.state === 'failed')
          return false;
      }
      return true;
    } finally {
      this.#comparison = undefined;
    }
  }

  /** Stops the run of the comparison, if one goes on. */
  async cancel(): Promise<void> {
    if (!this.#comparison) return;
    this.#comparison.abort();
    await this.#runs.stop();
  }
}

function presetOf(presetId: string) {
  const preset = findPreset(presetId);
  if (preset) return preset;
  throw new LabError({
    kind: 'invalidConfig',
    message: `presets: there is none named ${JSON.stringify(presetId)}.`,
  });
}

function busy(message: string): LabError {
  return new LabError({ kind: 'busy', message });
}
