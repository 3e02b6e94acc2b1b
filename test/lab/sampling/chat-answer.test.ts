// Answers in a conversation: drawn up to the token that ends them, and what happens where a conversation grows too long.
import { beforeAll, describe, expect, it } from 'vitest';
import type { ChatMessage } from '../../../src/data/chat-text.ts';
import { cpuEngine } from '../../../src/lab/plans/engine.ts';
import { answerConversation } from '../../../src/lab/sampling/chat-answer.ts';
import type { Run } from '../../../src/lab/training/run.ts';
import { takeSteps, tinyRun } from '../training/tiny-runs.ts';

const greedy = { maximumTokens: 8, temperature: 0, topK: 0, topP: 1, seed: 1 } as const;
const context = 24;

/** Every turn is its number of characters in tokens of 3. */
const promptOf = async (messages: readonly ChatMessage[]) =>
  Uint32Array.from(messages.flatMap(({ content }) => [...content].map(() => 3)));

const turn = (role: ChatMessage['role'], length: number): ChatMessage => ({
  role,
  content: 'a'.repeat(length),
});

describe('an answer', () => {
  let run: Run | undefined;
  beforeAll(async () => {
    run = await tinyRun({ model: { context } }, cpuEngine(), { withSampler: true });
    await takeSteps(run, 4);
  });
  const answer = (
    messages: readonly ChatMessage[],
    ends: readonly number[],
    onText?: (piece: string) => boolean,
  ) => {
    if (!run?.sampler) throw new Error('there is no sampler');
    const { sampler, corpus } = run;
    const chat = { prompt: promptOf, ends: async () => new Set(ends) };
    return answerConversation(
      { sampler, tokenizer: corpus.tokenizer, chat, context },
      messages,
      greedy,
      onText,
    );
  };

  it('stops before the token that ends it, and is handed on as it comes', async () => {
    const whole = await answer([turn('user', 5)], []);
    expect([whole.tokens.length, whole.isEnded]).toEqual([8, false]);
    const end = whole.tokens[3] ?? -1;
    const first = whole.tokens.indexOf(end);
    const pieces: string[] = [];
    const ended = await answer([turn('user', 5)], [end], (piece) => pieces.push(piece) > 0);
    expect([ended.tokens, ended.isEnded]).toEqual([whole.tokens.slice(0, first), true]);
    expect(pieces.join('')).toBe(ended.text);
    expect(ended.text).toBe(run?.corpus.tokenizer.decode([...ended.tokens], true));
  });

  it('leaves out the earliest questions with their answers where all do not fit, never the system’s turn', async () => {
    const long = [
      turn('system', 3),
      turn('user', 5),
      turn('assistant', 4),
      turn('user', 4),
      turn('assistant', 1),
      turn('user', 5),
    ];
    // Beside 8 tokens of an answer 16 of the 24 are left: 3 + 4 + 1 + 5 fit.
    const { dropped } = await answer(long, []);
    expect(dropped).toBe(2);
    expect((await answer([...long.slice(0, 1), turn('user', 13)], [])).dropped).toBe(0);
    await expect(answer([...long, turn('assistant', 1), turn('user', 14)], [])).rejects.toThrow(
      /^chat: the last turn takes 17 tokens with its system message, and there is room for 16/,
    );
  });
});
