// Lesson: a power law is a property of the text: where a text has a bottom that models reach, the law fails, and says so in its residuals.
import type { LessonInfo, LessonQuestion } from '../../contract/lessons.ts';
import { type ChinchillaParameters, predictLoss } from '../../laws/chinchilla-law.ts';
import { judgeFit, type LackOfFit, obedience } from '../../laws/lack-of-fit.ts';
import type { RunPoint } from '../../laws/run-point.ts';
import { fitVariableProjection } from '../../laws/variable-projection.ts';
import { formatCount, formatDigits, formatLoss, formatPercent, formatSi } from '../../text/numbers.ts';
import { check, type Lesson, table } from './lesson.ts';
import { recordedTexts } from './recorded-texts.ts';

type Text = keyof typeof recordedTexts;

const texts: readonly Text[] = ['zipf', 'stories'];

const longest = Math.max(...recordedTexts.zipf.map(({ tokens }) => tokens));

const choices = [
  { id: 'neither', label: 'On neither: twice the text is not far' },
  { id: 'zipf', label: 'On zipf: rare words have hardly been seen yet' },
  { id: 'stories', label: 'On stories: they are told from templates' },
  { id: 'both', label: 'On both: models so small follow no law' },
];

const question: LessonQuestion = {
  kind: 'choice',
  text: 'The same fifteen runs were made on two texts: “zipf”, of very many words most of which are rare, and “stories”, told from templates. The law is fitted to the twelve shorter runs of each and asked for the three longest. Where is it off by more than 5 %?',
  choices,
};

const describeSize =
  'Fits the law to thirty recorded runs of this program, of 3.5 k to 38 k parameters. No model is trained.';

const info: LessonInfo = {
  id: 'law-breaks',
  title: 'When the law breaks',
  summary: 'Fit one law to two texts, and see which one obeys.',
  text: [
    'L = E + A/N^α + B/D^β is no law of nature. It says that whatever a model has learnt, there is more of the same kind left to learn, each next piece rarer than the last. Language is like that, as far as anyone has gone.',
    'A text may be otherwise. One told from a few templates has all of its structure in the first pages; once a model has got hold of the templates it learns them all, and then there is nothing left.',
  ],
  question: { normal: question, small: question },
  runs: { normal: describeSize, small: describeSize },
  teaching: {
    plan: 'scaling',
    questions: [
      {
        ask: 'Why does a text told from templates break the law?',
        expect:
          'Once a model has the templates there is nothing left to learn; the law expects ever rarer things to come.',
      },
      {
        ask: 'How would you find out whether a law holds for your own text?',
        expect:
          'Leave out the longest runs, fit the others, and see by how much the law misses what was left out.',
      },
    ],
  },
  source:
    'J. Hoffmann et al., arXiv 2203.15556, for the law; runs by “flopscope study” with the studies law-zipf.json and law-stories.json of this program’s test fixtures.',
};

/** A law fitted to the shorter runs, and what came of it. */
interface Fitted {
  readonly law: ChinchillaParameters;
  /** Of the fitted runs. */
  readonly judgement: LackOfFit;
  /** ln(measured / predicted) of each of the longest runs. */
  readonly misses: readonly number[];
  /** The largest of them by size. */
  readonly worst: number;
}

function fitShorter(points: readonly RunPoint[]): Fitted {
  const shorter = points.filter(({ tokens }) => tokens < longest);
  const { parameters: law } = fitVariableProjection(shorter);
  const predict = ({ parameters, tokens }: RunPoint) => predictLoss(law, parameters, tokens);
  const misses = points
    .filter(({ tokens }) => tokens === longest)
    .map((point) => Math.log(point.loss / predict(point)));
  const worst = misses.reduce((most, miss) => (Math.abs(miss) > Math.abs(most) ? miss : most));
  return { law, judgement: judgeFit(shorter, predict, 5), misses, worst };
}

/** −d ln L / d ln D between two neighbouring lengths, the mean over the sizes. */
function slopes(points: readonly RunPoint[]): readonly number[] {
  const lengths = [...new Set(points.map(({ tokens }) => tokens))].sort((a, b) => a - b);
  const meanLog = (length: number) => {
    const logs = points.filter(({ tokens }) => tokens === length).map(({ loss }) => Math.log(loss));
    return logs.reduce((sum, value) => sum + value, 0) / logs.length;
  };
  return lengths
    .slice(1)
    .map((length, index) => (meanLog(lengths[index]) - meanLog(length)) / Math.log(length / lengths[index]));
}

