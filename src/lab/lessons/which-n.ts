// Lesson: which parameters N counts decides on the exponent, and two famous papers counted differently.
import type { LessonInfo, LessonQuestion } from '../../contract/lessons.ts';
import { type ChinchillaParameters, optimumExponents, predictLoss } from '../../laws/chinchilla-law.ts';
import { fitIsoflop, powerLaw } from '../../laws/isoflop.ts';
import type { RunPoint } from '../../laws/run-point.ts';
import { gaussian, mulberry32, type Uniform } from '../../laws/seeded-random.ts';
import { parseModel } from '../../model/config.ts';
import { formatDigits, formatPower, formatSi } from '../../text/numbers.ts';
import { spread } from '../../text/ticks.ts';
import { refittedFit } from '../../theory/chinchilla-inverse.ts';
import { shapeOf } from '../studies/shape.ts';
import { check, type Lesson, table } from './lesson.ts';

/** The law behind the runs: Chinchilla's, as Besiroglu et al. fitted it. */
const law: ChinchillaParameters = {
  E: refittedFit.irreducible,
  A: refittedFit.parameterFactor,
  B: refittedFit.tokenFactor,
  alpha: refittedFit.parameterExponent,
  beta: refittedFit.tokenExponent,
};

/** GPT-2's, which Kaplan et al. 2020 used. */
const vocabulary = 50_257;

/** Channels a layer: every size has the same proportions. */
const widthPerLayer = 32;

/** Budgets whose best sizes are as small as most of Kaplan's, flops. */
const budgetEnds = [1e15, 1e19] as const;

const sizes = {
  normal: { budgets: 9, noise: 0.001 },
  small: { budgets: 5, noise: 0.001 },
} as const;

const question: LessonQuestion = {
  kind: 'choice',
  text: 'The same small runs are evaluated twice: once N counts every parameter, once it leaves the embeddings out. The best size grows as C^a. What does leaving them out do to a?',
  choices: [
    { id: 'same', label: 'Nothing: a size is a size' },
    { id: 'smaller', label: 'It gets smaller' },
    { id: 'larger', label: 'It gets larger' },
  ],
};

const describeSize = (size: keyof typeof sizes) =>
  `Evaluates runs of 30 shapes at ${sizes[size].budgets} budgets twice. No model is trained: their losses are those of a published law, with noise.`;

const info: LessonInfo = {
  id: 'which-n',
  title: 'Which N?',
  summary: 'Count parameters in two ways, and get two laws.',
  text: [
    'In 2020 Kaplan and others found that the best model grows as C^0.73 with compute; in 2022 Hoffmann and others found C^0.50. Whole companies planned by the one and then by the other.',
    'Kaplan’s N leaves the embeddings out, Hoffmann’s counts them. A model of width d has V·d of them and about 12·L·d² others, so a small model is nearly all embedding, and a large one hardly.',
  ],
  question: { normal: question, small: question },
  runs: { normal: describeSize('normal'), small: describeSize('small') },
  teaching: {
    plan: 'scaling',
    questions: [
      {
        ask: 'No run changed. Why did the law?',
        expect:
          'Only what was called N changed. Small models are nearly all embedding, so without it they seem much smaller than large ones do.',
      },
      {
        ask: 'What should stand beside every exponent that is quoted?',
        expect: 'What its N counts.',
      },
    ],
  },
  source:
    'T. Pearce and J. Song, arXiv 2406.12907; J. Kaplan et al., arXiv 2001.08361; J. Hoffmann et al., arXiv 2203.15556.',
};

/** A size counted both ways. */
interface Size {
  readonly blocks: number;
  readonly all: number;
}

type Count = keyof Size;

/** Sizes of one family, as this program's own models have them. */
function familySizes(): readonly Size[] {
  const layers = Array.from({ length: 30 }, (_, index) => index + 1);
  return layers.map((count) => {
    const width = count * widthPerLayer;
    const parsed = parseModel({
      layers: count,
      width,
      heads: count,
      context: 1024,
      vocabulary,
      tiedHead: true,
    });
    if (parsed.kind !== 'ok') throw new Error(`which-n: ${parsed.problems[0]?.message}`);
    const { model } = parsed;
    return {
      blocks: shapeOf(model, 'blocks', vocabulary).parameters,
      all: shapeOf(model, 'all', vocabulary).parameters,
    };
  });
}

/** Runs of every size at every budget; N, and the C = 6·N·D that is shared, counted in one way. */
function isoflopRuns(
  family: readonly Size[],
  count: Count,
  budgets: number,
  noise: number,
  uniform: Uniform,
) {
  return spread('log', budgetEnds, budgets).flatMap((budget) =>
    family.map((size): RunPoint => {
      const parameters = size[count];
      const tokens = budget / (6 * parameters);
      // What is learnt does not depend on how anybody counts.
      const loss = predictLoss(law, size.all, tokens) * Math.exp(noise * gaussian(uniform));
      return { parameters, tokens, loss, budget };
    }),
  );
}

