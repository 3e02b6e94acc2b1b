// Lesson: writing with a cache takes linear time per token, without one quadratic.

import type { LessonInfo, LessonQuestion, LessonSize } from '../../contract/lessons.ts';
import { formatFigure, formatSeconds } from '../../text/numbers.ts';
import { freshWeights, openModel } from '../plans/open-model.ts';
import {
  expectTokens,
  flopsOf,
  longest,
  ratioOf,
  recordPlans,
  sizes,
  type Timing,
  timeTokens,
} from './decode-ways.ts';
import { check, type Lesson, table, within } from './lesson.ts';
import { evaluatePolynomial, fitPolynomial } from './polynomial.ts';

function questionFor(size: LessonSize): LessonQuestion {
  return {
    kind: 'number',
    text: `A model writes token number ${longest(size)} of a text. Without a cache it runs the whole text through all layers again for that one token. How many times as long as with a cache does that take on this machine?`,
    unit: 'times as long',
    minimum: 0.001,
    maximum: 1_000_000,
    ...within(1.5),
  };
}

const describeSize = (size: LessonSize) => {
  const { layers, width, contexts } = sizes[size];
  return `Times one token after ${contexts.join(', ')} tokens with ${layers} layers of width ${width}, with and without cache.`;
};

const info: LessonInfo = {
  id: 'decode',
  title: 'What the cache saves',
  summary: 'Time per token by length of the text, with and without cache.',
  text: [
    'To write the next token, attention needs the keys and values of all tokens before it. They never change: what a token’s key is depends on what came before it only.',
    'So they can be kept, and a new token costs one pass of a single row. Without that cache, each token costs a pass over the whole text so far.',
  ],
  question: { normal: questionFor('normal'), small: questionFor('small') },
  runs: { normal: describeSize('normal'), small: describeSize('small') },
  teaching: {
    plan: 'serving',
    minutes: 10,
    questions: [
      {
        ask: 'Why may keys and values be kept, but not the model’s answer?',
        expect:
          'A token’s key and value depend only on what stands before it, which no longer changes. The answer depends on the newest token.',
      },
      {
        ask: 'The cache saves hundreds of times the flops, and far less time. Where does the rest go?',
        expect:
          'One token is too little work: kernels have to start and all weights must arrive from memory, for one token as for many.',
      },
      {
        ask: 'What is paid for the cache?',
        expect: 'Memory: two vectors a layer and token, for as long as the text is open.',
      },
    ],
  },
  source: 'W. H. Press, arXiv 2511.11572, section 4.1 (inference with cached keys and values).',
};

/** Linear against quadratic decoding as a lesson. */
export const decodeLesson: Lesson = {
  info,
  predict: async ({ engine, size }) => {
    const plans = await recordPlans(engine, size);
    const flops = flopsOf(plans);
    const last = flops.at(-1);
    const ratio = (last?.uncached ?? 0) / (last?.cached ?? 1);
    const expected = engine.profile && expectTokens(plans, size, engine.profile);
    const end = expected?.at(-1);
    return {
      answer: end
        ? { value: ratioOf(end), text: `${formatFigure(ratioOf(end))} times as long` }
        : { value: ratio, text: `${formatFigure(ratio)} times the flops` },
      reasons: [
        'With a cache the new token passes 12d² weights per layer and meets n keys and values: a + b·n.',
        'Without one n tokens pass the weights and n²/2 pairs of tokens meet: a + b·n + c·n².',
        `By plan that is ${formatFigure(last?.uncached ?? 0)} flops against ${formatFigure(last?.cached ?? 0)} at n = ${last?.length}: ${formatFigure(ratio)} times as many.`,
        end
          ? `On this device, as calibrated, these plans should take ${formatSeconds(end.uncached)} against ${formatSeconds(end.cached)}: ${formatFigure(ratioOf(end))} times as long. Flops alone do not say that: kernels must start, and weights arrive, for one token as for many.`
          : 'This device is not calibrated, so flops are compared, not seconds: time can only follow where arithmetic is what takes the time.',
      ],
      figures: [
        {
          kind: 'lines',
          title: 'Flops of one token',
          x: { label: 'tokens before', isLog: true },
          y: { label: 'flops', isLog: true },
          series: [
            { name: 'with cache', role: 'theory', points: flops.map((f) => [f.length, f.cached]) },
            { name: 'without', role: 'theory', points: flops.map((f) => [f.length, f.uncached]) },
          ],
        },
        ...(expected
          ? [
              {
                kind: 'lines' as const,
                title: 'Expected seconds of one token',
                x: { label: 'tokens before', isLog: true },
                y: { label: 'seconds', isLog: true },
                series: [
                  { name: 'with cache', role: 'theory' as const, points: pointsOf(expected, 'cached') },
                  { name: 'without', role: 'theory' as const, points: pointsOf(expected, 'uncached') },
                ],
              },
            ]
          : []),
      ],
    };
  },
  measure: async (tools) => {
    const plans = await recordPlans(tools.engine, tools.size);
    const { model, cached, uncached } = plans;
    tools.report(0.05, 'Compiling kernels');
    const all = [cached.decode, ...uncached.map(({ plan }) => plan)];
    const runtime = await openModel(tools.engine, all, model, freshWeights(model.config, 1));
    try {
      const { profile } = tools.engine;
      const expected = profile && expectTokens(plans, tools.size, profile);
      return judge(flopsOf(plans), await timeTokens(tools, runtime, plans), expected);
    } finally {
      runtime.dispose();
    }
  },
};

