// Lesson: more experts at equal flops: what they bring depends on how much text there is for each.
import type { LessonInfo, LessonQuestion, LessonSize } from '../../contract/lessons.ts';
import type { ModelConfig } from '../../model/config.ts';
import { countActiveParameters, countParameters } from '../../model/parameters.ts';
import { planFlops } from '../../plan/predict.ts';
import { formatCount, formatFigure, formatPercent, formatSi } from '../../text/numbers.ts';
import { expertCount } from '../../theory/experts.ts';
import { check, type Lesson, type LessonTools, table } from './lesson.ts';
import { type LessonExperiment, lessonExperiment, mean, startLessonRun, trainSteps } from './training.ts';
import {
  type Contest,
  describeSeeds,
  heldOutLoss,
  signedPercent,
  trainVariants,
  widestRange,
} from './variants.ts';

/** Experts of which each token takes two: with two that is a dense layer in two halves. */
const perToken = 2;
const counts = [perToken, 8, 32] as const;

const variants = counts.map((experts) => ({ label: `${experts} experts`, model: { experts } }));

const sizes = {
  normal: { layers: 2, width: 64, context: 64, batch: 16, hidden: 64, steps: 800, seeds: [1, 2, 3] },
  small: { layers: 1, width: 16, context: 32, batch: 16, hidden: 16, steps: 400, seeds: [1, 2] },
} as const;

/** Relative fall of the loss: none at all, little, much. */
const [little, much] = [0.05, 0.2];

const most = Math.max(...counts);

const question: LessonQuestion = {
  kind: 'choice',
  text: `A dense layer is replaced by ${most} experts, each half as wide, of which every token takes ${perToken}: ${most / perToken} times the parameters of that layer, and the same work a token. How far does the loss fall below that of the dense layer, after the same training?`,
  choices: [
    { id: 'none', label: 'It does not fall' },
    { id: 'little', label: `By up to ${100 * little} %` },
    { id: 'much', label: `By ${100 * little} to ${100 * much} %` },
    { id: 'most', label: `By more than ${100 * much} %` },
  ],
};

const describeSize = (size: LessonSize) => {
  const { layers, width, steps, seeds } = sizes[size];
  return `Trains ${layers === 1 ? 'one layer' : `${layers} layers`} of width ${width} with ${counts.join(', ')} experts for ${steps} steps from ${seeds.length} seeds.`;
};

const info: LessonInfo = {
  id: 'how-many-experts',
  title: 'How many experts',
  summary: 'Add experts at equal work a token, and see what they bring, and when.',
  text: [
    'With experts a model can have many parameters of which a token uses few. Twice as many experts are twice the parameters, and no more work than scoring them.',
    'But the text is shared out as well. Of E experts, k a token, each reads k/E of it: with 32 experts and two a token, a sixteenth.',
    'A survey gives a rule of thumb, E ≈ c·√(N_total / N_active) with c from 8 to 16, for all parameters and those of one token.',
  ],
  question: { normal: question, small: question },
  runs: { normal: describeSize('normal'), small: describeSize('small') },
  teaching: {
    plan: 'scaling',
    questions: [
      {
        ask: 'Sixteen times the parameters of a layer, and a few percent of loss. Is that a bad bargain?',
        expect:
          'It costs memory and hardly any flops, so where memory is cheap it is a good one. It is no substitute for a model that uses all its parameters.',
      },
      {
        ask: 'Halfway through training the experts had brought less. Why?',
        expect:
          'Each had read a sixteenth of little text: what a dense layer learns once, each of them has to learn for itself.',
      },
    ],
  },
  source:
    'A. Clark et al., Unified Scaling Laws for Routed Language Models, arXiv 2202.01169; W. Fedus et al., Switch Transformers, arXiv 2101.03961.',
};

function contestOf(size: LessonSize): Contest {
  const { layers, width, context, batch, hidden, steps, seeds } = sizes[size];
  return {
    model: {
      layers,
      width,
      context,
      position: 'rope',
      norm: 'rmsNorm',
      expertsPerToken: perToken,
      expertHidden: hidden,
      balanceLoss: 0.05,
    },
    train: { steps, batch, optimizer: { learningRate: 5e-3 } },
    data: { source: 'stories', characters: 200_000 },
    seeds,
  };
}

/** The models in the order of `counts`. */
async function models(size: LessonSize): Promise<readonly ModelConfig[]> {
  const { model, train, data } = contestOf(size);
  const lessons = variants.map((variant) =>
    lessonExperiment({ model: { ...model, ...variant.model }, train, data }),
  );
  return (await Promise.all(lessons)).map(({ experiment }) => experiment.model);
}

