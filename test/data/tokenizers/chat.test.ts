// Conversations: written and encoded as Transformers does, and templates that fail or never end.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startEncoderThread } from '../../../src/cli/threads/tokenizer.ts';
import type { ChatMessage } from '../../../src/data/chat-text.ts';
import { useEncoderThreads } from '../../../src/data/tokenizers/asked-thread.ts';
import { Chat, chatFormatOf } from '../../../src/data/tokenizers/chat.ts';
import { publishedTokenizer } from '../../../src/data/tokenizers/published.ts';
import { readTokenFixture } from './fixtures.ts';
import { inThisThread } from './in-this-thread.ts';

interface ChatCase {
  readonly messages: readonly ChatMessage[];
  readonly addGenerationPrompt: boolean;
  readonly text?: string;
  readonly tokens?: readonly number[];
  readonly error?: string;
}

interface ExpectedChats {
  readonly templates: Readonly<
    Record<
      string,
      {
        readonly template: string;
        readonly settings: Readonly<Record<string, unknown>>;
        readonly added: readonly object[];
        readonly cases: readonly ChatCase[];
      }
    >
  >;
}

/** What Transformers made of conversations: test/fixtures/make-chats.py. */
const expected = JSON.parse(
  readFileSync(join(process.cwd(), 'test/fixtures/chats.json'), 'utf8'),
) as ExpectedChats;

/** A tokenizer whose settings have a template. */
function tokenizerWith(template: unknown, settings: object = {}, added?: readonly object[]) {
  const json = readTokenFixture('llama3') as object;
  return publishedTokenizer(added ? { ...json, added_tokens: added } : json, {
    ...settings,
    chat_template: template,
  });
}

function chatOf(template: unknown, settings: object = {}, added?: readonly object[]): Chat {
  const tokenizer = tokenizerWith(template, settings, added);
  const format = chatFormatOf(tokenizer);
  if (!format) throw new Error('there is no template');
  return new Chat(tokenizer, format);
}

const hello = [{ role: 'user', content: 'Hi' }] as const;

beforeEach(() => useEncoderThreads(inThisThread));
afterEach(() => useEncoderThreads(inThisThread));

describe.each(Object.entries(expected.templates))('the template %s', (_, one) => {
  it.each(one.cases)('writes $messages, prompt $addGenerationPrompt, as Transformers', async (wanted) => {
    const chat = chatOf(one.template, one.settings, one.added);
    const { messages, addGenerationPrompt, text, tokens, error } = wanted;
    const written = chat.render([{ messages, isAnswered: !addGenerationPrompt }]);
    if (error !== undefined) return expect(written).rejects.toThrow(error);
    expect(await written).toEqual([text]);
    if (addGenerationPrompt) expect([...(await chat.prompt(messages))]).toEqual(tokens);
  });
});

describe('the end of an answer', () => {
  const endsOf = async (name: string) => {
    const { template, settings, added } = expected.templates[name] ?? {
      template: '',
      settings: {},
      added: [],
    };
    const chat = chatOf(template, settings, added);
    const contents = new Map(
      (added as { id: number; content: string }[]).map(({ id, content }) => [id, content] as const),
    );
    return [...(await chat.ends())].map((id) => contents.get(id)).sort();
  };

  it('is what the template writes behind it, and the end of a text', async () => {
    expect(await endsOf('chatml')).toEqual(['<|im_end|>']);
    expect(await endsOf('turns')).toEqual(['<end_of_turn>', '<|endoftext|>']);
    expect(await endsOf('macros')).toEqual(['<|endoftext|>']);
  });

  it('is the end of a text where the template refuses to write an answer', async () => {
    const refusing = chatOf("{{ raise_exception('no') }}", { eos_token: '<|endoftext|>' });
    expect(await refusing.ends()).toEqual(new Set([331]));
  });
});

describe('the template of a tokenizer', () => {
  it('is none without settings, or where they have none', () => {
    const json = readTokenFixture('llama3');
    expect(chatFormatOf(publishedTokenizer(json, undefined))).toBeUndefined();
    expect(chatFormatOf(publishedTokenizer(json, { eos_token: '</s>' }))).toBeUndefined();
  });

  it('is the default of several', async () => {
    const both = [
      { name: 'tool_use', template: 'no' },
      { name: 'default', template: 'yes' },
    ];
    expect(await chatOf(both).render([{ messages: hello }])).toEqual(['yes']);
  });

  it.each([[[{ name: 'tool_use', template: 'no' }]], [7], [{ template: 'a' }]])(
    'is refused as %j',
    (value) => {
      expect(() => chatOf(value)).toThrow(/chat template: it is neither a text nor a list/);
    },
  );
});

describe('a template that fails', () => {
  it.each([
    ['{% for %}', /^chat template: /],
    ['{{ messages[0].content.nothing() }}', /^chat template: /],
    ["{{ raise_exception('Not this.\\nNor that.') }}", /^chat template: Not this\. Give a conversation/],
    ['{% for i in range(1000000000000) %}a{% endfor %}', /range\(\) of 1000000000000 numbers is longer/],
    [
      "{% set ns = namespace(a='aaaa') %}{% for i in range(24) %}{% set ns.a = ns.a + ns.a %}{% endfor %}{{ ns.a }}",
      /it writes 67108864 characters, more than/,
    ],
  ])('%s says so in one line', async (template, message) => {
    const error = await chatOf(template)
      .render([{ messages: hello }])
      .catch((reason: Error) => reason);
    expect(String(error)).toMatch(new RegExp(message.source.replace('^', '^Error: ')));
    expect(String(error)).not.toContain('\n');
  });

  it('is ended where it never ends, and the next conversation has a new thread', async () => {
    useEncoderThreads(startEncoderThread);
    const endless =
      "{% if messages[0].content == 'Hi' %}{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}{% endif %}done";
    const tokenizer = tokenizerWith(endless);
    const format = chatFormatOf(tokenizer);
    if (!format) throw new Error('there is no template');
    const chat = new Chat(tokenizer, format, { open: 30_000, call: 300, conversation: 0 });
    await expect(chat.render([{ messages: hello }])).rejects.toThrow(
      /^chat template: writing a conversation took longer than 0\.3 s: it may never end/,
    );
    expect(await chat.render([{ messages: [{ role: 'user', content: 'Bye' }] }])).toEqual(['done']);
  });
});
