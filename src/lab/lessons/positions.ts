// Lesson: all positions learn. Loss by position before and after training.

import type { LessonInfo, LessonQuestion, LessonSeries, LessonSize } from '../../contract/lessons.ts';
import { headLoss } from '../../kernels/head-loss.ts';
import { headOf } from '../../model/tensors.ts';
import { recordTrunk } from '../../model/transformer.ts';
import { freeze, type Plan } from '../../plan/plan.ts';
import { Tape } from '../../plan/tape.ts';
import { formatFigure } from '../../text/numbers.ts';
import { gradientsByPosition } from '../inside/position-gradients.ts';
import { evaluationBatches, floorsOf } from '../plans/corpus.ts';
import type { Engine } from '../plans/engine.ts';
import { freshWeights } from '../plans/open-model.ts';
import { check, exactly, type Lesson } from './lesson.ts';
import { lessonExperiment, lossByPosition, mean, startLessonRun, trainSteps } from './training.ts';

const sizes = {
  normal: { layers: 4, width: 128, heads: 4, context: 64, batch: 16, steps: 400, characters: 200_000 },
  small: { layers: 2, width: 32, heads: 2, context: 32, batch: 8, steps: 150, characters: 20_000 },
} as const;

/** Batches of the validation split whose losses are averaged. */
const batchesAveraged = 12;

/** How far an untrained model may be from guessing. */
const startTolerance = 0.1;

function setup(size: LessonSize, lossPositions: 'all' | 'last' = 'all') {
  const { layers, width, heads, context, batch, steps, characters } = sizes[size];
  return lessonExperiment({
    model: { layers, width, heads, context },
    train: { steps, batch, lossPositions },
    data: { source: 'stories', characters },
  });
}

function questionFor(size: LessonSize): LessonQuestion {
  const { context } = sizes[size];
  return {
    kind: 'number',
    text: `The model reads ${context} tokens at once. After training, at how many of the ${context} positions does it guess the next token better than before?`,
    unit: 'positions',
    minimum: 0,
    maximum: context,
    ...exactly,
  };
}

const describeSize = (size: LessonSize) => {
  const { layers, width, context, steps } = sizes[size];
  return `Trains ${layers} layers of width ${width} on ${context} tokens for ${steps} steps of generated stories; then once more at the last position alone, as a control.`;
};

const info: LessonInfo = {
  id: 'positions',
  title: 'Every position learns',
  summary: 'The loss at each position, before and after training.',
  text: [
    'When a model writes, only its last position matters: the scores there choose the next token, those of all others are thrown away. So is training a matter of the last position, too?',
    'In training the loss is taken at every position at once. Each is a question of its own: the first position sees a single token, the last sees all of them.',
  ],
  question: { normal: questionFor('normal'), small: questionFor('small') },
  runs: { normal: describeSize('normal'), small: describeSize('small') },
  teaching: {
    plan: 'learning',
    minutes: 8,
    questions: [
      {
        ask: 'Only the last position is used when a model writes. Why train the others?',
        expect:
          'One pass asks a question at every position, and all send gradients to the same weights: 32 lessons for the price of one.',
      },
      {
        ask: 'Why does the first position stay worse than the others?',
        expect: 'It sees one token. Nobody can do better there than counts of pairs allow.',
      },
      {
        ask: 'Positions became better that nothing was learned at (the control). Does that refute it?',
        expect:
          'No: they share their weights. The control shows how much comes by sharing alone, and it is less.',
      },
    ],
  },
  source: 'W. H. Press, arXiv 2511.11572, section 2 (every position contributes to the loss).',
};

