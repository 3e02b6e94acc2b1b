// Conversations as tokens to train on: read from JSON lines, written by a model's chat template or as tokenizers of ours do, with
// a mark on every token that an assistant says.
import * as v from 'valibot';
import {
  assistantToken,
  type ChatMessage,
  chatRoles,
  chatSpecials,
  chatText,
  chatTokens,
} from '../../data/chat-text.ts';
import { issueText } from '../../data/issue-text.ts';
import type { Tokenizer } from '../../data/tokenizer.ts';
import { Chat, chatFormatOf } from '../../data/tokenizers/chat.ts';

/** Turns in order, the last of them an assistant's. */
export type Conversation = readonly ChatMessage[];

/** What conversations are in tokens. */
export interface EncodedConversations {
  readonly tokens: Uint32Array;
  /** 1 for what an assistant says, to the token that ends it; 0 elsewhere. */
  readonly marks: Uint8Array;
}

const messageSchema = v.looseObject({ role: v.picklist(chatRoles), content: v.string() });
const lineSchema = v.looseObject({ messages: v.pipe(v.array(messageSchema), v.minLength(2)) });

/** Whether a text is meant as conversations: its first line that says anything begins an object with messages. */
export function isConversations(text: string): boolean {
  const start = text.slice(0, 100_000).trimStart();
  return /^\{[^\n]*"messages"\s*:/.test(start);
}

/**
 * Reads JSON lines of {"messages": [{"role": "system" | "user" | "assistant", "content"}, …]}. Turns after the last answer are
 * left out, for nothing is learned from them.
 * @throws an Error with the number of the first line that is none
 */
export function readConversations(text: string): readonly Conversation[] {
  const found: Conversation[] = [];
  text.split('\n').forEach((line, index) => {
    if (line.trim() !== '') found.push(readLine(index + 1, line));
  });
  if (found.length === 0) throw fault('there are no lines', 'Write one conversation a line.');
  return found;
}

function readLine(number: number, line: string): Conversation {
  const advice =
    'Write one a line: {"messages": [{"role": "user", "content": "…"}, {"role": "assistant", "content": "…"}]}.';
  let json: unknown;
  try {
    json = JSON.parse(line);
  } catch {
    throw fault(`line ${number} is not JSON: ${line.slice(0, 60)}`, advice);
  }
  const parsed = v.safeParse(lineSchema, json);
  if (!parsed.success) throw fault(`line ${number}: ${issueText(parsed.issues[0], 'the line')}`, advice);
  const messages = parsed.output.messages.map(({ role, content }) => ({ role, content }));
  const late = messages.findIndex(({ role }, index) => role === 'system' && index > 0);
  if (late >= 0) throw fault(`line ${number}: turn ${late + 1} is a system's, which goes first`, advice);
  const last = messages.findLastIndex(({ role }) => role === 'assistant');
  if (last < 0) throw fault(`line ${number} has no turn of an assistant`, advice);
  if (messages[0]?.role === 'assistant')
    throw fault(`line ${number} begins with an assistant's turn`, advice);
  return messages.slice(0, last + 1);
}

/** @throws an Error where the tokenizer knows no conversations, or its template refuses one */
export async function encodeConversations(
  tokenizer: Tokenizer,
  conversations: readonly Conversation[],
  onProgress: (fraction: number) => void = () => undefined,
): Promise<EncodedConversations> {
  const format = chatFormatOf(tokenizer);
  if (!format) {
    throw fault(
      'the tokenizer of the model has no chat template, so conversations cannot be written',
      'Open a model with a chat template (chat_template.jinja or tokenizer_config.json), or choose "characters", "bytes" or "bpe".',
    );
  }
  if (tokenizer.toJSON().kind !== 'published') {
    conversations.forEach(checkContents);
    const tokens = await tokenizer.encode(conversations.map(chatText).join(''));
    const { added } = format;
    return {
      tokens,
      marks: marksBetween(tokens, added.get(assistantToken), added.get(chatSpecials.eos_token)),
    };
  }
  const chat = new Chat(tokenizer, format);
  const ends = await chat.ends();
  const pieces: EncodedConversations[] = [];
  for (let at = 0; at < conversations.length; at += conversationsAtOnce) {
    const part = conversations.slice(at, at + conversationsAtOnce);
    pieces.push(...(await encodeByTemplate(chat, tokenizer, part, ends)));
    onProgress(Math.min(1, (at + conversationsAtOnce) / conversations.length));
  }
  return joined(pieces);
}

/** @throws where a turn contains what begins or ends one: what a user says would be learned as an answer */
function checkContents(messages: Conversation, index: number): void {
  for (const [turn, { content }] of messages.entries()) {
    const token = chatTokens.find((text) => content.includes(text));
    if (token === undefined) continue;
    throw fault(
      `number ${index + 1}: turn ${turn + 1} contains "${token}", which tells turns apart here`,
      'Write it in another way, or leave this conversation out.',
    );
  }
}

/** Conversations that a template writes in one go: for the next ones the thread's time is counted anew. */
const conversationsAtOnce = 100;

/** What stands behind one token up to and with another. */
function marksBetween(tokens: Uint32Array, from: number | undefined, to: number | undefined): Uint8Array {
  const marks = new Uint8Array(tokens.length);
  let isSaid = false;
  for (let at = 0; at < tokens.length; at++) {
    if (isSaid) marks[at] = 1;
    if (tokens[at] === from) isSaid = true;
    else if (tokens[at] === to) isSaid = false;
  }
  return marks;
}

/** An answer within a conversation, by the two texts between which it stands. */
interface Span {
  /** The conversation up to where the model begins to answer, and with its answer. */
  readonly asked: string;
  readonly answered: string;
}

/**
 * Every answer is what a template writes more with it than for being asked for it. A template that writes an earlier turn in
 * another way once others follow (without its thoughts, as Qwen3's) gives every answer a text of its own.
 */
async function encodeByTemplate(
  chat: Chat,
  tokenizer: Tokenizer,
  conversations: readonly Conversation[],
  ends: ReadonlySet<number>,
): Promise<readonly EncodedConversations[]> {
  const asked = conversations.flatMap((messages) =>
    messages.flatMap(({ role }, index) => (role === 'assistant' ? [{ messages, index }] : [])),
  );
  const texts = await chat.render(
    asked.flatMap(({ messages, index }) => [
      { messages: messages.slice(0, index) },
      { messages: messages.slice(0, index + 1), isAnswered: true },
    ]),
  );
  const encoded: EncodedConversations[] = [];
  let spans: Span[] = [];
  for (const [place, { messages, index }] of asked.entries()) {
    const [prompt = '', after = ''] = texts.slice(2 * place, 2 * place + 2);
    // Some end a prompt in a line end more than an answer gets.
    const before = after.startsWith(prompt) ? prompt : prompt.trimEnd();
    if (!after.startsWith(before)) {
      throw fault(
        `the chat template writes turn ${index + 1} of a conversation in another way once it is answered`,
        'Its answers cannot be told from the rest: use a model with another template.',
      );
    }
    const last = spans.at(-1);
    if (last && !before.startsWith(last.answered)) {
      encoded.push(await encodeSpans(tokenizer, spans.slice(-1), ends));
      spans = [];
    }
    spans.push({ asked: before, answered: after });
    if (asked[place + 1]?.messages === messages) continue;
    encoded.push(await encodeSpans(tokenizer, spans, ends));
    spans = [];
  }
  return encoded;
}

/** The whole text at once, as it is encoded elsewhere; an answer begins where the tokens are no longer those of its question. */
async function encodeSpans(
  tokenizer: Tokenizer,
  spans: readonly Span[],
  ends: ReadonlySet<number>,
): Promise<EncodedConversations> {
  const tokens = await tokenizer.encode(spans.at(-1)?.answered ?? '');
  const marks = new Uint8Array(tokens.length);
  for (const [index, { asked, answered }] of spans.entries()) {
    const from = commonLength(tokens, await tokenizer.encode(asked));
    const isLast = index === spans.length - 1;
    const to = isLast ? tokens.length : commonLength(tokens, await tokenizer.encode(answered));
    const end = tokens.subarray(from, to).findLastIndex((token) => ends.has(token));
    marks.fill(1, from, end < 0 ? to : from + end + 1);
  }
  return { tokens, marks };
}

function commonLength(a: Uint32Array, b: Uint32Array): number {
  const shorter = Math.min(a.length, b.length);
  for (let at = 0; at < shorter; at++) if (a[at] !== b[at]) return at;
  return shorter;
}

function joined(pieces: readonly EncodedConversations[]): EncodedConversations {
  const length = pieces.reduce((sum, { tokens }) => sum + tokens.length, 0);
  const whole = { tokens: new Uint32Array(length), marks: new Uint8Array(length) };
  let at = 0;
  for (const { tokens, marks } of pieces) {
    whole.tokens.set(tokens, at);
    whole.marks.set(marks, at);
    at += tokens.length;
  }
  return whole;
}

function fault(what: string, advice: string): Error {
  return new Error(`conversations: ${what}. ${advice}`);
}
