// The thread that works with what a stranger published beside a model: patterns that cut texts, templates that write chats.
// Either may never come to an end.
import { Tokenizer } from '@huggingface/tokenizers';
import { renderTemplate } from './template.ts';

/** What the thread is told. */
export type EncoderOrder =
  | { readonly kind: 'open'; readonly tokenizer: object; readonly settings: object }
  | { readonly kind: 'encode'; readonly text: string }
  | { readonly kind: 'openTemplate' }
  | {
      readonly kind: 'render';
      /** Jinja, as chat_template has it. */
      readonly template: string;
      /** The variables of each text that is wanted. */
      readonly variables: readonly Readonly<Record<string, unknown>>[];
    };

/** What it answers, once to every order. */
export type EncoderAnswer =
  | { readonly kind: 'opened' }
  | { readonly kind: 'tokens'; readonly tokens: Uint32Array }
  | { readonly kind: 'texts'; readonly texts: readonly string[] }
  | { readonly kind: 'failed'; readonly message: string };

/** Serves orders one after another. */
export function serveEncoder(answer: (answer: EncoderAnswer) => void): (order: EncoderOrder) => void {
  let tokenizer: Tokenizer | undefined;
  return (order) => {
    try {
      switch (order.kind) {
        case 'open':
          tokenizer = new Tokenizer(order.tokenizer, order.settings);
          return answer({ kind: 'opened' });
        case 'openTemplate':
          return answer({ kind: 'opened' });
        case 'encode':
          return answer({ kind: 'tokens', tokens: encode(tokenizer, order.text) });
        case 'render':
          return answer({ kind: 'texts', texts: renderTemplate(order.template, order.variables) });
        default:
          return order satisfies never;
      }
    } catch (error) {
      answer({ kind: 'failed', message: error instanceof Error ? error.message : String(error) });
    }
  };
}

function encode(tokenizer: Tokenizer | undefined, text: string): Uint32Array {
  if (!tokenizer) throw new Error('it was not opened');
  // What stands before a text is known to the caller; the library would add what stands after it, too.
  const { ids } = tokenizer.encode(text, { add_special_tokens: false });
  const none = ids.findIndex((id) => !Number.isInteger(id));
  if (none >= 0) throw new Error(`a piece of the text has no token (after ${none} others)`);
  return Uint32Array.from(ids);
}
