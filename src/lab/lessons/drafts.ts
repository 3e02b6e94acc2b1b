// Lesson: a small model drafts tokens that a large one checks several at a time, and the text is the large one's.

import type { LessonInfo, LessonQuestion, LessonSize } from '../../contract/lessons.ts';
import type { DraftedFigures } from '../../contract/serving.ts';
import { generateCorpus } from '../../data/corpora.ts';
import { formatFigure, formatPercent } from '../../text/numbers.ts';
import { storedArrays } from '../plans/parameter-io.ts';
import { expectedTokens } from '../sampling/acceptance.ts';
import type { SamplingOptions } from '../sampling/options.ts';
import { measureDrafted } from '../serving/drafted.ts';
import { openSampler } from '../training/open-sampler.ts';
import type { DraftModel } from '../training/sampling-needs.ts';
import { check, type Lesson, type LessonTools, table } from './lesson.ts';
import { trainModel } from './training.ts';

const sizes = {
  normal: {
    large: [4, 192],
    small: [1, 64],
    context: 160,
    batch: 16,
    steps: 400,
    counts: [1, 2, 4, 8],
    texts: 4,
  },
  small: { large: [2, 64], small: [1, 32], context: 64, batch: 8, steps: 100, counts: [1, 4], texts: 2 },
} as const;

/** Tokens of a prompt. */
const promptTokens = 12;

/** Of the text that prompts are taken from. */
const heldOutSeed = 77;

const question: LessonQuestion = {
  kind: 'choice',
  text: 'A small model guesses the next few tokens, and the large one keeps or drops them. Always the likeliest token is wanted. What does the text become, beside the one that the large model writes alone?',
  choices: [
    { id: 'same', label: 'The same, token for token' },
    { id: 'near', label: 'Nearly the same: now and then a guess slips through' },
    { id: 'small', label: 'More like the small model’s, the more it guesses' },
  ],
};

const describeSize = (size: LessonSize) => {
  const { large, small, steps, texts, counts } = sizes[size];
  return `Trains ${large[0]} layers of ${large[1]} and ${small[0]} of ${small[1]} on the same text for ${steps} steps, then writes ${texts} texts with drafts of ${counts.join(', ')} tokens and without.`;
};

const info: LessonInfo = {
  id: 'drafts',
  title: 'A small model drafts for a large one',
  summary:
    'Let a small model guess ahead, check its guesses in one pass of the large one, and count what a pass gives.',
  text: [
    'One token at a time, a large model reads all of its weights for a single row of numbers. Five rows take it little longer where reading is what takes the time. But the fifth token cannot be asked for before the fourth is known.',
    'So somebody guesses: a small model writes the next k tokens, and the large one looks at all of them in one pass. It keeps those that it would have drawn itself, up to the first that it would not, and draws one more.',
  ],
  question: { normal: question, small: question },
  runs: { normal: describeSize('normal'), small: describeSize('small') },
  teaching: {
    plan: 'serving',
    minutes: 8,
    questions: [
      {
        ask: 'A small model writes along. Why is the text still the large one’s, to the last token?',
        expect:
          'A guess stays only where the large model would have said the same, and what follows a wrong guess is thrown away.',
      },
      {
        ask: 'When does it not pay?',
        expect:
          'When the guesses are often wrong, or the small model and the check cost more than the passes they spare.',
      },
    ],
  },
  source: 'Y. Leviathan, M. Kalman, Y. Matias, arXiv 2211.17192; C. Chen et al., arXiv 2302.01318.',
};

/** Speculative decoding as a lesson. */
export const draftsLesson: Lesson = {
  info,
  predict: async ({ size }) => {
    const most = sizes[size].counts.at(-1) ?? 1;
    const tokens = formatFigure(expectedTokens(0.8, most));
    return {
      answer: { value: 'same', text: 'The same, token for token' },
      reasons: [
        'A guess stays only where the large model’s own likeliest token is the same one, and what follows a wrong guess is dropped. Where tokens are drawn by chance, a guess from q stays with probability min(1, p ÷ q), and else one is drawn from what p has more than q: together that is p.',
        `Where each guess is right with probability α, a pass gives 1 + α + … + αᵏ = (1 − αᵏ⁺¹) ÷ (1 − α) tokens: ${tokens} for α = 0.8 and ${most} guesses. So many times fewer passes of the large model, each beside k of the small one’s.`,
      ],
      figures: [],
    };
  },
  measure: async (tools) => {
    const [large, small] = await trainBoth(tools);
    const rows: DraftRow[] = [];
    for (const [index, count] of sizes[tools.size].counts.entries()) {
      tools.report(0.8 + (0.2 * index) / sizes[tools.size].counts.length, `Writing with drafts of ${count}`);
      rows.push(await writeWith(tools, large, small, count));
    }
    return judge(rows);
  },
};

