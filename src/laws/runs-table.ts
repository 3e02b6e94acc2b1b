// A CSV of runs, of this lab or of somebody else, as points for a fit; every fault is one sentence with its line.
import Papa from 'papaparse';
import { countColumn, parameterCounts, type RunPoint, UnfitRunsError } from './run-point.ts';

/** What a table held. */
export interface RunsTable {
  readonly points: readonly RunPoint[];
  /** Rows whose `status` says that the run did not finish. */
  readonly unfinished: number;
  /** Columns that no law reads. */
  readonly ignoredColumns: readonly string[];
  /** Columns that are not read although a law could, each in a sentence that says why. */
  readonly warnings: readonly string[];
  /** The studies that the rows belong to, where the table says so. */
  readonly studies: readonly string[];
}

const numbers = [
  'parameters',
  'tokens',
  'loss',
  'flops',
  'width',
  'ratio',
  'mlpToAttention',
  'experts',
  'budget',
  'learningRate',
] as const;

/** N by every way to count, which a switch reads. */
const countColumns = parameterCounts.map(countColumn);

/** Other people's names. A single letter counts as written: D is data, d a width. */
const aliases: Readonly<Record<string, (typeof numbers)[number]>> = {
  N: 'parameters',
  params: 'parameters',
  'Model Size': 'parameters',
  D: 'tokens',
  L: 'loss',
  C: 'flops',
  'Training FLOP': 'flops',
  d: 'width',
  x: 'ratio',
  r: 'mlpToAttention',
  E: 'experts',
  lr: 'learningRate',
};

/** The cells of a table with what parts them. Quotes and a byte order mark are taken off; empty lines are no rows. */
export function readCells(text: string): {
  readonly rows: readonly (readonly string[])[];
  readonly delimiter: string;
} {
  const { data, meta } = Papa.parse<string[]>(text.replace(/^\uFEFF/, ''), { skipEmptyLines: 'greedy' });
  return { rows: data, delimiter: meta.delimiter };
}

/**
 * Reads a table with a header. `tokens` may be absent where `flops` are given: D = C / 6N.
 * @param name how errors call the file @throws UnfitRunsError
 */
export function readRunsTable(text: string, name: string): RunsTable {
  const table = readCells(text);
  const [header, ...rows] = table.rows;
  if (!header || rows.length === 0)
    throw new UnfitRunsError(`${name}: no runs. Give a header line and a line a run.`);
  const columns = header.map((title) => fieldOf(title.trim()));
  const has = (field: string) => columns.includes(field);
  for (const field of ['parameters', 'loss'] as const) {
    if (!has(field)) refuseColumns(name, field, header);
  }
  if (!has('tokens') && !has('flops')) refuseColumns(name, 'tokens', header);
  const set = setAside(header, columns, rows, has('tokens'));
  let unfinished = 0;
  const points: RunPoint[] = [];
  const studies = new Set<string>();
  rows.forEach((row, index) => {
    const line = index + 2;
    if (row.length !== header.length) refuseLength(name, line, row, header, table.delimiter);
    const cells = new Map(columns.map((column, place) => [column, row[place].trim()]));
    for (const column of set.columns) cells.delete(column);
    const study = cells.get('study');
    if (study) studies.add(study);
    const status = cells.get('status');
    if (status !== undefined && status !== '' && status !== 'finished') {
      unfinished++;
      return;
    }
    points.push(readPoint(cells, `${name} line ${line}`));
  });
  const known: readonly string[] = [...numbers, ...countColumns, 'trunk', 'part', 'status', 'study', 'run'];
  const ignoredColumns = columns.filter((column) => !known.includes(column));
  return { points, unfinished, ignoredColumns, warnings: set.warnings, studies: [...studies] };
}

/**
 * Columns without a single number: they are called as one of ours and are something else, such as a schedule named `lr`. One
 * that has numbers and a cell that is none has a fault in that cell, which is refused where it is read.
 */
function setAside(
  header: readonly string[],
  columns: readonly string[],
  rows: readonly (readonly string[])[],
  hasTokens: boolean,
): { readonly columns: ReadonlySet<string>; readonly warnings: readonly string[] } {
  const needed = ['parameters', 'loss', hasTokens ? 'tokens' : 'flops'];
  const optional: readonly string[] = [...numbers, ...countColumns].filter((one) => !needed.includes(one));
  const found = new Set<string>();
  const warnings: string[] = [];
  for (const [place, column] of columns.entries()) {
    const cells = rows.map((row) => row[place]?.trim() ?? '').filter((cell) => cell !== '');
    if (!optional.includes(column) || cells.length === 0 || cells.some(isMeantAsNumber)) continue;
    found.add(column);
    const title = header[place].trim();
    const name = title === column ? title : `${title} (${column})`;
    warnings.push(`Column ${name} is not read: no cell in it is a number; the first is "${cells[0]}".`);
  }
  return { columns: found, warnings };
}

