// Lesson: one size shared out between attention and feed-forward layers: which share learns more from little text, and which costs less to serve.
import type { LessonInfo, LessonQuestion, LessonSize } from '../../contract/lessons.ts';
import { formatCount, formatDigits, formatLoss, formatPercent } from '../../text/numbers.ts';
import { cacheValuesPerToken } from '../../theory/kv-cache.ts';
import { cacheLayoutOf } from '../serving/served-model.ts';
import { check, type Lesson, table } from './lesson.ts';
import { recordedShares } from './recorded-shares.ts';
import {
  countBlocks,
  type LaidOut,
  parsedShape,
  shapedParameters,
  shapedTokens,
  trainShapes,
} from './shaped-run.ts';
import { mean } from './training.ts';

/** Of the same width: a head less makes room for so many hidden units. */
const width = 24;
const hiddenOfHead = 8;
const mostHeads = 12;

const sizes = {
  normal: { heads: [1, 2, 4, 6, 8, 11], steps: 512, characters: 1_000_000 },
  small: { heads: [2, 6, 11], steps: 256, characters: 1_000_000 },
} as const;

/** From where on a shape counts as mostly MLP, and up to where as mostly attention. */
const mostlyMlp = 2;
const mostlyAttention = 1;

/** Sides that are nearer to each other, as a part, count as even. */
const even = 0.005;

/** A way to share out the parameters. */
interface Share extends LaidOut {
  /** MLP over attention. */
  readonly r: number;
}

function shares(size: LessonSize): readonly Share[] {
  return sizes[size].heads.map((heads) => ({
    width,
    heads,
    hidden: hiddenOfHead * (mostHeads - heads),
    r: (mostHeads - heads) / heads,
  }));
}

const nameOf = ({ heads, hidden }: LaidOut) => `${heads} ${heads === 1 ? 'head' : 'heads'}, ${hidden} hidden`;

const question: LessonQuestion = {
  kind: 'choice',
  text: `Models of ${formatCount(shapedParameters)} parameters and width ${width} read the same short text. Each head that one gives up becomes ${hiddenOfHead} hidden units of its feed-forward layer (MLP). Which of them end with the lower losses, on average?`,
  choices: [
    { id: 'mlp', label: 'mostly MLP (r of 2 and more)' },
    { id: 'attention', label: 'mostly attention (r of 1 and less)' },
    { id: 'even', label: `both the same, within ${formatPercent(even)}` },
  ],
};

const describeSize = (size: LessonSize) =>
  `Trains ${sizes[size].heads.length} models, ${sizes[size].steps} steps of ${shapedTokens} characters each.`;

const info: LessonInfo = {
  id: 'attention-or-mlp',
  title: 'More attention or more MLP',
  summary: 'Share one size out between attention and feed-forward layers.',
  text: [
    'A block has two parts. Attention brings together what stands at different places of the text; the feed-forward layer, or MLP, works on each place alone. Both are matrices, and a budget of parameters can be spent on either.',
    'Their ratio is called r: parameters of the MLP over those of attention. GPT-2’s blocks have r = 2, a hidden layer of four widths against four square matrices. Who gives keys and values fewer heads, or the MLP a gate, changes it. At fixed size, width and depth r is all that is left to choose.',
  ],
  question: { normal: question, small: question },
  runs: { normal: describeSize('normal'), small: describeSize('small') },
  teaching: {
    plan: 'scaling',
    questions: [
      {
        ask: 'What can a model with hardly any attention not do, and one with hardly any MLP?',
        expect:
          'The first can look back at few places in few ways; the second brings much together and can compute little with it.',
      },
      {
        ask: 'Which of two models with the same loss would you serve, the one with more heads or the one with more hidden units?',
        expect:
          'The one with more hidden units: each head keeps keys and values of all tokens before, which cost memory and time for every token; hidden units keep nothing.',
      },
    ],
  },
  source:
    'Scaling Laws Meet Model Architecture, arXiv 2510.18245, § 3, whose models of 80 M parameters and more have the same U in r; what it rests on here are eight runs of this program.',
};

interface Trained {
  readonly r: number;
  readonly loss: number;
}

/** How far the mean loss of shapes that are mostly attention lies above that of those that are mostly MLP, as a part. */
function attentionBehind(runs: readonly Trained[]): number {
  const meanOf = (isMeant: (r: number) => boolean) =>
    mean(runs.filter(({ r }) => isMeant(r)).map(({ loss }) => loss));
  return meanOf((r) => r <= mostlyAttention) / meanOf((r) => r >= mostlyMlp) - 1;
}

