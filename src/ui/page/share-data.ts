// What the dialog “Share with a class” makes of its choices: the link, and what students will see, in words. Pure.
import { encodeLink, longestText, type TeacherLink } from '../../classroom/link.ts';
import { allFields, linkParameter } from '../../classroom/link-names.ts';
import type { Level } from '../state/events.ts';

/** How a student finds a setting. */
export type FieldState = 'free' | 'locked' | 'hidden';

/** What a teacher chose. */
export interface ShareChoices {
  /** What the address says behind `#`. */
  readonly place: string;
  readonly message: string;
  readonly text?: { readonly name: string; readonly content: string } | undefined;
  /** Ids of rooms and of parts of the room Train. */
  readonly hidden: readonly string[];
  /** Settings that are not free, by path. */
  readonly fields: ReadonlyMap<string, FieldState>;
  /** How many settings there are. */
  readonly fieldCount: number;
  /** Ids of buttons that do nothing. */
  readonly buttons: readonly string[];
  /** How much is shown at first; each student's own choice where it is absent. */
  readonly level?: Level | undefined;
}

const pathsOf = (fields: ReadonlyMap<string, FieldState>, wanted: FieldState): readonly string[] =>
  [...fields].filter(([, state]) => state === wanted).map(([path]) => path);

/** All of them by one word: a code of seventy paths would be too fine for a camera. */
function shortened(paths: readonly string[], count: number): readonly string[] {
  return paths.length === count && count > 0 ? [allFields] : paths;
}

/** The address for students. @param base the page's address without query @param experiment its query */
export function shareAddress(base: string, experiment: string, choices: ShareChoices): string {
  const { place, text, hidden, fields, fieldCount, buttons, level } = choices;
  const message = choices.message.trim();
  const link: TeacherLink = {
    version: 1,
    place,
    ...(message === '' ? {} : { message }),
    ...(text === undefined ? {} : { text: { name: text.name.slice(0, 100), content: text.content } }),
    hide: [...hidden, ...shortened(pathsOf(fields, 'hidden'), fieldCount)],
    lock: [...shortened(pathsOf(fields, 'locked'), fieldCount), ...buttons],
    ...(level === undefined ? {} : { level }),
  };
  const query = [...(experiment === '' ? [] : [experiment]), `${linkParameter}=${encodeLink(link)}`].join(
    '&',
  );
  return `${base}?${query}#${place}`;
}

/** Why a text cannot go with a link; empty when it can. */
export function textProblem(content: string): string {
  if (content.length <= longestText) return '';
  return `The text has ${content.length} characters, and a link carries ${longestText}: give it to the class as a file.`;
}

/** What students will see, a sentence each. @param names what rooms, parts and settings are called */
export function describeShare(
  { place, message, text, hidden, fields, fieldCount, buttons, level }: ShareChoices,
  experiment: string,
  names: ReadonlyMap<string, string>,
): readonly string[] {
  const list = (ids: readonly string[]) =>
    ids.length === fieldCount && ids.length > 0 ? 'all' : ids.map((id) => names.get(id) ?? id).join(', ');
  const [locked, gone] = [pathsOf(fields, 'locked'), pathsOf(fields, 'hidden')];
  return [
    `The page opens in ${names.get(place) ?? place}, with ${experiment}. Nothing starts by itself.`,
    ...(message.trim() === '' ? [] : [`Above it stands: “${message.trim()}”`]),
    ...(text === undefined ? [] : [`The text is ${text.name} (${text.content.length} characters).`]),
    ...(hidden.length === 0 ? [] : [`Not shown: ${list(hidden)}.`]),
    ...(gone.length === 0 ? [] : [`Settings not shown: ${list(gone)}.`]),
    ...(locked.length === 0
      ? []
      : [
          `Settings that cannot be changed in the room Train: ${list(locked)}; nor can an experiment be chosen or opened that has others.`,
          'Rooms that run experiments of their own, as Lessons and Compare do, have settings of their own: hide those that you do not want.',
        ]),
    ...(buttons.length === 0
      ? []
      : [
          `Buttons that only say that they are locked: ${buttons.map((id) => names.get(id) ?? id).join(', ')}.`,
        ]),
    ...(level === undefined ? [] : [`Shown at first: ${level}.`]),
    ...(locked.length + buttons.length === 0
      ? []
      : [
          'A student who meets a lock is told so, and may leave what you prepared: a lock guides, it does not guard.',
        ]),
  ];
}
