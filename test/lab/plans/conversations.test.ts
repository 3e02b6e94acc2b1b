// Conversations to train on: read line by line, and marked where Transformers marks what an assistant says.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { type ChatMessage, chatTokens } from '../../../src/data/chat-text.ts';
import { useEncoderThreads } from '../../../src/data/tokenizers/asked-thread.ts';
import { byteTokenizer } from '../../../src/data/tokenizers/bytes.ts';
import { publishedTokenizer } from '../../../src/data/tokenizers/published.ts';
import { withSpecialTokens } from '../../../src/data/tokenizers/special-tokens.ts';
import {
  encodeConversations,
  isConversations,
  readConversations,
} from '../../../src/lab/plans/conversations.ts';
import { readTokenFixture } from '../../data/tokenizers/fixtures.ts';
import { inThisThread } from '../../data/tokenizers/in-this-thread.ts';

interface Marked {
  readonly messages: readonly ChatMessage[];
  readonly tokens: readonly number[];
  readonly assistantMask?: readonly number[];
}

/** What Transformers made of conversations: test/fixtures/make-chats.py. */
const { templates } = JSON.parse(readFileSync(join(process.cwd(), 'test/fixtures/chats.json'), 'utf8')) as {
  readonly templates: Readonly<
    Record<
      string,
      {
        readonly template: string;
        readonly settings: object;
        readonly added: object;
        readonly cases: Marked[];
      }
    >
  >;
};

function tokenizerOf(name: string, template?: string) {
  const one = templates[name];
  if (!one) throw new Error(`there is no template ${name}`);
  return publishedTokenizer(
    { ...(readTokenFixture('llama3') as object), added_tokens: one.added },
    { ...one.settings, chat_template: template ?? one.template },
  );
}

const user = (content: string): ChatMessage => ({ role: 'user', content });
const assistant = (content: string): ChatMessage => ({ role: 'assistant', content });
const line = (...messages: readonly unknown[]) => JSON.stringify({ messages });

beforeEach(() => useEncoderThreads(inThisThread));