function answerOf(runs: readonly Trained[]): { readonly value: string; readonly text: string } {
  const behind = attentionBehind(runs);
  if (Math.abs(behind) < even) return { value: 'even', text: 'both the same' };
  const text = `by ${formatPercent(Math.abs(behind))}`;
  return behind > 0
    ? { value: 'mlp', text: `mostly MLP, ${text}` }
    : { value: 'attention', text: `mostly attention, ${text}` };
}

/** What a token leaves in the caches of all layers, in numbers. */
function cachedValues(share: LaidOut): number {
  return cacheValuesPerToken(cacheLayoutOf(parsedShape(share)));
}

/** More attention or more MLP, as a lesson. */
export const attentionOrMlpLesson: Lesson = {
  info,
  predict: async () => {
    const { parameters, tokens, runs, width: recordedWidth } = recordedShares;
    return {
      answer: answerOf(runs),
      reasons: [
        'What follows a letter says most of what comes next, and an MLP learns that from the first steps on. Where to look has to be found first: heads pay later.',
        'The first heads are worth most all the same, as are the first hidden units: what comes after adds less and less, of both.',
        `Of eight runs of this program with ${formatCount(parameters)} parameters of width ${recordedWidth} on ${formatCount(tokens)} characters, those that are mostly attention ended ${formatPercent(attentionBehind(runs))} above the others.`,
      ],
      figures: [
        {
          kind: 'lines',
          title: `Recorded: ${formatCount(parameters)} parameters, shared out in eight ways`,
          x: { label: 'r, MLP over attention', isLog: true },
          y: { label: 'validation loss, nats per character' },
          series: [
            { name: 'recorded', role: 'other', points: runs.map(({ r, loss }) => [r, loss] as const) },
          ],
        },
      ],
    };
  },
  measure: async (tools) => {
    const all = shares(tools.size);
    const losses = await trainShapes(tools, all, sizes[tools.size], nameOf);
    return judge(all.map((share, index) => ({ ...share, loss: losses[index] })));
  },
};

function judge(all: readonly (Share & Trained)[]) {
  const counts = all.map(countBlocks);
  const behind = attentionBehind(all);
  const [mostMlp, mostAttention] = [all[0], all[all.length - 1]];
  const [few, many] = [cachedValues(mostMlp), cachedValues(mostAttention)];
  const heads = mostAttention.heads / mostMlp.heads;
  return {
    measured: answerOf(all),
    checks: [
      check(
        'Parameters of every model',
        formatCount(shapedParameters),
        [...new Set(counts)].map(formatCount).join(', '),
        counts.every((count) => count === shapedParameters),
      ),
      check(
        'Mean loss, mostly attention against mostly MLP',
        'higher',
        `${formatPercent(behind)} higher: ${all.map(({ loss }) => formatLoss(loss)).join(', ')}`,
        behind > 0,
      ),
      check(
        'Values in the cache for every token, most attention against most MLP',
        `${formatDigits(heads)} times as many, as heads`,
        `${formatCount(many)} against ${formatCount(few)}`,
        Math.abs(many / few / heads - 1) < 1e-6,
      ),
    ],
    figures: [
      {
        kind: 'lines' as const,
        title: `Loss of ${formatCount(shapedParameters)} parameters at width ${width}`,
        x: { label: 'r, MLP over attention', isLog: true },
        y: { label: 'validation loss, nats per character' },
        series: [
          {
            name: 'measured',
            role: 'measured' as const,
            points: all.map(({ r, loss }) => [r, loss] as const).reverse(),
          },
        ],
      },
      table(
        'One size and width, shared out',
        ['heads', 'hidden', 'r', 'loss', 'cached values a token'],
        all.map((share) => [
          share.heads,
          share.hidden,
          formatDigits(share.r),
          formatLoss(share.loss),
          formatCount(cachedValues(share)),
        ]),
      ),
    ],
    meaning: [
      `On so little text the shapes that are mostly attention ended ${formatPercent(behind)} above those that are mostly MLP, and keep ${formatDigits(heads)} times as much for every token at the ends of the list. Where two shares lose the same, the one with fewer heads serves longer texts for less: this is what the search for the fastest model that is good enough looks for.`,
      'It is no law yet. With width 16 and 1,024 steps r = 2 was the lowest of six shapes, and both sides lay within two per cent of it; a single run may lie further from its neighbours than they from each other, which is why the sides’ means are compared.',
      'The paper sets aside shapes below r = 0.5 and above 5 when it fits its law: beyond that losses follow other curves.',
    ],
  };
}
