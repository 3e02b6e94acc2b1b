// Lesson 0: what a token, a loss and a guess are, on a model before and after it has learned a little.

import type { LessonInfo, LessonQuestion, LessonSize } from '../../contract/lessons.ts';
import { formatFigure, formatLoss, formatPercent } from '../../text/numbers.ts';
import { evaluationBatches, floorsOf } from '../plans/corpus.ts';
import { check, type Lesson, table, within } from './lesson.ts';
import {
  type LessonRun,
  lessonExperiment,
  lossByPosition,
  mean,
  startLessonRun,
  trainSteps,
} from './training.ts';

const sizes = {
  normal: { layers: 2, width: 64, context: 64, batch: 8, steps: 512, batches: 16 },
  small: { layers: 2, width: 32, context: 32, batch: 8, steps: 256, batches: 16 },
} as const;

/** Different characters of the text; a check says whether it is so. */
const characters = 59;
/** Positions whose guesses are written out. */
const shown = 16;

function setup(size: LessonSize) {
  const { layers, width, context, batch, steps } = sizes[size];
  return lessonExperiment({
    model: { layers, width, context },
    train: { steps, batch },
    data: { source: 'stories', characters: 40_000 },
  });
}

function questionFor(size: LessonSize): LessonQuestion {
  return {
    kind: 'number',
    text: `A model that knows nothing wavers between all ${characters} characters of the text. After ${sizes[size].steps} steps of training, between how many does it waver?`,
    unit: 'characters',
    minimum: 1,
    maximum: characters,
    ...within(1.5),
  };
}

const describeSize = (size: LessonSize) => {
  const { layers, width, steps, batch, context } = sizes[size];
  return `Trains one model of ${layers} layers and width ${width} for ${steps} steps, each on ${batch * context} characters.`;
};

const info: LessonInfo = {
  id: 'first-words',
  title: 'What is a token, a loss, a guess',
  summary: 'Begin here: how sure a model is of the next character, before and after it learned.',
  text: [
    'A language model reads a text piece by piece and guesses the next piece. The pieces are called tokens. Large models have tokens of words and pieces of words; here each character is one: a letter, a space, a full stop.',
    'Its guess is not one token but a probability for each of them; together they make 100 %. After “The cat sat on the ma” a good model gives most to t, a little to n and r, and next to nothing to q.',
    'Then the true token is uncovered. The loss says how surprising it was: −ln p, where p is the probability that the model had given to it. Full certainty that was right costs 0; p = 1/2 costs 0.69; p = 1/100 costs 4.6. The mean over many tokens is the loss that all curves here show, and training changes the model’s numbers, step by step, so that it falls.',
    'A loss can be read as wavering: a model with a loss of ln 8 is as unsure as if it had to choose among 8 tokens alike. That number, e to the power of the loss, is called the perplexity.',
  ],
  question: { normal: questionFor('normal'), small: questionFor('small') },
  runs: { normal: describeSize('normal'), small: describeSize('small') },
  teaching: {
    plan: 'learning',
    minutes: 10,
    questions: [
      {
        ask: 'How unsure is a model that knows nothing, and why is that no matter of luck?',
        expect:
          'It gives each of V characters 1/V, so its loss is ln V whatever comes: it wavers between all of them.',
      },
      {
        ask: 'Could training bring the loss to 0?',
        expect:
          'No. How the next word begins is open even to somebody who knows all stories; what is left when everything is learned is the text’s own uncertainty.',
      },
    ],
  },
  source:
    'C. E. Shannon, “Prediction and Entropy of Printed English”, Bell System Technical Journal 30 (1951): the same game, played by people.',
};

