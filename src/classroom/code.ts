// A value as a line of text that survives a chat or a mail: base64url of its JSON between a mark and a checksum.
import { fnv1a } from '../text/checksum.ts';
import { type Reading, unread } from './reading.ts';

/** Tells a line that lost a part. */
const checksum = (bytes: Uint8Array): string => fnv1a(bytes).toString(16).padStart(8, '0');

/** The text of a value. @param mark what the line begins with, which says what it is */
export function encodeText(mark: string, value: unknown): string {
  const bytes = new TextEncoder().encode(JSON.stringify(value));
  let binary = '';
  for (const byte of bytes) binary += String.fromCharCode(byte);
  const body = btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
  return `${mark}.${body}.${checksum(bytes)}`;
}

/**
 * The value of such a text; spaces and line ends that a chat put in are dropped.
 * @param what it should be, in words
 * @param maximum characters
 */
export function decodeText(mark: string, text: string, what: string, maximum: number): Reading<unknown> {
  const line = text.replace(/\s+/g, '');
  if (line.length > maximum) return unread(`This is too long for ${what}: ${line.length} characters.`);
  const [begin, body = '', sum, ...more] = line.split('.');
  if (begin !== mark)
    return unread(`This is no ${what}: it does not begin with ${mark}. Copy all of it again.`);
  const damaged = unread(
    `This ${what} is damaged: a part of it is missing or changed. Copy all of it again.`,
  );
  if (sum === undefined || more.length > 0 || !/^[\w-]+$/.test(body)) return damaged;
  try {
    const binary = atob(body.replaceAll('-', '+').replaceAll('_', '/'));
    const bytes = Uint8Array.from(binary, (character) => character.charCodeAt(0));
    if (checksum(bytes) !== sum) return damaged;
    return { kind: 'ok', value: JSON.parse(new TextDecoder().decode(bytes)) };
  } catch {
    return damaged;
  }
}

/** What the code of a result begins with. */
export const resultMark = 'FLOPSCOPE-RESULT';
