// Exact match: whether a model writes the right answer to the end, on lines such as "37+48=85" and "copy wqk|wqk".
import type { Tokenizer } from '../../data/tokenizer.ts';
import { promptTokens } from '../plans/corpus.ts';
import type { Engine } from '../plans/engine.ts';
import { LabError, stage } from '../plans/problem.ts';
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

/** Lets the model answer each line with its likeliest tokens, up to the line's end. @throws LabError as sampling does */
export async function evaluateAnswers(
  engine: Engine,
  files: Pick<ModelFiles, 'model' | 'weights'>,
  tokenizer: Tokenizer,
  lines: readonly AnsweredLine[],
  onProgress: (fraction: number) => void = () => undefined,
): Promise<AnswerScore> {
  const prompts: (readonly number[])[] = [];
  // A line end before the question: as in the corpora, where every line follows another.
  for (const { question } of lines)
    prompts.push(await stage('invalidData', () => promptTokens(tokenizer, `\n${question}`)));
  const longest = (numbers: readonly number[]) => numbers.reduce((a, b) => Math.max(a, b), 1);
  const limits = await Promise.all(
    lines.map(async ({ answer }) => (await tokenizer.encode(answer)).length + 4),
  );
  const { sampler, dispose } = await openSampler(engine, files, {
    promptTokens: longest(prompts.map(({ length }) => length)),
    maximumTokens: longest(limits),
    useCache: true,
    slots: Math.min(slots, lines.length),
  });
  let done = 0;
  try {
    const written = await Promise.all(
      lines.map(async (_, index) => {
        const decoder = tokenizer.createStreamDecoder(true);
        let text = '';
        const onTokens = (tokens: readonly number[]) => {
          text += decoder.push(tokens);
          return !text.includes('\n');
        };
        const greedy = { temperature: 0, topK: 0, topP: 1, seed: 0, maximumTokens: limits[index] };
        await stage('invalidData', () => sampler.generate(prompts[index], { ...greedy, onTokens }));
        onProgress(++done / lines.length);
        return (text + decoder.end()).split('\n')[0];
      }),
    );
    return scoreAnswers(lines, written);
  } finally {
    dispose();
  }
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
