// Lesson: what weights lose in 8 and 4 bits, as noise on each of them, and what a trained model makes of that noise.

import type { LessonInfo, LessonQuestion, LessonSize } from '../../contract/lessons.ts';
import { generateCorpus } from '../../data/corpora.ts';
import { createRandom } from '../../data/random.ts';
import { dequantise, quantise } from '../../kernels/quantise.ts';
import type { ModelConfig } from '../../model/config.ts';
import { storedParameters } from '../../model/weight-format.ts';
import { type QuantisedFormat, quantisedMatrices } from '../../plan/quantised.ts';
import { formatBytes, formatFigure, formatLoss, formatPercent } from '../../text/numbers.ts';
import { compareWeights, type WeightQuality } from '../evaluation/weight-quality.ts';
import { type NamedArrays, storedArrays } from '../plans/parameter-io.ts';
import { check, type Lesson, type LessonTools, table, within } from './lesson.ts';
import { trainModel } from './training.ts';

const sizes = {
  normal: { layers: 4, width: 128, heads: 4, context: 64, batch: 16, steps: 300, characters: 12_000 },
  small: { layers: 2, width: 64, heads: 2, context: 32, batch: 8, steps: 40, characters: 1200 },
} as const;

/** Of the text that the model is tried on, which is not the one that it learned from. */
const heldOutSeed = 99;

const formats = [
  { weights: 'f32', cache: 'f32' },
  { weights: 'f16', cache: 'f32' },
  { weights: 'int8', cache: 'f32' },
  { weights: 'int4', cache: 'f32' },
  { weights: 'f32', cache: 'int8' },
] as const;

const question: LessonQuestion = {
  kind: 'number',
  text: 'In four bits each weight of a trained model becomes one of 16 levels, which 32 neighbours share. By how many percent of a typical weight is it off, as a root mean square?',
  unit: 'percent',
  minimum: 0.01,
  maximum: 100,
  ...within(1.5),
};

const describeSize = (size: LessonSize) => {
  const { layers, width, steps, characters } = sizes[size];
  return `Trains ${layers} layers of width ${width} for ${steps} steps, then reads ${characters} characters with weights in 32, 16, 8 and 4 bits.`;
};

const info: LessonInfo = {
  id: 'fourBits',
  title: 'What four bits cost',
  summary: 'Round a trained model to 16, 8 and 4 bits, and see what its losses and its choices make of it.',
  text: [
    'To write one token, a device reads all weights of a model. In four bits, with the scales that belong to them, they are less than a sixth of what they are in 32, and where reading is what takes the time, the token comes so much sooner.',
    'Four bits have 16 levels. They are laid between the least and the largest of 32 neighbouring weights, and each weight takes the nearest one: what is lost is noise on every weight.',
  ],
  question: { normal: question, small: question },
  runs: { normal: describeSize('normal'), small: describeSize('small') },
  teaching: {
    plan: 'serving',
    minutes: 8,
    questions: [
      {
        ask: 'Each weight is off by several percent. Why does the loss hardly move?',
        expect: 'A number is summed from many weights, and their errors have both signs: most of it cancels.',
      },
      {
        ask: 'Why do 32 neighbours share a scale, and not a whole matrix?',
        expect: 'One large weight would spread the 16 levels so far that all others fell on a few of them.',
      },
    ],
  },
  source: 'T. Dettmers and L. Zettlemoyer, The case for 4-bit precision, arXiv 2212.09720.',
};

/** Rounding of weights as a lesson. */
export const fourBitsLesson: Lesson = {
  info,
  predict: async ({ size }) => {
    const [int8, int4] = (['int8', 'int4'] as const).map((format) =>
      noiseOfNormal(format, sizes[size].width),
    );
    return {
      answer: { value: 100 * int4, text: formatPercent(int4) },
      reasons: [
        'Weights of a column are about normally distributed. The least and the largest of 32 such numbers are 4.07 standard deviations apart on average, so that the 16 levels are 4.07 ÷ 15 = 0.27 apart.',
        'An error is anywhere within half a step, evenly: its root mean square is the step over √12, 0.27 ÷ √12 = 7.8 % of a standard deviation.',
        `Drawn and rounded here, such numbers are off by ${formatPercent(int4)} in 4 bits. In 8 bits, with 255 levels for a whole column of ${sizes[size].width}, by ${formatPercent(int8)}.`,
      ],
      figures: [],
    };
  },
  measure: async (tools, { answer }) => {
    const { files, text, tokenizer } = await trained(tools);
    const { context, batch, width } = sizes[tools.size];
    const windows = { context, stride: context, batch };
    const rows = await compareWeights(tools.engine, files, { tokenizer, text }, windows, formats, (share) =>
      tools.report(0.6 + 0.4 * share, 'Reading what it has not seen'),
    );
    const noise = {
      int8: noiseOfModel(files.model, files.arrays, 'int8'),
      int4: noiseOfModel(files.model, files.arrays, 'int4'),
    };
    return judge(rows, noise, { int4: Number(answer.value) / 100, int8: noiseOfNormal('int8', width) });
  },
};

