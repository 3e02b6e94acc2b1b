// Lesson: without skip connections gradients vanish. Their norm by layer, with and without, before and after some steps.

import type { LessonFigure, LessonInfo, LessonQuestion, LessonSize } from '../../contract/lessons.ts';
import { formatFigure } from '../../text/numbers.ts';
import { type GradientNormsPlan, readGradientNorms, recordGradientNorms } from '../inside/gradient-norms.ts';
import { check, type Lesson, type LessonTools, table } from './lesson.ts';
import { lessonExperiment, mean, startLessonRun, trainSteps } from './training.ts';

const sizes = {
  normal: { layers: 12, width: 64, context: 64, batch: 8, steps: 150 },
  small: { layers: 6, width: 32, context: 32, batch: 8, steps: 60 },
} as const;

/** Losses averaged at the end. */
const lastSteps = 10;

function questionFor(size: LessonSize): LessonQuestion {
  const { layers, steps } = sizes[size];
  return {
    kind: 'choice',
    text: `A model of ${layers} layers is trained for ${steps} steps without skip connections. How large is the gradient in its first layer then, compared with the last?`,
    choices: [
      { id: 'larger', label: 'Larger' },
      { id: 'equal', label: 'About as large' },
      { id: 'smaller', label: 'About ten times smaller' },
      { id: 'vanished', label: 'A thousand times smaller, or less' },
    ],
  };
}

const describeSize = (size: LessonSize) => {
  const { layers, width, steps } = sizes[size];
  return `Trains ${layers} layers of width ${width} for ${steps} steps, with skip connections and without, from the same weights.`;
};

const info: LessonInfo = {
  id: 'gradients',
  title: 'What the skip connections are for',
  summary: 'Take them out and watch the gradient vanish.',
  text: [
    'Every sublayer adds what it computes to what came in: y = x + f(norm(x)). The x that is passed along is the skip connection.',
    'Take it out, y = f(norm(x)), and the model can still compute the same kinds of thing, with the same weights. But the gradient has to come back through every f, from the last layer to the first.',
  ],
  question: { normal: questionFor('normal'), small: questionFor('small') },
  runs: { normal: describeSize('normal'), small: describeSize('small') },
  teaching: {
    plan: 'learning',
    minutes: 9,
    questions: [
      {
        ask: 'Without skip connections the model could still compute the same kinds of thing. Why can it not learn them?',
        expect:
          'The gradient passes through every layer on its way back and shrinks at each. The first layers get next to none.',
      },
      {
        ask: 'What does y = x + f(x) do for the way back?',
        expect: 'The derivative is 1 + f′: the 1 carries the gradient past f undiminished.',
      },
    ],
  },
  source:
    'W. H. Press, arXiv 2511.11572, section 3.1 (residual connections); He et al. 2015, arXiv 1512.03385.',
};

/** Vanishing gradients as a lesson. */
export const gradientsLesson: Lesson = {
  info,
  predict: async ({ size }) => {
    const { layers } = sizes[size];
    return {
      answer: { value: 'vanished', text: 'A thousand times smaller, or less' },
      reasons: [
        'With skips the derivative of a sublayer is 1 + f′: whatever f′ does, the 1 carries the gradient back unchanged.',
        `Without them it is f′ alone, ${2 * layers} times over. Where each layer passes on the part r < 1 of it, the first of ${layers} layers gets r to the power ${layers - 1}: a straight line on a logarithmic axis.`,
        'At the very start the norms hide this, since they scale every layer’s input up again. It shows once training has begun.',
      ],
      figures: [],
    };
  },
  measure: async (tools) => {
    const withSkips = await learn(tools, true, 0);
    const without = await learn(tools, false, 0.5);
    return judge(withSkips, without, sizes[tools.size].steps);
  },
};

interface Learned {
  /** Norm by layer before the first update. */
  readonly start: readonly number[];
  /** Norm by layer at the last step. */
  readonly end: readonly number[];
  readonly loss: number;
}

async function learn(
  { engine, size, report }: LessonTools,
  skipConnections: boolean,
  from: number,
): Promise<Learned> {
  const { layers, width, context, batch, steps } = sizes[size];
  const lesson = await lessonExperiment({
    model: { layers, width, context, skipConnections },
    train: { steps, batch },
    data: { source: 'stories', characters: 20_000 },
  });
  const added: { norms?: GradientNormsPlan } = {};
  const run = await startLessonRun(engine, lesson, ({ model }) => {
    added.norms = recordGradientNorms(model.store, engine);
    return [added.norms.plan];
  });
  try {
    const { norms } = added;
    if (!norms) throw new Error('lesson: the plan of the gradient norms is missing.');
    await trainSteps(run, 1);
    const start = await readGradientNorms(run.runtime, norms);
    const what = `Training ${skipConnections ? 'with' : 'without'} skip connections`;
    const losses = await trainSteps(run, steps - 1, (done) => report(from + (0.5 * done) / steps, what));
    const end = await readGradientNorms(run.runtime, norms);
    return { start: start.layers, end: end.layers, loss: mean(losses.slice(-lastSteps)) };
  } finally {
    run.runtime.dispose();
  }
}

