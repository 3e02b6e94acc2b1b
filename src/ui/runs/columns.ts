// The columns of the list of runs: what each shows, and what it is sorted by.
import type { KeptRun } from '../../contract/records.ts';
import { describeTime, formatCount, formatLoss, formatSi } from '../../text/numbers.ts';

/** One column. */
export interface RunColumn {
  readonly id: 'title' | 'state' | 'steps' | 'loss' | 'validation' | 'rate' | 'device' | 'saved';
  readonly label: string;
  readonly isNumber: boolean;
  readonly text: (run: KeptRun) => string;
  /** What it is sorted by; undefined comes last either way. */
  readonly key: (run: KeptRun) => string | number | undefined;
}

/** Which column the list is sorted by. */
export interface RunOrder {
  readonly by: RunColumn['id'];
  readonly isDescending: boolean;
}

/** Newest first, as the list comes. */
export const newestFirst: RunOrder = { by: 'saved', isDescending: true };

/** In the order of the table. */
export const runColumns: readonly RunColumn[] = [
  { id: 'title', label: 'Run', isNumber: false, text: ({ title }) => title, key: ({ title }) => title },
  {
    id: 'state',
    label: 'State',
    isNumber: false,
    text: ({ state, isElsewhere }) => (isElsewhere ? 'in another tab' : state),
    key: ({ state }) => state,
  },
  {
    id: 'steps',
    label: 'Steps',
    isNumber: true,
    text: ({ step, totalSteps }) => `${formatCount(step)} of ${formatCount(totalSteps)}`,
    key: ({ step }) => step,
  },
  {
    id: 'loss',
    label: 'Loss',
    isNumber: true,
    text: ({ loss }) => formatLoss(loss),
    key: ({ loss }) => loss,
  },
  {
    id: 'validation',
    label: 'Validation',
    isNumber: true,
    text: ({ validationLoss }) => formatLoss(validationLoss),
    key: ({ validationLoss }) => validationLoss,
  },
  {
    id: 'rate',
    label: 'Tokens/s',
    isNumber: true,
    text: ({ tokensPerSecond }) => formatSi(tokensPerSecond),
    key: ({ tokensPerSecond }) => tokensPerSecond,
  },
  {
    id: 'device',
    label: 'Device',
    isNumber: false,
    text: ({ device = '' }) => device,
    key: ({ device }) => device,
  },
  {
    id: 'saved',
    label: 'Saved',
    isNumber: false,
    text: ({ savedAt }) => describeTime(savedAt),
    key: ({ savedAt }) => savedAt,
  },
];

/** The runs in that order; those that lack what it goes by come last. */
export function sortRuns(runs: readonly KeptRun[], { by, isDescending }: RunOrder): readonly KeptRun[] {
  const key = runColumns.find(({ id }) => id === by)?.key;
  if (key === undefined) return runs;
  const sign = isDescending ? -1 : 1;
  return [...runs].sort((a, b) => {
    const [x, y] = [key(a), key(b)];
    if (x === undefined || y === undefined) return Number(x === undefined) - Number(y === undefined);
    if (typeof x === 'string' || typeof y === 'string') return sign * String(x).localeCompare(String(y));
    return sign * (x - y);
  });
}

/** The order after a press on a column: numbers and dates begin with the largest, words with a; a second press turns it round. */
export function nextOrder(order: RunOrder, by: RunColumn['id']): RunOrder {
  if (order.by === by) return { by, isDescending: !order.isDescending };
  const column = runColumns.find(({ id }) => id === by);
  const isLoss = by === 'loss' || by === 'validation'; // the least is the best
  return { by, isDescending: by === 'saved' || (column?.isNumber === true && !isLoss) };
}

/** Settings that a line names; the rest is counted. */
const namedSettings = 6;

/**
 * The preset that a run is most like and what is other in it, in one line. Foremost stands what not every run of the list
 * has, so that runs which share most of their settings can be told apart.
 */
export function describeSettings(
  { preset, settings, changes }: KeptRun,
  runs: readonly KeptRun[],
): string | undefined {
  if (preset === undefined || settings === undefined) return changes;
  const isShared = (setting: string) => runs.every((run) => run.settings?.includes(setting) === true);
  const apart = settings.filter((setting) => !isShared(setting));
  const all = [...apart, ...settings.filter(isShared)];
  const left = all.length - namedSettings;
  const named = all.slice(0, namedSettings).join(', ');
  return `${preset}${named === '' ? '' : `: ${named}`}${left > 0 ? ` and ${left} more` : ''}`;
}
