// Lesson: what each kind of cache costs: bytes by plan, time as served, and loss after the same training.
import type { LessonInfo, LessonQuestion, LessonSize } from '../../contract/lessons.ts';
import type { ServingRow } from '../../contract/serving.ts';
import type { ModelConfig } from '../../model/config.ts';
import { formatBytes, formatFigure, formatPercent, formatRatio, formatSi } from '../../text/numbers.ts';
import type { Engine } from '../plans/engine.ts';
import { freshWeights } from '../plans/open-model.ts';
import { storedArrays } from '../plans/parameter-io.ts';
import { planServing, rowOf, serveBatch } from '../serving/serve.ts';
import { check, type Lesson, type LessonTools, table } from './lesson.ts';
import { lessonExperiment, mean } from './training.ts';
import {
  type Contest,
  describeSeeds,
  signedPercent,
  trainToLoss,
  trainVariants,
  widestRange,
} from './variants.ts';

const heads = 8;

/** What is kept: a key and a value of each head, of groups, of all heads together, or a latent with a rotated key. */
const kindsOf = (width: number) =>
  [
    { id: 'heads', label: 'every head its own', model: {} },
    { id: 'grouped', label: 'four heads share', model: { keyValueHeads: heads / 4 } },
    { id: 'one', label: 'all heads share', model: { keyValueHeads: 1 } },
    {
      id: 'latent',
      label: 'a latent',
      model: { attention: 'latent', latentSize: width / 4, ropeHeadSize: width / 8 },
    },
  ] as const;

const sizes = {
  normal: {
    layers: 3,
    width: 128,
    context: 64,
    batch: 16,
    steps: 400,
    seeds: [1, 2, 3],
    texts: 16,
    length: 2048,
  },
  small: { layers: 2, width: 32, context: 32, batch: 8, steps: 100, seeds: [1, 2], texts: 8, length: 256 },
} as const;

/** Tokens that each text gets when it is timed, and how often. */
const [output, repeats] = [16, 2];

/** Relative differences of loss: what is told apart at all, and what is much. */
const [little, much] = [0.05, 0.2];

const question: LessonQuestion = {
  kind: 'choice',
  text: `A model with ${heads} heads keeps a key and a value of each for every token. Now all heads share one key and one value, an eighth of the cache. What becomes of its loss after the same training?`,
  choices: [
    { id: 'much', label: `It rises by more than ${100 * much} %` },
    { id: 'some', label: `It rises by ${100 * little} to ${100 * much} %` },
    { id: 'same', label: `It stays within ${100 * little} %` },
    { id: 'lower', label: `It falls by more than ${100 * little} %` },
  ],
};

const describeSize = (size: LessonSize) => {
  const { layers, width, steps, seeds, texts, length } = sizes[size];
  return `Trains four models of ${layers} layers of width ${width}, ${steps} steps from each of ${seeds.length} seeds; then serves ${texts} texts of ${length} tokens with each.`;
};

const info: LessonInfo = {
  id: 'caches',
  title: 'Four kinds of cache',
  summary: 'Keep keys and values of all heads, of groups, of one, or a latent: bytes, time and loss.',
  text: [
    'A model that writes keeps what attention needs of every token so far. With a key and a value for each of H heads (MHA) these are 2·H·D numbers a layer and token, D the size of a head. All of them are read for each token that is written.',
    'Heads can share: G groups of heads with a key and a value each (GQA) keep 2·G·D numbers, one group of all (MQA) 2·D. Or one small vector is kept, a latent, from which all keys and values are made again (MLA), with one rotated key beside it that says where the token stood.',
    'Bytes can be counted before anything is trained. What the model loses cannot.',
  ],
  question: { normal: question, small: question },
  runs: { normal: describeSize('normal'), small: describeSize('small') },
  teaching: {
    plan: 'serving',
    questions: [
      {
        ask: 'Heads share keys, but not queries. What can they still do differently?',
        expect:
          'Each asks a question of its own of the same keys, so that each attends to other tokens. They no longer see other sides of one token.',
      },
      {
        ask: 'When is a smaller cache worth nothing?',
        expect:
          'With one short text at a time: then the weights are what is read, and they hardly change. It counts with long texts and many of them.',
      },
      {
        ask: 'Two models differ by less than two seeds of one of them do. What may be said?',
        expect: 'That this experiment does not tell them apart; not that they are equally good.',
      },
    ],
  },
  source:
    'J. Ainslie et al., GQA, arXiv 2305.13245, table 1; DeepSeek-AI, DeepSeek-V2, arXiv 2405.04434, section 2.1; N. Shazeer, arXiv 1911.02150.',
};

