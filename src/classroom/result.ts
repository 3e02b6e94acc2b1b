// One result of one student: what a run or a lesson gave on one device, as every way to the teacher carries it.
import * as v from 'valibot';
import { type Reading, unread } from './reading.ts';

/** Version of the format; a reader refuses a newer one. */
export const resultVersion = 1;
/** Bytes of JSON that a result may have; the longest that the page makes has a tenth. */
export const maximumResultBytes = 65_536;
/** Points of a loss curve: as many as an overlay of thirty shows apart. */
export const curvePoints = 48;

const word = (characters: number) => v.pipe(v.string(), v.maxLength(characters));
const rate = v.optional(v.pipe(v.number(), v.finite(), v.minValue(0)));
const loss = v.optional(v.pipe(v.number(), v.finite()));
const step = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(1e9));
const answer = v.union([v.pipe(v.number(), v.finite()), word(80)]);

/** Random names of results and students: letters, digits, `-` and `_`. */
const identifier = v.pipe(v.string(), v.regex(/^[\w-]{8,40}$/));

const resultSchema = v.object({
  format: v.literal('flopscope-result'),
  version: v.literal(resultVersion),
  /** Of this result: sent again, it replaces itself. */
  id: identifier,
  /** Random and kept by the student's browser: two students of one name stay two. Only its owner and the server know it. */
  student: identifier,
  /** As the student gave it, if at all. */
  name: v.optional(word(60)),
  /** ISO date. */
  at: word(40),
  /** What was run: a preset's title, or a lesson's. */
  title: word(200),
  device: v.object({
    name: word(200),
    runtime: v.picklist(['gpu', 'wasm', 'cpu']),
    isSoftware: v.boolean(),
  }),
  /** Tokens per second of training. */
  predicted: rate,
  measured: rate,
  step: v.optional(step),
  totalSteps: v.optional(step),
  /** Nats per token: of the last step, and the last on held-out text. */
  loss,
  validationLoss: loss,
  /** [step, loss], thinned. */
  curve: v.optional(
    v.pipe(v.array(v.tuple([step, v.pipe(v.number(), v.finite())])), v.maxLength(curvePoints)),
  ),
  guess: v.optional(
    v.object({
      /** Id of the lesson and its form: guesses are put together where both agree. */
      lesson: word(120),
      unit: v.optional(word(60)),
      value: answer,
      text: word(200),
      outcome: answer,
      outcomeText: word(200),
      verdict: v.optional(v.picklist(['right', 'close', 'off'])),
    }),
  ),
});

/** One result. What is optional, it may lack. */
export type ClassResult = Readonly<v.InferOutput<typeof resultSchema>>;

/** Characters that no name needs and that would move or hide what stands beside it. */
const unprintable = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu;

/** A name as it is shown: one line, no invisible characters, at most 60 characters; empty is none. */
export function cleanName(name: string): string | undefined {
  const clean = [...name.replace(unprintable, ' ').replace(/\s+/g, ' ').trim()].slice(0, 40).join('').trim();
  return clean === '' ? undefined : clean.slice(0, 60);
}

/** Reads a result of any origin; what it does not know is dropped. */
export function readResult(value: unknown): Reading<ClassResult> {
  const version =
    typeof value === 'object' && value !== null && 'version' in value ? value.version : undefined;
  if (typeof version === 'number' && version > resultVersion)
    return unread(
      `This result is of version ${version}; here version ${resultVersion} is read. Renew the page that reads it.`,
    );
  const checked = v.safeParse(resultSchema, value);
  if (!checked.success) {
    const [issue] = checked.issues;
    return unread(`This is no result of Flopscope: ${v.getDotPath(issue) ?? 'it'}: ${issue.message}.`);
  }
  const { name, ...rest } = checked.output;
  const shown = name === undefined ? undefined : cleanName(name);
  return { kind: 'ok', value: { ...rest, ...(shown === undefined ? {} : { name: shown }) } };
}

/** Reads a result file. */
export function readResultText(text: string): Reading<ClassResult> {
  if (text.length > maximumResultBytes)
    return unread(`A result has at most ${maximumResultBytes} bytes, and this has ${text.length}.`);
  try {
    return readResult(JSON.parse(text));
  } catch {
    return unread('This is no result of Flopscope: it is not JSON. Save it again on the page that made it.');
  }
}
