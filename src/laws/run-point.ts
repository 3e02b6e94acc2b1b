// One finished run as a law sees it: how large, how much data, what loss; and what makes a list of runs unfit to be fitted.

/** Ways to count N: the blocks' matrices, with the output's matrix, or all (embeddings and positions too). */
export const parameterCounts = ['blocks', 'withHead', 'all'] as const;

/** A way to count N. */
export type ParameterCount = (typeof parameterCounts)[number];

/** One run. Numbers are positive; what the source does not tell is absent. */
export interface RunPoint {
  /** N, as the source counts them. */
  readonly parameters: number;
  /** N by every way to count, where the source tells. */
  readonly counts?: Readonly<Record<ParameterCount, number>>;
  /** D */
  readonly tokens: number;
  /** Nats per token. */
  readonly loss: number;
  /** C; 6·N·D where the source does not tell. */
  readonly flops?: number;
  readonly width?: number;
  /** d / √N */
  readonly ratio?: number;
  /** r: parameters of the feed-forward layers over those of attention. */
  readonly mlpToAttention?: number;
  /** Experts of a layer. */
  readonly experts?: number;
  /** Peak of the schedule. */
  readonly learningRate?: number;
  /** The compute that runs of one IsoFLOP curve share. */
  readonly budget?: number;
  /** Runs that share noise, such as branches of one trunk; resampled together. */
  readonly trunk?: string;
  /** `base` marks a run of the reference architecture. */
  readonly part?: string;
  /** Its name in the study. */
  readonly run?: string;
}

/** A list of runs, or a wish, from which no law can be fitted; the message says why and what to do. */
export class UnfitRunsError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'UnfitRunsError';
  }
}

/** C of a run: as stated, or 6·N·D. */
export function flopsOf(point: RunPoint): number {
  return point.flops ?? 6 * point.parameters * point.tokens;
}

/** How a run is called: by its name in the study, or by its number in the list, from 1. */
export function runName({ run }: RunPoint, index: number): string {
  return run ?? String(index + 1);
}

/** The way to count that gave the runs their N; undefined where they do not tell N by every way. */
export function countOf(points: readonly RunPoint[]): ParameterCount | undefined {
  if (points.length === 0) return undefined;
  return parameterCounts.find((count) =>
    points.every(({ counts, parameters }) => counts?.[count] === parameters),
  );
}

/**
 * The runs with N counted another way. Their C goes with it (6·N·D); the budget of an IsoFLOP curve stays, for that is what
 * its runs share. @throws UnfitRunsError for runs that do not tell it
 */
export function countedBy(points: readonly RunPoint[], count: ParameterCount): RunPoint[] {
  return points.map((point, index) => {
    if (point.counts === undefined) {
      throw new UnfitRunsError(
        `run ${runName(point, index)} has one N only. Give the columns ${parameterCounts.map(countColumn).join(', ')}.`,
      );
    }
    const { flops: _, ...rest } = point;
    return { ...rest, parameters: point.counts[count] };
  });
}

/** The column of a table that has N by a way to count. */
export function countColumn(count: ParameterCount): string {
  return `parameters${count[0].toUpperCase()}${count.slice(1)}`;
}

/** How many different values a list has; values within one part in 10⁹ are one. */
export function countDistinct(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted.filter((value, index) => index === 0 || value > sorted[index - 1] * (1 + 1e-9)).length;
}

/** @throws UnfitRunsError unless there are at least as many runs as parameters of the law, at two sizes and two D or more */
export function requireSpread(law: string, points: readonly RunPoint[], unknowns: number): void {
  if (points.length < unknowns) {
    throw new UnfitRunsError(
      `${law}: ${points.length} ${points.length === 1 ? 'run' : 'runs'} cannot fix ${unknowns} parameters. Give at least ${unknowns} runs, better four times as many.`,
    );
  }
  for (const [field, letter] of [['parameters', 'N'] as const, ['tokens', 'D'] as const]) {
    if (countDistinct(points.map((point) => point[field])) > 1) continue;
    throw new UnfitRunsError(
      `${law}: all ${points.length} runs have ${letter} = ${points[0][field]} ${field}, so its exponent is unknown. Add runs at another ${letter}.`,
    );
  }
}

/** The runs without those of the `count` highest losses, in their order, and those that were left out. */
export function leaveOutHighest(
  points: readonly RunPoint[],
  count: number,
): { readonly kept: RunPoint[]; readonly leftOut: RunPoint[] } {
  const leftOut = new Set([...points].sort((a, b) => b.loss - a.loss).slice(0, count));
  return {
    kept: points.filter((point) => !leftOut.has(point)),
    leftOut: points.filter((point) => leftOut.has(point)),
  };
}
