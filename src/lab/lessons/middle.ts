// Lesson: of models of one size, neither the narrow nor the wide wins: the loss against d/√N is a U.
import type { LessonInfo, LessonQuestion, LessonSize } from '../../contract/lessons.ts';
import { fitParabola, lowestPlace } from '../../laws/curves/parabola.ts';
import { formatCount, formatDigits, formatLoss, formatPower } from '../../text/numbers.ts';
import { check, type Lesson, table } from './lesson.ts';
import { recordedShapes } from './recorded-shapes.ts';
import { countBlocks, type LaidOut, shapedParameters, shapedTokens, trainShapes } from './shaped-run.ts';

/** Two layers of N parameters at r = 2: heads · width, and hidden · width, are the same for all. */
const parameters = shapedParameters;
const headsTimesWidth = 96;
const hiddenTimesWidth = 1536;

const sizes = {
  normal: { widths: [4, 8, 16, 32, 96], steps: 1024, characters: 1_000_000 },
  small: { widths: [8, 32, 96], steps: 512, characters: 1_000_000 },
} as const;

/** A shape. */
interface Shape extends LaidOut {
  /** d / √N */
  readonly ratio: number;
}

function shapes(size: LessonSize): readonly Shape[] {
  return sizes[size].widths.map((width) => ({
    width,
    heads: headsTimesWidth / width,
    hidden: hiddenTimesWidth / width,
    ratio: width / Math.sqrt(parameters),
  }));
}

function questionFor(size: LessonSize): LessonQuestion {
  const all = shapes(size);
  return {
    kind: 'choice',
    text: `${all.length} models of ${formatCount(parameters)} parameters read the same text. The narrower one is, the more heads and hidden units it has instead. Which one ends with the lowest loss?`,
    choices: all.map(({ width, heads, hidden }) => ({
      id: String(width),
      label: `width ${width}: ${heads} ${heads === 1 ? 'head' : 'heads'}, ${hidden} hidden`,
    })),
  };
}

const describeSize = (size: LessonSize) =>
  `Trains ${sizes[size].widths.length} models, ${sizes[size].steps} steps of ${shapedTokens} characters each.`;

const info: LessonInfo = {
  id: 'middle',
  title: 'The U in the middle',
  summary: 'Lay one size out in several shapes, and find the best.',
  text: [
    'A law of size says what N parameters are worth, and nothing of how they are laid out. A model may be narrow, with many heads and a large hidden layer that all read and write the same few channels, or wide, with few of both.',
    'The ratio d/√N measures it: the width against what a square matrix of all parameters would have. At fixed depth and fixed share of attention it is the one choice left. By 6·N·D it costs no flops in training; attention’s scores, which that leaves out, cost narrow models more, and serving much more: they have more heads to remember.',
  ],
  question: { normal: questionFor('normal'), small: questionFor('small') },
  runs: { normal: describeSize('normal'), small: describeSize('small') },
  teaching: {
    plan: 'scaling',
    minutes: 9,
    questions: [
      {
        ask: 'What does a very narrow model lack, and what a very wide one?',
        expect:
          'The narrow one has many heads and hidden units, but few channels to speak through; the wide one has channels that nothing computes with.',
      },
      {
        ask: 'The bottom of the U is flat. What is that good for?',
        expect: 'One may choose by speed: some shapes lose next to nothing and serve faster.',
      },
    ],
  },
  source:
    'Scaling Laws Meet Model Architecture, arXiv 2510.18245, § 3, whose models of 80 M parameters and more have the same U; what it rests on here are nine runs of this program.',
};

/** The lowest place of the recorded runs' U, by a parabola in log d/√N over those within a factor 4 of the lowest. */
function recordedBest(): number {
  const { runs, parameters: size } = recordedShapes;
  const lowest = runs.reduce((best, run) => (run.loss < best.loss ? run : best));
  const near = runs.filter(({ width }) => Math.abs(Math.log2(width / lowest.width)) <= 2);
  const parabola = fitParabola(
    near.map(({ width }) => Math.log(width / Math.sqrt(size))),
    near.map(({ loss }) => loss),
  );
  const place = parabola && lowestPlace(parabola);
  if (!place) throw new Error('middle: the recorded runs have no lowest place.');
  return Math.exp(place.x);
}

