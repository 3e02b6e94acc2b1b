// What reading something from outside gives: a value, or a sentence on what is wrong and what to do.

/** A value, or why there is none. */
export type Reading<T> =
  | { readonly kind: 'ok'; readonly value: T }
  | { readonly kind: 'problem'; readonly message: string };

/** A reading that failed. */
export function unread(message: string): { readonly kind: 'problem'; readonly message: string } {
  return { kind: 'problem', message };
}
