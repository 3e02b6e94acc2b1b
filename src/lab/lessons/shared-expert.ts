// Lesson: what an expert that every token takes is good for: take experts out of a trained model, one at a time.
import type { LessonInfo, LessonQuestion, LessonSize } from '../../contract/lessons.ts';
import type { ModelConfig } from '../../model/config.ts';
import { countActiveParameters, countParameters } from '../../model/parameters.ts';
import { formatCount, formatFigure, formatShortLoss } from '../../text/numbers.ts';
import { type NamedArrays, readParameters, writeParameters } from '../plans/parameter-io.ts';
import { check, type Lesson, type LessonTools, table, within } from './lesson.ts';
import { type LessonExperiment, type LessonRun, mean, startLessonRun, trainSteps } from './training.ts';
import { describeSeeds, heldOutLoss, trainVariants } from './variants.ts';

/** Experts in all, and how many of them a token takes, a shared one among them or not. */
const [experts, perToken] = [8, 3];
const routed = experts - 1;

/** How many times as many tokens the shared expert serves as a routed one does on average. */
const serves = routed / (perToken - 1);

const variants = [
  { label: 'all routed', model: { experts, expertsPerToken: perToken } },
  {
    label: 'one shared',
    model: { experts: routed, expertsPerToken: perToken - 1, sharedExperts: 1 },
  },
] as const;

const sizes = {
  normal: { layers: 3, width: 64, context: 64, batch: 16, hidden: 64, steps: 300, seeds: [1, 2, 3] },
  small: { layers: 2, width: 32, context: 32, batch: 8, hidden: 32, steps: 120, seeds: [1, 2] },
} as const;

const question: LessonQuestion = {
  kind: 'number',
  text: `Of ${experts} experts in each layer every token takes one, the shared one, and the router chooses ${perToken - 1} of the other ${routed}. After training, one expert is taken out of all layers. How many times as much does the loss rise for the shared one as for a routed one, on average?`,
  unit: 'times',
  minimum: 0.01,
  maximum: 1000,
  ...within(2),
};

const describeSize = (size: LessonSize) => {
  const { layers, width, steps, seeds } = sizes[size];
  return `Trains ${layers} layers of width ${width} with ${experts} experts, one of them shared or none, for ${steps} steps from ${seeds.length} seeds; then takes the experts out one by one.`;
};

const info: LessonInfo = {
  id: 'shared-expert',
  title: 'The expert that all share',
  summary: 'Give every token one expert in common, and take experts out to see who does what.',
  text: [
    'Every text needs some things everywhere: spaces, endings, common words. Where a router chooses all experts, each has to learn them for the tokens that it gets. DeepSeek lets every token pass one expert more, without asking the router, so that those things stand in one place and the others can differ.',
    'What an expert does shows when it is missing. Its last matrix is set to zero in every layer, so that it adds nothing, and the model reads held-out text again.',
  ],
  question: { normal: question, small: question },
  runs: { normal: describeSize('normal'), small: describeSize('small') },
  teaching: {
    plan: 'learning',
    questions: [
      {
        ask: 'Both models have equally many parameters and flops. What is different?',
        expect:
          'Who is asked: of three experts a token takes, one is fixed. It learns from every token, the routed ones each from fewer.',
      },
      {
        ask: 'Some routed experts are hardly missed, one or two very much. What does that say?',
        expect:
          'That they are not equally important, although the load is about equal: some have learned what others do as well.',
      },
    ],
  },
  source: 'D. Dai et al., DeepSeekMoE, arXiv 2401.06066, sections 3.2 and 4.5.',
};

/** What one run came to. */
interface Learned {
  readonly config: ModelConfig;
  readonly loss: number;
  /** Rise of the loss without the shared expert; 0 where there is none. */
  readonly withoutShared: number;
  /** Rise of the loss without each of the routed experts. */
  readonly withoutRouted: readonly number[];
}

/** A shared expert as a lesson. */
export const sharedExpertLesson: Lesson = {
  info,
  predict: async () => ({
    answer: { value: serves, text: `${formatFigure(serves)} times` },
    reasons: [
      `The shared expert serves every token. A routed one serves ${perToken - 1} of ${routed} on average: the shared one has ${formatFigure(serves)} times as many.`,
      'If a token misses any expert equally, the loss rises by so many times as much.',
      'It may be more, since its output counts in full and a routed one’s by the router’s weight; or less, since what all tokens need is learned first, and by others too.',
    ],
    figures: [],
  }),
  measure: async (tools) => {
    const { layers, width, context, batch, hidden, steps, seeds } = sizes[tools.size];
    const found = await trainVariants(
      tools,
      variants,
      {
        model: {
          layers,
          width,
          context,
          position: 'rope',
          norm: 'rmsNorm',
          expertHidden: hidden,
          renormalize: false, // as DeepSeekMoE weights its experts
        },
        train: { steps, batch },
        data: { source: 'stories', characters: 100_000 },
        seeds,
      },
      (lesson, onStep) => learn(tools, lesson, onStep),
    );
    return judge(found);
  },
};