/** Numbers of experts as a lesson. */
export const howManyExpertsLesson: Lesson = {
  info,
  predict: async ({ size }) => {
    const { batch, context, steps } = sizes[size];
    const configs = await models(size);
    const rule = configs.map((model) => expertCount(countParameters(model), countActiveParameters(model)));
    const tokens = batch * context * steps;
    return {
      answer: { value: 'little', text: `By up to ${100 * little} %` },
      reasons: [
        `Of ${formatSi(tokens)} tokens each of ${most} experts reads ${formatSi((tokens * perToken) / most)}, and each of ${perToken} halves of a dense layer all.`,
        'Clark et al. found that the loss of routed models falls with the logarithm of the number of experts, slowly, and the less the more there are already. So it should fall, and by little.',
        `The rule of thumb gives ${formatFigure(rule[1].low)} to ${formatFigure(rule[1].high)} experts for the parameters of ${counts[1]}, and ${formatFigure(rule[2].low)} to ${formatFigure(rule[2].high)} for those of ${counts[2]}.`,
      ],
      figures: [],
    };
  },
  measure: async (tools) => {
    const found = await trainVariants(tools, variants, contestOf(tools.size), (lesson, onStep) =>
      learn(tools, lesson, onStep),
    );
    return judge(tools.size, found, await models(tools.size));
  },
};

/** What one run came to. */
interface Learned {
  /** Held-out loss after half of the steps, and after all. */
  readonly half: number;
  readonly end: number;
  /** Useful flops of a step forward and back, by plan. */
  readonly flops: number;
}

async function learn(
  { engine }: LessonTools,
  lesson: LessonExperiment,
  onStep: (done: number) => void,
): Promise<Learned> {
  const { steps } = lesson.experiment.train;
  const first = Math.floor(steps / 2);
  const run = await startLessonRun(engine, lesson);
  try {
    await trainSteps(run, first, onStep);
    const half = await heldOutLoss(run);
    await trainSteps(run, steps - first, (done) => onStep(first + done));
    return { half, end: await heldOutLoss(run), flops: planFlops(run.plans.accumulate) };
  } finally {
    run.runtime.dispose();
  }
}

function judge(size: LessonSize, found: readonly (readonly Learned[])[], configs: readonly ModelConfig[]) {
  const { steps, seeds } = sizes[size];
  const [halves, ends] = [
    found.map((runs) => runs.map(({ half }) => half)),
    found.map((runs) => runs.map(({ end }) => end)),
  ];
  const last = counts.length - 1;
  const fallsOf = (losses: readonly (readonly number[])[]) =>
    losses[last].map((loss, seed) => 1 - loss / losses[0][seed]);
  const [early, late] = [fallsOf(halves), fallsOf(ends)];
  const fall = mean(late);
  const flops = found.map(([{ flops: ofStep }]) => ofStep);
  const parameters = configs.map((model) => countParameters(model));
  return {
    measured: {
      value: fall <= 0 ? 'none' : fall <= little ? 'little' : fall <= much ? 'much' : 'most',
      text: `${signedPercent(-fall)}, the mean of ${seeds.length} seeds`,
    },
    checks: [
      check(
        `Flops of a step with ${most} experts, over the dense layer’s`,
        'above 1 by the router alone: less than 1.25',
        formatFigure(flops[last] / flops[0]),
        flops[last] > flops[0] && flops[last] < 1.25 * flops[0],
      ),
      check(
        `Loss with ${most} experts, against the dense layer`,
        `lower, by up to ${100 * little} %`,
        describeSeeds(
          late.map((one) => -one),
          signedPercent,
        ),
        fall > 0 && fall <= little,
      ),
      check(
        'The same after half of the steps',
        'a smaller fall, or none',
        describeSeeds(
          early.map((one) => -one),
          signedPercent,
        ),
        mean(early) < fall,
      ),
    ],
    figures: [
      table(
        `Loss on held-out text, of ${seeds.length} seeds: mean (least to greatest)`,
        [
          'experts',
          'parameters',
          'of one token',
          'flops of a step',
          `after ${Math.floor(steps / 2)} steps`,
          `after ${steps}`,
        ],
        counts.map((experts, index) => [
          experts,
          formatCount(parameters[index]),
          formatCount(countActiveParameters(configs[index])),
          formatFigure(flops[index]),
          describeSeeds(halves[index]),
          describeSeeds(ends[index]),
        ]),
      ),
      {
        kind: 'lines' as const,
        title: 'Loss by the number of experts, at equal work a token',
        x: { label: 'experts', isLog: true },
        y: { label: 'loss on held-out text, nats per token' },
        series: [
          {
            name: `after ${steps} steps`,
            role: 'measured' as const,
            points: counts.map((experts, index) => [experts, mean(ends[index])] as const),
          },
          {
            name: `after ${Math.floor(steps / 2)} steps`,
            role: 'other' as const,
            isDashed: true,
            points: counts.map((experts, index) => [experts, mean(halves[index])] as const),
          },
        ],
      },
    ],
    meaning: [
      `${formatFigure(parameters[last] / parameters[0])} times the parameters for ${formatFigure(flops[last] / flops[0])} times the flops: the loss came ${signedPercent(-fall)} from that of the dense layer, and ${signedPercent(-mean(early))} halfway. Seeds of one model lie up to ${formatPercent(widestRange(ends) / mean(ends[0]))} apart at the end, so ${
        Math.min(...late) > 0
          ? `it is the sign that ${seeds.length} seeds agree on, not the size of it.`
          : 'these seeds do not even agree on the sign.'
      }`,
      'How many experts are worth their memory is a matter of how much text there is for each. The rule of thumb knows nothing of the text; published models lie off it by factors of 0.35 to 5.',
    ],
  };
}
