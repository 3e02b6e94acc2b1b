// Lesson: what the closed forms say about training DeepSeek-V3, held against what was reported. Runs nothing.

import type { LessonInfo } from '../../contract/lessons.ts';
import { formatFigure } from '../../text/numbers.ts';
import { pressAssumptions } from '../../theory/assumptions.ts';
import { deepSeekCheck, deepSeekModel, deepSeekReported } from '../../theory/deepseek.ts';
import { check, type Lesson, table, within } from './lesson.ts';

const question = {
  kind: 'number',
  text: 'How many hours of one GPU does it take to train DeepSeek-V3: 61 layers of width 7168, 671 billion parameters, 14.8 trillion tokens?',
  unit: 'million GPU-hours',
  minimum: 0.0001,
  maximum: 1_000_000,
  ...within(1.25),
} as const;

const info: LessonInfo = {
  id: 'deepseek',
  title: 'The bill of a large model',
  summary: 'A page of arithmetic against the published cost of DeepSeek-V3.',
  text: [
    'The same few formulas that count the model on this page also count one that was trained on thousands of GPUs. If they are any good, they should land near what its makers reported.',
    `All it takes is the width d, the number of layers L, the context n and the tokens seen. The paper puts n at ${deepSeekModel.context}; most of the training was at ${deepSeekModel.trainedContext}, so both are worked out. Each GPU is taken to sustain 300 trillion multiply-adds per second.`,
  ],
  question: { normal: question, small: question },
  runs: {
    normal: 'Nothing: sums on paper, done in front of you.',
    small: 'Nothing: sums on paper, done in front of you.',
  },
  teaching: {
    plan: 'scaling',
    minutes: 9,
    questions: [
      {
        ask: 'Which formula carries nearly all of the bill?',
        expect:
          'Weights times tokens: each active parameter costs a multiply-add forward and two backward for every token.',
      },
      {
        ask: 'The model has 671 billion parameters. Why does it not pay for all of them at each token?',
        expect: 'It is a mixture of experts: a token passes a few of them, 37 billion parameters.',
      },
      {
        ask: 'What would make the estimate wrong by a factor of two?',
        expect:
          'The share of its peak that a GPU sustains, or how it is priced; the multiplications themselves are known.',
      },
    ],
  },
  source: 'W. H. Press, arXiv 2511.11572, section 6; reported figures: DeepSeek-V3, arXiv 2412.19437.',
};

const millionHours = (hours: number) => hours / 1e6;

/** Contexts of the curve. Tokens. */
const contexts = [
  1024,
  2048,
  deepSeekModel.trainedContext,
  8192,
  16_384,
  deepSeekModel.context,
  65_536,
  128_000,
];

/** Million GPU-hours for the reported tokens, at a context. */
const hoursAt = (context: number) =>
  millionHours(deepSeekCheck(pressAssumptions, context).reportedTokens.gpuHours);

