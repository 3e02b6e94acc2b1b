// Lesson: where norms stand decides whether a deep model learns: pre-norm, post-norm and sandwich, shallow and deep.
import type { LessonInfo, LessonQuestion, LessonSize } from '../../contract/lessons.ts';
import { formatFigure, formatShortLoss } from '../../text/numbers.ts';
import { type GradientNormsPlan, readGradientNorms, recordGradientNorms } from '../inside/gradient-norms.ts';
import { floorsOf } from '../plans/corpus.ts';
import { check, type Lesson, type LessonTools, table } from './lesson.ts';
import { type LessonExperiment, lessonExperiment, mean, startLessonRun, trainSteps } from './training.ts';
import { type Contest, describeSeeds, heldOutLoss, trainVariants } from './variants.ts';

const placements = [
  { id: 'pre', label: 'pre-norm', formula: 'x + f(norm x)' },
  { id: 'post', label: 'post-norm', formula: 'norm(x + f(x))' },
  { id: 'sandwich', label: 'sandwich', formula: 'x + norm(f(norm x))' },
] as const;

const sizes = {
  normal: { depths: [2, 6, 12], width: 64, context: 64, batch: 8, steps: 200, seeds: [1, 2, 3] },
  small: { depths: [2, 6], width: 32, context: 32, batch: 4, steps: 100, seeds: [1, 2] },
} as const;

/** Weights begin with a deviation of 0.02: embeddings with this factor begin with 1, as large as what a norm hands on. */
const embeddingMultiplier = 50;

/** Nats per token below the loss of counting characters from which on a model has learned something of their order. */
const learned = 0.05;

/** The models, shallow ones first. */
const variantsOf = (size: LessonSize) =>
  sizes[size].depths.flatMap((layers) =>
    placements.map(({ id, label }) => ({
      label: `${label}, ${layers} layers`,
      model: { layers, normPlacement: id },
    })),
  );

const capitalised = (label: string) => label[0].toUpperCase() + label.slice(1);

function deepest(size: LessonSize): number {
  return Math.max(...sizes[size].depths);
}

function questionFor(size: LessonSize): LessonQuestion {
  return {
    kind: 'choice',
    text: `Three models of ${deepest(size)} layers differ only in where their norms stand, and train for ${sizes[size].steps} steps. Which of them is left at the loss of one that merely counts characters?`,
    choices: [
      ...placements.map(({ id, label, formula }) => ({
        id,
        label: `${capitalised(label)}, ${formula}`,
      })),
      { id: 'several', label: 'More than one of them' },
      { id: 'none', label: 'None: each learns more than that' },
    ],
  };
}

const describeSize = (size: LessonSize) => {
  const { depths, width, steps, seeds } = sizes[size];
  return `Trains three placements with ${depths.join(', ')} layers of width ${width} for ${steps} steps, from ${seeds.length} seeds.`;
};

const info: LessonInfo = {
  id: 'norms',
  title: 'Where norms belong',
  summary: 'Move the norms of a block, make it deeper, and see what still learns.',
  text: [
    'A norm brings each token’s vector to one size. The transformer of 2017 had it behind the sum, norm(x + f(x)): post-norm. GPT-2 and Llama have it before each part, x + f(norm x): pre-norm. Gemma 2 and 3 have one on either side of it, x + norm(f(norm x)): a sandwich.',
    'In shallow models it hardly matters. In deep ones it decides what becomes of x on its way up, and of the gradient on its way down.',
    'All embeddings begin as large here as what a norm hands on, so that no placement begins with its tokens drowned. Gemma multiplies its embeddings for the same reason.',
  ],
  question: { normal: questionFor('normal'), small: questionFor('small') },
  runs: { normal: describeSize('normal'), small: describeSize('small') },
  teaching: {
    plan: 'learning',
    questions: [
      {
        ask: 'What does post-norm do to the x that a skip connection passes along?',
        expect:
          'It scales it down together with what was added, in every part: after many layers little is left of what came in, and of the gradient on its way back.',
      },
      {
        ask: 'Pre-norm has one norm more than its layers need, behind the last. What for?',
        expect:
          'Nothing scales the sum down on its way, so that it grows with depth: the head wants one size.',
      },
      {
        ask: 'The transformer of 2017 had six such layers, and learned. How?',
        expect:
          'With a learning rate that rises slowly, over 4,000 steps, and by training much longer. Post-norm can be trained; it forgives less.',
      },
    ],
  },
  source:
    'R. Xiong et al., On Layer Normalization in the Transformer Architecture, arXiv 2002.04745; Gemma Team, Gemma 2, arXiv 2408.00118.',
};

function contestOf(size: LessonSize): Contest {
  const { width, context, batch, steps, seeds } = sizes[size];
  return {
    model: { width, context, position: 'rope', norm: 'rmsNorm', embeddingMultiplier },
    train: { steps, batch },
    data: { source: 'stories', characters: 100_000 },
    seeds,
  };
}

/** The loss of counting characters, in nats per token. */
async function countingLoss(size: LessonSize): Promise<number> {
  const { model, ...rest } = contestOf(size);
  return floorsOf((await lessonExperiment({ ...rest, model: { ...model, layers: 1 } })).dataset).unigram;
}

