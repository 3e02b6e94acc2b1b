// Lesson: of models trained with equal flops neither the smallest nor the largest wins: an IsoFLOP curve by hand.
import type { LessonInfo, LessonQuestion, LessonSize } from '../../contract/lessons.ts';
import { formatDigits, formatLoss, formatPercent, formatPower, formatSi } from '../../text/numbers.ts';
import { closedFormOptimum, type LossFit } from '../../theory/chinchilla.ts';
import { check, type Lesson, type LessonTools, table } from './lesson.ts';
import { trainForLaw } from './scaling-run.ts';

/** One layer each; N are the parameters of the block, 12·d². */
const sizes = {
  normal: { flops: 2e10, widths: [8, 16, 32, 64, 128], batch: 16, characters: 6_000_000 },
  small: { flops: 4e8, widths: [4, 8, 16, 32, 64], batch: 4, characters: 800_000 },
} as const;

const context = 32;

/**
 * Chinchilla's form, fitted by variable projection to the 15 tiny runs on this text that the room Laws shows: of runs of
 * this kind it is known where the best size lies, not to a factor better than two.
 */
export const tinyLaw: LossFit = {
  irreducible: 0.9004,
  parameterFactor: 12.399,
  tokenFactor: 13.279,
  parameterExponent: 0.4425,
  tokenExponent: 0.1993,
};

/** One model with what its share of the flops buys. */
interface Planned {
  readonly width: number;
  /** N */
  readonly parameters: number;
  readonly steps: number;
  /** D */
  readonly tokens: number;
}

/** Models of equal 6·N·D, in whole steps. */
function plannedModels(size: LessonSize): readonly Planned[] {
  const { flops, widths, batch } = sizes[size];
  return widths.map((width) => {
    const parameters = 12 * width ** 2;
    const steps = Math.max(1, Math.round(flops / (6 * parameters * batch * context)));
    return { width, parameters, steps, tokens: steps * batch * context };
  });
}

function questionFor(size: LessonSize): LessonQuestion {
  return {
    kind: 'choice',
    text: `Five models get ${formatPower(sizes[size].flops)} flops each, so the larger one is, the less it reads. Which one ends with the lowest loss?`,
    choices: plannedModels(size).map(({ parameters, tokens }) => ({
      id: String(parameters),
      label: `${formatSi(parameters)} parameters on ${formatSi(tokens)} tokens`,
    })),
  };
}

const describeSize = (size: LessonSize) => {
  const models = plannedModels(size);
  const steps = models.reduce((sum, model) => sum + model.steps, 0);
  return `Trains ${models.length} models, ${steps} steps in all, of ${sizes[size].batch} × ${context} characters.`;
};

const info: LessonInfo = {
  id: 'too-much-model',
  title: 'Too much model, too few words',
  summary: 'Spend one budget on five sizes, and find the best.',
  text: [
    'Training costs about C = 6·N·D flops: six for each of N parameters and each of D tokens. A budget can be spent on a large model that reads little, or on a small one that reads much.',
    'The large one could say more than it had the time to learn; the small one has long learnt all that it can hold. Somewhere between lies the best model for the money, and a law of such curves at several budgets is what large runs are planned by.',
  ],
  question: { normal: questionFor('normal'), small: questionFor('small') },
  runs: { normal: describeSize('normal'), small: describeSize('small') },
  teaching: {
    plan: 'scaling',
    minutes: 10,
    questions: [
      {
        ask: 'Both ends of the curve are bad. What is wrong at each?',
        expect:
          'The largest model had too few words to learn what it could hold. The smallest had learned all it can hold long before.',
      },
      {
        ask: 'With four times the money, should the model be four times as large?',
        expect: 'No: about twice, and the text about twice as long; both terms of the law then fall alike.',
      },
    ],
  },
  source:
    'J. Hoffmann et al., arXiv 2203.15556, approach 2; the recipe of training is that of the room Laws.',
};

