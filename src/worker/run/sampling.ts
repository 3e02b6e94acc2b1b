// Text from the weights of a run, between its steps.

import type {
  AnswerReport,
  NextRequest,
  NextTokens,
  SampleReport,
  SampleRequest,
} from '../../contract/sampling.ts';
import type { Tokenizer } from '../../data/tokenizer.ts';
import { Chat, chatFormatOf } from '../../data/tokenizers/chat.ts';
import {
  type AnsweredLine,
  type AnsweredTurn,
  answeredTurns,
  answersOf,
  linesIn,
  readAnsweredLines,
  turnsIn,
} from '../../lab/evaluation/answers.ts';
import type { Conversation } from '../../lab/plans/conversations.ts';
import { promptTokens, startTokens, textPieces, tokenNames } from '../../lab/plans/corpus.ts';
import { LabError, stage } from '../../lab/plans/problem.ts';
import { answerConversation } from '../../lab/sampling/chat-answer.ts';
import type { Run } from '../../lab/training/run.ts';
import type { RunLoop } from '../../lab/training/run-loop.ts';
import type { Experiment } from '../../model/config.ts';
import { ranked } from '../../text/ranked.ts';

/** Samples until the request is met or `onText`, which gets the text so far, answers false. */
export async function sampleRun(
  loop: RunLoop,
  run: Run,
  request: SampleRequest,
  onText: (text: string) => boolean,
): Promise<SampleReport> {
  const { sampler } = run;
  if (!sampler) throw new Error('sample: this run was prepared without a sampler.');
  const { messages } = request;
  if (messages) return answerRun(loop, run, { ...request, messages }, onText);
  const { tokenizer } = run.corpus;
  const prompt = await stage('invalidRequest', () => promptOf(run, request.prompt));
  const generation = await loop.exclusive(() => {
    const decoder = tokenizer.createStreamDecoder(true);
    let text = request.prompt;
    return stage('invalidRequest', () =>
      sampler.generate(prompt, {
        maximumTokens: request.maximumTokens,
        temperature: request.temperature,
        topK: request.topK,
        topP: request.topP,
        seed: request.seed,
        weightsVersion: run.trainer.progress.step,
        ...(request.knownTokens === true ? { drawable: tokenizer.vocabularySize } : {}),
        onTokens: (tokens) => {
          text += decoder.push(tokens);
          return onText(text);
        },
      }),
    );
  });
  if (generation.problem !== undefined) {
    throw new LabError({ kind: 'invalidRequest', message: generation.problem });
  }
  const pieces = textPieces(tokenizer, generation.tokens);
  return {
    text: request.prompt + tokenizer.decode(generation.tokens, true),
    ...(pieces ? { pieces } : {}),
    tokens: generation.tokens.length,
    reusedTokens: generation.reusedTokens,
    prefillTokensPerSecond: rate(generation.prefillTokens, generation.prefillSeconds),
    decodeTokensPerSecond: rate(generation.decodedTokens, generation.decodeSeconds),
  };
}

/** Conversations of tokenizers, each with a thread that its template is at home in. */
const chats = new WeakMap<Tokenizer, Chat>();

function chatOf(tokenizer: Tokenizer): Chat {
  const known = chats.get(tokenizer);
  if (known) return known;
  const format = chatFormatOf(tokenizer);
  if (!format)
    throw new Error('chat: this model has no chat template: it goes on from texts. Give it a prompt.');
  const chat = new Chat(tokenizer, format);
  chats.set(tokenizer, chat);
  return chat;
}

/** Answers the last turn of a conversation; `onText` gets the answer so far. */
async function answerRun(
  loop: RunLoop,
  { sampler, corpus, experiment, trainer }: Run,
  { messages, maximumTokens, temperature, topK, topP, seed, knownTokens }: AnswerRequest,
  onText: (text: string) => boolean,
): Promise<SampleReport> {
  if (!sampler) throw new Error('chat: this run was prepared without a sampler.');
  const { tokenizer } = corpus;
  const { text, tokens, isEnded, dropped, generation } = await loop.exclusive(() =>
    stage('invalidRequest', () => {
      const answering = { sampler, tokenizer, chat: chatOf(tokenizer), context: experiment.model.context };
      const options = {
        maximumTokens,
        temperature,
        topK,
        topP,
        seed,
        weightsVersion: trainer.progress.step,
        ...(knownTokens === true ? { drawable: tokenizer.vocabularySize } : {}),
      };
      let soFar = '';
      return answerConversation(answering, messages, options, (piece) => {
        soFar += piece;
        return onText(soFar);
      });
    }),
  );
  if (generation.problem !== undefined) {
    throw new LabError({ kind: 'invalidRequest', message: generation.problem });
  }
  return {
    text,
    tokens: tokens.length,
    chat: { isEnded, dropped },
    reusedTokens: generation.reusedTokens,
    prefillTokensPerSecond: rate(generation.prefillTokens, generation.prefillSeconds),
    decodeTokensPerSecond: rate(generation.decodedTokens, generation.decodeSeconds),
  };
}

