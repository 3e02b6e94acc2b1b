// Cuts a long text where cutting changes its tokens least: the library that encodes it takes no longer one at once.

/**
 * Parts of at most `longest` UTF-16 units that together are the text. The best place is a line end between two words,
 * where byte-level tokenizers cut anyway; then any line end; then a space; no pair of surrogates is parted.
 */
export function textParts(text: string, longest: number): readonly string[] {
  const parts: string[] = [];
  let from = 0;
  while (text.length - from > longest) {
    const end = from + cutIn(text.slice(from, from + longest + 1), longest);
    parts.push(text.slice(from, end));
    from = end;
  }
  parts.push(text.slice(from));
  return parts;
}

/** @param window one unit longer than what may be taken, so that its last place shows what follows it */
function cutIn(window: string, longest: number): number {
  for (let at = longest; at > longest / 2; at--) {
    const isLineEnd = window[at - 1] === '\n' && !isSpace(window[at]) && !isSpace(window[at - 2]);
    if (isLineEnd) return at;
  }
  const lineEnd = window.lastIndexOf('\n', longest - 1);
  if (lineEnd > longest / 2) return lineEnd + 1;
  const space = window.lastIndexOf(' ', longest - 1);
  if (space > longest / 2) return space; // words take the space before them along
  const isPair = /[\ud800-\udbff]/.test(window[longest - 1] ?? '') && longest > 1;
  return isPair ? longest - 1 : longest;
}

function isSpace(character: string | undefined): boolean {
  return character === undefined || /\s/.test(character);
}
