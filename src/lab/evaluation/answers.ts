// Exact match: whether a model writes the right answer to the end, on lines such as "37+48=85" and "copy wqk|wqk".
import type { ChatMessage } from '../../data/chat-text.ts';
import type { TokenArray, Tokenizer } from '../../data/tokenizer.ts';
import { Chat, chatFormatOf } from '../../data/tokenizers/chat.ts';
import { promptTokens } from '../plans/corpus.ts';
import type { Engine } from '../plans/engine.ts';
import { LabError, stage } from '../plans/problem.ts';
import { untilEnd } from '../sampling/chat-answer.ts';
import type { Sampler } from '../sampling/sampler.ts';
import type { ModelFiles } from '../training/model-files.ts';
import { openSampler } from '../training/open-sampler.ts';

/** A line that asks and answers. */
export interface AnsweredLine {
  /** Up to and with "=" or "|". */
  readonly question: string;
  readonly answer: string;
  /** What was asked for: the operation, or the first word. */
  readonly kind: string;
}

/** A turn that is to be answered, after what was said before. */
export interface AnsweredTurn extends AnsweredLine {
  readonly messages: readonly ChatMessage[];
}

/** How many answers were right. */
export interface AnswerScore {
  readonly exactMatch: number;
  readonly correct: number;
  readonly questions: number;
  readonly kinds: Readonly<Record<string, { readonly correct: number; readonly questions: number }>>;
  /** The first wrong ones, to look at. */
  readonly wrong: readonly { readonly question: string; readonly answer: string; readonly written: string }[];
}

/** Wrong answers that are kept. */
const shownWrong = 10;

/** Tokens of a text that are read at once. */
const tokensAtOnce = 65_536;

/** Texts at a time. */
const slots = 8;

/** The lines of a text that have an answer, at most `most`. @throws LabError if there are none */
export function readAnsweredLines(text: string, most: number): readonly AnsweredLine[] {
  const lines: AnsweredLine[] = [];
  for (const line of text.split('\n')) {
    const [, question, answer] = /^(.*[=|])([^=|]+)$/.exec(line) ?? [];
    if (question === undefined || answer === undefined) continue;
    const kind = /\d([-+*])-?\d/.exec(question)?.[1] ?? /^[a-z]+/.exec(question)?.[0] ?? 'other';
    lines.push({ question, answer, kind });
    if (lines.length === most) return lines;
  }
  if (lines.length > 0) return lines;
  const message = 'evaluate: the text has no lines such as "37+48=85" or "copy abc|abc". Give one that has.';
  throw new LabError({ kind: 'invalidData', message });
}

/** Kinds that are told apart: a person's own questions begin with any word. */
const mostKinds = 16;

/** The assistant's turns of conversations, at most `most`, each after all that was said before it; their kind is a question's first word. */
export function answeredTurns(
  conversations: readonly (readonly ChatMessage[])[],
  most: number,
): readonly AnsweredTurn[] {
  const turns: AnsweredTurn[] = [];
  for (const conversation of conversations) {
    for (const [index, { role, content: answer }] of conversation.entries()) {
      if (role !== 'assistant' || turns.length === most) continue;
      const messages = conversation.slice(0, index);
      const question = messages.at(-1)?.content ?? '';
      turns.push({ question, answer, messages, kind: /^[\p{L}]+/u.exec(question)?.[0] ?? 'other' });
    }
  }
  const kinds = new Set(turns.map(({ kind }) => kind));
  return kinds.size > mostKinds ? turns.map((turn) => ({ ...turn, kind: 'answers' })) : turns;
}

/** Which of the turns stand, after the same words, in other conversations. */
export function turnsIn(
  conversations: readonly (readonly ChatMessage[])[],
  turns: readonly AnsweredTurn[],
): ReadonlySet<AnsweredLine> {
  const key = (messages: readonly ChatMessage[], answer: string) =>
    JSON.stringify([messages.map(({ role, content }) => [role, content]), answer]);
  const known = new Set(
    answeredTurns(conversations, Number.POSITIVE_INFINITY).map(({ messages, answer }) =>
      key(messages, answer),
    ),
  );
  return new Set(turns.filter(({ messages, answer }) => known.has(key(messages, answer))));
}

/** Which of the lines occur, whole, in a text of tokens. It is read in pieces: a text may be as long as memory allows. */
export function linesIn(
  tokens: TokenArray,
  tokenizer: Tokenizer,
  lines: readonly AnsweredLine[],
): ReadonlySet<AnsweredLine> {
  const wanted = new Set(lines.map(wholeLine));
  const found = new Set<string>();
  const decoder = tokenizer.createStreamDecoder(true);
  let rest = '';
  const look = (text: string): string => {
    const read = text.split('\n');
    for (const line of read.slice(0, -1)) if (wanted.has(line)) found.add(line);
    return read[read.length - 1] ?? '';
  };
  for (let at = 0; at < tokens.length; at += tokensAtOnce)
    rest = look(rest + decoder.push([...tokens.subarray(at, at + tokensAtOnce)]));
  look(`${rest + decoder.end()}\n`);
  return new Set(lines.filter((line) => found.has(wholeLine(line))));
}

function wholeLine({ question, answer }: AnsweredLine): string {
  return question + answer;
}

/** Lets the model answer turns of conversations, each up to the token that ends an answer. @throws LabError as sampling does */
export async function evaluateTurns(
  engine: Engine,
  files: Pick<ModelFiles, 'model' | 'weights'>,
  tokenizer: Tokenizer,
  turns: readonly AnsweredTurn[],
  onProgress: (fraction: number) => void = () => undefined,
): Promise<AnswerScore> {
  const asked = await askedTurns(tokenizer, turns);
  return evaluateAsked(engine, files, tokenizer, turns, asked, onProgress);
}