type AnswerRequest = SampleRequest & Required<Pick<SampleRequest, 'messages'>>;

/** Tokens that are named: more than one looks at. */
const namedTokens = 12;

/** The logits of what follows a text, and the names of the likeliest. */
export async function nextTokensOf(
  loop: RunLoop,
  run: Run,
  { prompt, knownTokens = false }: NextRequest,
): Promise<NextTokens> {
  const { sampler, corpus } = run;
  if (!sampler) throw new Error('next tokens: this run was prepared without a sampler.');
  const { tokenizer } = corpus;
  const ids = await stage('invalidRequest', () => promptOf(run, prompt));
  const all = await loop.exclusive(() => stage('invalidRequest', () => sampler.logitsAfter(ids)));
  const logits = knownTokens ? all.slice(0, tokenizer.vocabularySize) : all;
  const likeliest = [...ranked(logits).subarray(0, namedTokens)];
  const names = tokenNames(corpus, likeliest);
  return {
    step: run.trainer.progress.step,
    logits,
    likeliest: likeliest.map((id, rank) => ({
      name: names[rank] ?? '',
      text: tokenizer.decode([id], true),
    })),
  };
}

function promptOf({ corpus }: Run, prompt: string): Promise<readonly number[]> {
  return prompt === '' ? startTokens(corpus) : promptTokens(corpus.tokenizer, prompt);
}

/** Questions that are asked at most, tokens of held-out text that they come from, and those that are shown. */
const asked = { questions: 40, tokens: 2000, examples: 6 } as const;

/** The one that people ask first. */
const firstQuestion = { question: '37+48=', answer: '85', kind: '+' } as const;

/**
 * Asks questions of the held-out text, and counts apart those that stand in the text of training too: of sums of one
 * digit there are so few that a text has them all.
 * @throws LabError where the held-out text has none, such as a story
 */
export async function askRun(
  loop: RunLoop,
  run: Run,
  lastEvaluation: () => AnswerReport['validation'],
): Promise<AnswerReport> {
  const { sampler, corpus, dataset, experiment } = run;
  if (!sampler) throw new Error('answers: this run was prepared without a sampler.');
  const { tokenizer } = corpus;
  const lines = corpus.conversations ? heldOutTurns(corpus.conversations, experiment) : heldOutLines(run);
  const { score, step, validation } = await loop.exclusive(async () => ({
    score: await answersOf(sampler, tokenizer, lines),
    step: run.trainer.progress.step,
    validation: lastEvaluation(),
  }));
  const { correct, questions, kinds, written } = score;
  const seen = corpus.conversations
    ? turnsIn(heldIn(corpus.conversations, experiment), lines as readonly AnsweredTurn[])
    : linesIn(dataset.training, tokenizer, lines);
  return {
    step,
    correct,
    questions,
    kinds,
    seen: {
      correct: lines.filter((line, index) => seen.has(line) && written[index] === line.answer).length,
      questions: lines.filter((line) => seen.has(line)).length,
    },
    ...(validation && { validation: { step: validation.step, loss: validation.loss } }),
    examples: lines
      .slice(0, asked.examples)
      .map(({ question, answer }, index) => ({ question, answer, written: written[index] ?? '' })),
  };
}

function rate(count: number, seconds: number): number {
  return seconds > 0 ? count / seconds : 0;
}

/** Lines of the held-out text, and the one that people ask first. */
function heldOutLines({ corpus, dataset, experiment }: Run): readonly AnsweredLine[] {
  const text = corpus.tokenizer.decode([...dataset.validation.subarray(0, asked.tokens)]);
  // What comes before the first line end may be the end of a line.
  const heldOut = text.slice(text.indexOf('\n') + 1, text.lastIndexOf('\n'));
  const first = experiment.data.source === 'arithmetic' ? [firstQuestion] : [];
  return [...first, ...readAnsweredLines(heldOut, asked.questions - first.length)];
}

/** Conversations that are trained on, to the one in which the text may be cut. */
function heldIn(all: readonly Conversation[], { data }: Experiment): readonly Conversation[] {
  return all.slice(0, Math.ceil(all.length * (1 - data.validationFraction)));
}

/** Answers of the last conversations, which stand behind the cut whatever their lengths are. */
function heldOutTurns(all: readonly Conversation[], { data }: Experiment): readonly AnsweredTurn[] {
  const last = Math.max(1, Math.floor((all.length * data.validationFraction) / 2));
  return answeredTurns(all.slice(-last), asked.questions);
}
