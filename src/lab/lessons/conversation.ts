// Lesson: a conversation whose cache is kept costs what is added to it; one that is read again at each turn costs its square.

import type { LessonInfo, LessonQuestion, LessonSize } from '../../contract/lessons.ts';
import { createModelTensors } from '../../model/tensors.ts';
import type { DeviceProfile } from '../../plan/device-profile.ts';
import { planFlops } from '../../plan/predict.ts';
import type { Runtime } from '../../runtime/runtime.ts';
import {
  formatBytes,
  formatDollars,
  formatFigure,
  formatPercent,
  formatSeconds,
} from '../../text/numbers.ts';
import { pressCosts } from '../../theory/press.ts';
import { pressCaseModels } from '../../theory/press-cases.ts';
import { whatIf, whatIfDefaults } from '../../theory/what-if.ts';
import type { Engine } from '../plans/engine.ts';
import { expectWork } from '../plans/expectation.ts';
import { inferenceMemory, samplingPlans } from '../plans/inference-memory.ts';
import { recordInferencePlans } from '../plans/inference-plans.ts';
import { freshWeights, openModel } from '../plans/open-model.ts';
import { checkReplay, checkWork, prefillWork } from '../plans/work.ts';
import { type ConversationPlans, Reader } from './conversation-reader.ts';
import { check, type Lesson, type LessonTools, table, within } from './lesson.ts';
import { lessonExperiment } from './training.ts';

const sizes = {
  normal: { layers: 4, width: 256, heads: 8, instructions: 64, asked: 47, answered: 16, turns: 8, rounds: 3 },
  small: { layers: 2, width: 64, heads: 2, instructions: 16, asked: 7, answered: 4, turns: 4, rounds: 2 },
} as const;

const vocabulary = 64;

function questionFor(size: LessonSize): LessonQuestion {
  const { instructions, asked, answered, turns } = sizes[size];
  return {
    kind: 'number',
    text: `A conversation begins with ${instructions} tokens of instructions; in each of ${turns} turns ${asked} tokens are asked and ${answered} answered. Before each answer the whole conversation is read again, although only the question is new. How many times as long does this machine read, over all turns, as where it keeps the cache?`,
    unit: 'times as long',
    minimum: 0.01,
    maximum: 10_000,
    ...within(1.5),
  };
}

const describeSize = (size: LessonSize) => {
  const { layers, width, turns } = sizes[size];
  return `Holds a conversation of ${turns} turns with a model of ${layers} layers of width ${width}, with its cache kept and without.`;
};

const info: LessonInfo = {
  id: 'conversation',
  title: 'The price of a conversation',
  summary: 'Hold a conversation twice: with its cache kept, and with all of it read again at each turn.',
  text: [
    'A model remembers nothing. What it said a minute ago it knows because the whole conversation stands before it again when it answers, instructions first.',
    'But the keys and values of what was read before are still what they were: if they are kept between the turns, only what is new must go through the model. Those who sell tokens charge less for what their cache holds, and ask that what repeats stands first.',
  ],
  question: { normal: questionFor('normal'), small: questionFor('small') },
  runs: { normal: describeSize('normal'), small: describeSize('small') },
  teaching: {
    plan: 'serving',
    questions: [
      {
        ask: 'Why does a conversation that is read again cost the square of its length?',
        expect: 'Each turn reads all turns before it: 1 + 2 + … + k of them is about k²/2.',
      },
      {
        ask: 'What should stand first in a prompt, and why?',
        expect:
          'What repeats, such as instructions: a cache serves what begins alike, up to the first token that differs.',
      },
    ],
  },
  source:
    'W. H. Press, arXiv 2511.11572, section 4.1 (one more token beside a cache) and Table 2 (the large model).',
};

/** What is read before an answer. */
interface Turn {
  /** Tokens of the conversation so far, the question included. */
  readonly length: number;
  /** Of these, those that are not in the cache: the question, and the last token of the answer before, which nothing followed. */
  readonly added: number;
}