/** Placements of norms as a lesson. */
export const normsLesson: Lesson = {
  info,
  predict: async ({ size }) => {
    const parts = 2 * deepest(size);
    return {
      answer: { value: 'post', text: 'Post-norm, norm(x + f(x))' },
      reasons: [
        'In pre-norm and sandwich the sum runs from the first layer to the last untouched. The derivative of a part is 1 + f′: the 1 brings the gradient back whole.',
        `In post-norm each of ${parts} parts divides by the size of the sum. Where f adds as much as came in, that is 1 ÷ √2 of x a part, and 2 to the power −${parts / 2} of it after ${parts}. The gradient loses the same on its way back.`,
        `Counting characters without looking at any before comes to a loss of ${formatShortLoss(await countingLoss(size))}.`,
      ],
      figures: [],
    };
  },
  measure: async (tools) => {
    const { size } = tools;
    const found = await trainVariants(tools, variantsOf(size), contestOf(size), (lesson, onStep) =>
      learn(tools, lesson, onStep),
    );
    return judge(size, found, await countingLoss(size));
  },
};

/** What one run came to. */
interface Learned {
  readonly loss: number;
  /** Norm of the gradient by layer, at the last step. */
  readonly gradients: readonly number[];
}

async function learn(
  { engine }: LessonTools,
  lesson: LessonExperiment,
  onStep: (done: number) => void,
): Promise<Learned> {
  const added: { norms?: GradientNormsPlan } = {};
  const run = await startLessonRun(engine, lesson, ({ model }) => {
    added.norms = recordGradientNorms(model.store, engine);
    return [added.norms.plan];
  });
  try {
    if (!added.norms) throw new Error('lesson: the plan of the gradient norms is missing.');
    await trainSteps(run, lesson.experiment.train.steps, onStep);
    const { layers } = await readGradientNorms(run.runtime, added.norms);
    return { loss: await heldOutLoss(run), gradients: layers };
  } finally {
    run.runtime.dispose();
  }
}

function judge(size: LessonSize, found: readonly (readonly Learned[])[], counting: number) {
  const { depths, seeds, steps } = sizes[size];
  const losses = found.map((runs) => runs.map(({ loss }) => loss));
  const of = (depth: number, placement: number) => depth * placements.length + placement;
  const deep = placements.map((_, index) => mean(losses[of(depths.length - 1, index)]));
  const shallow = placements.map((_, index) => mean(losses[of(0, index)]));
  const [pre, post, sandwich] = deep;
  const stuck = placements.filter((_, index) => deep[index] > counting - learned);
  const gradients = placements.map((_, index) => found[of(depths.length - 1, index)][0].gradients);
  const below = (loss: number) => loss < counting - learned;
  return {
    measured:
      stuck.length === 1
        ? { value: stuck[0].id, text: `${capitalised(stuck[0].label)}, ${stuck[0].formula}` }
        : {
            value: stuck.length > 1 ? 'several' : 'none',
            text: stuck.length > 1 ? stuck.map(({ label }) => label).join(' and ') : 'None of them',
          },
    checks: [
      ...([0, 2] as const).map((index) =>
        check(
          `${capitalised(placements[index].label)} of ${deepest(size)} layers learns more than counts`,
          `below ${formatShortLoss(counting - learned)}`,
          formatShortLoss(deep[index]),
          below(deep[index]),
        ),
      ),
      check(
        `Post-norm of ${deepest(size)} layers does not`,
        `${formatShortLoss(counting - learned)} or more`,
        formatShortLoss(post),
        !below(post),
      ),
      check(
        'Depth costs post-norm more than it costs pre-norm',
        `more than ${formatFigure(pre - shallow[0])}`,
        formatFigure(post - shallow[1]),
        post - shallow[1] > pre - shallow[0],
      ),
    ],
    figures: [
      table(
        `Loss on held-out text after ${steps} steps, of ${seeds.length} seeds: mean (least to greatest)`,
        ['norms', ...depths.map((layers) => `${layers} layers`)],
        placements.map(({ label, formula }, index) => [
          `${label}: ${formula}`,
          ...depths.map((_, depth) => describeSeeds(losses[of(depth, index)])),
        ]),
      ),
      {
        kind: 'lines' as const,
        title: `Norm of the gradient by layer at the last step, ${deepest(size)} layers, seed ${seeds[0]}`,
        x: { label: 'layer' },
        y: { label: 'norm', isLog: true },
        series: placements.map(({ label }, index) => ({
          name: label,
          role: index === 0 ? ('measured' as const) : ('other' as const),
          isDashed: index === 2,
          points: gradients[index]
            .map((norm, layer) => [layer + 1, norm] as const)
            .filter(([, norm]) => norm > 0), // a logarithmic axis has no zero
        })),
      },
    ],
    meaning: [
      `With ${depths[0]} layers post-norm ended at ${formatShortLoss(shallow[1])}, pre-norm at ${formatShortLoss(shallow[0])}; with ${deepest(size)} layers at ${formatShortLoss(post)} and ${formatShortLoss(pre)}. Counting characters gets to ${formatShortLoss(counting)}.`,
      `The sandwich came to ${formatShortLoss(sandwich)} here. That does not make it the best: its parts add as much as the embeddings are large. Where they began with a fifth of the size (two seeds of the small form’s models, 80 steps of 8 texts), six layers of it were left at 3.09 to 3.11, and pre-norm came to 2.97 to 3.00.`,
      'What deep models have in common is not one place for the norms, but a sum that nothing scales down on its way: x goes up through all layers as it is, and the gradient comes down.',
    ],
  };
}
