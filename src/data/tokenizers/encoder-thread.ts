// The thread that encodes texts by a published tokenizer: its patterns are a stranger's, and may never come to an end.
import { Tokenizer } from '@huggingface/tokenizers';

/** What the thread is told. */
export type EncoderOrder =
  | { readonly kind: 'open'; readonly tokenizer: object; readonly settings: object }
  | { readonly kind: 'encode'; readonly text: string };

/** What it answers, once to every order. */
export type EncoderAnswer =
  | { readonly kind: 'opened' }
  | { readonly kind: 'tokens'; readonly tokens: Uint32Array }
  | { readonly kind: 'failed'; readonly message: string };

/** Serves orders one after another. */
export function serveEncoder(answer: (answer: EncoderAnswer) => void): (order: EncoderOrder) => void {
  let tokenizer: Tokenizer | undefined;
  return (order) => {
    try {
      if (order.kind === 'open') {
        tokenizer = new Tokenizer(order.tokenizer, order.settings);
        answer({ kind: 'opened' });
        return;
      }
      if (!tokenizer) throw new Error('it was not opened');
      // What stands before a text is known to the caller; the library would add what stands after it, too.
      const { ids } = tokenizer.encode(order.text, { add_special_tokens: false });
      const none = ids.findIndex((id) => !Number.isInteger(id));
      if (none >= 0) throw new Error(`a piece of the text has no token (after ${none} others)`);
      answer({ kind: 'tokens', tokens: Uint32Array.from(ids) });
    } catch (error) {
      answer({ kind: 'failed', message: error instanceof Error ? error.message : String(error) });
    }
  };
}
