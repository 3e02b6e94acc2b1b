// An answer in a conversation: written down by the model's template, drawn up to the token that ends an answer.

import type { ChatMessage } from '../../data/chat-text.ts';
import type { StreamDecoder, Tokenizer } from '../../data/tokenizer.ts';
import type { Chat } from '../../data/tokenizers/chat.ts';
import type { Generation, SamplingOptions } from './options.ts';
import type { Sampler } from './sampler.ts';

/** Who answers. */
export interface Answering {
  readonly sampler: Sampler;
  readonly tokenizer: Tokenizer;
  readonly chat: Pick<Chat, 'prompt' | 'ends'>;
  /** Tokens that the model sees at once. */
  readonly context: number;
}

/** What the model answered. */
export interface ChatAnswer {
  /** Without the token that ended it. */
  readonly text: string;
  readonly tokens: readonly number[];
  /** Whether the model ended it; otherwise it had no tokens left, or was stopped. */
  readonly isEnded: boolean;
  /** Turns at the beginning, after a system's, that were left out so that the rest fits the context. */
  readonly dropped: number;
  readonly generation: Generation;
}

/** Cuts tokens at the first that ends an answer. */
export function untilEnd(
  tokens: readonly number[],
  ends: ReadonlySet<number>,
): { readonly tokens: readonly number[]; readonly isEnded: boolean } {
  const end = tokens.findIndex((token) => ends.has(token));
  return end < 0 ? { tokens, isEnded: false } : { tokens: tokens.slice(0, end), isEnded: true };
}

/**
 * Answers the last turn of a conversation. Where it does not fit the context beside its answer, or half of the context,
 * its earliest turns are left out, a question with its answer.
 * @param onText gets what is new of the answer; return false to stop
 * @throws an Error in one sentence where the template refuses the conversation, or its last turn alone is too long
 */
export async function answerConversation(
  { sampler, tokenizer, chat, context }: Answering,
  messages: readonly ChatMessage[],
  options: Omit<SamplingOptions, 'onTokens'>,
  onText: (piece: string) => boolean = () => true,
): Promise<ChatAnswer> {
  const room = context - Math.min(options.maximumTokens, context >> 1);
  const { prompt, dropped } = await fitting(chat, messages, Math.max(1, room));
  const ends = await chat.ends();
  const decoder: StreamDecoder = tokenizer.createStreamDecoder(true);
  const generation = await sampler.generate([...prompt], {
    ...options,
    onTokens: (drawn) => {
      const { tokens, isEnded } = untilEnd(drawn, ends);
      return onText(decoder.push(tokens)) && !isEnded;
    },
  });
  onText(decoder.end());
  const { tokens, isEnded } = untilEnd(generation.tokens, ends);
  return { text: tokenizer.decode([...tokens], true), tokens, isEnded, dropped, generation };
}

async function fitting(
  chat: Answering['chat'],
  messages: readonly ChatMessage[],
  room: number,
): Promise<{ readonly prompt: Uint32Array; readonly dropped: number }> {
  const first = messages[0]?.role === 'system' ? 1 : 0;
  for (let dropped = 0; ; dropped += 2) {
    const kept = [...messages.slice(0, first), ...messages.slice(first + dropped)];
    const prompt = await chat.prompt(kept);
    if (prompt.length <= room) return { prompt, dropped };
    if (first + dropped + 2 >= messages.length) {
      throw new Error(
        `chat: the last turn takes ${prompt.length} tokens with its system message, and there is room for ${room}. Shorten it, or give a larger context.`,
      );
    }
  }
}
