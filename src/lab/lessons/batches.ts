// Lesson: many texts in one batch cost hardly more than one, because weights are read once for all of them.

import type { LessonInfo, LessonQuestion, LessonSize } from '../../contract/lessons.ts';
import type { ServingRow } from '../../contract/serving.ts';
import type { ModelConfig } from '../../model/config.ts';
import { formatBytes, formatFigure, formatSeconds } from '../../text/numbers.ts';
import type { Engine } from '../plans/engine.ts';
import { freshWeights } from '../plans/open-model.ts';
import { storedArrays } from '../plans/parameter-io.ts';
import type { SamplingOptions } from '../sampling/options.ts';
import { planServing, rowOf, serveBatch } from '../serving/serve.ts';
import { openSampler } from '../training/open-sampler.ts';
import { check, type Lesson, type LessonTools, table, within } from './lesson.ts';
import { lessonExperiment } from './training.ts';

const sizes = {
  normal: { layers: 4, width: 256, heads: 8, batches: [1, 4, 16], prompt: 16, output: 48, repeats: 3 },
  small: { layers: 2, width: 64, heads: 4, batches: [1, 8], prompt: 4, output: 12, repeats: 2 },
} as const;

const seed = 1;

function questionFor(size: LessonSize): LessonQuestion {
  const most = sizes[size].batches.at(-1) ?? 1;
  return {
    kind: 'number',
    text: `A device writes one text. Now it writes ${most} at the same time. How many times as many tokens does it write in a second?`,
    unit: 'times',
    minimum: 0.1,
    maximum: 1000,
    ...within(1.5),
  };
}

const describeSize = (size: LessonSize) => {
  const { layers, width, batches, output } = sizes[size];
  return `Serves a model of ${layers} layers of width ${width} to ${batches.join(', ')} texts, ${output} tokens each.`;
};

const info: LessonInfo = {
  id: 'batches',
  title: 'Why serving batches',
  summary: 'Write many texts at the same time, count what is read, and time it.',
  text: [
    'To write one token, a model multiplies by every one of its weights, once. To do so, each weight must come from memory: two flops for four bytes.',
    'A device can do many flops in the time in which four bytes arrive. A second text at the same time needs the same weights.',
  ],
  question: { normal: questionFor('normal'), small: questionFor('small') },
  runs: { normal: describeSize('normal'), small: describeSize('small') },
  teaching: {
    plan: 'serving',
    minutes: 9,
    questions: [
      {
        ask: 'Why does the second text at the same time cost so little?',
        expect:
          'Writing waits for the weights to arrive from memory. Once they are there, they serve every text.',
      },
      {
        ask: 'When does that end?',
        expect:
          'When the multiplications take as long as reading does, or when the caches of all texts together outweigh the weights.',
      },
    ],
  },
  source: 'R. Pope et al., Efficiently Scaling Transformer Inference, arXiv 2211.05102, section 2.1.',
};

async function modelOf(size: LessonSize): Promise<ModelConfig> {
  const { layers, width, heads, prompt, output } = sizes[size];
  const { experiment } = await lessonExperiment({
    model: { layers, width, heads, context: prompt + output, position: 'rope', norm: 'rmsNorm' },
    train: { steps: 1, batch: 1 },
    data: { source: 'stories', characters: 20_000 },
  });
  return experiment.model;
}

/** What is known of each batch before it is served. */
async function rowsOf(engine: Engine, size: LessonSize): Promise<ServingRow[]> {
  const model = await modelOf(size);
  const { batches, prompt, output } = sizes[size];
  const rows: ServingRow[] = [];
  for (const batch of batches) {
    const served = { batch, prompt, output };
    rows.push(rowOf(engine, await planServing(engine, model, served), served));
  }
  return rows;
}