/** Lets the model answer each line with its likeliest tokens, up to the line's end. @throws LabError as sampling does */
export async function evaluateAnswers(
  engine: Engine,
  files: Pick<ModelFiles, 'model' | 'weights'>,
  tokenizer: Tokenizer,
  lines: readonly AnsweredLine[],
  onProgress: (fraction: number) => void = () => undefined,
): Promise<AnswerScore> {
  const asked = await questionsOf(tokenizer, lines);
  return evaluateAsked(engine, files, tokenizer, lines, asked, onProgress);
}

async function evaluateAsked(
  engine: Engine,
  files: Pick<ModelFiles, 'model' | 'weights'>,
  tokenizer: Tokenizer,
  lines: readonly AnsweredLine[],
  asked: readonly Question[],
  onProgress: (fraction: number) => void,
): Promise<AnswerScore> {
  const { sampler, dispose } = await openSampler(engine, files, {
    promptTokens: longest(asked.map(({ prompt }) => prompt.length)),
    maximumTokens: longest(asked.map(({ maximumTokens }) => maximumTokens)),
    useCache: true,
    slots: Math.min(slots, lines.length),
  });
  try {
    return scoreAnswers(lines, await writeAnswers(sampler, tokenizer, asked, onProgress));
  } finally {
    dispose();
  }
}

/** The same of an open run, by its own sampler. Call when no step is in flight. */
export async function answersOf(
  sampler: Sampler,
  tokenizer: Tokenizer,
  lines: readonly AnsweredLine[] | readonly AnsweredTurn[],
): Promise<AnswerScore & { readonly written: readonly string[] }> {
  const asked = areTurns(lines) ? askedTurns(tokenizer, lines) : questionsOf(tokenizer, lines);
  const written = await writeAnswers(sampler, tokenizer, await asked);
  return { ...scoreAnswers(lines, written), written };
}

interface Question {
  readonly prompt: readonly number[];
  /** What the answer needs, and a little more. */
  readonly maximumTokens: number;
  /** Tokens that end an answer; a line end does without them. */
  readonly ends?: ReadonlySet<number>;
}

function areTurns(
  lines: readonly AnsweredLine[] | readonly AnsweredTurn[],
): lines is readonly AnsweredTurn[] {
  return lines.every((line) => 'messages' in line);
}

/** Turns as a sampler is asked: the conversation before them, by the tokenizer's template. */
async function askedTurns(tokenizer: Tokenizer, turns: readonly AnsweredTurn[]): Promise<Question[]> {
  return stage('invalidData', async () => {
    const format = chatFormatOf(tokenizer);
    if (!format) {
      throw new Error(
        'evaluate: the tokenizer of this model has no chat template, so it cannot be asked. Evaluate lines, or another model.',
      );
    }
    const chat = new Chat(tokenizer, format);
    const ends = await chat.ends();
    return Promise.all(
      turns.map(async ({ messages, answer }) => ({
        prompt: [...(await chat.prompt(messages))],
        maximumTokens: (await tokenizer.encode(answer)).length + 4,
        ends,
      })),
    );
  });
}

/** Lines as a sampler is asked: a line end before the question, as in the corpora, where every line follows another. */
function questionsOf(tokenizer: Tokenizer, lines: readonly AnsweredLine[]): Promise<Question[]> {
  return Promise.all(
    lines.map(async ({ question, answer }) => ({
      prompt: await stage('invalidData', () => promptTokens(tokenizer, `\n${question}`)),
      maximumTokens: (await tokenizer.encode(answer)).length + 4,
    })),
  );
}

function longest(numbers: readonly number[]): number {
  return numbers.reduce((a, b) => Math.max(a, b), 1);
}

/** What the model writes after each question, up to its end. */
async function writeAnswers(
  sampler: Sampler,
  tokenizer: Tokenizer,
  questions: readonly Question[],
  onProgress: (fraction: number) => void = () => undefined,
): Promise<readonly string[]> {
  let done = 0;
  return Promise.all(
    questions.map(async ({ prompt, maximumTokens, ends }) => {
      const decoder = tokenizer.createStreamDecoder(true);
      let text = '';
      const onTokens = (drawn: readonly number[]) => {
        const { tokens, isEnded } = ends ? untilEnd(drawn, ends) : { tokens: drawn, isEnded: false };
        text += decoder.push(tokens);
        return ends ? !isEnded : !text.includes('\n');
      };
      const greedy = { temperature: 0, topK: 0, topP: 1, seed: 0, maximumTokens };
      const { problem } = await stage('invalidData', () => sampler.generate(prompt, { ...greedy, onTokens }));
      if (problem !== undefined) throw new LabError({ kind: 'invalidData', message: problem });
      onProgress(++done / questions.length);
      const whole = text + decoder.end();
      return ends ? whole : whole.split('\n')[0];
    }),
  );
}

/** Counts answers that are the line's to the last character. */
export function scoreAnswers(lines: readonly AnsweredLine[], written: readonly string[]): AnswerScore {
  const kinds: Record<string, { correct: number; questions: number }> = {};
  const wrong: { question: string; answer: string; written: string }[] = [];
  let correct = 0;
  lines.forEach(({ question, answer, kind }, index) => {
    const count = kinds[kind] ?? { correct: 0, questions: 0 };
    kinds[kind] = count;
    count.questions++;
    if (written[index] === answer) {
      count.correct++;
      correct++;
    } else if (wrong.length < shownWrong) wrong.push({ question, answer, written: written[index] });
  });
  return { exactMatch: correct / lines.length, correct, questions: lines.length, kinds, wrong };
}