/** a between the two ends of the budgets, without noise, on the continuous family N = n + ω·n^⅓. */
function predictExponent(count: Count): number {
  if (count === 'all') return optimumExponents(law).parameters;
  // n = 12·L·d² with d = 32·L, so d = (32·n/12)^⅓; positions are as the embeddings' rows.
  const embeddings = (vocabulary + 1024) * (widthPerLayer / 12) ** (1 / 3);
  const best = (budget: number) => {
    const candidates = spread('log', [1e3, 1e11], 20_001);
    const lossOf = (n: number) => predictLoss(law, n + embeddings * n ** (1 / 3), budget / (6 * n));
    return candidates.reduce((least, n) => (lossOf(n) < lossOf(least) ? n : least));
  };
  const [low, high] = budgetEnds;
  return Math.log(best(high) / best(low)) / Math.log(high / low);
}

/** The dependence of the exponent on the count as a lesson. */
export const whichNLesson: Lesson = {
  info,
  predict: async () => {
    const [all, blocks] = [predictExponent('all'), predictExponent('blocks')];
    return {
      answer: {
        value: 'larger',
        text: `It gets larger: about ${formatDigits(blocks)} instead of ${formatDigits(all)}`,
      },
      reasons: [
        `With all parameters counted, L = E + A/N^α + B/D^β on C = 6·N·D is least at N ∝ C^a, a = β/(α+β) = ${formatDigits(all)}.`,
        'Without embeddings a small model seems to be next to nothing: what is left of N grows faster than N itself, until embeddings no longer matter.',
        `Between ${formatPower(budgetEnds[0])} and ${formatPower(budgetEnds[1])} flops the best size, so counted, grows as C^${formatDigits(blocks)}.`,
      ],
      figures: [],
    };
  },
  measure: async ({ size, report }) => {
    const { budgets, noise } = sizes[size];
    const family = familySizes();
    const uniform = mulberry32(1);
    const fitted = (['all', 'blocks'] as const).map((count, index) => {
      report(index / 2, count === 'all' ? 'Counting all parameters' : 'Leaving the embeddings out');
      return fitIsoflop(isoflopRuns(family, count, budgets, noise, uniform), 'akima');
    });
    const [all, blocks] = fitted;
    const [a, b] = [all.parameters.exponent, blocks.parameters.exponent];
    const value = Math.abs(b - a) < 0.02 ? 'same' : b > a ? 'larger' : 'smaller';
    const middle = (blocks.optima.length - 1) >> 1;
    const [first, last] = [blocks.optima.slice(0, middle + 1), blocks.optima.slice(middle)].map(
      (optima) => powerLaw(optima, ({ parameters }) => parameters)?.exponent ?? Number.NaN,
    );
    const expected = { all: predictExponent('all'), blocks: predictExponent('blocks') };
    return {
      measured: { value, text: `${formatDigits(b)} instead of ${formatDigits(a)}` },
      checks: [
        check(
          'a with all parameters counted',
          formatDigits(expected.all),
          formatDigits(a),
          Math.abs(a - expected.all) < 0.04,
        ),
        check(
          'a without embeddings',
          formatDigits(expected.blocks),
          formatDigits(b),
          Math.abs(b - expected.blocks) < 0.06,
        ),
        check(
          'Without embeddings a falls towards the other as models grow',
          'smaller over the larger budgets than over the smaller ones',
          `${formatDigits(first)}, then ${formatDigits(last)}`,
          last < first,
        ),
      ],
      figures: [
        {
          kind: 'lines',
          title: 'The best size of each budget, as each paper counts it',
          x: { label: 'budget C = 6·N·D, flops', isLog: true },
          y: { label: 'best N, parameters', isLog: true },
          series: fitted.map((fit, index) => ({
            name: index === 0 ? 'all parameters' : 'without embeddings',
            role: index === 0 ? 'measured' : 'other',
            points: fit.optima.map(({ budget, parameters }) => [budget, parameters] as const),
          })),
        },
        table(
          'The same models, counted twice',
          ['width', 'all parameters', 'without embeddings', 'embeddings’ share'],
          [0, 3, 7, 15, 29].map((index) => [
            (index + 1) * widthPerLayer,
            formatSi(family[index].all),
            formatSi(family[index].blocks),
            formatDigits(1 - family[index].blocks / family[index].all),
          ]),
        ),
      ],
      meaning: [
        'No run changed, and no loss: only what was called N. A law is a law of what its axes count, so say which N before an exponent, and never mix two counts in one fit.',
        `Kaplan’s models were small, and counting without embeddings takes Chinchilla’s own law from C^${formatDigits(a)} up to C^${formatDigits(first)} for the smallest and C^${formatDigits(last)} for the larger ones: his 0.73 lies among what such a count gives. Where models are large both counts agree.`,
      ],
    };
  },
};
