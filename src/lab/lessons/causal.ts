// Lesson: no token sees the future. One head's matrix, and what changes when one token is replaced.

import type { LessonFigure, LessonInfo, LessonQuestion, LessonSize } from '../../contract/lessons.ts';
import { headLogits } from '../../kernels/head-loss.ts';
import { headOf } from '../../model/tensors.ts';
import { recordTrunk } from '../../model/transformer.ts';
import { freeze } from '../../plan/plan.ts';
import { persistentTensor } from '../../plan/store.ts';
import { Tape } from '../../plan/tape.ts';
import { formatFigure } from '../../text/numbers.ts';
import { computeAttentionMap } from '../inside/attention-map.ts';
import { tokenNames } from '../plans/corpus.ts';
import { readParameters } from '../plans/parameter-io.ts';
import { check, exactly, type Lesson, type LessonTools } from './lesson.ts';
import { type LessonRun, lessonExperiment, startLessonRun, trainSteps } from './training.ts';

const sizes = {
  normal: { width: 64, context: 64, steps: 200, tokens: 24, replaced: 16 },
  small: { width: 32, context: 32, steps: 40, tokens: 16, replaced: 11 },
} as const;

/** Attention heads of the model; the first of the last layer is shown. */
const layers = 2;

function questionFor(size: LessonSize): LessonQuestion {
  const { tokens, replaced } = sizes[size];
  return {
    kind: 'number',
    text: `A text has ${tokens} tokens. You replace token number ${replaced}. For how many of the ${tokens} positions do the scores of the next token change?`,
    unit: 'positions',
    minimum: 0,
    maximum: tokens,
    ...exactly,
  };
}

const info: LessonInfo = {
  id: 'causal',
  title: 'No looking ahead',
  summary: 'Replace one token and see who notices.',
  text: [
    'At every position the model says which token comes next. During training it has the whole text in front of it, and the answer to position k stands at k + 1. If position k could read that, it would learn to copy, and be of no use when the next token does not exist yet.',
    'So attention is cut: position k may look at positions 1 to k and at none after. That is one comparison in the kernel. Does it hold for everything else that is computed, exactly?',
  ],
  question: { normal: questionFor('normal'), small: questionFor('small') },
  runs: {
    normal: `Trains ${layers} layers of width ${sizes.normal.width} for ${sizes.normal.steps} steps, then replaces each token of a text in turn.`,
    small: `Trains ${layers} layers of width ${sizes.small.width} for ${sizes.small.steps} steps, then replaces each token of a text in turn.`,
  },
  teaching: {
    plan: 'learning',
    minutes: 8,
    questions: [
      {
        ask: 'Token 11 of 16 was replaced: why do six positions change, and not five?',
        expect:
          'Position 11 itself reads token 11, so 11 to 16 change: six. The ten before it stay the same to the last bit.',
      },
      {
        ask: 'What would go wrong if a position could read the next token in training?',
        expect:
          'It would copy the answer. The loss would fall to nearly 0, and the model could not write: then there is no next token to copy.',
      },
    ],
  },
  source: 'W. H. Press, arXiv 2511.11572, section 3.3.2 (the causal mask).',
  ownRun: 'attention',
};

/** The causality of attention as a lesson. */
export const causalLesson: Lesson = {
  info,
  predict: async ({ size }) => {
    const { tokens, replaced } = sizes[size];
    const changed = tokens - replaced + 1;
    return {
      answer: { value: changed, text: `${changed} positions` },
      reasons: [
        `Position i reads tokens 1 to i. Token ${replaced} is among them for i = ${replaced} to ${tokens}: ${changed} positions.`,
        `The ${replaced - 1} positions before it read nothing that changed: their scores stay the same to the last bit.`,
      ],
      figures: [],
    };
  },
  measure: async (tools) => {
    const { width, context, steps, tokens, replaced } = sizes[tools.size];
    const lesson = await lessonExperiment({
      model: { layers, width, context },
      train: { steps, batch: 8 },
      data: { source: 'stories', characters: 20_000 },
    });
    const text = lesson.dataset.validation.slice(0, tokens);
    const vocabulary = lesson.experiment.model.vocabulary;
    const perturbed = { logits: undefined as ReturnType<typeof recordLogits> | undefined };
    const run = await startLessonRun(tools.engine, lesson, (plans) => {
      perturbed.logits = recordLogits(plans.model, tokens, tools);
      return [perturbed.logits.plan];
    });
    try {
      await trainSteps(run, steps, (done) => tools.report((0.7 * done) / steps, 'Training a small model'));
      const changes = await changesOf(run, perturbed.logits, [...text], vocabulary, (done) =>
        tools.report(0.7 + (0.2 * done) / tokens, 'Replacing one token after the other'),
      );
      const weights = await readParameters(run.runtime, run.plans.model.store, 'weights');
      const { probabilities } = await computeAttentionMap(
        tools.engine,
        { model: lesson.experiment.model, weights },
        { tokens: [...text], layer: layers - 1, head: 0 },
      );
      const names = tokenNames(lesson.corpus, [...text]);
      const rows = (flat: ArrayLike<number>) =>
        names.map((_, row) => names.map((_, column) => flat[row * tokens + column] ?? 0));
      return judge(changes, rows(probabilities), names, replaced);
    } finally {
      run.runtime.dispose();
    }
  },
};