describe('conversations in tokens', () => {
  const cases = templates.marked?.cases.filter(({ assistantMask }) => assistantMask?.includes(1)) ?? [];

  it('are those of Transformers, marked where it marks what an assistant says', async () => {
    expect(cases.length).toBeGreaterThan(1);
    for (const { messages, tokens, assistantMask } of cases) {
      // Turns after the last answer teach nothing, and are not there.
      const answered = messages.slice(0, messages.findLastIndex(({ role }) => role === 'assistant') + 1);
      const found = await encodeConversations(tokenizerOf('marked'), [answered]);
      expect([...found.tokens]).toEqual(tokens.slice(0, found.tokens.length));
      expect([...found.marks]).toEqual(assistantMask?.slice(0, found.tokens.length));
    }
    const whole = cases.at(-1) ?? cases[0];
    const both = await encodeConversations(tokenizerOf('marked'), [whole.messages, whole.messages]);
    expect([...both.tokens]).toEqual([...whole.tokens, ...whole.tokens]);
  });

  it('have an end to answer up to in every template, and nothing of the next turn', async () => {
    const messages = [user('Hi'), assistant('Hello.'), user('Bye'), assistant('So long.')];
    for (const name of ['chatml', 'headers', 'brackets', 'turns', 'thinking']) {
      const tokenizer = tokenizerOf(name);
      const { tokens, marks } = await encodeConversations(tokenizer, [messages]);
      const said = tokenizer.decode([...tokens].filter((_, at) => marks[at] === 1));
      const end = { brackets: '</s>', headers: '<|eot|>', turns: '<end_of_turn>', thinking: '<|stop|>' }[
        name
      ];
      // Thoughts stand before the answer of a last turn alone: the template's own, which is learned too.
      const thoughts = name === 'thinking' ? '<think>\n\n</think>\n\n' : '';
      const gap = name === 'brackets' ? ' ' : '';
      const wanted = ['Hello.', 'So long.'].map((text) => gap + thoughts + text + (end ?? '<|im_end|>'));
      expect(said, name).toBe(wanted.join(''));
    }
  });

  it('of ours are marked from behind the assistant’s token to the end of its turn', async () => {
    const tokenizer = withSpecialTokens(byteTokenizer(), chatTokens);
    const conversation = [user('a'), assistant('bc'), user('d'), assistant('e')];
    const { tokens, marks } = await encodeConversations(tokenizer, [conversation]);
    expect(tokenizer.decode([...tokens].filter((_, at) => marks[at] === 1))).toBe('bc<|end|>e<|end|>');
  });

  it('of ours hold no special token within a turn, from which marks would be taken for an answer', async () => {
    const ours = withSpecialTokens(byteTokenizer(), chatTokens);
    const asking = (content: string) => encodeConversations(ours, [[user(content), assistant('No.')]]);
    await asking('What is <|this|>?');
    for (const token of chatTokens) {
      await expect(asking(`Is it ${token}mine?`)).rejects.toThrow(
        `conversations: number 1: turn 1 contains "${token}", which tells turns apart here. Write it`,
      );
    }
  });

  it('are refused where a tokenizer or a template cannot say them', async () => {
    const hello = [[user('Hi'), assistant('Hello.')]];
    await expect(encodeConversations(byteTokenizer(), hello)).rejects.toThrow(
      /^conversations: the tokenizer of the model has no chat template/,
    );
    const other = tokenizerOf('chatml', '{{ messages | length }}{% if add_generation_prompt %}?{% endif %}');
    await expect(encodeConversations(other, hello)).rejects.toThrow(
      /writes turn 2 of a conversation in another/,
    );
    const longer =
      "{{ messages | map(attribute='content') | join(' ') }}{% if add_generation_prompt %}\n{% endif %}";
    const { tokens, marks } = await encodeConversations(tokenizerOf('chatml', longer), hello);
    expect(tokenizerOf('chatml').decode([...tokens].filter((_, at) => marks[at] === 1))).toBe(' Hello.');
    const twice = [[user('Hi'), user('Ho'), assistant('Hello.')]];
    await expect(encodeConversations(tokenizerOf('brackets'), twice)).rejects.toThrow(/Roles must go user/);
  });
});

describe('a text', () => {
  it('is conversations by how it begins', () => {
    expect(isConversations(`\n\n${line(user('a'), assistant('b'))}`)).toBe(true);
    expect(isConversations('{"id": 7, "messages": [')).toBe(true);
    expect(isConversations('He said {"messages": []}')).toBe(false);
    expect(isConversations('{"text": "a"}\n{"messages": []}')).toBe(false);
  });

  it('gives turns up to the last answer, and drops what else a line says', () => {
    const text = `${line(user('a'), assistant('b'), user('c'))}\n\n{"id":1,"messages":[{"role":"system","content":"s"},{"role":"user","content":"d","name":"x"},{"role":"assistant","content":"e"}]}\n`;
    expect(readConversations(text)).toEqual([
      [user('a'), assistant('b')],
      [{ role: 'system', content: 's' }, user('d'), assistant('e')],
    ]);
  });

  it.each([
    ['{"messages": [', /line 1 is not JSON: \{"messages": \[/],
    [`${line(user('a'), assistant('b'))}\n{"text": "c"}`, /line 2: messages is missing/],
    [line(user('a')), /line 1: messages has 1 entries/],
    [line(user('a'), { role: 'tool', content: 'b' }), /line 1: messages\.1\.role should be/],
    [
      line(user('a'), { role: 'assistant', content: 7 }),
      /line 1: messages\.1\.content should be string, found 7/,
    ],
    [line(user('a'), user('b')), /line 1 has no turn of an assistant/],
    [line(assistant('a'), user('b')), /line 1 begins with an assistant's turn/],
    [line(user('a'), { role: 'system', content: 's' }, assistant('b')), /line 1: turn 2 is a system's/],
    ['  ', /there are no lines/],
  ])('is refused as %s', (text, message) => {
    expect(() => readConversations(text)).toThrow(message);
    expect(() => readConversations(text)).toThrow(/^conversations: /);
  });
});