/** An IsoFLOP curve as a lesson. */
export const tooMuchModelLesson: Lesson = {
  info,
  predict: async ({ size }) => {
    const { flops } = sizes[size];
    const { parameters, tokens } = closedFormOptimum(flops, tinyLaw);
    const nearest = nearestModel(plannedModels(size), parameters);
    return {
      answer: { value: String(nearest.parameters), text: `${formatSi(nearest.parameters)} parameters` },
      reasons: [
        `L = E + A/N^α + B/D^β on C = 6·N·D is least where both terms fall equally fast: more parameters then cost as much loss in tokens as they bring.`,
        `The tiny runs that the room Laws shows put this at ${formatSi(parameters)} parameters on ${formatSi(tokens)} tokens for ${formatPower(flops)} flops.`,
        'Below it the first term rules, above it the second: a curve with one lowest place.',
      ],
      figures: [],
    };
  },
  measure: async (tools) => {
    const models = plannedModels(tools.size);
    const whole = models.reduce((sum, { steps }) => sum + steps, 0);
    const losses: number[] = [];
    let before = 0;
    for (const model of models) {
      losses.push(await trainOne(tools, model, before / whole, whole));
      before += model.steps;
    }
    return judge(tools.size, models, losses);
  },
};

/** @returns validation loss in nats per character */
function trainOne(
  tools: LessonTools,
  { width, parameters, steps }: Planned,
  from: number,
  whole: number,
): Promise<number> {
  const { batch, characters } = sizes[tools.size];
  const model = { layers: 1, width, heads: Math.max(1, width / 16), context };
  const what = `Training ${formatSi(parameters)} parameters`;
  return trainForLaw(tools, { model, parameters, steps, batch, characters, source: 'zipf' }, (done) =>
    tools.report(from + done / whole, what),
  );
}

function nearestModel(models: readonly Planned[], parameters: number): Planned {
  const off = (model: Planned) => Math.abs(Math.log(model.parameters / parameters));
  return models.reduce((best, model) => (off(model) < off(best) ? model : best));
}

function judge(size: LessonSize, models: readonly Planned[], losses: readonly number[]) {
  const { flops } = sizes[size];
  const best = losses.indexOf(Math.min(...losses));
  const predicted = closedFormOptimum(flops, tinyLaw).parameters;
  const spent = models.map(({ parameters, tokens }) => (6 * parameters * tokens) / flops - 1);
  const largestMiss = Math.max(...spent.map(Math.abs));
  const last = models.length - 1;
  const { parameters, tokens } = models[best];
  return {
    measured: { value: String(parameters), text: `${formatSi(parameters)} parameters` },
    checks: [
      check(
        '6·N·D of every model',
        `${formatPower(flops)} flops`,
        `within ${formatPercent(largestMiss)}`,
        largestMiss < 0.1,
      ),
      check(
        'The lowest loss',
        'neither the smallest nor the largest model',
        `${formatSi(parameters)} parameters, loss ${formatLoss(losses[best])}`,
        best > 0 && best < last,
      ),
      check(
        'The best size against that of the law',
        `${formatSi(predicted)} parameters, within a factor of 4`,
        formatSi(parameters),
        Math.abs(Math.log2(parameters / predicted)) <= 2,
      ),
    ],
    figures: [
      {
        kind: 'lines' as const,
        title: `Loss of five models of ${formatPower(flops)} flops each`,
        x: { label: 'parameters N', isLog: true },
        y: { label: 'validation loss, nats per character' },
        series: [
          {
            name: 'measured',
            role: 'measured' as const,
            points: models.map((model, index) => [model.parameters, losses[index]] as const),
          },
        ],
      },
      table(
        'One budget, five ways to spend it',
        ['parameters', 'tokens', 'tokens per parameter', 'steps', 'loss'],
        models.map((model, index) => [
          formatSi(model.parameters),
          formatSi(model.tokens),
          formatDigits(model.tokens / model.parameters),
          model.steps,
          formatLoss(losses[index]),
        ]),
      ),
    ],
    meaning: [
      `The best of these read ${formatDigits(tokens / parameters)} tokens a parameter. The largest read ${formatDigits(models[last].tokens / models[last].parameters)}, and ended at a loss higher by ${formatLoss(losses[last] - losses[best])}: too much model, too few words.`,
      'At another budget the best size is another. Several such curves give the law by which it grows, and the room Laws fits it; embeddings, which the count leaves out here, weigh much in models this small.',
    ],
  };
}