function judge(kept: Learned, removed: Learned, steps: number) {
  const [keptRatio, removedRatio] = [firstOverLast(kept.end), firstOverLast(removed.end)];
  const perLayer = decayPerLayer(removed.end);
  const value =
    removedRatio > 2
      ? 'larger'
      : removedRatio > 1 / 3
        ? 'equal'
        : removedRatio > 1e-3
          ? 'smaller'
          : 'vanished';
  return {
    measured: { value, text: `${formatFigure(removedRatio)} of the last layer’s gradient` },
    checks: [
      check(
        'With skips, before training: first layer ÷ last',
        '0.3 to 3',
        formatFigure(firstOverLast(kept.start)),
        firstOverLast(kept.start) > 0.3 && firstOverLast(kept.start) < 3,
      ),
      check(
        `With skips, after ${steps} steps: first ÷ last`,
        'at least 0.1',
        formatFigure(keptRatio),
        keptRatio >= 0.1,
      ),
      check(
        `Without skips, after ${steps} steps: first ÷ last`,
        'at most 0.001',
        formatFigure(removedRatio),
        removedRatio <= 1e-3,
      ),
      check(
        'Without skips, passed on by each layer',
        'less than half',
        formatFigure(perLayer),
        perLayer < 0.5,
      ),
      check(
        'Loss with skips below loss without',
        `less than ${formatFigure(removed.loss)}`,
        formatFigure(kept.loss),
        kept.loss < removed.loss,
      ),
    ],
    figures: [
      {
        kind: 'lines',
        title: 'Norm of the gradient by layer',
        x: { label: 'layer' },
        y: { label: 'norm', isLog: true },
        series: [
          { name: `with skips, after ${steps} steps`, role: 'measured', points: byLayer(kept.end) },
          { name: `without, after ${steps} steps`, role: 'other', points: byLayer(removed.end) },
          { name: 'with skips, at the start', role: 'measured', isDashed: true, points: byLayer(kept.start) },
          { name: 'without, at the start', role: 'other', isDashed: true, points: byLayer(removed.start) },
        ],
      } satisfies LessonFigure,
      table(
        'First layer against last',
        ['model', 'first ÷ last, at the start', `after ${steps} steps`, 'loss'],
        [
          [
            'with skips',
            formatFigure(firstOverLast(kept.start)),
            formatFigure(keptRatio),
            formatFigure(kept.loss),
          ],
          [
            'without skips',
            formatFigure(firstOverLast(removed.start)),
            formatFigure(removedRatio),
            formatFigure(removed.loss),
          ],
        ],
      ),
    ],
    meaning: [
      `Without skip connections each layer passed on about ${formatFigure(perLayer)} of the gradient, and what reaches the first layer is nothing to learn from. Its loss stays where counting letters gets to; depth is dead weight.`,
      `With them the first layer got ${formatFigure(keptRatio)} times the gradient of the last: not the same, but enough to learn from at every depth. That, and not what a layer computes, is what made networks of a hundred layers trainable.`,
      'Look at the start of training too: there the norms keep the gradient of both models nearly even. Norms fix the scale of a signal; they do not bring back what was mixed away.',
    ],
  };
}

/** The first layer's norm over the last's. */
function firstOverLast(norms: readonly number[]): number {
  return (norms[0] ?? 0) / (norms.at(-1) ?? 1);
}

/** Geometric mean of what a layer passes on to the one before it; norms that float32 cannot hold any more are left out. */
export function decayPerLayer(norms: readonly number[]): number {
  const first = norms.findIndex((norm) => norm > 0);
  const steps = norms.length - 1 - first;
  return first < 0 || steps < 1 ? 0 : ((norms[first] ?? 0) / (norms.at(-1) ?? 1)) ** (1 / steps);
}

const byLayer = (norms: readonly number[]) =>
  norms.map((norm, layer): readonly [number, number] => [layer + 1, norm]).filter(([, norm]) => norm > 0); // a logarithmic axis has no zero