function turnsOf(size: LessonSize): Turn[] {
  const { instructions, asked, answered, turns } = sizes[size];
  return Array.from({ length: turns }, (_, turn) => {
    const length = instructions + asked + turn * (asked + answered);
    return { length, added: turn === 0 ? length : asked + 1 };
  });
}

async function recordPlans(engine: Engine, size: LessonSize): Promise<ConversationPlans> {
  const { layers, width, heads, asked, answered } = sizes[size];
  const turns = turnsOf(size);
  const prompts = turns.map(({ length }) => length);
  const { experiment } = await lessonExperiment({
    model: {
      layers,
      width,
      heads,
      context: Math.max(...prompts) + answered,
      vocabulary,
      position: 'rope',
      norm: 'rmsNorm',
    },
    train: { steps: 1, batch: 1 },
    data: { source: 'stories', characters: 20_000 },
  });
  const { maxBindingBytes } = engine.capabilities;
  const model = createModelTensors(experiment.model, { maxBindingBytes, gradients: false });
  const plans = recordInferencePlans(model, { ...engine, prompts, checked: asked + 1 });
  if (!plans.check) throw new Error('lesson: nothing reads beside the cache.');
  return { ...plans, check: plans.check };
}

/** What reading costs at each turn: with the cache kept, and all of it again. The first turn is the same. */
interface Reading {
  readonly kept: readonly number[];
  readonly again: readonly number[];
}

/** By two functions: of a whole prompt by the number of its turn, and of what is added after so many tokens. */
function readingOf(
  size: LessonSize,
  whole: (turn: number, of: Turn) => number,
  added: (position: number, of: Turn) => number,
): Reading {
  const turns = turnsOf(size);
  return {
    again: turns.map((turn, index) => whole(index, turn)),
    kept: turns.map((turn, index) => (index === 0 ? whole(0, turn) : added(turn.length - turn.added, turn))),
  };
}

/** Useful flops by the plans. */
function flopsOf(
  { prefill, check: { plan }, check: together }: ConversationPlans,
  size: LessonSize,
): Reading {
  const whole = (turn: number, { length }: Turn) => {
    const read = prefill[turn];
    return read ? planFlops(read.plan, { length }) : 0;
  };
  return readingOf(size, whole, (position) => planFlops(plan, checkReplay(together, position).scalars));
}

/** The same by Press: 12d² multiply-adds a layer for each token, and 2n·d for the n that it sees, itself included. */
function formulaOf(size: LessonSize): Reading {
  const { layers, width } = sizes[size];
  const flopsOfToken = (context: number) =>
    2 * pressCosts({ layers, width, vocabulary, context }).incrementalMultiplyAdds;
  const from = (position: number, { length }: Turn) => {
    let sum = 0;
    for (let seen = position + 1; seen <= length; seen++) sum += flopsOfToken(seen);
    return sum;
  };
  return readingOf(size, (_, turn) => from(0, turn), from);
}

/** Seconds that a calibrated device should read. */
function expectationOf(plans: ConversationPlans, size: LessonSize, profile: DeviceProfile): Reading {
  return readingOf(
    size,
    (turn) => expectWork(prefillWork(plans, turn), profile).seconds,
    (position) => expectWork(checkWork(plans.check, position), profile).seconds,
  );
}

const sumOf = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0);

/** All turns read again, over all turns with the cache kept. */
const ratioOf = ({ again, kept }: Reading) => sumOf(again) / sumOf(kept);

