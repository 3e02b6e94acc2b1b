// Parses JSON of unknown origin, refusing what JSON.parse lets through: repeated keys, deep nesting, too many keys.

/** Bounds of an untrusted JSON text. */
export interface JsonBounds {
  /** Objects and arrays inside each other; the outermost is 1. */
  readonly maxDepth: number;
  /** Keys of one object. */
  readonly maxKeys: number;
}

const quote = 0x22; // "
const backslash = 0x5c; // \
const colon = 0x3a; // :
const openObject = 0x7b; // {
const closeObject = 0x7d; // }
const openArray = 0x5b; // [
const closeArray = 0x5d; // ]

/**
 * The value of a JSON text. Keys named `__proto__` become plain own properties, as JSON.parse makes them.
 * @throws for a repeated key, for more keys or depth than the bounds, and for what is not JSON (`who: …`)
 */
export function parseStrictJson(who: string, text: string, bounds: JsonBounds): unknown {
  if (text.trim() === '') throw new Error(`${who}: not JSON: the file is empty.`);
  // The scan comes first: it takes linear time on any text, where JSON.parse would build what is to be refused.
  scanKeys(who, text, bounds);
  try {
    return JSON.parse(text);
  } catch (error) {
    const reason = error instanceof Error ? error.message.split('\n')[0] : String(error);
    throw new Error(`${who}: not JSON: ${reason.slice(0, 120)}. The file is damaged.`);
  }
}

/** A name of unknown origin as it may stand in an error message: quoted, escaped, at most 60 characters. */
export function quoteName(name: string): string {
  const shown = JSON.stringify(name.length > 60 ? `${name.slice(0, 60)}…` : name);
  return shown.replace(/[^\x20-\x7e…]/gu, (c) => `\\u{${(c.codePointAt(0) ?? 0).toString(16)}}`);
}

function scanKeys(who: string, text: string, { maxDepth, maxKeys }: JsonBounds): void {
  const open: Set<string>[] = []; // one set of keys per object or array that is open
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit === openObject || unit === openArray) {
      if (open.length >= maxDepth) {
        throw new Error(
          `${who}: nested too deeply: more than ${maxDepth} levels at ${i}. The file is not valid.`,
        );
      }
      open.push(new Set());
    } else if (unit === closeObject || unit === closeArray) {
      open.pop();
    } else if (unit === quote) {
      const end = endOfString(text, i);
      const keys = open.at(-1);
      // In valid JSON a string before a colon is a key; anything else JSON.parse refuses afterwards.
      if (keys && isColonNext(text, end + 1)) addKey(who, keys, text.slice(i, end + 1), maxKeys);
      i = end;
    }
  }
}

function addKey(who: string, keys: Set<string>, quoted: string, maxKeys: number): void {
  const key = unescapeKey(quoted);
  if (keys.has(key)) {
    throw new Error(
      `${who}: a key occurs twice: ${quoteName(key)}. The file is not valid: readers differ in which of the two they take.`,
    );
  }
  if (keys.size >= maxKeys)
    throw new Error(`${who}: too many keys: more than ${maxKeys}. The file is not valid.`);
  keys.add(key);
}

/** Keys are compared as read: "a" and its escape "\u0061" are the same. */
function unescapeKey(quoted: string): string {
  if (!quoted.includes('\\')) return quoted.slice(1, -1);
  try {
    return String(JSON.parse(quoted));
  } catch {
    return quoted; // not JSON: the parser says so afterwards
  }
}

function endOfString(text: string, start: number): number {
  for (let i = start + 1; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit === backslash) i++;
    else if (unit === quote) return i;
  }
  return text.length;
}

function isColonNext(text: string, from: number): boolean {
  let i = from;
  while (i < text.length && text.charCodeAt(i) <= 0x20) i++;
  return text.charCodeAt(i) === colon;
}