/** Where the law holds as a lesson. */
export const lawBreaksLesson: Lesson = {
  info,
  predict: async () => ({
    answer: { value: 'stories', text: 'On stories' },
    reasons: [
      'A law bends one way: L = E + A/N^α + B/D^β falls ever more slowly towards E. Runs that fall otherwise leave residuals with a pattern, and longer runs that it misses.',
      'Words of Zipf’s frequencies feed it: those learnt next are always rarer than those learnt last, and there are more of them.',
      'Templates are learnt in stages. Until a model has them it learns spelling; once it has one, all that it says is known, down to what the choice of names leaves open. Nothing makes such stages lie on one curve.',
    ],
    figures: [],
  }),
  measure: async ({ report }) => {
    const fits = texts.map((text, index) => {
      report(index / texts.length, `Fitting ${text}`);
      return fitShorter(recordedTexts[text]);
    });
    return judge(fits);
  },
};

function judge(fits: readonly Fitted[]) {
  const [zipf, stories] = fits;
  const off = texts.filter((_, index) => Math.abs(fits[index].worst) > 0.05);
  const value = off.length === 2 ? 'both' : (off[0] ?? 'neither');
  const label = choices.find(({ id }) => id === value)?.label ?? value;
  const steps = texts.map((text) => slopes(recordedTexts[text]));
  const most = formatPercent(obedience.rmsLogResidual);
  return {
    measured: { value, text: label.split(':')[0] },
    checks: [
      check(
        'Misfit of the law on zipf',
        `below ${most}`,
        formatPercent(zipf.judgement.rmsLogResidual),
        zipf.judgement.obeys,
      ),
      check(
        'Misfit of the law on stories',
        `above ${most}`,
        formatPercent(stories.judgement.rmsLogResidual),
        !stories.judgement.obeys,
      ),
      check(
        'The longest runs on stories',
        'lower than the law says by more than 5 %',
        `off by ${formatPercent(stories.worst)}`,
        stories.worst < -0.05,
      ),
    ],
    figures: [
      {
        kind: 'lines' as const,
        title: 'Loss of the largest model against its text, and the law of the shorter runs',
        x: { label: 'tokens D', isLog: true },
        y: { label: 'validation loss, nats per character', isLog: true },
        series: texts.flatMap((text, index) => {
          const largest = Math.max(...recordedTexts[text].map(({ parameters }) => parameters));
          const runs = recordedTexts[text].filter(({ parameters }) => parameters === largest);
          return [
            {
              name: text,
              role: index === 0 ? ('measured' as const) : ('other' as const),
              points: runs.map(({ tokens, loss }) => [tokens, loss] as const),
            },
            {
              name: `the law of ${text}`,
              role: 'theory' as const,
              points: runs.map(
                ({ tokens }) => [tokens, predictLoss(fits[index].law, largest, tokens)] as const,
              ),
            },
          ];
        }),
      },
      table(
        `The runs on ${formatCount(longest)} characters, which the fit did not see`,
        ['text', 'parameters', 'loss', 'by the law', 'off by'],
        texts.flatMap((text, index) =>
          recordedTexts[text]
            .filter(({ tokens }) => tokens === longest)
            .map(({ parameters, tokens, loss }, at) => [
              text,
              formatSi(parameters),
              formatLoss(loss),
              formatLoss(predictLoss(fits[index].law, parameters, tokens)),
              formatPercent(fits[index].misses[at]),
            ]),
        ),
      ),
      table(
        'How fast ln L falls with ln D, from one length to the next',
        ['text', ...steps[0].map((_, index) => `doubling ${index + 1}`)],
        texts.map((text, index) => [text, ...steps[index].map(formatDigits)]),
      ),
    ],
    meaning: [
      `On zipf the law of the shorter runs is off by ${formatPercent(zipf.worst)} at worst, on stories by ${formatPercent(stories.worst)}. The blocks of the models are the same, and so is how they were trained: what a law describes is the text.`,
      'A fit gives five numbers for any runs whatever. Whether they mean something is in the residuals: look for a pattern, compare the misfit with how far repeats differ, and hold back the longest runs. The room Laws shows all of it, and warns where a generated text is known to break the law.',
    ],
  };
}
