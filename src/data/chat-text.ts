// Conversations as tokenizers of ours write them: every turn between two special tokens, as text and as a chat template.

/** Who speaks. */
export const chatRoles = ['system', 'user', 'assistant'] as const;

/** One turn of a conversation. */
export interface ChatMessage {
  readonly role: (typeof chatRoles)[number];
  readonly content: string;
}

/** Special tokens: what begins a conversation, what ends a turn, and what says whose turn it is. */
const beginToken = '<|begin|>';
const endToken = '<|end|>';
const tokenOfRole = (role: ChatMessage['role']): string => `<|${role}|>`;

/** Behind it an answer stands, up to the token that ends its turn. */
export const assistantToken = tokenOfRole('assistant');

/** All of them, in the order of their ids. */
export const chatTokens: readonly string[] = [beginToken, endToken, ...chatRoles.map(tokenOfRole)];

/** The same as `chatText`, for who renders templates; what follows makes the model answer. */
export const chatTemplate =
  "{{ bos_token }}{% for message in messages %}{{ '<|' + message['role'] + '|>' + message['content'] + eos_token }}" +
  "{% endfor %}{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}";

/** What templates call the tokens. */
export const chatSpecials = { bos_token: beginToken, eos_token: endToken } as const;

/** A conversation as text. */
export function chatText(messages: readonly ChatMessage[]): string {
  return beginToken + messages.map(({ role, content }) => tokenOfRole(role) + content + endToken).join('');
}

/** Reads lines that `chatText` wrote, of contents without line ends and without these tokens. */
export function parseChatText(text: string): readonly (readonly ChatMessage[])[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) =>
      [...line.matchAll(/<\|(system|user|assistant)\|>(.*?)<\|end\|>/g)].map(
        ([, role, content = '']): ChatMessage => ({ role: role as ChatMessage['role'], content }),
      ),
    );
}
