// Multiple choice by likelihood: the answer that a model finds likeliest after a question, as lm-evaluation-harness scores it.
import * as v from 'valibot';
import { issueText } from '../../data/issue-text.ts';
import type { Tokenizer } from '../../data/tokenizer.ts';
import type { Engine } from '../plans/engine.ts';
import { LabError, stage } from '../plans/problem.ts';
import type { ModelFiles } from '../training/model-files.ts';
import { TokenLosses } from './token-losses.ts';

/** A question with its answers. */
export interface ChoiceQuestion {
  readonly query: string;
  readonly choices: readonly string[];
  /** Which of them is right, from 0. */
  readonly gold: number;
}

/** How often the likeliest answer was right. */
export interface ChoiceScore {
  /** By the likelihood of the whole answer (`acc`). */
  readonly accuracy: number;
  /** By the likelihood over the characters of the answer (`acc_norm`), so that long answers have a chance. */
  readonly accuracyByLength: number;
  /** What guessing would score: the mean of 1 over the number of answers. */
  readonly chance: number;
  readonly questions: number;
}

const questionSchema = v.looseObject({
  query: v.pipe(v.string(), v.nonEmpty()),
  choices: v.pipe(v.array(v.pipe(v.string(), v.nonEmpty())), v.minLength(2), v.maxLength(1000)),
  gold: v.union([v.pipe(v.number(), v.integer(), v.minValue(0)), v.string()]),
});

/**
 * Reads JSON lines of {"query", "choices", "gold"}, where gold is an index or one of the choices.
 * @throws LabError with the number of the first line that is none
 */
export function readChoiceQuestions(who: string, text: string): readonly ChoiceQuestion[] {
  const questions: ChoiceQuestion[] = [];
  text.split('\n').forEach((line, index) => {
    if (line.trim() !== '') questions.push(readLine(`${who}: line ${index + 1}`, line));
  });
  if (questions.length === 0) refuse(`${who}: no questions`);
  return questions;
}

/**
 * Scores questions. Between question and answer stands `delimiter`; a text that is longer than the context loses its
 * beginning.
 * @throws LabError as the tokenizer and the device do
 */
export async function evaluateChoices(
  engine: Engine,
  files: Pick<ModelFiles, 'model' | 'weights'>,
  tokenizer: Tokenizer,
  questions: readonly ChoiceQuestion[],
  {
    context,
    batch,
    delimiter,
  }: { readonly context: number; readonly batch: number; readonly delimiter: string },
  onProgress: (fraction: number) => void = () => undefined,
): Promise<ChoiceScore> {
  const rows: { readonly tokens: readonly number[]; readonly from: number }[] = [];
  for (const { query, choices } of questions) {
    for (const choice of choices)
      rows.push(await stage('invalidData', () => answerRow(tokenizer, query, delimiter + choice, context)));
  }
  const time = rows.reduce((longest, { tokens }) => Math.max(longest, tokens.length - 1), 1);
  const losses = await TokenLosses.open(engine, files, { batch: Math.min(batch, rows.length), time });
  const likelihoods: number[] = [];
  try {
    await losses.forEachRow(rows, (row, index) => {
      likelihoods.push(-row.reduce((sum, loss) => sum + loss, 0));
      onProgress((index + 1) / rows.length);
    });
  } finally {
    losses.dispose();
  }
  let at = 0;
  const score = { right: 0, rightByLength: 0, chance: 0 };
  for (const { choices, gold } of questions) {
    const own = likelihoods.slice(at, at + choices.length);
    at += choices.length;
    if (likeliest(own) === gold) score.right++;
    if (likeliest(own.map((value, index) => value / choices[index].length)) === gold) score.rightByLength++;
    score.chance += 1 / choices.length;
  }
  const { length } = questions;
  return {
    accuracy: score.right / length,
    accuracyByLength: score.rightByLength / length,
    chance: score.chance / length,
    questions: length,
  };
}

/** Question and answer as tokens. Spaces at the end of the question belong to the answer's first word. */
export async function answerRow(
  tokenizer: Tokenizer,
  query: string,
  answer: string,
  context: number,
): Promise<{ readonly tokens: readonly number[]; readonly from: number }> {
  const kept = query.trimEnd();
  const [question, whole] = [await tokenizer.encode(kept), await tokenizer.encode(query + answer)];
  const tokens = [...tokenizer.prefix, ...whole];
  const answered = whole.length - question.length;
  if (answered < 1 || tokens.length - answered < 1)
    throw new Error(
      `evaluate: the answer ${JSON.stringify(answer.slice(0, 40))} has no tokens of its own. Change the delimiter.`,
    );
  const shown = tokens.slice(-(context + 1));
  return { tokens: shown, from: Math.max(1, shown.length - answered) };
}

/** The first of the largest. */
function likeliest(values: readonly number[]): number {
  return values.indexOf(Math.max(...values));
}

function readLine(where: string, line: string): ChoiceQuestion {
  let json: unknown;
  try {
    json = JSON.parse(line);
  } catch {
    refuse(`${where} is no JSON`);
  }
  const parsed = v.safeParse(questionSchema, json);
  if (!parsed.success) refuse(`${where}: ${issueText(parsed.issues[0], 'the question')}`);
  const { query, choices, gold } = parsed.output;
  const index = typeof gold === 'number' ? gold : choices.indexOf(gold);
  if (index < 0 || index >= choices.length)
    refuse(`${where}: gold is ${JSON.stringify(gold).slice(0, 60)}, and there are ${choices.length} choices`);
  return { query, choices, gold: index };
}

function refuse(what: string): never {
  const message = `${what}. Give lines of {"query": "…", "choices": ["…", "…"], "gold": 0}.`;
  throw new LabError({ kind: 'invalidFile', message });
}
