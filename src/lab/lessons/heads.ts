// Lesson: the number of heads does not change the count of multiply-adds.

import type { LessonInfo, LessonQuestion, LessonSize } from '../../contract/lessons.ts';
import type { Plan } from '../../plan/plan.ts';
import { costOf } from '../../plan/predict.ts';
import type { KernelRole } from '../../plan/role.ts';
import { formatFigure, formatPercent, formatSeconds } from '../../text/numbers.ts';
import { recordTrainingPlans } from '../plans/training-plans.ts';
import { median } from '../training/median.ts';
import { check, type Lesson, type LessonTools, table } from './lesson.ts';
import { lessonExperiment, startLessonRun, trainSteps } from './training.ts';

const sizes = {
  normal: { layers: 4, width: 128, context: 256, batch: 8, heads: [1, 2, 4, 8, 16], timed: 20 },
  small: { layers: 2, width: 32, context: 32, batch: 8, heads: [1, 2, 4], timed: 8 },
} as const;

/** Steps before timing: the first ones find the length of a submit. */
const warmUp = 3;

function setup(size: LessonSize, heads: number) {
  const { layers, width, context, batch } = sizes[size];
  return lessonExperiment({
    model: { layers, width, heads, context },
    train: { steps: 100, batch },
    data: { source: 'stories', characters: 20_000 },
  });
}

function questionFor(size: LessonSize): LessonQuestion {
  const most = sizes[size].heads.at(-1) ?? 1;
  return {
    kind: 'choice',
    text: `You give a model ${most} attention heads instead of one, and leave its width as it is. How many multiply-adds does a step of training take now?`,
    choices: [
      { id: 'more', label: `About ${most} times as many` },
      { id: 'somewhat', label: 'Somewhat more' },
      { id: 'same', label: 'Exactly as many' },
      { id: 'fewer', label: 'Fewer' },
    ],
  };
}

const describeSize = (size: LessonSize) => {
  const { layers, width, heads } = sizes[size];
  return `Counts and times training steps of ${layers} layers of width ${width} with ${heads.join(', ')} heads.`;
};

const info: LessonInfo = {
  id: 'heads',
  title: 'Heads are free',
  summary: 'Vary the number of heads, count, and time it.',
  text: [
    'Attention is done by several heads at once, each with queries, keys and values of its own. More heads sound like more work.',
    'But the width d of the model is shared out among them: each of H heads has d/H channels.',
  ],
  question: { normal: questionFor('normal'), small: questionFor('small') },
  runs: { normal: describeSize('normal'), small: describeSize('small') },
  teaching: {
    plan: 'scaling',
    minutes: 7,
    questions: [
      {
        ask: 'Why do more heads cost no more multiply-adds?',
        expect:
          'They share the width: H heads of d/H channels. A score costs d/H, and there are H of them: d.',
      },
      {
        ask: 'Is anything dearer with more heads?',
        expect:
          'The softmax: an exponential for each score, H a pair of tokens. And kernels may take small heads less well, which is seen in the time, not in the count.',
      },
    ],
  },
  source: 'W. H. Press, arXiv 2511.11572, Table 1: H appears in no count.',
};

/** Flops of a step by what they are spent on. A multiply-add counts two. */
interface Count {
  readonly heads: number;
  readonly matmuls: number;
  readonly attention: number;
  readonly total: number;
}

/** The independence of the number of heads as a lesson. */
export const headsLesson: Lesson = {
  info,
  predict: async ({ size }) => {
    const { width } = sizes[size];
    return {
      answer: { value: 'same', text: 'Exactly as many' },
      reasons: [
        `The projections make d = ${width} columns of queries, keys and values, however they are shared out: 4·n·d² multiply-adds with the one behind attention.`,
        'A score costs d/H multiply-adds and there are H of them for each pair of tokens: d. The same holds for mixing the values.',
        'Only the softmax counts heads: an exponential and a few additions for each score, H per pair, no multiply-adds of Table 1.',
      ],
      figures: [],
    };
  },
  measure: async (tools) => {
    const { heads } = sizes[tools.size];
    const counts: Count[] = [];
    const seconds: number[] = [];
    for (const [index, count] of heads.entries()) {
      tools.report(index / heads.length, `Timing ${count} ${count === 1 ? 'head' : 'heads'}`);
      counts.push(await countStep(tools, count));
      seconds.push(await timeStep(tools, count));
    }
    return judge(counts, seconds, sizes[tools.size].width);
  },
};