/** A model that learned, its weights, and a text that it did not learn from. */
async function trained({ engine, size, report }: LessonTools) {
  const { layers, width, heads, context, batch, steps, characters } = sizes[size];
  const setup = {
    model: { layers, width, heads, context, position: 'rope', norm: 'rmsNorm' },
    train: { steps, batch },
    data: { source: 'stories', characters: 100_000, tokenizer: 'bytes' },
  };
  const { model, arrays, tokenizer } = await trainModel(engine, setup, steps, (done) =>
    report((0.6 * done) / steps, 'Training'),
  );
  const files = { model, weights: storedArrays(arrays), arrays };
  return { files, tokenizer, text: generateCorpus('stories', heldOutSeed, characters) };
}

/** Root mean square of what rounding changes, over that of the numbers. */
function noiseOf(pairs: Iterable<readonly [exact: Float32Array, rounded: Float32Array]>): number {
  let [error, size] = [0, 0];
  for (const [exact, rounded] of pairs) {
    exact.forEach((value, index) => {
      error += (value - (rounded[index] ?? 0)) ** 2;
      size += value ** 2;
    });
  }
  return Math.sqrt(error / size);
}

/** Of a square matrix of normal numbers. */
function noiseOfNormal(format: QuantisedFormat, width: number): number {
  const random = createRandom(1);
  const values = Float32Array.from({ length: width * width }, () => random.normal());
  const source = { format, matrices: 1, inner: width, columns: width, isTable: false };
  return noiseOf([[values, dequantise(quantise('normal numbers', values, source), source)]]);
}

/** Of all matrices of a model that are rounded. */
function noiseOfModel(model: ModelConfig, arrays: NamedArrays, weights: QuantisedFormat): number {
  const rounded = storedParameters(model, { weights }).filter(({ format }) => format !== 'f32');
  return noiseOf(
    rounded.map((spec) => {
      const values = arrays.get(spec.name) ?? new Float32Array(0);
      const source = { ...quantisedMatrices(weights, spec), isTable: spec.isTable ?? false };
      return [values, dequantise(quantise(spec.name, values, source), source)] as const;
    }),
  );
}

/** Of the loss, either way: errors cancel, and what is left is as likely to help as to harm. */
const little = 0.05;

type Noise = Readonly<Record<QuantisedFormat, number>>;

function judge(rows: readonly WeightQuality[], noise: Noise, expected: Noise) {
  const [f32, , int8, int4, cache] = rows;
  if (!f32 || !int8 || !int4 || !cache) throw new Error('lesson: some formats were not evaluated.');
  const rise = ({ loss }: WeightQuality) => loss - f32.loss;
  const isNear = (found: number, wanted: number, factor: number) =>
    found < factor * wanted && wanted < factor * found;
  return {
    measured: { value: 100 * noise.int4, text: formatPercent(noise.int4) },
    checks: [
      check(
        'Noise on the weights in 4 bits, over a typical weight',
        formatPercent(expected.int4),
        formatPercent(noise.int4),
        isNear(noise.int4, expected.int4, 1.5),
      ),
      check(
        'The same in 8 bits',
        formatPercent(expected.int8),
        formatPercent(noise.int8),
        isNear(noise.int8, expected.int8, 2),
      ),
      check(
        'Bytes of all weights in 4 bits, over 32',
        '0.156 and what stays in 32',
        formatFigure(int4.weightBytes / f32.weightBytes),
        int4.weightBytes < 0.25 * f32.weightBytes,
      ),
      check(
        'What the loss rises by in 8 bits and in 4, over that of 32',
        'hardly anything',
        `${formatPercent(rise(int8) / f32.loss)}, ${formatPercent(rise(int4) / f32.loss)}`,
        Math.max(Math.abs(rise(int8)), Math.abs(rise(int4))) < little * f32.loss,
      ),
      check(
        'In 8 bits more choices are those of 32 than in 4',
        'yes',
        `${formatPercent(int8.agreement)}, ${formatPercent(int4.agreement)}`,
        int8.agreement > int4.agreement,
      ),
      check(
        'Choices in 4 bits that are those of 32',
        'most',
        formatPercent(int4.agreement),
        int4.agreement > 0.7,
      ),
    ],
    figures: [
      table(
        'A text that the model has not seen',
        ['weights', 'keys and values', 'bytes of weights', 'loss', 'perplexity', 'same choices'],
        rows.map((row) => [
          row.weights,
          row.cache,
          formatBytes(row.weightBytes),
          formatLoss(row.loss),
          formatFigure(row.perplexity),
          formatPercent(row.agreement),
        ]),
      ),
    ],
    meaning: [
      `Each weight is off by ${formatPercent(noise.int4)} in 4 bits, and the loss rose by ${formatLoss(rise(int4))} nats: the errors of the many weights that a number is summed from have both signs and mostly cancel.`,
      `The next token is the same in ${formatPercent(int4.agreement)} of all places. Keys and values in 8 bits changed ${formatPercent(1 - cache.agreement)} of the choices.`,
    ],
  };
}