/** The first lesson. */
export const firstWordsLesson: Lesson = {
  info,
  predict: async ({ size }) => {
    const { dataset } = await setup(size);
    const { uniform, unigram, bigram } = floorsOf(dataset);
    return {
      answer: { value: Math.exp(bigram), text: `about ${formatFigure(Math.exp(bigram))} characters` },
      reasons: [
        `Untrained, a model gives each of ${dataset.vocabularySize} characters nearly the same: a loss of ln ${dataset.vocabularySize} = ${formatLoss(uniform)}.`,
        `Who only knows which characters are frequent comes to ${formatLoss(unigram)}: as unsure as among ${formatFigure(Math.exp(unigram))}.`,
        `Who looks at the one character before comes to ${formatLoss(bigram)}, as among ${formatFigure(Math.exp(bigram))}. Both are counted in the text, without a model.`,
        'A model may look at all characters before, and could do better; but it has to find out by itself what helps. After few steps it comes about as far as one character gets: an estimate, no law.',
      ],
      figures: [],
    };
  },
  measure: async ({ engine, size, report }) => {
    const { steps, batches } = sizes[size];
    const run = await startLessonRun(engine, await setup(size));
    try {
      const { uniform, unigram, bigram } = floorsOf(run.dataset);
      const evaluate = async (): Promise<number> => mean(await lossByPosition(run, batches));
      const before = await evaluate();
      const guesses = await guessesOf(run);
      const curve: [number, number][] = [[0, before]];
      for (let done = 0; done < steps; ) {
        const next = Math.min(steps, Math.max(8, 2 * done));
        await trainSteps(run, next - done, (more) => report((done + more) / steps, 'Training'));
        done = next;
        curve.push([done, await evaluate()]);
      }
      const after = curve.at(-1)?.[1] ?? before;
      const level = (name: string, loss: number) =>
        ({ name, role: 'theory', points: [[0, loss] as const, [steps, loss] as const] }) as const;
      const learned = await guessesOf(run);
      return {
        measured: { value: Math.exp(after), text: `${formatFigure(Math.exp(after))} characters` },
        checks: [
          check(
            'Different characters of the text',
            String(characters),
            String(run.dataset.vocabularySize),
            run.dataset.vocabularySize === characters,
          ),
          check(
            'Untrained, it wavers between all of them',
            `${characters}, within 10 %`,
            formatFigure(Math.exp(before)),
            Math.abs(before - uniform) < Math.log(1.1),
          ),
          check(
            'Trained, it knows more than which characters are frequent',
            `a loss below ${formatLoss(unigram)}`,
            formatLoss(after),
            after < unigram,
          ),
        ],
        figures: [
          {
            kind: 'lines',
            title: 'The loss while it learns, on text that is kept from it',
            x: { label: 'step' },
            y: { label: 'loss, nats per token' },
            series: [
              { name: 'this model', role: 'measured', points: curve },
              level('all characters alike', uniform),
              level('how frequent each is', unigram),
              level('one character before', bigram),
            ],
          },
          table(
            'Its guesses, character by character',
            ['it read', 'then came', 'untrained, gave it', 'loss then', 'trained, gives it', 'loss now'],
            guesses.map(({ read, came, loss }, index) => {
              const now = learned[index]?.loss ?? Number.NaN;
              return [
                read,
                came,
                formatPercent(Math.exp(-loss)),
                formatLoss(loss),
                formatPercent(Math.exp(-now)),
                formatLoss(now),
              ];
            }),
          ),
        ],
        meaning: [
          `In ${steps} steps the loss fell from ${formatLoss(before)} to ${formatLoss(after)}: the model wavers between ${formatFigure(Math.exp(after))} characters where it wavered between ${formatFigure(Math.exp(before))}.`,
          'The table has the whole of it: the probability of the token that came, and −ln of that. Look where the model is sure: behind a finished word a space is easy, but how the next word begins nobody could know for certain. So no training brings the loss to 0.',
          'All lessons that follow ask what such a number costs, in multiplications, bytes and seconds, and how to have a lower one for the same.',
        ],
      };
    } finally {
      run.runtime.dispose();
    }
  },
};

/** One guess: what was read, what came, and its loss. */
interface Guess {
  readonly read: string;
  readonly came: string;
  readonly loss: number;
}

/** The last guesses in the first held-out row: the same at every call. */
async function guessesOf({
  dataset,
  plans,
  runtime,
  experiment,
  corpus,
}: LessonRun): Promise<readonly Guess[]> {
  const { time } = plans;
  const [row] = evaluationBatches(dataset, experiment.train.batch, 1);
  if (row === undefined) return [];
  runtime.write(plans.tokens, row.tokens);
  await runtime.submit([{ plan: plans.evaluate, scalars: { lossScale: 0 } }]);
  const losses = await runtime.read(plans.positionLoss);
  const visible = (tokens: Uint32Array) => corpus.tokenizer.decode(tokens).replaceAll('\n', '⏎');
  return Array.from({ length: Math.min(shown, time) }, (_, index) => {
    const at = time - Math.min(shown, time) + index;
    return {
      read: `…${visible(row.tokens.subarray(Math.max(0, at - 15), at + 1))}`,
      came: visible(row.tokens.subarray(at + 1, at + 2)).replace(/^ $/, '␣'),
      loss: losses[at] ?? Number.NaN,
    };
  });
}
