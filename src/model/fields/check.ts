// Reads a stranger's JSON through the table of fields: values and defaults by path, and one sentence per problem.
import { quoteName } from '../../data/strict-json.ts';
import type { Field, FieldValue } from './kinds.ts';

/** A field that was refused; `message` is a whole sentence that begins with the path. */
export interface FieldProblem {
  readonly path: string;
  readonly message: string;
}

/** After this many problems no further unknown key is looked at; a hostile file has a million. */
const problemLimit = 20;

/** What a key of a section is: a value or a section of its own. */
type Section = Map<string, Field | Section>;

/**
 * Values of all fields by path, defaults filled in; what is wrong is appended to `problems` and reads as its default.
 * Only own keys are looked at, and nothing is written to the value: `__proto__` is a key like any other.
 */
export function readFields(
  fields: Iterable<Field>,
  value: unknown,
  problems: FieldProblem[],
): Map<string, FieldValue> {
  const values = new Map<string, FieldValue>();
  const root: Section = new Map();
  for (const field of fields) {
    place(root, field.path.split('.'), field);
    values.set(field.path, field.default);
  }
  readSection('', root, value, values, problems);
  return values;
}

/** Why a value is not this field's, as a whole sentence; undefined if it is. */
export function fieldProblem(field: Field, value: unknown): string | undefined {
  if (value === undefined) {
    return field.required ? `${field.path}: is missing. ${advise(field)}` : undefined;
  }
  if (accepts(field, value)) return undefined;
  return `${field.path}: ${showValue(value)} is not ${expectation(field)}. ${advise(field)}`;
}

/** A value of unknown origin, short and escaped, for messages. */
export function showValue(value: unknown): string {
  if (typeof value === 'string') return quoteName(value);
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'a list' : 'an object';
  return String(value).slice(0, 60);
}

/** An object, not a list and not null. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The word of a list that is most like `word`, if any is within a third of its letters (edit distance). */
export function nearestWord(word: string, words: Iterable<string>): string | undefined {
  if (word.length > 40) return undefined;
  let nearest: string | undefined;
  let least = Math.max(2, Math.floor(word.length / 3)) + 0.5;
  for (const candidate of words) {
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase());
    if (distance < least) [nearest, least] = [candidate, distance];
  }
  return nearest;
}

/** A key as it may stand in a message: plain where it is a plain word. */
export function showKey(key: string): string {
  return /^\w{1,40}$/.test(key) ? key : quoteName(key);
}

function place(section: Section, [key = '', ...rest]: readonly string[], field: Field): void {
  if (rest.length === 0) {
    section.set(key, field);
    return;
  }
  let inner = section.get(key);
  if (!(inner instanceof Map)) {
    inner = new Map();
    section.set(key, inner);
  }
  place(inner, rest, field);
}

function readSection(
  path: string,
  section: Section,
  value: unknown,
  values: Map<string, FieldValue>,
  problems: FieldProblem[],
): void {
  const inside = (key: string): string => (path === '' ? key : `${path}.${key}`);
  if (value !== undefined && !isRecord(value)) {
    const who = path === '' ? 'experiment' : path;
    const keys = [...section.keys()].join(', ');
    problems.push({ path, message: `${who}: ${showValue(value)} is not an object. Give one with ${keys}.` });
    return;
  }
  const given = value ?? {};
  for (const key of Object.keys(given)) {
    if (section.has(key)) continue;
    if (problems.length >= problemLimit) return;
    const like = nearestWord(key, section.keys());
    const advice = like ? `Did you mean ${like}?` : `Known here: ${[...section.keys()].join(', ')}.`;
    const name = inside(showKey(key));
    problems.push({ path: name, message: `${name}: is not a setting. ${advice}` });
  }
  for (const [key, expected] of section) {
    const found = Object.hasOwn(given, key) ? given[key] : undefined;
    if (expected instanceof Map) {
      readSection(inside(key), expected, found, values, problems);
      continue;
    }
    const message = fieldProblem(expected, found);
    if (message !== undefined) problems.push({ path: expected.path, message });
    else if (found !== undefined) values.set(expected.path, found as FieldValue);
  }
}

function accepts(field: Field, value: unknown): boolean {
  if (field.kind === 'boolean') return typeof value === 'boolean';
  if (field.kind === 'choice') return typeof value === 'string' && field.choices.includes(value);
  if (field.kind === 'pattern') {
    return (
      typeof value === 'string' &&
      value.length <= field.maximumLength &&
      [...value].every((letter) => field.letters.includes(letter))
    );
  }
  if (typeof value !== 'number' || !Number.isFinite(value)) return false;
  if (field.kind === 'integer' && !Number.isInteger(value)) return false;
  if (field.automatic && value === 0) return true;
  return value >= field.minimum && value <= field.maximum;
}

function expectation(field: Field): string {
  if (field.kind === 'boolean') return 'true or false';
  if (field.kind === 'choice') return `one of ${field.choices.join(', ')}`;
  if (field.kind === 'pattern') {
    return `a word of the letters ${[...field.letters].join(' and ')}, at most ${field.maximumLength}`;
  }
  const what = field.kind === 'integer' ? 'a whole number' : 'a number';
  return `${what} from ${field.minimum} to ${field.maximum}${field.automatic ? ', or 0 for automatic' : ''}`;
}

function advise(field: Field): string {
  return field.required
    ? `Give ${expectation(field)}, such as ${field.default}.`
    : `The default is ${field.default === '' ? 'empty' : field.default}.`;
}

/** Letters to insert, delete or replace (Levenshtein 1966). */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replace = row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replace, row[j] + 1, next[j - 1] + 1));
    }
    row = next;
  }
  return row[b.length];
}