async function learn(
  { engine }: LessonTools,
  lesson: LessonExperiment,
  onStep: (done: number) => void,
): Promise<Learned> {
  const { model: config, train } = lesson.experiment;
  const run = await startLessonRun(engine, lesson);
  try {
    await trainSteps(run, train.steps, onStep);
    const loss = await heldOutLoss(run);
    if (config.sharedExperts === 0) return { config, loss, withoutShared: 0, withoutRouted: [] };
    const weights = await readParameters(run.runtime, run.plans.model.store, 'weights');
    const rise = async (part: ExpertPart, expert: number, count: number) =>
      (await lossWithout(run, weights, part, expert, count)) - loss;
    const withoutShared = await rise('sharedExperts', 0, 1);
    const withoutRouted: number[] = [];
    for (let expert = 0; expert < config.experts; expert++)
      withoutRouted.push(await rise('experts', expert, config.experts));
    return { config, loss, withoutShared, withoutRouted };
  } finally {
    run.runtime.dispose();
  }
}

type ExpertPart = 'experts' | 'sharedExperts';

/** Held-out loss of weights of which one expert of several adds nothing in any layer. */
async function lossWithout(
  run: LessonRun,
  weights: NamedArrays,
  part: ExpertPart,
  expert: number,
  count: number,
): Promise<number> {
  const changed = new Map(
    [...weights].map(([name, values]) => [
      name,
      name.endsWith(`.${part}.contract`) ? withoutPart(values, expert, count) : values,
    ]),
  );
  writeParameters(run.runtime, run.plans.model.store, 'weights', changed);
  return heldOutLoss(run);
}

/** Equal parts one behind the other, of which one is all zeros. */
export function withoutPart(values: Float32Array, part: number, parts: number): Float32Array {
  const size = values.length / parts;
  return Float32Array.from(values, (value, index) => (Math.floor(index / size) === part ? 0 : value));
}

function judge([plain, shared]: readonly (readonly Learned[])[]) {
  const rises = shared.map(({ withoutShared }) => withoutShared);
  const routedRises = shared.map(({ withoutRouted }) => mean(withoutRouted));
  const ratio = mean(rises) / mean(routedRises);
  const ratios = rises.map((rise, seed) => rise / routedRises[seed]);
  const [plainLosses, sharedLosses] = [plain, shared].map((runs) => runs.map(({ loss }) => loss));
  const gaps = plainLosses.map((loss, seed) => loss - sharedLosses[seed]);
  const [all, active] = [countParameters, countActiveParameters].map((count) =>
    [plain, shared].map(([{ config }]) => count(config)),
  );
  const near = (counts: readonly number[]) => Math.abs(counts[1] / counts[0] - 1) < 0.02;
  const each = shared[0].withoutRouted;
  return {
    measured: { value: ratio, text: `${formatFigure(ratio)} times` },
    checks: [
      check(
        'Parameters, all and those of one token, with a shared expert and without',
        'equal but for the router, within 2 %',
        `${formatCount(all[1])} and ${formatCount(all[0])}; ${formatCount(active[1])} and ${formatCount(active[0])}`,
        near(all) && near(active),
      ),
      check(
        'Loss rises without the shared expert',
        'more than 0',
        describeSeeds(rises),
        Math.min(...rises) > 0,
      ),
      check(
        'Against a routed one, of equal text',
        `${formatFigure(serves)} times, within a factor of 2`,
        `${formatFigure(ratio)} times`,
        ratio > serves / 2 && ratio < 2 * serves,
      ),
    ],
    figures: [
      table(
        'Seed by seed',
        [
          'seed',
          'loss, all routed',
          'loss, one shared',
          'rise without the shared',
          'without a routed, mean',
          'ratio',
        ],
        shared.map(({ loss }, index) => [
          index + 1,
          formatShortLoss(plainLosses[index]),
          formatShortLoss(loss),
          formatShortLoss(rises[index]),
          formatShortLoss(routedRises[index]),
          formatFigure(ratios[index]),
        ]),
      ),
      table(
        'Rise of the loss without each routed expert, first seed',
        each.map((_, index) => `expert ${index + 1}`),
        [each.map((rise) => formatShortLoss(rise))],
      ),
    ],
    meaning: [
      `Without the shared expert the loss rose ${formatFigure(ratio)} times as much as without a routed one; it serves ${formatFigure(serves)} times the tokens. Seed by seed it was ${formatFigure(Math.min(...ratios))} to ${formatFigure(Math.max(...ratios))} times.`,
      `With a shared expert the loss ended ${describeGap(gaps)} than with all routed, seed by seed. Part of that is a matter of weights: a shared expert counts in full from the first step, the router’s choices by about an eighth each. Where the weights of the chosen ones were made to sum to one (three seeds of the small form’s models, 150 steps) it ended no lower: 2.467 on average with it, 2.455 without.`,
      'DeepSeek took the shared expert out of a trained model of 2 billion parameters and gave each token one routed expert more: the loss rose from 1.808 to 2.414. What all share cannot be made up for by the others.',
    ],
  };
}

function describeGap(gaps: readonly number[]): string {
  const [least, most] = [Math.min(...gaps), Math.max(...gaps)];
  if (least > 0) return `${formatShortLoss(least)} to ${formatShortLoss(most)} lower`;
  return most < 0
    ? `${formatShortLoss(-most)} to ${formatShortLoss(-least)} higher`
    : `anywhere from ${formatShortLoss(most)} lower to ${formatShortLoss(-least)} higher`;
}