interface DraftRow {
  readonly count: number;
  readonly greedy: DraftedFigures;
  /** The same prompts with tokens drawn by chance. */
  readonly drawn: DraftedFigures;
}

type Trained = DraftModel & { readonly prompts: readonly (readonly number[])[] };

/** Both models, from the same text. */
async function trainBoth({ engine, size, report }: LessonTools): Promise<readonly [Trained, Trained]> {
  const { large, small, context, batch, steps, texts } = sizes[size];
  const train = async ([layers, width]: readonly [number, number], from: number): Promise<Trained> => {
    const setup = {
      model: { layers, width, heads: 2, context, position: 'rope', norm: 'rmsNorm' },
      train: { steps, batch },
      data: { source: 'stories', characters: 100_000, tokenizer: 'bytes' },
    };
    const { model, arrays, tokenizer } = await trainModel(engine, setup, steps, (done) =>
      report(from + (0.4 * done) / steps, `Training ${layers} layers of ${width}`),
    );
    const tokens = [...(await tokenizer.encode(generateCorpus('stories', heldOutSeed, 100 * texts)))];
    const prompts = Array.from({ length: texts }, (_, i) => tokens.slice(100 * i, 100 * i + promptTokens));
    return { model, weights: storedArrays(arrays), tokenizer, prompts };
  };
  return [await train(large, 0), await train(small, 0.4)];
}

async function writeWith(
  { engine, size }: LessonTools,
  large: Trained,
  small: Trained,
  count: number,
): Promise<DraftRow> {
  const { context } = sizes[size];
  const maximumTokens = context - promptTokens - count;
  const draft = { source: small, tokens: count };
  const opened = await openSampler(engine, large, {
    promptTokens,
    maximumTokens,
    useCache: true,
    context,
    draft,
  });
  try {
    const greedy: SamplingOptions = { maximumTokens, temperature: 0, topK: 0, topP: 1, seed: 1 };
    const write = (options: SamplingOptions) => measureDrafted(opened, large.prompts, options, 1);
    return { count, greedy: await write(greedy), drawn: await write({ ...greedy, temperature: 1 }) };
  } finally {
    opened.dispose();
  }
}

function judge(rows: readonly DraftRow[]) {
  const last = rows.at(-1);
  if (!last) throw new Error('lesson: nothing was written.');
  const isSame = rows.every(({ greedy }) => greedy.isSame);
  const expected = expectedTokens(last.greedy.acceptance, last.count);
  const ratio = last.greedy.tokensPerCheck / expected;
  return {
    measured: isSame
      ? { value: 'same', text: 'The same, token for token' }
      : { value: 'near', text: 'Nearly the same' },
    checks: [
      check('The likeliest text with drafts is that without', 'yes', isSame ? 'yes' : 'no', isSame),
      check(
        `Tokens a pass of the large model with ${last.count} guesses, for the α that was found`,
        formatFigure(expected),
        formatFigure(last.greedy.tokensPerCheck),
        ratio > 1 / 1.4 && ratio < 1.4,
      ),
      check(
        'A guess of the likeliest token is right',
        'more often than by chance, 1 in 256',
        formatPercent(last.greedy.acceptance),
        last.greedy.acceptance > 0.05,
      ),
    ],
    figures: [
      table(
        'Drafts by the small model',
        ['guesses', 'tokens', 'guesses that stay', 'tokens a pass', 'by the formula', 'speed-up here'],
        rows.flatMap(({ count, greedy, drawn }) =>
          (
            [
              ['likeliest', greedy],
              ['by chance', drawn],
            ] as const
          ).map(([how, { acceptance, tokensPerCheck, speedUp }]) => [
            count,
            how,
            formatPercent(acceptance),
            formatFigure(tokensPerCheck),
            formatFigure(expectedTokens(acceptance, count)),
            formatFigure(speedUp),
          ]),
        ),
      ),
    ],
    meaning: [
      `With ${last.count} guesses a pass of the large model gave ${formatFigure(last.greedy.tokensPerCheck)} of the likeliest tokens, ${formatFigure(last.drawn.tokensPerCheck)} where they are drawn by chance, instead of one; and the text is its own.`,
      'Whether that saves time is a matter of costs: k passes of the small model and one of k + 1 rows must take less than the passes they replace. Small models on a processor gain little; a large one on a GPU, which waits for its weights, gains most.',
    ],
  };
}