function contestOf(size: LessonSize): Contest {
  const { layers, width, context, batch, steps, seeds } = sizes[size];
  return {
    model: { layers, width, heads, context, position: 'rope', norm: 'rmsNorm' },
    train: { steps, batch },
    data: { source: 'stories', characters: 100_000 },
    seeds,
  };
}

/** What is known of serving each kind before it is served: fresh weights cost what trained ones do. */
async function servedKinds(engine: Engine, size: LessonSize) {
  const { texts, length } = sizes[size];
  const { model, train, data } = contestOf(size);
  const served = { batch: texts, prompt: length - output, output };
  const rows: { readonly config: ModelConfig; readonly row: ServingRow }[] = [];
  for (const kind of kindsOf(sizes[size].width)) {
    const settings = { ...model, ...kind.model, context: length };
    const { experiment } = await lessonExperiment({ model: settings, train, data });
    const plans = await planServing(engine, experiment.model, served);
    rows.push({ config: experiment.model, row: rowOf(engine, plans, served) });
  }
  return rows;
}

/** Numbers that a layer keeps of a token, by the formula, in the order of the kinds. */
function numbersKept(size: LessonSize): readonly number[] {
  const { width } = sizes[size];
  const headSize = width / heads;
  return [2 * heads * headSize, (2 * heads * headSize) / 4, 2 * headSize, width / 4 + width / 8];
}

/** Kinds of cache as a lesson. */
export const cachesLesson: Lesson = {
  info,
  predict: async ({ engine, size }) => {
    const kept = numbersKept(size);
    const { texts, length } = sizes[size];
    const rows = (await servedKinds(engine, size)).map(({ row }) => row);
    const [most, least] = [rows[0].decodeBytes, rows[2].decodeBytes];
    return {
      answer: { value: 'same', text: `It stays within ${100 * little} %` },
      reasons: [
        `Kept a layer and token: ${kept[0]} numbers with a key and a value for each head, ${kept[1]} where four heads share, ${kept[2]} where all do, ${kept[3]} with latents.`,
        `By plan, one token for each of ${texts} texts of ${length} tokens moves ${formatBytes(most)} with the first, and ${formatBytes(least)} where all heads share: ${formatRatio(most / least)} less.`,
        'For the loss there is no formula. Ainslie et al. took a model of 11 billion parameters from all heads of its own to one shared key and value: its mean score over tasks fell from 47.2 to 46.6, and with eight groups to 47.1. From that, the loss should hardly move.',
      ],
      figures: [],
    };
  },
  measure: async (tools) => {
    const losses = await trainVariants(
      { report: (fraction, what) => tools.report(0.8 * fraction, what) },
      kindsOf(sizes[tools.size].width),
      contestOf(tools.size),
      (lesson, onStep) => trainToLoss(tools, lesson, onStep),
    );
    return judge(tools.size, losses, await serve(tools));
  },
};

async function serve({ engine, size, report }: LessonTools): Promise<readonly ServingRow[]> {
  const kinds = kindsOf(sizes[size].width);
  const rows: ServingRow[] = [];
  for (const [index, { config, row }] of (await servedKinds(engine, size)).entries()) {
    report(0.8 + (0.2 * index) / kinds.length, `Serving: ${kinds[index].label}`);
    const files = { model: config, weights: storedArrays(freshWeights(config, 1)) };
    rows.push({ ...row, measured: await serveBatch(engine, files, row, { repeats, seed: 1 }) });
  }
  return rows;
}