/** Logits of all positions of one sequence, by the run's own weights. */
function recordLogits(model: LessonRun['plans']['model'], time: number, { engine }: LessonTools) {
  const tokens = persistentTensor('perturbed text', [1, time + 1], 'u32', 'data');
  const tape = new Tape(engine);
  const x = recordTrunk(tape, model, tokens, { batch: 1, time });
  const logits = tape.tensor('logits', [time, model.config.vocabulary]);
  headLogits(tape, x, headOf(model), logits);
  return { tokens, logits, plan: freeze('perturbation', tape, [logits]) };
}

/** changes[i][j] = max |Δlogit| at position i after token j was replaced by another. */
async function changesOf(
  { runtime }: LessonRun,
  plans: ReturnType<typeof recordLogits> | undefined,
  text: readonly number[],
  vocabulary: number,
  onText: (done: number) => void,
): Promise<number[][]> {
  if (!plans) throw new Error('lesson: the plan of the perturbation is missing.');
  const { tokens, logits, plan } = plans;
  const scoresOf = async (ids: readonly number[]): Promise<Float32Array> => {
    runtime.write(tokens, Uint32Array.of(...ids, 0));
    await runtime.submit([{ plan, scalars: {} }]);
    return Float32Array.from(await runtime.read(logits));
  };
  const original = await scoresOf(text);
  const changes = text.map(() => new Array<number>(text.length).fill(0));
  for (let j = 0; j < text.length; j++) {
    onText(j);
    const other = await scoresOf(text.map((id, at) => (at === j ? (id + 1) % vocabulary : id)));
    text.forEach((_, i) => {
      let largest = 0;
      for (let v = i * vocabulary; v < (i + 1) * vocabulary; v++) {
        largest = Math.max(largest, Math.abs((other[v] ?? 0) - (original[v] ?? 0)));
      }
      const row = changes[i];
      if (row) row[j] = largest;
    });
  }
  return changes;
}

function judge(
  changes: readonly (readonly number[])[],
  attention: readonly (readonly number[])[],
  names: readonly string[],
  replaced: number,
) {
  const count = names.length;
  const cells = changes.flatMap((row, i) => row.map((value, j) => ({ i, j, value })));
  const before = Math.max(...cells.filter(({ i, j }) => i < j).map(({ value }) => value));
  const after = Math.min(...cells.filter(({ i, j }) => i >= j).map(({ value }) => value));
  const changed = changes.filter((row) => (row[replaced - 1] ?? 0) > 0).length;
  const future = Math.max(...attention.flatMap((row, i) => row.slice(i + 1)), 0);
  const sums = attention.map((row) => row.reduce((sum, p) => sum + p, 0));
  const worst = Math.max(...sums.map((sum) => Math.abs(sum - 1)));
  const matrix = (title: string, columnLabel: string, values: typeof changes): LessonFigure => ({
    kind: 'matrix',
    title,
    rowLabel: 'position',
    columnLabel,
    rows: names,
    columns: names,
    values,
  });
  return {
    measured: { value: changed, text: `${changed} of ${count} positions` },
    checks: [
      check('Largest change before the replaced token', 'exactly 0', formatFigure(before), before === 0),
      check('Smallest change from it on', 'more than 0', formatFigure(after), after > 0),
      check('Attention to later tokens', 'exactly 0', formatFigure(future), future === 0),
      check('Each row of attention sums to', '1 ± 1e-5', `1 ± ${formatFigure(worst)}`, worst <= 1e-5),
    ],
    figures: [
      matrix('Attention of the last layer, first head', 'looks at', attention),
      matrix('Largest change of a score', 'when this token is replaced', changes),
    ],
    meaning: [
      `Above the diagonal there is nothing: not little, but exactly 0, in ${(count * (count - 1)) / 2} pairs of positions. The future cannot leak through any layer, because every way from one position to another goes through attention.`,
      'This is what makes training cheap: one pass over n tokens asks n questions at once, none of which can see its answer. And it is what makes a cache possible: what was computed for old positions never changes.',
    ],
  };
}