/** Serving of batches as a lesson. */
export const batchesLesson: Lesson = {
  info,
  predict: async ({ engine, size }) => {
    const rows = await rowsOf(engine, size);
    const { one, many } = endsOf(rows);
    const byBytes = (many.batch * one.decodeBytes) / many.decodeBytes;
    const [rateOfOne, rateOfMany] = [one, many].map((row) => row.predicted?.expectation.tokensPerSecond);
    const expected = rateOfOne && rateOfMany ? rateOfMany / rateOfOne : undefined;
    return {
      answer: { value: expected ?? byBytes, text: `${formatFigure(expected ?? byBytes)} times as many` },
      reasons: [
        `By plan a token of one text moves ${formatBytes(one.decodeBytes)}, and one token of each of ${many.batch} texts ${formatBytes(many.decodeBytes)}: weights come once for all, only caches and activations for each.`,
        `Flops are in proportion: ${formatFigure(one.decodeFlops)} and ${formatFigure(many.decodeFlops)}.`,
        expected === undefined
          ? `Where reading is what takes the time, that is ${formatFigure(byBytes)} times as many tokens; where arithmetic is, no more than before. This device is not calibrated, so which it is, is not known.`
          : `On this device, as calibrated, the batch should write ${formatFigure(expected)} times as many, prompts included.`,
      ],
      figures: [],
    };
  },
  measure: async (tools) => {
    const { engine, size } = tools;
    const [model, planned] = [await modelOf(size), await rowsOf(engine, size)];
    const files = { model, weights: storedArrays(freshWeights(model, seed)) };
    const rows: ServingRow[] = [];
    for (const [index, row] of planned.entries()) {
      tools.report(
        index / (planned.length + 1),
        row.batch === 1 ? 'One text' : `${row.batch} texts at a time`,
      );
      const { repeats } = sizes[size];
      rows.push({ ...row, measured: await serveBatch(engine, files, row, { repeats, seed }) });
    }
    tools.report(planned.length / (planned.length + 1), 'Writing a text alone and in company');
    return judge(rows, await isSameInCompany(tools, files));
  },
};

/** Whether a text gets the tokens in company that it gets alone, in the same plans. */
async function isSameInCompany(
  { engine, size }: LessonTools,
  files: { readonly model: ModelConfig; readonly weights: ReturnType<typeof storedArrays> },
): Promise<boolean> {
  const { prompt, output } = sizes[size];
  const needs = {
    promptTokens: prompt,
    maximumTokens: output,
    useCache: true,
    slots: 4,
    context: prompt + output,
  };
  const { sampler, dispose } = await openSampler(engine, files, needs);
  try {
    const options: SamplingOptions = { maximumTokens: output, temperature: 0.8, topK: 0, topP: 1, seed };
    const textOf = (length: number) =>
      Array.from({ length }, (_, i) => (7 * i + length) % files.model.vocabulary);
    const alone = await sampler.generate(textOf(prompt), options);
    const [inCompany] = await Promise.all(
      [prompt, 1, 2, 3].map((length, index) =>
        sampler.generate(textOf(length), { ...options, seed: seed + index }),
      ),
    );
    return inCompany?.tokens.every((token, index) => token === alone.tokens[index]) === true;
  } finally {
    dispose();
  }
}

function endsOf(rows: readonly ServingRow[]): { readonly one: ServingRow; readonly many: ServingRow } {
  const [one, many] = [rows[0], rows.at(-1)];
  if (!one || !many) throw new Error('lesson: nothing was served.');
  return { one, many };
}

function judge(rows: readonly ServingRow[], isSame: boolean) {
  const { one, many } = endsOf(rows);
  const rate = ({ measured }: ServingRow) => measured?.tokensPerSecond ?? 0;
  const ratio = rate(many) / rate(one);
  const bytes = many.decodeBytes / one.decodeBytes;
  const flops = many.decodeFlops / one.decodeFlops;
  return {
    measured: { value: ratio, text: `${formatFigure(ratio)} times as many` },
    checks: [
      check(
        'Flops of a token of each text, over those of one',
        `${many.batch}`,
        formatFigure(flops),
        Math.abs(flops / many.batch - 1) < 1e-6,
      ),
      check(
        'Bytes moved for them, over those of one',
        `less than ${many.batch}: weights come once`,
        formatFigure(bytes),
        bytes < 0.75 * many.batch,
      ),
      check(
        'A text gets the tokens in company that it gets alone',
        'all',
        isSame ? 'all' : 'not all',
        isSame,
      ),
      check('Tokens per second grow', 'yes', `${formatFigure(ratio)} times`, ratio > 1),
    ],
    figures: [
      table(
        'A step of decoding, and serving here',
        ['texts', 'flops', 'bytes', 'tokens/s', 'between tokens', 'first token'],
        rows.map((row) => [
          row.batch,
          formatFigure(row.decodeFlops),
          formatBytes(row.decodeBytes),
          formatFigure(rate(row)),
          formatSeconds(row.measured?.betweenTokensSeconds),
          formatSeconds(row.measured?.firstTokenSeconds),
        ]),
      ),
    ],
    meaning: [
      `${many.batch} texts at the same time got ${formatFigure(ratio)} times the tokens of one. Up to the batch at which arithmetic takes as long as reading, each text more is nearly free: that is why those who serve models wait for company.`,
      'What grows with every text is its cache: with long texts the caches, not the weights, are what is read, and the gain ends. The room Serving and flopscope theory serving say where.',
    ],
  };
}
