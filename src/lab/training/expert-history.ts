// What a run's routers did over time: samples between which nothing is lost, kept in bounded memory, and when one collapses.

import type { CollapsedRouter, ExpertHistory, ExpertLoad, ExpertSample } from '../../contract/inside.ts';
import { formatDigits, formatPercent } from '../../text/numbers.ts';
import { ThinnedList } from '../plans/thinned-list.ts';
import { takeExpertStatistics } from './expert-statistics.ts';
import type { Run } from './run.ts';

/** Samples that a history keeps, evenly over the steps. */
const keptSamples = 400;

/** Steps that a router is judged by, the newest. Fewer say nothing: routers of the first steps are rough. */
export const judgedSteps = 20;

/** Part of the way from its fair share to all tokens from which on one expert has too much. */
const shareLimit = 0.8;

/** Part of the way from K experts to all E below which the load is spread over too few. */
const spreadLimit = 0.2;

/** What counts as collapsed, in words: the page shows it. */
export const collapseRule =
  `A router counts as collapsed if over its last ${judgedSteps} steps or more one expert takes more of the tokens than ` +
  `${100 * shareLimit} % of the way from the fair share K/E to all of them, or if the load is spread as unevenly as over ` +
  `fewer than K + ${spreadLimit} · (E − K) experts (exp of its entropy). With K = E there is nothing to choose.`;

/**
 * The routers that collapsed, by the newest samples that cover `judgedSteps`: one expert's share of the tokens beyond
 * K/E + 0.8 · (1 − K/E), or exp(entropy of the loads) below K + 0.2 · (E − K). Balanced loads have K/E and E.
 * @param samples in the order of steps, without gaps
 * @param perToken K
 */
export function findCollapsed(samples: readonly ExpertSample[], perToken: number): CollapsedRouter[] {
  const newest = samples.at(-1);
  if (!newest) return [];
  let first = samples.length - 1;
  while (first > 0 && newest.step - samples[first].from < judgedSteps) first--;
  const judged = samples.slice(first);
  const steps = judged.reduce((sum, { from, step }) => sum + step - from, 0);
  if (steps < judgedSteps) return [];
  return newest.layers.flatMap(({ layer, load }, index) => {
    const experts = load.length;
    if (experts <= perToken) return [];
    const loads = load.map((_, e) => judged.reduce((sum, { layers }) => sum + layers[index].load[e], 0));
    const why = describeCollapse(loads, perToken);
    return why === undefined ? [] : [{ layer, steps, why: `Layer ${layer + 1}: ${why}` }];
  });
}

/** Why loads are those of a collapsed router; undefined if they are not. */
function describeCollapse(loads: readonly number[], perToken: number): string | undefined {
  const experts = loads.length;
  const choices = loads.reduce((a, b) => a + b, 0);
  if (choices === 0) return undefined;
  const largest = Math.max(...loads);
  const share = (largest * perToken) / choices;
  const fair = perToken / experts;
  if (share > fair + shareLimit * (1 - fair)) {
    const expert = loads.indexOf(largest) + 1;
    return `expert ${expert} of ${experts} takes ${formatPercent(share)} of the tokens; its fair share is ${formatPercent(fair)}.`;
  }
  const spread = Math.exp(loads.reduce((sum, load) => sum - entropyPart(load / choices), 0));
  if (spread < perToken + spreadLimit * (experts - perToken))
    return `the load is spread as over ${formatDigits(spread)} of ${experts} experts, of which a token takes ${perToken}.`;
  return undefined;
}

function entropyPart(share: number): number {
  return share > 0 ? share * Math.log(share) : 0;
}

/** The history of one run's routers. Who asks it reads the statistics; nobody else pays. */
export class ExpertLog {
  readonly #run: Run;
  readonly #samples: ThinnedList<ExpertSample & { readonly loss: number }>;
  /** The newest samples in a row, as many as a judgement needs. */
  #recent: ExpertSample[] = [];
  #reached: number;

  constructor(run: Run) {
    this.#run = run;
    this.#reached = run.trainer.progress.step;
    this.#samples = new ThinnedList(keptSamples);
  }

  /** Whether the model has experts. */
  get isNeeded(): boolean {
    return this.#run.plans.model.experts !== undefined;
  }

  /** The newest sample; undefined before the first. */
  get last(): ExpertSample | undefined {
    return this.#recent.at(-1);
  }

  /** The routers that are collapsed now. */
  get collapsed(): readonly CollapsedRouter[] {
    return findCollapsed(this.#recent, this.#run.experiment.model.expertsPerToken);
  }

  /** Reads what happened since the last time, if anything did. Call when no step is in flight. */
  async take(): Promise<ExpertSample | undefined> {
    const { step } = this.#run.trainer.progress;
    if (!this.isNeeded || step <= this.#reached) return undefined;
    const statistics = await takeExpertStatistics(this.#run);
    const layers = statistics.map(({ layer, tokens, load, dropped, entropy, balance }): ExpertLoad => {
      return { layer, tokens, load, dropped: dropped.reduce((a, b) => a + b, 0), entropy, balance };
    });
    const sample = { from: this.#reached, step, layers };
    this.#reached = step;
    // The worst balance stands where the list looks for the least loss: that sample is kept whatever is thinned.
    this.#samples.push({ ...sample, loss: -Math.max(...layers.map(({ balance }) => balance)) });
    this.#recent.push(sample);
    while (this.#recent.length > 1 && step - this.#recent[1].from >= judgedSteps) this.#recent.shift();
    return sample;
  }

  /** All of it. */
  history(): ExpertHistory {
    const { experts, expertsPerToken: perToken, balanceLoss } = this.#run.experiment.model;
    const samples = this.#samples.items().map(({ from, step, layers }) => ({ from, step, layers }));
    const rest = { samples, collapsed: this.collapsed, rule: collapseRule };
    return this.isNeeded
      ? { experts, perToken, balanceLoss, ...rest }
      : { experts: 0, perToken: 0, balanceLoss: 0, ...rest };
  }
}
