// What each token of a published tokenizer writes: its decoder worked out token by token, so that text can stream.
import { bytesOfName } from './byte-alphabet.ts';
import type { BytesOfToken } from './piece-decoder.ts';
import {
  type Component,
  fault,
  flatten,
  type PublishedFile,
  publishedTokenizerName,
} from './published-file.ts';

/** A token on its way to text; bytes once it stands for raw ones. */
type Written = string | Uint8Array;

/** One step of a decoder on one token. */
type Step = (written: Written, isFirst: boolean) => Written;

/** @throws an Error that names what is not computed here: a step that looks at the end of a text, or at a pattern. */
export function publishedPieces({
  tokens,
  decoder,
}: Pick<PublishedFile, 'tokens' | 'decoder'>): BytesOfToken {
  const steps = stepsOf(decoder);
  const encoder = new TextEncoder();
  const made = new Map<number, Uint8Array>();
  return (id, isFirst) => {
    const kept = made.get(id);
    if (kept && !isFirst) return kept;
    const token = tokens[id];
    if (token === undefined) return undefined;
    const written = steps.reduce<Written>((piece, step) => step(piece, isFirst), token);
    const bytes = typeof written === 'string' ? encoder.encode(written) : written;
    if (!isFirst) made.set(id, bytes);
    return bytes;
  };
}

function stepsOf(decoder: Component | undefined): readonly Step[] {
  // Without a decoder tokens are words.
  if (!decoder) return [onText((text, isFirst) => (isFirst ? text : ` ${text}`))];
  let isFused = false;
  return flatten(decoder).flatMap((part): readonly Step[] => {
    if (part.type === 'Fuse') {
      isFused = true;
      return [];
    }
    return [stepOf(part, isFused)];
  });
}

/** @param isFused whether the tokens before this step are one text, so that only its first sees the beginning */
function stepOf(part: Component, isFused: boolean): Step {
  switch (part.type) {
    case 'ByteLevel':
      return (written) => (typeof written === 'string' ? (bytesOfName(written) ?? written) : written);
    case 'ByteFallback':
      return (written) => {
        const hex = typeof written === 'string' ? /^<0x([0-9A-Fa-f]{2})>$/.exec(written)?.[1] : undefined;
        return hex === undefined ? written : Uint8Array.of(Number.parseInt(hex, 16));
      };
    case 'Metaspace': {
      const mark = textOf(part, 'replacement');
      const isKept = part.prepend_scheme === 'never' || part.add_prefix_space === false;
      return onText((text, isFirst) => text.replaceAll(mark, isFirst && !isKept ? '' : ' '));
    }
    case 'WordPiece': {
      const prefix = textOf(part, 'prefix');
      return onText((text, isFirst) => {
        const joined = isFirst ? text : text.startsWith(prefix) ? text.slice(prefix.length) : ` ${text}`;
        return part.cleanup === true ? tidy(joined) : joined;
      });
    }
    case 'Replace': {
      const pattern = part.pattern as { readonly String?: unknown } | undefined;
      if (typeof pattern?.String !== 'string') throw notComputed('Replace with a pattern');
      const from = pattern.String;
      const to = textOf(part, 'content');
      return onText((text) => text.replaceAll(from, () => to));
    }
    case 'Strip':
      return strip(part, isFused);
    default:
      throw notComputed(part.type);
  }
}

function strip(part: Component, isFused: boolean): Step {
  const content = textOf(part, 'content');
  const [start, stop] = [Number(part.start ?? 0), Number(part.stop ?? 0)];
  if (!(start >= 0 && start <= 64 && stop >= 0 && stop <= 64))
    throw fault('decoder.Strip has no counts of characters');
  if (isFused && stop > 0) throw notComputed('Strip at the end of a text');
  return onText((text, isFirst) => {
    if (isFused && !isFirst) return text;
    let from = 0;
    while (from < start && text[from] === content) from++;
    let to = text.length;
    while (text.length - to < stop && to > from && text[to - 1] === content) to--;
    return text.slice(from, to);
  });
}

/** Spaces that stand before what closes a word, as the Python library's WordPiece takes them away token by token. */
function tidy(text: string): string {
  const closed = text.replaceAll(/ ([.?!,])/g, '$1').replaceAll(" ' ", "'");
  return closed.replaceAll(/ (n't|'m|'s|'ve|'re)/g, '$1');
}

function onText(change: (text: string, isFirst: boolean) => string): Step {
  return (written, isFirst) => (typeof written === 'string' ? change(written, isFirst) : written);
}

function textOf(part: Component, key: string): string {
  const value = part[key];
  if (typeof value === 'string') return value;
  throw fault(
    `decoder.${part.type}.${key} should be string, found ${value === null ? 'null' : typeof value}`,
  );
}

function notComputed(what: string): Error {
  return new Error(
    `${publishedTokenizerName}: the decoder has a ${what}, which is not computed here. Give token ids instead of text.`,
  );
}
