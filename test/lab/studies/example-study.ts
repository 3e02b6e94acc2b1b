// A study of seconds on the reference loops, for the tests.
import type { LawReport } from '../../../src/laws/report.ts';

/** Two sizes, two lengths that share a trunk. */
export const exampleStudy = {
  name: 'example',
  base: {
    model: { layers: 1, width: 8, heads: 2, context: 16 },
    train: {
      ...{ steps: 10, batch: 2, evaluationInterval: 0, sampleInterval: 0 },
      optimizer: { learningRate: 3e-3 },
      schedule: { kind: 'warmupStableDecay', warmupSteps: 2, minimumLearningRate: 0, decayFraction: 0.25 },
    },
    data: { source: 'arithmetic', characters: 5000 },
  },
  grid: { 'model.width': [8, 16], tokens: { from: 256, to: 512, factor: 2 } },
  validationTokens: 64,
} as const;

/** A copy with something else in it. */
export function studyWith(changes: Readonly<Record<string, unknown>>): unknown {
  return { ...structuredClone(exampleStudy), ...changes };
}

/** A conditional law with its best shape at d/√N 0.16 and r 2. */
export const exampleLaw: LawReport = {
  ...{ law: 'conditional', method: 'least-squares', form: 'multiplicative', points: 42 },
  ...{ leftOut: [], objective: 0, warnings: [] },
  parameters: {
    ...{ c: 1, kappaX: 0.06, optimumX: 0.16, kappaR: 0.03, optimumR: 2 },
    ...{ E: 0.8, A: 14, B: 40, alpha: 0.3, beta: 0.33 },
  },
};