/** Conversations as a lesson. */
export const conversationLesson: Lesson = {
  info,
  predict: async ({ engine, size }) => {
    const plans = await recordPlans(engine, size);
    const turns = turnsOf(size);
    const tokens = { again: turns.map(({ length }) => length), kept: turns.map(({ added }) => added) };
    const flops = flopsOf(plans, size);
    const expected = engine.profile && expectationOf(plans, size, engine.profile);
    const ratio = ratioOf(expected ?? flops);
    return {
      answer: { value: ratio, text: `${formatFigure(ratio)} times ${expected ? 'as long' : 'the flops'}` },
      reasons: [
        `Read again, the turns are ${tokens.again.join(' + ')} = ${sumOf(tokens.again)} tokens; with the cache kept ${tokens.kept.join(' + ')} = ${sumOf(tokens.kept)}. In k turns of t tokens the first is about t·k²/2, the second t·k: k ÷ 2 times as many.`,
        `A token that sees n others passes 12d² weights a layer and meets n keys and values, 2n·d: by plan ${formatFigure(sumOf(flops.again))} flops against ${formatFigure(sumOf(flops.kept))}, ${formatFigure(ratioOf(flops))} times as many.`,
        expected
          ? `On this device, as calibrated, that should take ${formatSeconds(sumOf(expected.again))} against ${formatSeconds(sumOf(expected.kept))}: weights arrive and kernels start once for a few tokens as for many.`
          : 'This device is not calibrated, so flops are compared, not seconds: where arithmetic is not what takes the time, a few tokens take as long as many, and the cache saves less.',
      ],
      figures: [linesOf('Flops of reading, by plan', 'flops', flops, 'theory')],
    };
  },
  measure: async (tools) => {
    const plans = await recordPlans(tools.engine, tools.size);
    tools.report(0.05, 'Compiling kernels');
    const weights = freshWeights(plans.model.config, 1);
    const runtime = await openModel(tools.engine, samplingPlans(plans), plans.model, weights);
    try {
      return judge(tools.size, plans, await hold(tools, runtime, plans));
    } finally {
      runtime.dispose();
    }
  },
};

function linesOf(title: string, label: string, { again, kept }: Reading, role: 'theory' | 'measured') {
  const points = (values: readonly number[]) => values.map((value, turn) => [turn + 1, value] as const);
  return {
    kind: 'lines' as const,
    title,
    x: { label: 'turn' },
    y: { label },
    series: [
      {
        name: 'all of it read again',
        role: role === 'theory' ? role : ('other' as const),
        points: points(again),
      },
      { name: 'cache kept', role, points: points(kept) },
    ],
  };
}

/** What holding the conversation found. */
interface Held {
  /** Of reading: the quickest of the rounds at each turn, for what else runs only adds time. */
  readonly seconds: Reading;
  /** Largest difference of what comes next by the two ways, over the largest logit. */
  readonly difference: number;
}

async function hold(
  { size, report }: LessonTools,
  runtime: Runtime,
  plans: ConversationPlans,
): Promise<Held> {
  const turns = turnsOf(size);
  const { rounds } = sizes[size];
  const quickest = { kept: turns.map(() => Infinity), again: turns.map(() => Infinity) };
  const reader = new Reader(runtime, plans);
  let difference = 0;
  // The first round wakes the device and finds the length of a submission.
  for (let round = -1; round < rounds; round++) {
    report(0.1 + (0.9 * (round + 1)) / (rounds + 1), 'Holding the conversation');
    const text: number[] = [];
    const found: Float32Array[] = [];
    const note = (way: keyof Reading, turn: number, { seconds }: { readonly seconds: number }) => {
      if (round >= 0) quickest[way][turn] = Math.min(quickest[way][turn] ?? Infinity, seconds);
    };
    for (const [index, { length, added }] of turns.entries()) {
      text.push(
        ...Array.from({ length: length - text.length }, (_, i) => (7 * i + 3 * index + 1) % vocabulary),
      );
      const read = index === 0 ? await reader.readWhole(0, text) : await reader.readAdded(text, added);
      note('kept', index, read);
      found.push(read.logits);
      text.push(...(await reader.answer(text.length, read.logits, sizes[size].answered)));
    }
    for (const [index, { length }] of turns.entries()) {
      const read = await reader.readWhole(index, text.slice(0, length));
      note('again', index, read);
      difference = Math.max(difference, differenceOf(found[index] ?? read.logits, read.logits));
    }
  }
  return { seconds: quickest, difference };
}

