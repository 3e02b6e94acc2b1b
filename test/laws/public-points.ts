// Public points of scaling studies, and the synthetic study of shapes whose truth is known, for the tests of fits.
import { readFileSync } from 'node:fs';
import { type ConditionalForm, conditionalLoss } from '../../src/laws/conditional-law.ts';
import type { RunPoint } from '../../src/laws/run-point.ts';
import { gaussian, mulberry32 } from '../../src/laws/seeded-random.ts';

type Row = readonly [parameters: number, other: number, loss: number];

interface Fixture {
  readonly epoch: readonly Row[];
  readonly cs336: readonly Row[];
  readonly tiny: Readonly<Record<'stories' | 'shakespeare', readonly Row[]>>;
  readonly resamples: readonly {
    readonly indices: readonly number[];
    readonly objective: number;
    readonly alpha: number;
    readonly beta: number;
  }[];
  readonly expected: {
    readonly huber: readonly Expected[];
    readonly earlyStop: { readonly objective_sum: number };
    readonly published: Readonly<Record<string, Expected & Record<string, number>>>;
    readonly projection: readonly (Expected & { readonly rss: number })[];
    readonly inner: readonly (Expected & { readonly rss: number })[];
    readonly isoflop: Readonly<Record<string, { readonly a: number; readonly b: number }>>;
    readonly tiny: readonly [{ readonly lack_of_fit_F: number; readonly rms_log_residual: number }];
  };
}

interface Expected {
  readonly n: number;
  readonly objective: number;
  readonly E: number;
  readonly A: number;
  readonly B: number;
  readonly alpha: number;
  readonly beta: number;
}

/** scaling-laws.json, which make-scaling.py writes and names the sources of. */
export const fixture: Fixture = JSON.parse(
  readFileSync(new URL('../fixtures/scaling-laws.json', import.meta.url), 'utf8'),
);

/** The 245 points that Epoch read off Chinchilla's figure. */
export const epoch245: RunPoint[] = fixture.epoch.map(([parameters, flops, loss]) => ({
  ...{ parameters, flops, loss },
  tokens: flops / (6 * parameters),
}));

/** Without the five highest losses, as Besiroglu et al. fit them. */
export const epoch240 = withoutHighest(epoch245, 5);

/** 72 synthetic runs of nine IsoFLOP budgets. */
export const cs336: RunPoint[] = fixture.cs336.map(([parameters, budget, loss]) => ({
  ...{ parameters, budget, loss },
  tokens: budget / (6 * parameters),
}));

/** Runs of tiny models on one text. */
export function tinyRuns(text: 'stories' | 'shakespeare'): RunPoint[] {
  return fixture.tiny[text].map(([parameters, tokens, loss]) => ({ parameters, tokens, loss }));
}

function withoutHighest(points: readonly RunPoint[], count: number): RunPoint[] {
  const limit = [...points].sort((a, b) => b.loss - a.loss)[count - 1].loss;
  return points.filter(({ loss }) => loss < limit);
}

/** The law behind the synthetic study. */
export const syntheticLaw = { E: 0.8, A: 14, B: 40, alpha: 0.3, beta: 0.33 } as const;

/** The truth behind each form. */
export const syntheticTruth = {
  multiplicative: { c: 1, kappaX: 0.06, optimumX: 0.11, kappaR: 0.03, optimumR: 1.6, gamma: 0 },
  additive: { c: 0, kappaX: 0.1, optimumX: 0.11, kappaR: 0.05, optimumR: 1.6, gamma: 0 },
  joint: { c: 1, kappaX: 0.06, optimumX: 0.11, kappaR: 0.03, optimumR: 1.6, gamma: -0.5 },
} as const;

/** 100 runs: 20 of one shape at several N and D, and 20 shapes at each of four scales, six of them beyond the form (as multiplicative). */
export function syntheticStudy(form: ConditionalForm, seed: number, sigma = 0.003): RunPoint[] {
  const uniform = mulberry32(seed);
  const truth = syntheticTruth[form];
  const reference = [0.14, 2.5] as const;
  const row = (parameters: number, tokens: number, ratio: number, r: number, part: string): RunPoint => {
    const best =
      syntheticLaw.E +
      syntheticLaw.A / parameters ** syntheticLaw.alpha +
      syntheticLaw.B / tokens ** syntheticLaw.beta;
    const inside = Math.min(5, Math.max(0.5, r));
    // Beyond 0.5 and 5 the loss rises more slowly than the form says, as in the paper.
    const beyond = r < 0.5 ? 0.02 * Math.log(0.5 / r) : r > 5 ? 0.05 * Math.log(r / 5) : 0;
    const shaped = conditionalLoss(form, truth, best, ratio, inside);
    const loss = form === 'additive' ? shaped + beyond : shaped * (1 + beyond);
    return {
      ...{ parameters, tokens, ratio, part },
      mlpToAttention: r,
      loss: loss * Math.exp(sigma * gaussian(uniform)),
    };
  };
  const rows: RunPoint[] = [];
  for (const n of [1e4, 3e4, 1e5, 3e5])
    for (const d of [1e5, 3e5, 1e6, 3e6, 1e7]) rows.push(row(n, d, ...reference, 'base'));
  [3e4, 1e5, 3e5, 1e6].forEach((n, scale) => {
    const add = (x: number, r: number) => rows.push(row(n, 20 * n, x, r, `s${scale + 1}`));
    for (const x of [0.045, 0.07, 0.1, 0.14, 0.2, 0.3]) add(x, 2.5);
    for (const r of [0.5, 0.8, 1.25, 5]) add(0.14, r);
    for (const x of [0.07, 0.2]) for (const r of [0.8, 5]) add(x, r);
    for (const r of [0.1, 0.2, 0.3, 8, 12, 20]) add(0.14, r);
  });
  return rows;
}