/** Loss by position as a lesson. */
export const positionsLesson: Lesson = {
  info,
  predict: async ({ size }) => {
    const { context } = sizes[size];
    const { uniform, bigram } = floorsOf((await setup(size)).dataset);
    return {
      answer: { value: context, text: `${context} positions` },
      reasons: [
        `Untrained, it guesses: ln V = ${formatFigure(uniform)} nats at every position.`,
        `All ${context} positions send a gradient, and all use the same weights: all ${context} become better.`,
        `The first position sees one token. No model can do better there than counts of pairs allow, about ${formatFigure(bigram)} nats; later positions can.`,
      ],
      figures: [],
    };
  },
  measure: async ({ engine, size, report }) => {
    const { context, steps } = sizes[size];
    const lesson = await setup(size);
    const { uniform, bigram } = floorsOf(lesson.dataset);
    const gradients = await untrainedGradients(engine, lesson, (done) =>
      report(0.2 * (done / context), 'Gradients of one position at a time'),
    );
    const [weakest, strongest] = [Math.min(...gradients), Math.max(...gradients)];
    report(0.2, 'Compiling kernels');
    const run = await startLessonRun(engine, lesson);
    try {
      const before = await lossByPosition(run, batchesAveraged);
      await trainSteps(run, steps, (done) => report(0.22 + (0.38 * done) / steps, 'Training'));
      const after = await lossByPosition(run, batchesAveraged);
      const control = await trainControl(engine, size, (done) =>
        report(0.6 + (0.38 * done) / steps, 'Training at the last position alone'),
      );
      const countBetter = (losses: readonly number[]) =>
        losses.filter((loss, position) => loss < (before[position] ?? 0)).length;
      const improved = countBetter(after);
      const half = Math.floor(context / 2);
      const [first = 0] = after;
      const late = mean(after.slice(half));
      const offset = Math.max(...before.map((loss) => Math.abs(loss - uniform))) / uniform;
      return {
        measured: { value: improved, text: `${improved} of ${context} positions` },
        checks: [
          check(
            'Before: ln V at every position',
            `${formatFigure(uniform)} ± ${100 * startTolerance} %`,
            `within ${formatFigure(100 * offset)} %`,
            offset <= startTolerance,
          ),
          check(
            'Positions that alone send the weights a gradient',
            `${context}, none under a tenth of the strongest`,
            `weakest ÷ strongest ${formatFigure(weakest / strongest)}`,
            weakest > strongest / 10,
          ),
          check('Positions that became better', `${context}`, `${improved}`, improved === context),
          check(
            'Mean loss over all positions, against a control that learns from the last alone',
            `less than ${formatFigure(mean(control))}`,
            formatFigure(mean(after)),
            mean(after) < mean(control),
          ),
          check(
            'The first position stays above later ones, which see more',
            `more than ${formatFigure(late)}`,
            formatFigure(first),
            first > late,
          ),
        ],
        figures: [
          {
            kind: 'lines',
            title: 'Loss by position',
            x: { label: 'position' },
            y: { label: 'loss, nats per token' },
            series: [
              level('ln V: guessing', uniform, context),
              level('counts of pairs', bigram, context),
              { name: 'before training', role: 'other', points: byPosition(before) },
              { name: 'trained at the last alone', role: 'other', points: byPosition(control) },
              { name: 'after training', role: 'measured', points: byPosition(after) },
            ],
          },
          {
            kind: 'lines',
            title: 'Gradient that each position sends, before training',
            x: { label: 'position' },
            y: { label: 'norm over all weights' },
            series: [{ name: 'this position alone', role: 'measured', points: byPosition(gradients) }],
          },
        ],
        meaning: [
          `With all other targets left out, each of the ${context} positions still pushes the weights: its gradient is ${formatFigure(weakest)} to ${formatFigure(strongest)}. One row of ${context} tokens is ${context} lessons, not one.`,
          `That positions become better does not show this by itself: they share their weights. The control, trained at the last position alone from the same weights on the same text, became better at ${countBetter(control)} of ${context}, but to a mean loss of ${formatFigure(mean(control))} where learning from all of them gives ${formatFigure(mean(after))}.`,
          'The curve falls to the right: what stands further back in the text helps. Where it is flat, the model makes no use of more context.',
        ],
      };
    } finally {
      run.runtime.dispose();
    }
  },
};

/** Loss by position of the same model, trained as long on the same text, with the last position's loss alone. */
async function trainControl(
  engine: Engine,
  size: LessonSize,
  report: (done: number) => void,
): Promise<number[]> {
  const everywhere: Plan[] = [];
  const run = await startLessonRun(
    engine,
    await setup(size, 'last'),
    ({ model, tokens, positionLoss, time }) => {
      const tape = new Tape(engine);
      const x = recordTrunk(tape, model, tokens, { batch: sizes[size].batch, time });
      const targets = { tokens, targets: undefined };
      headLoss(tape, x, headOf(model), targets, positionLoss, { time, lossPositions: 'all' });
      everywhere.push(freeze('loss at all positions', tape));
      return everywhere;
    },
  );
  try {
    await trainSteps(run, sizes[size].steps, report);
    return await lossByPosition(run, batchesAveraged, everywhere[0]);
  } finally {
    run.runtime.dispose();
  }
}

/** Norm of what each position alone sends to fresh weights, over one batch of the text held out. */
function untrainedGradients(
  engine: Engine,
  { experiment, dataset }: Awaited<ReturnType<typeof setup>>,
  report: (done: number) => void,
): Promise<number[]> {
  const { model, train } = experiment;
  const [batch] = evaluationBatches(dataset, train.batch, 1);
  if (!batch) throw new Error('lesson: the text held out is shorter than a batch.');
  return gradientsByPosition(engine, model, freshWeights(model, train.seeds.weights), batch.tokens, report);
}

const byPosition = (losses: readonly number[]) =>
  losses.map((loss, index): readonly [number, number] => [index + 1, loss]);

/** A line at one height over all positions. */
function level(name: string, value: number, context: number): LessonSeries {
  return {
    name,
    role: 'theory',
    points: [
      [1, value],
      [context, value],
    ],
  };
}
