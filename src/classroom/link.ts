// A teacher's link: what a page shows, hides and locks for students, as one parameter of its address. Starts nothing.
import * as v from 'valibot';
import { decodeText, encodeText } from './code.ts';
import { type Reading, unread } from './reading.ts';

/** Version of the format; a reader refuses a newer one. */
export const linkVersion = 1;
/** Characters of a text that a link carries. Longer ones go from hand to hand as files. */
export const longestText = 4000;
/** Characters of a lesson file that a link carries. */
export const longestLinkedLesson = 12_000;
/** Characters of the longest parameter that is read. */
const longestLink = 40_000;
const mark = 'L';

const names = v.pipe(v.array(v.pipe(v.string(), v.regex(/^[\w.-]{1,80}$/))), v.maxLength(400));
const linkSchema = v.object({
  version: v.literal(linkVersion),
  /** What the address says behind `#`: a room, a lesson. */
  place: v.optional(v.pipe(v.string(), v.regex(/^[\w+./-]{0,200}$/))),
  /** Words to the students. */
  message: v.optional(v.pipe(v.string(), v.maxLength(500))),
  text: v.optional(
    v.object({
      name: v.pipe(v.string(), v.maxLength(100)),
      content: v.pipe(v.string(), v.maxLength(longestText)),
    }),
  ),
  /** A lesson file of the teacher's own. */
  lesson: v.optional(v.pipe(v.string(), v.maxLength(longestLinkedLesson))),
  /** Rooms, parts of the room Train, and paths of settings that are not shown. */
  hide: v.optional(names, []),
  /** Paths of settings that are shown and cannot be changed, and buttons that do nothing. */
  lock: v.optional(names, []),
  /** How much of the page is shown at first; the visitor's own choice where it is absent. */
  level: v.optional(v.picklist(['essentials', 'everything'])),
});

/** What a link says besides the experiment, which its own parameters hold. */
export type TeacherLink = Readonly<v.InferOutput<typeof linkSchema>>;

/** The value of the parameter. */
export function encodeLink(link: TeacherLink): string {
  return encodeText(mark, link);
}

/** Reads the value of the parameter. */
export function readLink(parameter: string): Reading<TeacherLink> {
  const decoded = decodeText(mark, parameter, 'teacher’s link', longestLink);
  if (decoded.kind === 'problem') return unread(`${decoded.message} The whole page is shown.`);
  const { value } = decoded;
  const version =
    typeof value === 'object' && value !== null && 'version' in value ? value.version : undefined;
  if (typeof version === 'number' && version > linkVersion)
    return unread(
      `This link was made by a newer Flopscope: it is of version ${version}, and this page reads ${linkVersion}. Reload for the newest; the whole page is shown.`,
    );
  const checked = v.safeParse(linkSchema, value);
  if (checked.success) return { kind: 'ok', value: checked.output };
  const [issue] = checked.issues;
  return unread(
    `This teacher’s link cannot be read: ${v.getDotPath(issue) ?? 'it'}: ${issue.message}. The whole page is shown.`,
  );
}