function differenceOf(a: Float32Array, b: Float32Array): number {
  const largest = (values: Float32Array) =>
    values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return largest(a.map((value, id) => value - (b[id] ?? 0))) / largest(b);
}

/** A conversation with a large model: what a million added tokens cost, by Press's formulas and prices. */
function largeModelTable() {
  const { B: model } = pressCaseModels;
  if ('low' in model) throw new Error('lesson: model B has one size.');
  const { tokensPerTurn } = whatIfDefaults.conversation;
  return table(
    `A million tokens added to conversations with ${model.layers} layers of width ${model.width}, ${tokensPerTurn} tokens a turn: dollars of hardware`,
    ['turns', 'cache kept', 'read again', 'ratio'],
    [1, 10, 30, 100].map((turns) => {
      const found = whatIf(model, undefined, { years: 0, conversation: { turns, tokensPerTurn } });
      const { conversationDollarsPerMillionTokens: kept, rereadDollarsPerMillionTokens: again } = found;
      return [turns, formatDollars(kept), formatDollars(again), formatFigure(again / kept)];
    }),
  );
}

function judge(size: LessonSize, plans: ConversationPlans, { seconds, difference }: Held) {
  const [flops, formula] = [flopsOf(plans, size), formulaOf(size)];
  const error = Math.max(
    ...(['kept', 'again'] as const).map((way) => Math.abs(sumOf(formula[way]) / sumOf(flops[way]) - 1)),
  );
  const growth = (values: readonly number[]) => (values.at(-1) ?? 0) / (values[1] ?? 1);
  const turns = turnsOf(size);
  const ratio = ratioOf(seconds);
  const { cacheBytes } = inferenceMemory(plans);
  return {
    measured: { value: ratio, text: `${formatFigure(ratio)} times as long` },
    checks: [
      check(
        'What comes next is the same either way: largest difference of a logit',
        'below 0.1 % of the largest',
        formatPercent(difference),
        difference < 1e-3,
      ),
      check(
        'Flops by plan are L·(12d² + 2n·d) multiply-adds a token, within 10 %',
        `${formatFigure(sumOf(formula.kept))} and ${formatFigure(sumOf(formula.again))}`,
        `${formatFigure(sumOf(flops.kept))} and ${formatFigure(sumOf(flops.again))}`,
        error < 0.1,
      ),
      check(
        'From the second turn to the last, reading what is added grows less than reading all',
        `less than ${formatFigure(growth(flops.again))} times`,
        `${formatFigure(growth(flops.kept))} times`,
        growth(flops.kept) < growth(flops.again),
      ),
    ],
    figures: [
      linesOf('Seconds of reading', 'seconds', seconds, 'measured'),
      table(
        'Turn by turn',
        ['turn', 'tokens so far', 'added', 'cache kept', 'read again', 'ratio of times', 'ratio of flops'],
        turns.map(({ length, added }, turn) => {
          const [kept = 0, again = 0] = [seconds.kept[turn], seconds.again[turn]];
          const [few = 1, all = 0] = [flops.kept[turn], flops.again[turn]];
          const ratios = [again / kept, all / few].map(formatFigure);
          return [turn + 1, length, added, formatSeconds(kept), formatSeconds(again), ...ratios];
        }),
      ),
      largeModelTable(),
    ],
    meaning: [
      `Reading all of it again took ${formatFigure(ratio)} times as long over ${turns.length} turns, with ${formatFigure(ratioOf(flops))} times the flops. That grows with the turns: the price of a conversation is its length where the cache is kept, and the square of its length where it is not.`,
      `What is paid instead is memory: ${formatBytes(cacheBytes)} here for as long as the conversation may go on. A service that keeps it pays for that, and one that dropped it reads everything again.`,
      'A cache serves what begins alike, to the first token that differs: instructions first, what changes last. Sampling in the room Train keeps its cache between presses.',
    ],
  };
}
