// Pieces of work that people wait for, as replays of plans: what prediction sums up and validation measures.

import type { WorkKind } from '../../contract/validation.ts';
import type { Scalars } from '../../plan/kernel.ts';
import type { Plan } from '../../plan/plan.ts';
import { type CheckPlan, decodeBurst, type InferencePlans } from './inference-plans.ts';
import type { TrainingPlans } from './training-plans.ts';

/** Some plans, replayed so often, handed over in so many submissions. */
export interface Work {
  readonly kind: WorkKind;
  readonly what: string;
  readonly tokens: number;
  readonly replays: readonly { readonly plan: Plan; readonly scalars: Scalars; readonly times: number }[];
  /** Submissions that somebody waits for; a step in a row of steps is not waited for. May be a part of one. */
  readonly waits: number;
  /** True where short pieces in a row are handed over together. */
  readonly isGrouped?: boolean;
}

/** Seconds of the device handed over at once: two such, which are in flight, leave Stop within a quarter second. */
const groupSeconds = 0.05;
/** Replays of one submission. */
const mostReplays = 256;

/** Training steps that share a submission: as many as take the device 50 ms. */
export function stepsInGroup(stepSeconds: number, replaysOfStep: number): number {
  return Math.max(
    1,
    Math.min(Math.floor(mostReplays / replaysOfStep), Math.floor(groupSeconds / stepSeconds)),
  );
}

/** One training step among others. */
export function trainingWork(
  plans: TrainingPlans,
  { batch, accumulation }: { readonly batch: number; readonly accumulation: number },
): Work {
  const rows = accumulation > 1 ? `${accumulation} × ${batch}` : `${batch}`;
  return {
    kind: 'training',
    what: `a step of ${rows} × ${plans.time} tokens`,
    tokens: batch * accumulation * plans.time,
    replays: [
      { plan: plans.accumulate, scalars: {}, times: accumulation },
      { plan: plans.update, scalars: {}, times: 1 },
    ],
    waits: 0,
    isGrouped: true,
  };
}

/** One batch among others, forward only. */
export function evaluationWork(plans: TrainingPlans, { batch }: { readonly batch: number }): Work {
  return {
    kind: 'evaluation',
    what: `a batch of ${batch} × ${plans.time} tokens`,
    tokens: batch * plans.time,
    replays: [{ plan: plans.evaluate, scalars: {}, times: 1 }],
    waits: 0,
  };
}

/** A prompt that fills a prefill plan, up to the first new token. */
export function prefillWork({ prefill }: InferencePlans, bucket: number): Work {
  const plan = prefill[bucket];
  if (!plan) throw new Error(`prefill: there is no plan ${bucket}; there are ${prefill.length}.`);
  return {
    kind: 'prefill',
    what: `a prompt of ${plan.length} tokens`,
    tokens: plan.length,
    replays: [{ plan: plan.plan, scalars: { length: plan.length }, times: 1 }],
    waits: 1,
  };
}

/** One token of every slot with `position` tokens in its cache, in a burst of several. */
export function decodeWork({ decode, slots }: InferencePlans, position: number): Work {
  return {
    kind: 'decode',
    what: slots === 1 ? `a token after ${position}` : `${slots} tokens after ${position}`,
    tokens: slots,
    replays: [{ plan: decode, scalars: { position, length: 1 }, times: 1 }],
    waits: 1 / decodeBurst,
  };
}

/** A check with `position` tokens in the cache before it, whose costs are those of the mean of its rows. */
export function checkReplay({ plan, rows }: CheckPlan, position: number) {
  return { plan, scalars: { position: position + (rows - 1) / 2 } };
}

/** Drafted tokens checked in one pass, and read back, with `position` tokens in the cache before them. */
export function checkWork(check: CheckPlan, position: number): Work {
  const { rows } = check;
  return {
    kind: 'decode',
    what: `a check of ${rows} tokens after ${position}`,
    tokens: rows,
    replays: [{ ...checkReplay(check, position), times: 1 }],
    waits: 1,
  };
}

/** So many tokens of one text drafted in a row, and read back. */
export function draftWork({ decode }: InferencePlans, position: number, tokens: number): Work {
  return {
    kind: 'decode',
    what: `${tokens} drafted tokens after ${position}`,
    tokens,
    replays: [{ plan: decode, scalars: { position: position + (tokens - 1) / 2, length: 1 }, times: tokens }],
    waits: 1,
  };
}

/** All that a run does: a step, a batch, prompts by bucket, and tokens early, halfway and late in the context. */
export function allWork(
  plans: TrainingPlans,
  sampling: InferencePlans | undefined,
  train: { readonly batch: number; readonly accumulation: number },
): Work[] {
  const context = plans.model.config.context;
  const positions = [...new Set([context >> 3, context >> 1, context - 1].map((n) => Math.max(0, n)))];
  return [
    trainingWork(plans, train),
    evaluationWork(plans, train),
    ...(sampling
      ? [
          ...sampling.prefill.map((_, bucket) => prefillWork(sampling, bucket)),
          ...positions.map((position) => decodeWork(sampling, position)),
        ]
      : []),
  ];
}
