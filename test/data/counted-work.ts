// How much a reader of text does, counted instead of timed, so that a busy machine changes nothing.

/** What was read while something ran. */
export interface Work {
  /** Characters looked at one by one (`charCodeAt`, `codePointAt`). */
  looked: number;
  /** Characters handed to `JSON.parse`. */
  parsed: number;
}

/** Runs something and counts; what it throws is swallowed, for what is refused is looked at elsewhere. */
export function countWork(run: () => unknown): Work {
  const work: Work = { looked: 0, parsed: 0 };
  const { charCodeAt, codePointAt } = String.prototype;
  const { parse } = JSON;
  String.prototype.charCodeAt = function (this: string, index: number) {
    work.looked++;
    return charCodeAt.call(this, index);
  };
  String.prototype.codePointAt = function (this: string, index: number) {
    work.looked++;
    return codePointAt.call(this, index);
  };
  JSON.parse = (text: string, ...rest) => {
    work.parsed += text.length;
    return parse(text, ...rest);
  };
  try {
    run();
  } catch {
    // refused
  } finally {
    Object.assign(String.prototype, { charCodeAt, codePointAt });
    JSON.parse = parse;
  }
  return work;
}
