// One run of a lesson about laws: trained as the room Laws trains its tiny models, and its validation loss.
import { usualRateAt } from '../../laws/learning-rate-law.ts';
import type { LessonTools } from './lesson.ts';
import { lessonExperiment, lossByPosition, mean, startLessonRun, trainSteps } from './training.ts';

/** What is trained. */
export interface ScalingRun {
  readonly model: Readonly<Record<string, unknown>> & { readonly context: number };
  /** N of the blocks, which the learning rate follows from. */
  readonly parameters: number;
  readonly steps: number;
  readonly batch: number;
  readonly source: 'zipf' | 'stories';
  readonly characters: number;
}

/** Batches of an evaluation. */
const evaluationBatches = 32;

/**
 * Warm-up, plateau, and decay to 0 over the last fifth.
 * @param onStep how many steps are done @returns validation loss in nats per character
 */
export async function trainForLaw(
  { engine }: Pick<LessonTools, 'engine'>,
  { model, parameters, steps, batch, source, characters }: ScalingRun,
  onStep: (done: number) => void,
): Promise<number> {
  const experiment = await lessonExperiment({
    model,
    train: {
      steps,
      batch,
      optimizer: { learningRate: usualRateAt(parameters), beta2: 0.99, weightDecay: 0.1 },
      schedule: {
        kind: 'warmupStableDecay',
        warmupSteps: Math.min(20, Math.floor(steps / 10)),
        decayFraction: 0.2,
        minimumLearningRate: 0,
      },
    },
    data: { source, characters },
  });
  const run = await startLessonRun(engine, experiment);
  try {
    await trainSteps(run, steps, onStep);
    return mean(await lossByPosition(run, evaluationBatches));
  } finally {
    run.runtime.dispose();
  }
}
