// What a command says: results on stdout, as JSON lines or for people; everything else on stderr.
import { oneLine } from './failure.ts';

/** Where a command writes. */
export interface Output {
  /** True with `--json`: stdout then carries nothing but one object per line. */
  readonly json: boolean;
  /** A result: the object as one line of JSON, or its text for people (nothing when undefined). */
  result(value: object, text: string | undefined): void;
  /** Text for people on stdout, without a line end of its own; dropped with `--json`. */
  text(text: string): void;
  /** One line on stderr. */
  note(line: string): void;
  /** A passing state on stderr, where somebody is looking. */
  progress(what: string, fraction: number): void;
}

/** Writes to this process's streams. */
export function createOutput(json: boolean): Output {
  let hasProgress = false;
  const clearProgress = () => {
    if (hasProgress) process.stderr.write('\r\u001b[K');
    hasProgress = false;
  };
  return {
    json,
    result(value, text) {
      clearProgress();
      if (json) process.stdout.write(`${JSON.stringify(value)}\n`);
      else if (text !== undefined) process.stdout.write(`${text}\n`);
    },
    text(text) {
      clearProgress();
      if (!json) process.stdout.write(text);
    },
    note(line) {
      clearProgress();
      process.stderr.write(`${oneLine(line)}\n`);
    },
    progress(what, fraction) {
      if (!process.stderr.isTTY) return;
      hasProgress = true;
      process.stderr.write(`\r\u001b[K${Math.round(100 * fraction)} % ${oneLine(what).slice(0, 60)}`);
    },
  };
}

const prefixes = [
  ['T', 1e12],
  ['G', 1e9],
  ['M', 1e6],
  ['k', 1e3],
  ['', 1],
  ['m', 1e-3],
  ['µ', 1e-6],
  ['n', 1e-9],
] as const;

/** A quantity with three digits and an SI prefix, such as `1.88 ms` or `40.2 GFLOP/s`. */
export function quantity(value: number, unit: string): string {
  if (!Number.isFinite(value)) return `– ${unit}`;
  const size = Math.abs(value);
  const [prefix, scale] =
    value === 0 ? (['', 1] as const) : (prefixes.find(([, from]) => size >= from) ?? (['n', 1e-9] as const));
  return `${Number((value / scale).toPrecision(3))} ${prefix}${unit}`;
}

/** Lines of `name  value`, names padded to one column. */
export function table(rows: readonly (readonly [name: string, value: string])[]): string {
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, value]) => `${name.padEnd(width)}  ${value}`).join('\n');
}
