// A run that was recorded elsewhere and is replayed before anything runs here: its file's format, and its reader.
import * as v from 'valibot';
import type { KernelTable, StepRecord } from '../worker/api.ts';
import type { Evaluation } from './run-series.ts';

/** The content of `public/recorded-run.json`. Times are those of the machine that recorded it. */
export interface RecordedRun {
  /** Version of this format; a reader refuses others. */
  readonly version: 1;
  readonly presetId: string;
  /** The device in words, such as `Apple M3 (Chrome 148)`. */
  readonly device: string;
  /** True when `device` is a software renderer. */
  readonly isSoftware: boolean;
  /** ISO date of the recording. */
  readonly recordedAt: string;
  /** One sentence on how it was made: the command. */
  readonly note: string;
  readonly totalSteps: number;
  /** Thinned to at most 1000 records; each is a real record, not a mean. */
  readonly steps: readonly StepRecord[];
  readonly evaluations: readonly Evaluation[];
  readonly samples: readonly { readonly step: number; readonly text: string }[];
  readonly floors: { readonly uniform: number; readonly unigram: number; readonly bigram: number };
  /** Tokens per second that were predicted before the run, if the device was calibrated. */
  readonly predictedTokensPerSecond?: number | undefined;
  readonly kernelTable?: KernelTable | undefined;
}

const finite = v.pipe(v.number(), v.finite());
const evaluation = v.object({ step: finite, tokens: finite, flops: finite, seconds: finite, loss: finite });

const kernelRow = v.object({
  index: finite,
  label: v.string(),
  phase: v.string(),
  kernel: v.string(),
  shape: v.string(),
  workgroups: finite,
  usefulFlops: finite,
  launchedFlops: finite,
  bytes: finite,
  predictedSeconds: v.exactOptional(finite),
  measuredSeconds: v.exactOptional(finite),
  measuredSpread: v.exactOptional(finite),
  boundBy: v.picklist(['arithmetic', 'bandwidth', 'launch', 'unknown']),
});

const recordedRun = v.object({
  version: v.literal(1),
  presetId: v.string(),
  device: v.string(),
  isSoftware: v.boolean(),
  recordedAt: v.string(),
  note: v.string(),
  totalSteps: finite,
  steps: v.pipe(
    v.array(
      v.object({
        ...evaluation.entries,
        learningRate: finite,
        gradientNorm: finite,
        stepSeconds: finite,
        tokensPerSecond: finite,
      }),
    ),
    v.minLength(2),
    v.maxLength(1000),
  ),
  evaluations: v.array(evaluation),
  samples: v.array(v.object({ step: finite, text: v.string() })),
  floors: v.object({ uniform: finite, unigram: finite, bigram: finite }),
  predictedTokensPerSecond: v.exactOptional(finite),
  kernelTable: v.exactOptional(
    v.object({ rows: v.array(kernelRow), method: v.string(), sumOverStep: v.exactOptional(finite) }),
  ),
});

/** Reads a recording; undefined when it is not one of version 1. */
export function readRecordedRun(json: unknown): RecordedRun | undefined {
  const result = v.safeParse(recordedRun, json);
  return result.success ? result.output : undefined;
}

/** Fetches the recording that is shipped with the page; undefined when there is none. */
export async function fetchRecordedRun(address = 'recorded-run.json'): Promise<RecordedRun | undefined> {
  try {
    const response = await fetch(address);
    return response.ok ? readRecordedRun(await response.json()) : undefined;
  } catch {
    return undefined;
  }
}

/** What a replay shows when `share` (0 to 1) of it has passed. */
export function replayUntil(
  run: RecordedRun,
  share: number,
): Pick<RecordedRun, 'steps' | 'evaluations' | 'samples'> {
  const count = Math.max(1, Math.ceil(Math.min(1, share) * run.steps.length));
  const steps = run.steps.slice(0, count);
  const now = share >= 1 ? Number.POSITIVE_INFINITY : (steps[steps.length - 1]?.step ?? 0);
  return {
    steps,
    evaluations: run.evaluations.filter(({ step }) => step <= now),
    samples: run.samples.filter(({ step }) => step <= now),
  };
}