function nearestShape(all: readonly Shape[], ratio: number): Shape {
  const off = (shape: Shape) => Math.abs(Math.log(shape.ratio / ratio));
  return all.reduce((best, shape) => (off(shape) < off(best) ? shape : best));
}

/** The U of one size as a lesson. */
export const middleLesson: Lesson = {
  info,
  predict: async ({ size }) => {
    const best = recordedBest();
    const { width } = nearestShape(shapes(size), best);
    const { runs, parameters: recorded, tokens } = recordedShapes;
    return {
      answer: { value: String(width), text: `width ${width}` },
      reasons: [
        'All heads and hidden units of a narrow model speak through few channels, which also carry the token to be told: more of them add little.',
        'A wide model has channels that nothing computes with: few heads can look at few places, and few hidden units can know few things.',
        `Nine runs of this program with ${formatCount(recorded)} parameters on ${formatCount(tokens)} characters put the lowest place at d/√N = ${formatDigits(best)}; what larger models prefer is lower, for they are deeper.`,
      ],
      figures: [
        {
          kind: 'lines',
          title: `Recorded: ${formatCount(recorded)} parameters in nine shapes`,
          x: { label: 'd/√N', isLog: true },
          y: { label: 'validation loss, nats per character' },
          series: [
            {
              name: 'recorded',
              role: 'other',
              points: runs.map(({ width: d, loss }) => [d / Math.sqrt(recorded), loss] as const),
            },
          ],
        },
      ],
    };
  },
  measure: async (tools) => {
    const all = shapes(tools.size);
    const length = sizes[tools.size];
    const losses = await trainShapes(tools, all, length, ({ width }) => `width ${width}`);
    return judge(all, losses, length.steps * shapedTokens);
  },
};

function judge(all: readonly Shape[], losses: readonly number[], tokens: number) {
  const best = losses.indexOf(Math.min(...losses));
  const last = all.length - 1;
  const { width, ratio } = all[best];
  const counts = all.map(countBlocks);
  const predicted = recordedBest();
  return {
    measured: { value: String(width), text: `width ${width}` },
    checks: [
      check(
        'Parameters of every model',
        formatCount(parameters),
        [...new Set(counts)].map(formatCount).join(', '),
        counts.every((count) => count === parameters),
      ),
      check(
        'The lowest loss',
        'neither the narrowest nor the widest',
        `width ${width}: ${losses.map(formatLoss).join(', ')}`,
        best > 0 && best < last,
      ),
      check(
        'The best d/√N against that of the recorded runs',
        `${formatDigits(predicted)}, within a factor of 3`,
        formatDigits(ratio),
        Math.abs(Math.log(ratio / predicted)) < Math.log(3),
      ),
    ],
    figures: [
      {
        kind: 'lines' as const,
        title: `Loss of ${formatCount(parameters)} parameters in ${all.length} shapes, ${formatPower(6 * parameters * tokens)} flops each by 6·N·D`,
        x: { label: 'd/√N', isLog: true },
        y: { label: 'validation loss, nats per character' },
        series: [
          {
            name: 'measured',
            role: 'measured' as const,
            points: all.map((shape, index) => [shape.ratio, losses[index]] as const),
          },
        ],
      },
      table(
        'One size, several shapes',
        ['width', 'heads', 'hidden', 'd/√N', 'loss'],
        all.map((shape, index) => [
          shape.width,
          shape.heads,
          shape.hidden,
          formatDigits(shape.ratio),
          formatLoss(losses[index]),
        ]),
      ),
    ],
    meaning: [
      `The layout, with the embeddings that come with it and at one learning rate, moved the loss by ${formatLoss(Math.max(...losses) - losses[best])}: from narrow to the best by ${formatLoss(losses[0] - losses[best])}, from there to wide by ${formatLoss(losses[last] - losses[best])}. A law of N and D holds for one shape, or for the best of each size.`,
      'The bottom of the U is flat, and this is what makes room for speed: of shapes that lose next to nothing one may serve faster than the others. The search of the room Laws’ command line looks for it. Embeddings count beside N here: a wide model has more of them.',
    ],
  };
}