function pointsOf(timings: readonly Timing[], way: 'cached' | 'uncached') {
  return timings.map((timing) => [timing.length, timing[way]] as const);
}

function judge(
  flops: ReturnType<typeof flopsOf>,
  timings: readonly Timing[],
  expected: readonly Timing[] | undefined,
) {
  const [first, last] = [timings[0], timings.at(-1)];
  if (!first || !last) throw new Error('lesson: nothing was timed.');
  const linear = fitPolynomial(
    timings.map(({ length, cached }) => [length, cached]),
    1,
  );
  const quadratic = fitPolynomial(
    timings.map(({ length, uncached }) => [length, uncached]),
    2,
  );
  const growth = last.length / first.length;
  const [cachedGrowth, uncachedGrowth] = [last.cached / first.cached, last.uncached / first.uncached];
  const curve = (coefficients: readonly number[]) =>
    timings.map(({ length }) => [length, evaluatePolynomial(coefficients, length)] as const);
  return {
    measured: { value: ratioOf(last), text: `${formatFigure(ratioOf(last))} times as long` },
    checks: [
      check(
        `With cache, from ${first.length} to ${last.length} tokens`,
        `at most ${growth} times the time`,
        `${formatFigure(cachedGrowth)} times`,
        cachedGrowth <= growth,
      ),
      check(
        'Without cache time grows faster',
        `more than ${formatFigure(cachedGrowth)} times`,
        `${formatFigure(uncachedGrowth)} times`,
        uncachedGrowth > cachedGrowth,
      ),
      check(
        'The ratio rises with the text',
        `more than ${formatFigure(ratioOf(first))}`,
        formatFigure(ratioOf(last)),
        ratioOf(last) > ratioOf(first),
      ),
    ],
    figures: [
      {
        kind: 'lines' as const,
        title: 'Seconds of one token',
        x: { label: 'tokens before', isLog: true },
        y: { label: 'seconds', isLog: true },
        series: [
          {
            name: 'with cache',
            role: 'measured' as const,
            points: pointsOf(timings, 'cached'),
          },
          {
            name: 'without',
            role: 'other' as const,
            points: pointsOf(timings, 'uncached'),
          },
          { name: 'a + b·n', role: 'theory' as const, points: curve(linear) },
          { name: 'a + b·n + c·n²', role: 'theory' as const, points: curve(quadratic) },
        ],
      },
      table(
        'One token after n',
        ['n', 'with cache', 'without', 'ratio of times', 'expected', 'ratio of flops'],
        timings.map((timing, index) => [
          timing.length,
          formatSeconds(timing.cached),
          formatSeconds(timing.uncached),
          formatFigure(ratioOf(timing)),
          expected?.[index] ? formatFigure(ratioOf(expected[index])) : 'not calibrated',
          formatFigure((flops[index]?.uncached ?? 0) / (flops[index]?.cached ?? 1)),
        ]),
      ),
      table(
        'Fitted seconds per token',
        ['way', 'a', 'b·n at the end', 'c·n² at the end'],
        [
          ['with cache', ...termsOf(linear, last.length), ''],
          ['without', ...termsOf(quadratic, last.length)],
        ],
      ),
    ],
    meaning: [
      `The longer the text, the more the cache saves: ${formatFigure(ratioOf(first))} times at ${first.length} tokens, ${formatFigure(ratioOf(last))} times at ${last.length}.`,
      'The saving in time is less than the saving in flops. A single token is too little work for a GPU: it waits for kernels to start and for weights to arrive, not for arithmetic. That is why serving puts many texts in one batch.',
      'The price is memory: two vectors per layer and token, kept for as long as the text is open.',
    ],
  };
}

/** Each term of a fitted polynomial at n, as text. */
function termsOf(coefficients: readonly number[], n: number): string[] {
  return coefficients.map((coefficient, power) => formatSeconds(coefficient * n ** power));
}
