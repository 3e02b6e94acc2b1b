// Exact match: whether a model writes the right answer to the end, on lines such as "37+48=85" and "copy wqk|wqk".
import type { TokenArray, Tokenizer } from '../../data/tokenizer.ts';
import { promptTokens } from '../plans/corpus.ts';
import type { Engine } from '../plans/engine.ts';
import { LabError, stage } from '../plans/problem.ts';
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

/** Lets the model answer each line with its likeliest tokens, up to the line's end. @throws LabError as sampling does */
export async function evaluateAnswers(
  engine: Engine,
  files: Pick<ModelFiles, 'model' | 'weights'>,
  tokenizer: Tokenizer,
  lines: readonly AnsweredLine[],
  onProgress: (fraction: number) => void = () => undefined,
): Promise<AnswerScore> {
  const asked = await questionsOf(tokenizer, lines);
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
  lines: readonly AnsweredLine[],
): Promise<AnswerScore & { readonly written: readonly string[] }> {
  const written = await writeAnswers(sampler, tokenizer, await questionsOf(tokenizer, lines));
  return { ...scoreAnswers(lines, written), written };
}

interface Question {
  readonly prompt: readonly number[];
  /** What the answer needs, and a little more. */
  readonly maximumTokens: number;
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

/** What the model writes after each question, up to a line's end. */
async function writeAnswers(
  sampler: Sampler,
  tokenizer: Tokenizer,
  questions: readonly Question[],
  onProgress: (fraction: number) => void = () => undefined,
): Promise<readonly string[]> {
  let done = 0;
  return Promise.all(
    questions.map(async ({ prompt, maximumTokens }) => {
      const decoder = tokenizer.createStreamDecoder(true);
      let text = '';
      const onTokens = (tokens: readonly number[]) => {
        text += decoder.push(tokens);
        return !text.includes('\n');
      };
      const greedy = { temperature: 0, topK: 0, topP: 1, seed: 0, maximumTokens };
      const { problem } = await stage('invalidData', () => sampler.generate(prompt, { ...greedy, onTokens }));
      if (problem !== undefined) throw new LabError({ kind: 'invalidData', message: problem });
      onProgress(++done / questions.length);
      return (text + decoder.end()).split('\n')[0];
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
