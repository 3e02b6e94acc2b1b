// Lesson: the loss of all positions against the loss of the last alone, at equal flops.

import type { LessonInfo, LessonQuestion, LessonSize } from '../../contract/lessons.ts';
import { planFlops } from '../../plan/predict.ts';
import { formatFigure } from '../../text/numbers.ts';
import { recordTrainingPlans } from '../plans/training-plans.ts';
import { check, type Lesson, type LessonTools, table, within } from './lesson.ts';
import { lessonExperiment, lossByPosition, startLessonRun, trainSteps } from './training.ts';

type LossPositions = 'all' | 'last';

/** Few rows in a batch: with many the answers of a step exceed what it can use, and fewer would do as well. */
const sizes = {
  normal: { layers: 2, width: 64, context: 64, batch: 4, steps: 1024, batches: 64 },
  small: { layers: 2, width: 32, context: 32, batch: 2, steps: 256, batches: 48 },
} as const;

function setup(size: LessonSize, lossPositions: LossPositions) {
  const { layers, width, context, batch, steps } = sizes[size];
  return lessonExperiment({
    model: { layers, width, context },
    train: { steps, batch, lossPositions },
    data: { source: 'stories', characters: size === 'small' ? 20_000 : 200_000 },
  });
}

function questionFor(size: LessonSize): LessonQuestion {
  const { context } = sizes[size];
  return {
    kind: 'number',
    text: `Two models read ${context} tokens at a time. One learns from all ${context} positions, one from the last position alone. How many times as many flops does the second need to become as good?`,
    unit: 'times as many flops',
    minimum: 0.01,
    maximum: 1_000_000,
    ...within(1.5),
  };
}

const describeSize = (size: LessonSize) => {
  const { layers, width, context, steps } = sizes[size];
  return `Trains two models of ${layers} layers, width ${width} and context ${context} for ${steps} steps each, from the same weights on the same text.`;
};

const info: LessonInfo = {
  id: 'targets',
  title: 'Many questions for the price of one',
  summary: 'Loss on all positions against loss on the last, at equal flops.',
  text: [
    'A step of training costs the same whether the loss is taken at every position or at the last one only: the whole text goes through all layers anyway.',
    'So give both the same budget of flops, and measure both by the same thing: how well they guess at the last position, the one that the second model was trained on.',
  ],
  question: { normal: questionFor('normal'), small: questionFor('small') },
  runs: { normal: describeSize('normal'), small: describeSize('small') },
  teaching: {
    plan: 'learning',
    questions: [
      {
        ask: 'Theory says up to n times as many flops. Why is it fewer?',
        expect:
          'Questions of one text resemble each other, and at the beginning even few answers say enough: n is the most, not a promise.',
      },
      {
        ask: 'What makes it possible to ask all positions at once?',
        expect: 'The mask of attention: no position can see its answer, so each question is honest.',
      },
    ],
  },
  source: 'W. H. Press, arXiv 2511.11572, section 2 (loss over all positions).',
};

