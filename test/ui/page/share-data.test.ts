// What “Share with a class” makes of a teacher's choices.
import { describe, expect, it } from 'vitest';
import { longestText, readLink } from '../../../src/classroom/link.ts';
import { allFields, linkParameter } from '../../../src/classroom/link-names.ts';
import { withLinkOf, withoutLink } from '../../../src/ui/page/prepared.ts';
import {
  describeShare,
  type FieldState,
  type ShareChoices,
  shareAddress,
  textProblem,
} from '../../../src/ui/page/share-data.ts';

const choices: ShareChoices = {
  place: 'lessons/heads',
  message: ' Guess first! ',
  hidden: ['costs', 'run-files'],
  fields: new Map<string, FieldState>([
    ['model.layers', 'locked'],
    ['model.width', 'hidden'],
    ['train.steps', 'free'],
  ]),
  fieldCount: 3,
  buttons: ['fork-run'],
  level: 'everything',
};

const linkIn = (address: string) => {
  const read = readLink(new URL(address).searchParams.get(linkParameter) ?? '');
  return read.kind === 'ok' ? read.value : undefined;
};

describe('the address for students', () => {
  it('holds the experiment as every address does, and the rest in the link, last', () => {
    const address = shareAddress('https://school.test/lab/', 'v=1&preset=pico&seed=7', choices);
    expect(address).toMatch(
      /^https:\/\/school\.test\/lab\/\?v=1&preset=pico&seed=7&class=[^&]+#lessons\/heads$/,
    );
    expect(linkIn(address)).toEqual({
      ...{ version: 1, place: 'lessons/heads', message: 'Guess first!' },
      ...{
        hide: ['costs', 'run-files', 'model.width'],
        lock: ['model.layers', 'fork-run'],
        level: 'everything',
      },
    });
    expect(withoutLink(new URL(address).search)).toBe('v=1&preset=pico&seed=7');
  });

  it('says by one word that all settings are locked, so that a camera reads the code', () => {
    const fields = new Map([...choices.fields.keys()].map((path): [string, FieldState] => [path, 'locked']));
    expect(linkIn(shareAddress('https://school.test/', '', { ...choices, fields }))?.lock).toEqual([
      allFields,
      'fork-run',
    ]);
  });

  it('keeps its link when the experiment changes', () => {
    expect(withLinkOf('?v=1&class=L.abc.0', 'v=1&preset=nano')).toBe('v=1&preset=nano&class=L.abc.0');
    expect(withLinkOf('?v=1', 'v=1&preset=nano')).toBe('v=1&preset=nano');
    expect(withLinkOf('?class=L.abc.0', '')).toBe('class=L.abc.0');
  });
});

describe('what students will see', () => {
  it('is said in the words of the page', () => {
    const names = new Map([
      ...([['lessons/heads', 'the lesson “Heads are free”'] as const, ['costs', 'Costs'] as const] as const),
      ...([['fork-run', 'Fork'] as const] as const),
      ...([['run-files', 'Saving and opening'] as const, ['model.layers', 'Layers'] as const] as const),
    ]);
    expect(describeShare(choices, 'Pico', names)).toEqual([
      'The page opens in the lesson “Heads are free”, with Pico. Nothing starts by itself.',
      'Above it stands: “Guess first!”',
      'Not shown: Costs, Saving and opening.',
      'Settings not shown: model.width.',
      'Settings that cannot be changed in the room Train: Layers; nor can an experiment be chosen or opened that has others.',
      'Rooms that run experiments of their own, as Lessons and Compare do, have settings of their own: hide those that you do not want.',
      'Buttons that only say that they are locked: Fork.',
      'Shown at first: everything.',
      'A student who meets a lock is told so, and may leave what you prepared: a lock guides, it does not guard.',
    ]);
  });

  it('names a text that is too long for a link', () => {
    expect(textProblem('x'.repeat(longestText))).toBe('');
    expect(textProblem('x'.repeat(longestText + 1))).toMatch(/4001 characters, and a link carries 4000/);
  });
});