async function countStep({ engine, size }: LessonTools, heads: number): Promise<Count> {
  const { experiment } = await setup(size, heads);
  const plans = recordTrainingPlans(experiment.model, experiment.train, engine);
  return { heads, ...countPlans([plans.accumulate, plans.update]) };
}

/** Useful flops of plans: matrix products, attention, and all. */
function countPlans(plans: readonly Plan[]): Omit<Count, 'heads'> {
  const dispatches = plans.flatMap((plan) => plan.dispatches);
  const sum = (...roles: readonly KernelRole[]) =>
    dispatches
      .filter(({ kernel }) => roles.length === 0 || roles.includes(kernel.role))
      .reduce((total, dispatch) => total + costOf(dispatch).usefulFlops, 0);
  return { matmuls: sum('product'), attention: sum('attention'), total: sum() };
}

/** Median seconds of a step, each waited for. */
async function timeStep({ engine, size }: LessonTools, heads: number): Promise<number> {
  const { timed } = sizes[size];
  const run = await startLessonRun(engine, await setup(size, heads));
  try {
    await trainSteps(run, warmUp);
    const times: number[] = [];
    for (let i = 0; i < timed; i++) {
      const start = performance.now();
      await trainSteps(run, 1);
      times.push((performance.now() - start) / 1000);
    }
    return median(times);
  } finally {
    run.runtime.dispose();
  }
}

/** Attention's flops are products + softmax·H: from two counts, the part that does not depend on H, and that of one head. */
export function splitAttention(counts: readonly Pick<Count, 'heads' | 'attention'>[]): {
  readonly products: number;
  readonly softmaxPerHead: number;
} {
  const [first, last] = [counts[0], counts.at(-1)];
  if (!first || !last || first.heads === last.heads)
    throw new Error('heads: two different counts are needed.');
  const softmaxPerHead = (last.attention - first.attention) / (last.heads - first.heads);
  return { products: first.attention - softmaxPerHead * first.heads, softmaxPerHead };
}

function judge(counts: readonly Count[], seconds: readonly number[], width: number) {
  const { products, softmaxPerHead } = splitAttention(counts);
  const [first, last] = [counts[0], counts.at(-1)];
  const matmuls = new Set(counts.map((count) => count.matmuls));
  const isLinear = counts.every(
    (count) => Math.abs(products + softmaxPerHead * count.heads - count.attention) < 1e-6 * count.attention,
  );
  const ratio = (last?.total ?? 0) / (first?.total ?? 1);
  const slowdown = (seconds.at(-1) ?? 0) / (seconds[0] ?? 1);
  const isSame = matmuls.size === 1 && isLinear;
  return {
    measured: isSame
      ? { value: 'same', text: 'Exactly as many' }
      : { value: ratio > 1 ? 'somewhat' : 'fewer', text: `${formatFigure(ratio)} times` },
    checks: [
      check(
        'Multiply-adds of matrix products',
        'one value for all H',
        [...matmuls].map((flops) => formatFigure(flops / 2)).join(', '),
        matmuls.size === 1,
      ),
      check(
        'Attention is products + H · softmax, products the same for all H',
        'exactly',
        isLinear ? `${formatFigure(products / 2)} multiply-adds + H · ${formatFigure(softmaxPerHead)}` : 'no',
        isLinear,
      ),
      check(
        'Softmax of all heads as a share of the step',
        'small',
        formatPercent((softmaxPerHead * (last?.heads ?? 0)) / (last?.total ?? 1)),
        softmaxPerHead * (last?.heads ?? 0) < 0.25 * (last?.total ?? 0),
      ),
    ],
    figures: [
      table(
        'Flops of a training step (a multiply-add counts two) and its time here',
        ['heads', 'channels each', 'matrix products', 'attention products', 'softmax', 'step'],
        counts.map(({ heads, matmuls: products_, attention }, index) => [
          heads,
          width / heads,
          formatFigure(products_),
          formatFigure(products),
          formatFigure(attention - products),
          formatSeconds(seconds[index] ?? 0),
        ]),
      ),
    ],
    meaning: [
      'The count is the same to the last digit. Heads are a way to arrange the work, not more of it: many heads look at many things with few channels each.',
      `Time is another matter: with ${last?.heads} heads a step took ${formatFigure(slowdown)} times as long as with ${first?.heads}. The arithmetic is equal, so what differs is how well it fits this GPU: short dot products, more exponentials, other tiles.`,
    ],
  };
}
