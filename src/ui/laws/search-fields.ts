// What is asked of a search in the page: fields as they were typed, read into a wish, or refused in a sentence.
import type { StudyJson } from '../../contract/laws.ts';
import type { SearchWish } from '../../contract/search.ts';
import type { RunPoint } from '../../laws/run-point.ts';
import { significant } from '../../text/rounding.ts';

/** Numbers as they were typed, for what is no number is answered beside them. */
export interface SearchFields {
  readonly parameters: string;
  readonly tokens: string;
  readonly ratio: string;
  readonly mlpToAttention: string;
  readonly lossLimit: string;
  /** Per cent. */
  readonly lossSlack: string;
  readonly prompt: string;
  readonly output: string;
  readonly train: string;
}

/** In the words of the page, which refusals use as well. */
export const fieldLabels: Readonly<Record<keyof SearchFields, string>> = {
  parameters: 'Parameters N, without embeddings',
  tokens: 'Tokens D',
  ratio: 'd/√N to try',
  mlpToAttention: 'r to try, MLP over attention',
  lossLimit: 'Loss limit, nats (empty: the baseline’s)',
  lossSlack: 'Above the baseline’s loss, %',
  prompt: 'Prompt, tokens',
  output: 'Answer, tokens',
  train: 'Train the best, how many (0: none)',
};

/** What is in them at first. */
const usual: SearchFields = {
  parameters: '',
  tokens: '',
  ratio: '0.07, 0.1, 0.14, 0.2, 0.28',
  mlpToAttention: '0.6, 1, 2, 4',
  lossLimit: '',
  lossSlack: '0',
  prompt: '16',
  output: '32',
  train: '0',
};

/** What the fields say. */
export type ReadFields =
  | { readonly kind: 'read'; readonly wish: SearchWish; readonly train: number }
  | { readonly kind: 'refused'; readonly message: string };

/** The study's own wish where it has one, else the largest size that was run, and the data that it saw. */
export function usualFields(points: readonly RunPoint[], study: StudyJson | undefined): SearchFields {
  return { ...usual, ...usualSize(points), ...wishOfStudy(study) };
}

/** Reads all fields; the first that says nothing of use is refused. */
export function readFields(fields: SearchFields): ReadFields {
  const refusals: string[] = [];
  const number = (field: keyof SearchFields, least: number, most: number, isWhole = false): number => {
    const value = fields[field].trim() === '' ? Number.NaN : Number(fields[field]);
    if (Number.isFinite(value) && value >= least && value <= most && (!isWhole || Number.isInteger(value)))
      return value;
    const limit = Number.isFinite(most) ? `from ${least} to ${most}` : `from ${least}`;
    refusals.push(
      `${fieldLabels[field]}: “${fields[field]}” is no ${isWhole ? 'whole ' : ''}number ${limit}. Correct it.`,
    );
    return Number.NaN;
  };
  const list = (field: keyof SearchFields): readonly number[] => {
    const values = readNumbers(fields[field]);
    if (values === undefined)
      refusals.push(
        `${fieldLabels[field]}: “${fields[field]}” is no list of positive numbers. Write such as 0.1, 0.2.`,
      );
    return values ?? [];
  };
  const wish: SearchWish = {
    parameters: number('parameters', 1, Number.POSITIVE_INFINITY),
    tokens: number('tokens', 1, Number.POSITIVE_INFINITY),
    ratio: list('ratio'),
    mlpToAttention: list('mlpToAttention'),
    ...(fields.lossLimit.trim() === '' ? {} : { lossLimit: number('lossLimit', 0.001, 1000) }),
    lossSlack: number('lossSlack', 0, 100) / 100,
    prompt: number('prompt', 1, 1e6, true),
    output: number('output', 1, 1e6, true),
  };
  const train = number('train', 0, 100, true);
  const [message] = refusals;
  return message === undefined ? { kind: 'read', wish, train } : { kind: 'refused', message };
}

/** Positive numbers with commas or blanks between; undefined where one is none. */
function readNumbers(text: string): readonly number[] | undefined {
  const numbers = text
    .split(/[\s,;]+/)
    .filter((part) => part !== '')
    .map(Number);
  return numbers.length > 0 && numbers.every((value) => Number.isFinite(value) && value > 0)
    ? numbers
    : undefined;
}

/** Of the runs of the largest size the one that saw most. A search counts the blocks, whatever the runs count. */
function usualSize(runs: readonly RunPoint[]): Partial<SearchFields> {
  if (runs.length === 0) return {};
  const points = runs.map(({ counts, parameters, tokens }) => ({
    parameters: counts?.blocks ?? parameters,
    tokens,
  }));
  const largest = points.reduce((best, point) =>
    point.parameters > best.parameters || (point.parameters === best.parameters && point.tokens > best.tokens)
      ? point
      : best,
  );
  const { parameters, tokens } = largest;
  return { parameters: String(significant(parameters, 3)), tokens: String(significant(tokens, 3)) };
}

/** What a study itself looks for, as far as it is written out. */
function wishOfStudy(study: StudyJson | undefined): Partial<SearchFields> {
  const { search } = study ?? {};
  if (typeof search !== 'object' || search === null) return {};
  const written = Object.entries(search).flatMap(([field, value]) => {
    if (!(field in usual)) return [];
    if (field === 'lossSlack') return [[field, String(100 * Number(value))]];
    if (Array.isArray(value)) return [[field, value.join(', ')]];
    return typeof value === 'number' ? [[field, String(value)]] : [];
  });
  return Object.fromEntries(written);
}