/** Also one with a decimal comma, which is refused as such. */
function isMeantAsNumber(cell: string): boolean {
  return Number.isFinite(Number(cell.replace(',', '.')));
}

/** Tables of one study as one; a run that several hold counts once. @throws UnfitRunsError for tables of different studies */
export function mergeTables(
  tables: readonly { readonly name: string; readonly table: RunsTable }[],
): RunsTable {
  const studies = new Set(tables.flatMap(({ table }) => table.studies));
  if (studies.size > 1) {
    const found = tables.map(({ name, table }) => `${name}: ${table.studies.join(' and ') || 'none'}`);
    throw new UnfitRunsError(
      `shards of ${studies.size} different studies in one folder (${found.join('; ')}). Fit one study at a time.`,
    );
  }
  const points = new Map<string | RunPoint, RunPoint>();
  for (const point of tables.flatMap(({ table }) => table.points)) points.set(point.run ?? point, point);
  return {
    points: [...points.values()],
    unfinished: tables.reduce((sum, { table }) => sum + table.unfinished, 0),
    warnings: [...new Set(tables.flatMap(({ table }) => table.warnings))],
    ignoredColumns: [...new Set(tables.flatMap(({ table }) => table.ignoredColumns))],
    studies: [...studies],
  };
}

function fieldOf(title: string): string {
  if (Object.hasOwn(aliases, title)) return aliases[title];
  return numbers.find((field) => field.toLowerCase() === title.toLowerCase()) ?? title;
}

function readPoint(cells: ReadonlyMap<string, string>, where: string): RunPoint {
  const found: Partial<Record<(typeof numbers)[number], number>> = {};
  for (const field of numbers) {
    const value = readNumber(cells.get(field), field, where);
    if (value !== undefined) found[field] = value;
  }
  const { parameters, loss, flops } = found;
  if (parameters === undefined || loss === undefined)
    throw new UnfitRunsError(
      `${where}: ${parameters === undefined ? 'parameters' : 'loss'} is empty. Fill it in or drop the line.`,
    );
  const tokens = found.tokens ?? (flops === undefined ? undefined : flops / (6 * parameters));
  if (tokens === undefined)
    throw new UnfitRunsError(`${where}: tokens is empty. Fill it in or drop the line.`);
  const trunk = cells.get('trunk');
  const part = cells.get('part');
  const run = cells.get('run');
  const [blocks, withHead, all] = countColumns.map((column) => readNumber(cells.get(column), column, where));
  const areCounted = blocks !== undefined && withHead !== undefined && all !== undefined;
  return {
    ...found,
    parameters,
    tokens,
    loss,
    ...(areCounted ? { counts: { blocks, withHead, all } } : {}),
    ...(trunk ? { trunk } : {}),
    ...(part ? { part } : {}),
    ...(run ? { run } : {}),
  };
}

/** A cell's number; undefined of an empty or missing one. @throws UnfitRunsError */
function readNumber(text: string | undefined, field: string, where: string): number | undefined {
  if (text === undefined || text === '') return undefined;
  if (/^[+-]?\d+,\d+$/.test(text)) {
    throw new UnfitRunsError(
      `${where}: ${field} is "${text}", with a comma as decimal mark. Write ${text.replace(',', '.')}.`,
    );
  }
  const value = Number(text);
  // A ratio of r = 0 (no feed-forward layer) has no logarithm either: no field may be 0.
  if (Number.isFinite(value) && value > 0) return value;
  throw new UnfitRunsError(
    `${where}: ${field} is "${text}", not a positive number. Mend the line, or mark a failed run in a column status.`,
  );
}

function refuseColumns(name: string, field: string, header: readonly string[]): never {
  throw new UnfitRunsError(
    `${name}: no column ${field}; there are ${header.slice(0, 12).join(', ')}. Name the columns parameters, tokens and loss.`,
  );
}

function refuseLength(
  name: string,
  line: number,
  row: readonly string[],
  header: readonly string[],
  delimiter: string,
): never {
  const cause =
    row.length > header.length && delimiter === ','
      ? 'Write decimal numbers with a point, or part the columns by semicolons.'
      : 'Complete the line.';
  throw new UnfitRunsError(
    `${name} line ${line}: ${row.length} fields where the header names ${header.length}. ${cause}`,
  );
}
