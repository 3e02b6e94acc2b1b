// Lesson: a router left alone gives most of the tokens to few experts, and what each remedy does about it.
import type { LessonInfo, LessonQuestion, LessonSize } from '../../contract/lessons.ts';
import { formatFigure, formatPercent } from '../../text/numbers.ts';
import { takeExpertStatistics } from '../training/expert-statistics.ts';
import { check, type Lesson, type LessonTools, table } from './lesson.ts';
import { type LessonExperiment, mean, startLessonRun, trainSteps } from './training.ts';
import { describeSeeds, heldOutLoss, trainVariants, widestRange } from './variants.ts';

const experts = 8;

/** A number of experts from which on the load counts as even. */
const even = 0.75 * experts;

const remedies = [
  { id: 'none', label: 'none', model: {} },
  { id: 'balance', label: 'balance loss 0.1', model: { balanceLoss: 0.1 } },
  { id: 'bias', label: 'bias, by 0.01 a step', model: { routerBiasRate: 0.01 } },
  { id: 'zLoss', label: 'z-loss 0.01', model: { routerZLoss: 0.01 } },
  { id: 'noise', label: 'noise of deviation 1', model: { routerNoise: 1 } },
  { id: 'capacity', label: 'capacity 1', model: { capacityFactor: 1 } },
] as const;

type RemedyId = (typeof remedies)[number]['id'];

const sizes = {
  normal: { layers: 2, width: 64, context: 64, batch: 16, steps: 400, seeds: [1, 2, 3] },
  small: { layers: 1, width: 32, context: 32, batch: 8, steps: 150, seeds: [1, 2] },
} as const;

/** Steps at the end whose choices are counted. */
const counted = 20;

/** Hot enough that a router settles within the steps. */
const learningRate = 0.01;

const question: LessonQuestion = {
  kind: 'choice',
  text: `Each token goes to the one of ${experts} experts that its router scores highest. Left alone, few experts get most of the tokens. Five remedies are tried, each by itself. Which of them make the load even?`,
  choices: [
    { id: 'balance', label: 'The balance loss alone' },
    { id: 'bias', label: 'The moving bias alone' },
    { id: 'both', label: 'Balance loss and bias, and no other' },
    { id: 'more', label: 'One of the others as well: z-loss, noise, capacity limit' },
    { id: 'none', label: 'None of them' },
  ],
};

const describeSize = (size: LessonSize) => {
  const { layers, width, steps, seeds } = sizes[size];
  return `Trains ${layers === 1 ? 'one layer' : `${layers} layers`} of width ${width} with ${experts} experts for ${steps} steps: with no remedy and with each of five, from ${seeds.length} seeds.`;
};

const info: LessonInfo = {
  id: 'router',
  title: 'A router left alone',
  summary: 'Let a router choose its favourites, then try five remedies.',
  text: [
    'In a mixture of experts a router scores the experts for each token, and the token takes the best one. An expert that is chosen learns, gets better, and is chosen more often. One that is not learns nothing.',
    'Five remedies are in use. A balance loss adds E · Σ f·P, which is least when all experts are taken equally often. A bias on each score moves up for experts with too few tokens and down for those with too many, and counts for the choice alone. A z-loss keeps the scores small. Noise on the scores tries other experts. A capacity limit drops the tokens that an expert has no room for.',
    'How even a load is, is one number: the exponential of its entropy. It is 8 where eight experts get equally much, and 1 where one gets all.',
  ],
  question: { normal: question, small: question },
  runs: { normal: describeSize('normal'), small: describeSize('small') },
  teaching: {
    plan: 'learning',
    questions: [
      {
        ask: 'Why does an uneven load become more uneven?',
        expect:
          'Only the expert that was chosen gets a gradient. It improves on those tokens, and its score with it.',
      },
      {
        ask: 'The z-loss is called a remedy, and the load stays uneven. What is it for?',
        expect:
          'It keeps scores small, so that their exponentials stay exact and training does not diverge. It says nothing about who is chosen.',
      },
      {
        ask: 'A capacity limit makes the work even at once. What is wrong with it by itself?',
        expect:
          'The router does not learn from it: tokens that find their expert full are dropped, and pass the layer as they came.',
      },
    ],
  },
  source:
    'W. Fedus et al., Switch Transformers, arXiv 2101.03961, section 2.2; B. Zoph et al., ST-MoE, arXiv 2202.08906 (z-loss); DeepSeek-AI, DeepSeek-V3, arXiv 2412.19437, section 2.1.2 (bias).',
};

/** What a router came to. */
interface Routed {
  /** exp(entropy of the load), the mean over layers. */
  readonly used: number;
  /** Share of the choices that found their expert full. */
  readonly dropped: number;
  /** Mean of (log Σ exp score)². */
  readonly squaredLogSum: number;
  readonly loss: number;
}

/** Collapse of a router, and its remedies, as a lesson. */
export const routerLesson: Lesson = {
  info,
  predict: async () => ({
    answer: { value: 'both', text: 'Balance loss and bias, and no other' },
    reasons: [
      'The balance loss has a gradient that lowers the scores of experts with many tokens. The bias is moved by the very counts that are to be equal. Both act until the load is even.',
      'The z-loss is the same whoever is chosen: it should make the scores smaller, and leave the load as it is.',
      'Noise changes choices that were close. It goes on only until scores have grown beyond it, and nothing stops them from that.',
      'A capacity limit acts behind the choice. What experts do becomes even, what the router wants does not.',
    ],
    figures: [],
  }),
  measure: async (tools) => {
    const { layers, width, context, batch, steps, seeds } = sizes[tools.size];
    const found = await trainVariants(
      tools,
      remedies,
      {
        model: {
          layers,
          width,
          context,
          position: 'rope',
          norm: 'rmsNorm',
          experts,
          expertsPerToken: 1,
          renormalize: false,
          balanceLoss: 0,
        },
        train: { steps, batch, optimizer: { learningRate } },
        data: { source: 'stories', characters: 100_000 },
        seeds,
      },
      (lesson, onStep) => route(tools, lesson, onStep),
    );
    return judge(found, seeds.length);
  },
};

