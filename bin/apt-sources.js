// Reads apt's source lists, in both of their formats, and writes one: where does this machine get its packages?

/**
 * One archive: where it is, and which key signs it.
 * @typedef {{ uri: string, suites: string[], components: string[], signedBy: string | undefined }} AptSource
 */

/**
 * Sources in deb822 format: paragraphs of "Field: value", a value going on in indented lines.
 * @param {string} text
 * @returns {AptSource[]}
 */
function parseParagraphs(text) {
  const kept = text.replace(/^#.*\n?/gm, '');
  return kept.split(/\n\s*\n/).flatMap((paragraph) => {
    const field = (/** @type {string} */ name) =>
      new RegExp(`^${name}:[ \\t]*((?:.*)(?:\\n[ \\t].*)*)`, 'im').exec(paragraph)?.[1]?.trim();
    const words = (/** @type {string} */ name) => field(name)?.split(/\s+/) ?? [];
    const isOff = field('Enabled') === 'no';
    const signedBy = field('Signed-By');
    const [suites, components] = [words('Suites'), words('Components')];
    return isOff || !words('Types').includes('deb')
      ? []
      : words('URIs').map((uri) => ({ uri, suites, components, signedBy }));
  });
}

/**
 * Sources in one-line format: deb [option=value …] uri suite component …
 * @param {string} text
 * @returns {AptSource[]}
 */
function parseLines(text) {
  return [...text.matchAll(/^\s*deb\s+(?:\[(.*?)\]\s+)?(\S+)\s+(\S+)(.*)$/gm)].map((match) => ({
    uri: match[2] ?? '',
    suites: [match[3] ?? ''],
    components: (match[4] ?? '').replace(/#.*/, '').trim().split(/\s+/),
    signedBy: /signed-by=(\S+)/i.exec(match[1] ?? '')?.[1],
  }));
}

/**
 * Finds the archive of a release among the texts of apt's source lists.
 * @param {string[]} texts contents of .list and .sources files
 * @param {string} codename e.g. "bookworm"
 * @returns {AptSource | undefined}
 */
export function findReleaseSource(texts, codename) {
  const sources = texts.flatMap((text) =>
    /^\s*Types:/im.test(text) ? parseParagraphs(text) : parseLines(text),
  );
  return sources.find((source) => source.suites.includes(codename) && source.components.includes('main'));
}

/**
 * A deb822 paragraph for another suite of the same archive.
 * @param {AptSource} source
 * @param {string} suite e.g. "bookworm-backports"
 */
export function formatSource(source, suite) {
  const signedBy = source.signedBy === undefined ? '' : `Signed-By: ${source.signedBy}\n`;
  return `Types: deb\nURIs: ${source.uri}\nSuites: ${suite}\nComponents: main\n${signedBy}`;
}