function judge(size: LessonSize, losses: readonly (readonly number[])[], rows: readonly ServingRow[]) {
  const kept = numbersKept(size);
  const { layers, width, length, texts, seeds } = sizes[size];
  const kinds = kindsOf(width);
  const means = losses.map(mean);
  const [change, latentChange] = [2, 3].map((index) => means[index] / means[0] - 1);
  const changes = losses.map((runs) => runs.map((loss, seed) => loss / losses[0][seed] - 1));
  const bytesPerToken = rows.map(({ cacheBytes }) => cacheBytes / (texts * length));
  const moved = rows[0].decodeBytes / rows[2].decodeBytes;
  const seconds = rows.map(({ measured }) => measured?.betweenTokensSeconds ?? Number.NaN);
  const told = {
    value: choiceOf(change),
    text: `${signedPercent(change)}, the mean of ${seeds.length} seeds`,
  };
  return {
    measured: told,
    checks: [
      ...kinds.map(({ label }, index) =>
        check(
          `Bytes kept of a token: ${label}`,
          formatBytes(4 * layers * kept[index]),
          formatBytes(bytesPerToken[index]),
          Math.abs(bytesPerToken[index] / (4 * layers * kept[index]) - 1) < 1e-6,
        ),
      ),
      check(
        'Bytes moved for a token of every text, each head its own over all sharing',
        `more than 2, less than ${heads}`,
        formatFigure(moved),
        moved > 2 && moved < heads,
      ),
      check(
        'Loss where all heads share, against each its own',
        `within ${100 * little} %`,
        signedPercent(change),
        Math.abs(change) <= little,
      ),
      check(
        'Loss with latents, against each head its own',
        `within ${100 * little} %`,
        signedPercent(latentChange),
        Math.abs(latentChange) <= little,
      ),
    ],
    figures: [
      table(
        `Bytes, time and loss, with ${texts} texts of ${length} tokens`,
        [
          'keys and values',
          'kept of a token',
          'all texts',
          'bytes moved a step',
          'between tokens',
          'loss of the seeds',
          'against the first, seed by seed',
          'weights',
        ],
        kinds.map(({ label }, index) => [
          label,
          formatBytes(bytesPerToken[index]),
          formatBytes(rows[index].cacheBytes),
          formatBytes(rows[index].decodeBytes),
          formatSi(seconds[index], 's'),
          describeSeeds(losses[index]),
          index === 0 ? '–' : describeSeeds(changes[index], signedPercent),
          formatBytes(rows[index].weightBytes),
        ]),
      ),
    ],
    meaning: [
      `Where all heads share, a step moves ${formatRatio(moved)} fewer bytes, and between two tokens it took ${formatRatio(seconds[0] / seconds[2])} as long with a key and a value for each head. Bytes are what it costs on every machine; time is what this one made of them.`,
      `From the same seed and on the same text, the loss where all heads share was ${signedPercent(Math.min(...changes[2]))} to ${signedPercent(Math.max(...changes[2]))} against that of a key for each; another seed alone moves it by up to ${formatPercent(widestRange(losses) / means[0])}. ${seeds.length} seeds of a small model on short texts can miss what longer ones with more to look up would show: the published score fell by about one part in eighty.`,
      `A latent keeps ${kept[3]} numbers where one shared head keeps ${kept[2]}, and makes keys and values for all heads of it. The price is work: they have to be multiplied out again, or the multiplication moved into the queries, as is done here.`,
    ],
  };
}

function choiceOf(change: number): string {
  if (Math.abs(change) <= little) return 'same';
  return change < 0 ? 'lower' : change > much ? 'much' : 'some';
}
