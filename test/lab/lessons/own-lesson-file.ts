// A lesson file of a few steps, for tests.

/** As a teacher writes it. */
export const ownLessonFile = {
  format: 'flopscope-lesson',
  version: 1,
  title: 'How low?',
  text: ['Read this. <script>alert(1)</script>'],
  question: 'How low is the loss after four steps?',
  experiment: {
    model: { layers: 1, width: 8, heads: 2, context: 8 },
    train: { steps: 8, batch: 2 },
    data: { source: 'arithmetic', characters: 3000 },
  },
  smallSteps: 4,
  measure: 'validationLoss',
  expected: { from: 1, to: 5 },
  meaning: ['Talk.'],
} as const;
