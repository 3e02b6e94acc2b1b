// What a command says: results on stdout, as JSON lines or for people; everything else on stderr.
import { plainSpaces } from '../text/numbers.ts';
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
      else if (text !== undefined) process.stdout.write(`${plainSpaces(text)}\n`);
    },
    text(text) {
      clearProgress();
      if (!json) process.stdout.write(text);
    },
    note(line) {
      clearProgress();
      process.stderr.write(`${plainSpaces(oneLine(line))}\n`);
    },
    progress(what, fraction) {
      if (!process.stderr.isTTY) return;
      hasProgress = true;
      process.stderr.write(`\r\u001b[K${Math.round(100 * fraction)} % ${oneLine(what).slice(0, 60)}`);
    },
  };
}
