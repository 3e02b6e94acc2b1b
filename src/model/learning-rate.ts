// The learning rate of every step: a linear warm-up, then a cosine, a line, nothing, a late line or a root.
import type { TrainConfig } from './config.ts';

/** What the schedule needs to know of a run. */
export interface ScheduleSettings {
  /** Updates of the whole run; the minimum is reached there. */
  readonly steps: number;
  readonly schedule: TrainConfig['schedule'];
  readonly optimizer: Pick<TrainConfig['optimizer'], 'learningRate'>;
}

/**
 * Learning rate of the update `step`, counted from 0. As nanoGPT's train.py: η·(step + 1) / (warmup + 1) while warming up,
 * then from η at `warmup` to the minimum at `steps` and from there on. `warmupStableDecay` stays at η until the last
 * `decayFraction` of the steps (Hu et al. 2024); `inverseSquareRoot` is η·√(warmup / step), without end (Vaswani et al. 2017).
 */
export function learningRateAt({ steps, schedule, optimizer }: ScheduleSettings, step: number): number {
  const { kind, warmupSteps, minimumLearningRate, decayFraction } = schedule;
  const { learningRate } = optimizer;
  if (step < warmupSteps) return (learningRate * (step + 1)) / (warmupSteps + 1);
  if (kind === 'constant') return learningRate;
  if (kind === 'inverseSquareRoot')
    return learningRate * Math.sqrt(Math.max(1, warmupSteps) / Math.max(1, step));
  if (step >= steps) return minimumLearningRate;
  const decayStart =
    kind === 'warmupStableDecay' ? Math.max(warmupSteps, steps * (1 - decayFraction)) : warmupSteps;
  if (step <= decayStart) return learningRate;
  const progress = (step - decayStart) / (steps - decayStart);
  const remaining = kind === 'cosine' ? 0.5 * (1 + Math.cos(Math.PI * progress)) : 1 - progress;
  return minimumLearningRate + remaining * (learningRate - minimumLearningRate);
}
