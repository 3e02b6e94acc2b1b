// Conversations as a model reads them: its template (Jinja) writes them down, in a thread of its own, for it is a stranger's.
import { type ChatMessage, chatSpecials, chatTemplate, chatTokens } from '../chat-text.ts';
import type { Tokenizer } from '../tokenizer.ts';
import { AskedThread } from './asked-thread.ts';

/** How a model's conversations are written. */
export interface ChatFormat {
  /** Jinja, as Transformers' `apply_chat_template` reads it. */
  readonly template: string;
  /** Texts that a template may name, such as `bos_token`. */
  readonly specials: Readonly<Record<string, string>>;
  /** Special tokens by their text: what is written as one is encoded as one. */
  readonly added: ReadonlyMap<string, number>;
}

/** How long templates may take, in milliseconds; a sound one needs a hundredth of it. */
export interface ChatBudget {
  /** To start the thread. */
  readonly open: number;
  /** For any number of conversations, */
  readonly call: number;
  /** and for each of them besides. */
  readonly conversation: number;
}

const defaultBudget: ChatBudget = { open: 30_000, call: 2000, conversation: 20 };

/** The key of the settings that holds the template. */
export const templateKey = 'chat_template';

/** What a tokenizer says of conversations; undefined where it says nothing. @throws an Error in one sentence for a template that is none */
export function chatFormatOf(tokenizer: Tokenizer): ChatFormat | undefined {
  const file = tokenizer.toJSON();
  if (file.kind !== 'published') {
    const first = tokenizer.vocabularySize - (file.special?.length ?? 0);
    const added = new Map(file.special?.map((text, index) => [text, first + index]));
    if (!chatTokens.every((token) => added.has(token))) return undefined;
    return { template: chatTemplate, specials: chatSpecials, added };
  }
  if (!file.settings) return undefined;
  const template = templateOf(file.settings[templateKey]);
  if (template === undefined) return undefined;
  const specials: Record<string, string> = {};
  for (const [name, value] of Object.entries(file.settings)) {
    const text = name.endsWith('_token') ? textOf(value) : undefined;
    if (text !== undefined) specials[name] = text;
  }
  return { template, specials, added: addedTokens(file.tokenizer.added_tokens) };
}

/** Whether a tokenizer knows conversations; a template that is none is said when it is used. */
export function hasChat(tokenizer: Tokenizer): boolean {
  try {
    return chatFormatOf(tokenizer) !== undefined;
  } catch {
    return false;
  }
}

/** One template, or the one that is called default of several. */
function templateOf(value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'string') return value;
  const found = Array.isArray(value)
    ? value.find((one: unknown) => isRecord(one) && one.name === 'default')
    : undefined;
  if (isRecord(found) && typeof found.template === 'string') return found.template;
  throw failure('it is neither a text nor a list with one that is named default');
}

/** A special token as text: some files say more of it. */
function textOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  return isRecord(value) && typeof value.content === 'string' ? value.content : undefined;
}

function addedTokens(list: unknown): ReadonlyMap<string, number> {
  const tokens = new Map<string, number>();
  for (const token of Array.isArray(list) ? list : []) {
    if (isRecord(token) && typeof token.content === 'string' && typeof token.id === 'number')
      tokens.set(token.content, token.id);
  }
  return tokens;
}

/** The conversations of one model. */
export class Chat {
  readonly #tokenizer: Tokenizer;
  readonly #format: ChatFormat;
  readonly #budget: ChatBudget;
  readonly #thread: AskedThread;
  #ends: Promise<ReadonlySet<number>> | undefined;

  constructor(tokenizer: Tokenizer, format: ChatFormat, budget: ChatBudget = defaultBudget) {
    this.#tokenizer = tokenizer;
    this.#format = format;
    this.#budget = budget;
    this.#thread = new AskedThread({
      opening: { kind: 'openTemplate' },
      openMilliseconds: budget.open,
      suspect: 'it',
      failure,
    });
  }

  /**
   * Conversations as the text that the model reads, each with what makes it answer where that is wanted.
   * @throws an Error in one sentence where the template refuses one of them, fails or takes too long
   */
  async render(
    conversations: readonly { readonly messages: readonly ChatMessage[]; readonly isAnswered?: boolean }[],
  ): Promise<readonly string[]> {
    const { template, specials } = this.#format;
    const variables = conversations.map(({ messages, isAnswered = false }) => ({
      ...specials,
      messages,
      tools: null,
      documents: null,
      add_generation_prompt: !isAnswered,
    }));
    const milliseconds = this.#budget.call + this.#budget.conversation * conversations.length;
    const order = { kind: 'render', template, variables } as const;
    const answer = await this.#thread.ask(order, milliseconds, 'writing a conversation');
    if (answer.kind === 'texts') return answer.texts;
    throw failure('it gave no text');
  }

  /** The tokens after which the model answers: those of the text alone, for the template writes what opens it. */
  async prompt(messages: readonly ChatMessage[]): Promise<Uint32Array> {
    const [text = ''] = await this.render([{ messages }]);
    return this.#tokenizer.encode(text);
  }

  /** Tokens that end an answer: the one that the template writes behind an answer, and the tokenizer's end of a text. */
  ends(): Promise<ReadonlySet<number>> {
    this.#ends ??= this.#findEnds();
    return this.#ends;
  }

  async #findEnds(): Promise<ReadonlySet<number>> {
    const { specials, added } = this.#format;
    const ends = new Set<number>();
    const end = specials.eos_token === undefined ? undefined : added.get(specials.eos_token);
    if (end !== undefined) ends.add(end);
    const messages = [
      { role: 'user', content: 'Say it.' },
      { role: 'assistant', content: probe },
    ] as const;
    // A template that cannot write this has said nothing of its ends; that of the tokenizer stands.
    const [text = ''] = await this.render([{ messages, isAnswered: true }]).catch(() => []);
    const at = text.lastIndexOf(probe);
    const rest = at < 0 ? '' : text.slice(at + probe.length).trimStart();
    const closing = [...added.keys()].filter((token) => rest.startsWith(token)).sort(longestFirst)[0];
    const id = closing === undefined ? undefined : added.get(closing);
    if (id !== undefined) ends.add(id);
    return ends;
  }
}

/** An answer that no template writes by itself. */
const probe = 'qzvx-7391';

function longestFirst(a: string, b: string): number {
  return b.length - a.length;
}

function failure(what: string): Error {
  const line = what.split('\n')[0]?.slice(0, 300) ?? '';
  return new Error(
    `chat template: ${line.replace(/\.$/, '')}. Give a conversation that it can write, or a plain prompt.`,
  );
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