/** All positions against the last at equal flops as a lesson. */
export const targetsLesson: Lesson = {
  info,
  predict: async ({ engine, size }) => {
    const { context } = sizes[size];
    const [all, last] = [await flopsPerStep(engine, size, 'all'), await flopsPerStep(engine, size, 'last')];
    return {
      answer: { value: context, text: `${context} times` },
      reasons: [
        `By plan a step costs ${formatFigure(all)} flops with all positions and ${formatFigure(last)} with the last alone.`,
        `For that the first answers ${context} questions and the second one. If all questions teach the same, the second needs n = ${context} times the flops.`,
        'Neighbouring questions resemble each other, so n is the most that theory allows, not what it promises.',
      ],
      figures: [],
    };
  },
  measure: async (tools) => {
    const { size } = tools;
    const { context, steps } = sizes[size];
    const [perAll, perLast] = [
      await flopsPerStep(tools.engine, size, 'all'),
      await flopsPerStep(tools.engine, size, 'last'),
    ];
    const all = await learn(tools, 'all', 0);
    const last = await learn(tools, 'last', 0.5);
    const [endAll = 0, endLast = 0] = [all.at(-1)?.loss, last.at(-1)?.loss];
    const reached = stepsTo(all, endLast);
    const factor = steps / reached;
    const points = (curve: typeof all, flops: number) =>
      curve.filter(({ step }) => step > 0).map(({ step, loss }) => [step * flops, loss] as const);
    return {
      measured: { value: factor, text: `${formatFigure(factor)} times` },
      checks: [
        check('Flops of a step, last ÷ all', '1', formatFigure(perLast / perAll), perLast === perAll),
        check(
          'At equal flops all positions give the lower loss',
          `less than ${formatFigure(endLast)}`,
          formatFigure(endAll),
          endAll < endLast,
        ),
        check(
          'Flops to equal quality',
          `more than 1, at most about ${context} times`,
          `${formatFigure(factor)} times`,
          factor > 1 && factor <= 2 * context,
        ),
      ],
      figures: [
        {
          kind: 'lines',
          title: 'Loss at the last position',
          x: { label: 'training flops', isLog: true },
          y: { label: 'loss, nats per token' },
          series: [
            { name: 'trained on all positions', role: 'measured', points: points(all, perAll) },
            { name: 'trained on the last position', role: 'other', points: points(last, perLast) },
          ],
        },
        table(
          'At the same budget',
          ['loss taken at', 'flops', 'targets seen', 'loss at the last position'],
          [
            [
              'all positions',
              formatFigure(steps * perAll),
              formatFigure(steps * context * sizes[size].batch),
              endAll,
            ],
            [
              'last position',
              formatFigure(steps * perLast),
              formatFigure(steps * sizes[size].batch),
              endLast,
            ],
          ],
        ),
      ],
      meaning: [
        `The model that learned from all positions was as good after ${formatFigure(reached)} steps as the other after ${steps}: ${formatFigure(factor)} times fewer flops.`,
        `Theory says up to ${context}. It is less where many questions of one text teach nearly the same, and where a model is still at the beginning, when even few answers say enough.`,
        'This is half of why transformers could be trained on everything: a mask in attention makes every position an honest question, and all are answered in one pass.',
      ],
    };
  },
};

/** Useful flops of one step by plan. */
async function flopsPerStep(
  engine: LessonTools['engine'],
  size: LessonSize,
  positions: LossPositions,
): Promise<number> {
  const { experiment } = await setup(size, positions);
  const plans = recordTrainingPlans(experiment.model, experiment.train, engine);
  return planFlops(plans.accumulate) + planFlops(plans.update);
}

interface Point {
  readonly step: number;
  readonly loss: number;
}

/** Loss at the last position after 1, 2, 4, … steps. */
async function learn(
  { engine, size, report }: LessonTools,
  positions: LossPositions,
  from: number,
): Promise<Point[]> {
  const { steps, batches } = sizes[size];
  const run = await startLessonRun(engine, await setup(size, positions));
  try {
    const evaluate = async (step: number): Promise<Point> => ({
      step,
      loss: (await lossByPosition(run, batches)).at(-1) ?? Number.NaN,
    });
    const curve = [await evaluate(0)];
    for (let done = 0; done < steps; ) {
      const next = Math.min(steps, Math.max(1, 2 * done));
      await trainSteps(run, next - done);
      done = next;
      report(
        from + (0.5 * done) / steps,
        `Training on ${positions === 'all' ? 'all positions' : 'the last'}`,
      );
      curve.push(await evaluate(done));
    }
    return curve;
  } finally {
    run.runtime.dispose();
  }
}

/** Steps at which a curve first comes down to a loss, between points on a logarithmic axis; its end if it never does. */
export function stepsTo(curve: readonly Point[], loss: number): number {
  const index = curve.findIndex((point) => point.loss <= loss);
  const [above, below] = [curve[index - 1], curve[index]];
  if (!below) return curve.at(-1)?.step ?? Number.NaN;
  if (!above || above.step < 1) return Math.max(1, below.step);
  const share = (above.loss - loss) / (above.loss - below.loss);
  return above.step * (below.step / above.step) ** share;
}
