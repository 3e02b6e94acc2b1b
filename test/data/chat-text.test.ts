// Conversations of tokenizers of ours: the text is the template's, and is read back.
import { beforeEach, expect, it } from 'vitest';
import { type ChatMessage, chatText, chatTokens, parseChatText } from '../../src/data/chat-text.ts';
import { writeConversation } from '../../src/data/instructions.ts';
import { createRandom } from '../../src/data/random.ts';
import { useEncoderThreads } from '../../src/data/tokenizers/asked-thread.ts';
import { byteTokenizer } from '../../src/data/tokenizers/bytes.ts';
import { Chat, chatFormatOf } from '../../src/data/tokenizers/chat.ts';
import { withSpecialTokens } from '../../src/data/tokenizers/special-tokens.ts';
import { inThisThread } from './tokenizers/in-this-thread.ts';

beforeEach(() => useEncoderThreads(inThisThread));

const random = createRandom(5);
const conversations = Array.from({ length: 50 }, () => writeConversation(random));

it('is the text that the template writes, asked and answered', async () => {
  const tokenizer = withSpecialTokens(byteTokenizer(), chatTokens);
  const format = chatFormatOf(tokenizer);
  if (!format) throw new Error('there is no template');
  const chat = new Chat(tokenizer, format);
  const odd: ChatMessage[] = [{ role: 'user', content: ' a\n\n"b" & <c> ' }];
  const all = [...conversations, odd];
  expect(await chat.render(all.map((messages) => ({ messages, isAnswered: true })))).toEqual(
    all.map(chatText),
  );
  expect(await chat.render([{ messages: odd }])).toEqual([`${chatText(odd)}<|assistant|>`]);
  expect([...(await chat.prompt(odd))].filter((id) => id >= 256)).toEqual([256, 259, 257, 260]);
  expect([...(await chat.ends())]).toEqual([257]);
});

it('is read back from its lines', () => {
  expect(parseChatText(`${conversations.map(chatText).join('\n')}\n`)).toEqual(conversations);
});

it('belongs to tokenizers that have its tokens', () => {
  expect(chatFormatOf(byteTokenizer())).toBeUndefined();
  expect(chatFormatOf(withSpecialTokens(byteTokenizer(), chatTokens.slice(1)))).toBeUndefined();
});