async function route(
  { engine }: LessonTools,
  lesson: LessonExperiment,
  onStep: (done: number) => void,
): Promise<Routed> {
  const { steps } = lesson.experiment.train;
  const run = await startLessonRun(engine, lesson);
  try {
    await trainSteps(run, steps - counted, onStep);
    await takeExpertStatistics(run); // what was counted till now
    await trainSteps(run, counted, (done) => onStep(steps - counted + done));
    const layers = await takeExpertStatistics(run);
    return {
      used: mean(layers.map(({ load }) => Math.exp(entropyOf(load)))),
      dropped: sum(layers.flatMap(({ dropped }) => dropped)) / sum(layers.flatMap(({ load }) => load)),
      squaredLogSum: mean(layers.map(({ squaredLogSum }) => squaredLogSum)),
      loss: await heldOutLoss(run),
    };
  } finally {
    run.runtime.dispose();
  }
}

const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);

/** Entropy of a load in nats. */
export function entropyOf(load: readonly number[]): number {
  const whole = sum(load);
  return load.reduce((rest, part) => (part > 0 ? rest - (part / whole) * Math.log(part / whole) : rest), 0);
}

function judge(found: readonly (readonly Routed[])[], seeds: number) {
  const of = (id: RemedyId, value: (routed: Routed) => number) =>
    found[remedies.findIndex((remedy) => remedy.id === id)].map(value);
  const used = (id: RemedyId) => mean(of(id, (routed) => routed.used));
  const isEven = Object.fromEntries(remedies.map(({ id }) => [id, used(id) >= even])) as Record<
    RemedyId,
    boolean
  >;
  const logSum = (id: RemedyId) => mean(of(id, ({ squaredLogSum }) => squaredLogSum));
  const dropped = mean(of('capacity', (routed) => routed.dropped));
  const losses = found.map((runs) => runs.map(({ loss }) => loss));
  const means = losses.map(mean);
  const between = Math.max(...means) - Math.min(...means);
  const others = ['zLoss', 'noise', 'capacity'] as const;
  const value = others.some((id) => isEven[id])
    ? 'more'
    : isEven.balance && isEven.bias
      ? 'both'
      : isEven.balance
        ? 'balance'
        : isEven.bias
          ? 'bias'
          : 'none';
  const evened = remedies.filter(({ id }) => isEven[id]).map(({ label }) => label);
  return {
    measured: { value, text: evened.length === 0 ? 'None of them' : evened.join(' and ') },
    checks: [
      check(
        `Experts used without a remedy, of ${experts}`,
        `fewer than ${even}`,
        formatFigure(used('none')),
        !isEven.none,
      ),
      ...(['balance', 'bias'] as const).map((id) =>
        check(
          `Experts used with the ${id === 'bias' ? 'bias' : 'balance loss'}`,
          `at least ${even}`,
          formatFigure(used(id)),
          isEven[id],
        ),
      ),
      check(
        'The z-loss makes the scores small, and the load no more even',
        `less than half of ${formatFigure(logSum('none'))}; fewer than ${even} experts`,
        `${formatFigure(logSum('zLoss'))}; ${formatFigure(used('zLoss'))}`,
        logSum('zLoss') < 0.5 * logSum('none') && !isEven.zLoss,
      ),
      check(
        'A capacity limit drops what the router does not spread',
        'more than a tenth of the tokens',
        formatPercent(dropped),
        dropped > 0.1,
      ),
    ],
    figures: [
      table(
        `The last ${counted} steps, of ${seeds} seeds: mean (least to greatest)`,
        ['remedy', `experts used, of ${experts}`, 'dropped', '(log Σ exp score)²', 'loss on held-out text'],
        remedies.map(({ id, label }) => [
          label,
          describeSeeds(
            of(id, (routed) => routed.used),
            formatFigure,
          ),
          formatPercent(mean(of(id, (routed) => routed.dropped))),
          formatFigure(logSum(id)),
          describeSeeds(of(id, ({ loss }) => loss)),
        ]),
      ),
    ],
    meaning: [
      `Left alone, the router used its ${experts} experts as unevenly as if there were ${formatFigure(used('none'))} of them. What acts on the counts themselves made the load even: ${formatFigure(used('balance'))} with the balance loss, ${formatFigure(used('bias'))} with the bias.`,
      `The others did what they are for, which is something else: the z-loss brought the scores’ squared log sum from ${formatFigure(logSum('none'))} to ${formatFigure(logSum('zLoss'))}, and the limit dropped ${formatPercent(dropped)} of the tokens that found their expert full.`,
      `The losses lie ${formatFigure(between)} apart between remedies and up to ${formatFigure(widestRange(losses))} between seeds of one: ${
        between > widestRange(losses)
          ? 'with so few seeds a hint of an order, not more'
          : 'this experiment does not say which remedy trains best'
      }. An even load first of all keeps every device of a cluster busy, and every parameter in use.`,
    ],
  };
}