/** The DeepSeek recomputation as a lesson. */
export const deepSeekLesson: Lesson = {
  info,
  predict: async () => {
    const { multiplyAddsPerToken, reportedTokens } = deepSeekCheck();
    const hours = millionHours(reportedTokens.gpuHours);
    return {
      answer: { value: hours, text: `${formatFigure(hours)} million GPU-hours` },
      reasons: [
        `Equation 5 gives (6n·d + 36d²)·L = ${formatFigure(multiplyAddsPerToken)} multiply-adds for one token, forward and backward, at n = ${deepSeekModel.context}.`,
        `Times ${formatFigure(deepSeekReported.tokens)} tokens that is ${formatFigure(reportedTokens.multiplyAdds)} multiply-adds.`,
        `Divided by ${formatFigure(pressAssumptions.multiplyAddsPerSecond)} per second and 3600 seconds per hour: ${formatFigure(hours)} million hours.`,
        `At n = ${deepSeekModel.trainedContext} the same sums give ${formatFigure(hoursAt(deepSeekModel.trainedContext))} million hours: attention’s 6n·d falls, the matrices’ 36d² stay.`,
      ],
      figures: [],
    };
  },
  measure: async ({ report }, prediction) => {
    report(0.5, 'Doing the sums');
    const found = deepSeekCheck();
    const { activeParameters, tokens, gpuHours, dollars } = deepSeekReported;
    const { trainedParameters } = deepSeekModel;
    const { optimal, reportedTokens } = found;
    const hours = millionHours(gpuHours);
    const trained = deepSeekCheck(pressAssumptions, deepSeekModel.trainedContext);
    const within = (ours: number, theirs: number, factor: number) =>
      Math.max(ours / theirs, theirs / ours) <= factor;
    return {
      measured: { value: hours, text: `${formatFigure(hours)} million GPU-hours reported` },
      checks: [
        check(
          'Active parameters, 12·L·d², within 5 %',
          formatFigure(found.activeParameters),
          formatFigure(activeParameters),
          within(found.activeParameters, activeParameters, 1.05),
        ),
        check(
          'Tokens, 20 for each trained parameter, within 20 %',
          formatFigure(optimal.tokens),
          formatFigure(tokens),
          within(optimal.tokens, tokens, 1.2),
        ),
        check(
          'GPU-hours within 15 %',
          prediction.answer.text,
          `${formatFigure(hours)} million`,
          within(reportedTokens.gpuHours, gpuHours, 1.15),
        ),
        check(
          'Capital cost within a factor of 2',
          `$${formatFigure(reportedTokens.dollars)}`,
          `$${formatFigure(dollars)}`,
          within(reportedTokens.dollars, dollars, 2),
        ),
      ],
      figures: [
        {
          kind: 'lines',
          title: 'GPU-hours by the context of training',
          x: { label: 'n, tokens', isLog: true },
          y: { label: 'million GPU-hours' },
          series: [
            { name: 'by the formulas', role: 'theory', points: contexts.map((n) => [n, hoursAt(n)]) },
            { name: 'reported', role: 'measured', points: contexts.map((n) => [n, hours]) },
          ],
        },
        table(
          'The sums, line by line (a multiply-add counts as one)',
          ['quantity', 'formula', 'computed', 'reported'],
          [
            [
              'active parameters',
              '12·L·d²',
              formatFigure(found.activeParameters),
              formatFigure(activeParameters),
            ],
            ['trained parameters', 'given', formatFigure(trainedParameters), formatFigure(trainedParameters)],
            ['tokens', '20 · trained parameters', formatFigure(optimal.tokens), formatFigure(tokens)],
            [
              `multiply-adds per token, n = ${deepSeekModel.context}`,
              '(6n·d + 36d²)·L',
              formatFigure(found.multiplyAddsPerToken),
              '',
            ],
            ['multiply-adds, computed tokens', 'tokens · per token', formatFigure(optimal.multiplyAdds), ''],
            [
              'multiply-adds, reported tokens',
              'tokens · per token',
              formatFigure(reportedTokens.multiplyAdds),
              '',
            ],
            [
              'GPU-hours, computed tokens',
              '÷ 3e14 per second',
              formatFigure(optimal.gpuHours),
              formatFigure(gpuHours),
            ],
            [
              'GPU-hours, reported tokens',
              '÷ 3e14 per second',
              formatFigure(reportedTokens.gpuHours),
              formatFigure(gpuHours),
            ],
            [
              `multiply-adds per token, n = ${deepSeekModel.trainedContext}`,
              '(6n·d + 36d²)·L',
              formatFigure(trained.multiplyAddsPerToken),
              '',
            ],
            [
              `GPU-hours of it, reported tokens`,
              '÷ 3e14 per second',
              formatFigure(trained.reportedTokens.gpuHours),
              formatFigure(gpuHours),
            ],
            [
              'dollars, reported tokens',
              '· 1e-18 per multiply-add',
              `$${formatFigure(reportedTokens.dollars)}`,
              `$${formatFigure(dollars)}`,
            ],
          ],
        ),
      ],
      meaning: [
        'Three formulas, each a line long, come within a few per cent of the hours that were paid for, at the paper’s n. What a large model costs is no secret of its makers: it follows from its width, its depth and its text.',
        'Dollars differ by nearly two because the paper counts what GPUs cost to own ($10,000 a year), and the report counts what they cost to rent ($2 an hour).',
        `The agreement is also luck: the rate of 300 trillion multiply-adds per second is an assumption, 8-bit arithmetic and experts are left out, and ${deepSeekModel.context} tokens of context were trained on for a small part of the time only. At the ${deepSeekModel.trainedContext} tokens of the rest the formulas give ${formatFigure(millionHours(trained.reportedTokens.gpuHours))} million hours, ${formatFigure(trained.reportedTokens.gpuHours / gpuHours)} of the reported ones.`,
      ],
    };
  },
};
