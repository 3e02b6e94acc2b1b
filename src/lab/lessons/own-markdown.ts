// A lesson file in Markdown: settings in front matter, texts below it, brought into the form of a JSON one.

/** What stands under a heading of the second level, by its name. */
const sections = { question: 'text', reasons: 'paragraphs', meaning: 'paragraphs' } as const;

type Section = keyof typeof sections;

/** Names of a path such as experiment.model.layers, at most. */
const deepest = 4;

type Settings = { [name: string]: unknown };

/** Whether a text is meant as Markdown: it begins with front matter. */
export function isMarkdownLesson(text: string): boolean {
  return /^\uFEFF?\s*---[ \t]*\r?\n/.test(text);
}

/**
 * Reads front matter between two lines of `---`, with a setting a line: a path of names, a colon, and a value as in JSON or
 * a plain text. Below it stand the title (`# …`), the paragraphs to read first, and `## Question`, `## Reasons` and
 * `## Meaning`. What else is marked up stays as it is typed.
 * @returns what a JSON file would say, unchecked @throws an Error that says what is wrong, with the line
 */
export function readMarkdownLesson(text: string): unknown {
  const lines = text
    .replace(/^\uFEFF?\s*/, '')
    .split(/\r?\n/)
    .map((line) => line.trimEnd());
  const end = lines.indexOf('---', 1);
  if (end < 0) throw new Error('its front matter has no end: close it with a line of three dashes.');
  const lesson = emptySettings();
  for (const line of lines.slice(1, end)) readSetting(lesson, line);
  readTexts(lesson, lines.slice(end + 1));
  return lesson;
}

/** Without a prototype: every name in a file is a name like any other. */
function emptySettings(): Settings {
  return Object.create(null) as Settings;
}

function readSetting(lesson: Settings, line: string): void {
  if (line === '' || line.startsWith('#')) return;
  const [, path, value] = /^([\w.]+):\s*(.+)$/.exec(line) ?? [];
  if (path === undefined)
    throw new Error(
      `its front matter has the line ${JSON.stringify(line.slice(0, 60))}: write name: value, and experiment.model.layers: 2 for what is inside.`,
    );
  const names = path.split('.');
  if (names.length > deepest || names.includes('')) throw new Error(`${path.slice(0, 60)} is no name.`);
  let inside = lesson;
  for (const name of names.slice(0, -1)) {
    inside[name] ??= emptySettings();
    const next = inside[name];
    if (typeof next !== 'object' || next === null || Array.isArray(next))
      throw new Error(`${path}: ${name} has a value of its own already.`);
    inside = next as Settings;
  }
  put(inside, names[names.length - 1], readValue(value), path);
}

function put(settings: Settings, name: string, value: unknown, path: string): void {
  if (Object.hasOwn(settings, name)) throw new Error(`${path} is said twice.`);
  settings[name] = value;
}

function readValue(written: string): unknown {
  try {
    return JSON.parse(written);
  } catch {
    return written;
  }
}

function readTexts(lesson: Settings, lines: readonly string[]): void {
  let section: Section | undefined;
  let begun: string[] = [];
  const finish = () => {
    const paragraphs = paragraphsOf(begun);
    begun = [];
    if (paragraphs.length === 0) return;
    if (section === undefined) put(lesson, 'text', paragraphs, 'the text to read first');
    else put(lesson, section, sections[section] === 'text' ? paragraphs.join(' ') : paragraphs, section);
  };
  for (const line of lines) {
    const [, marks, heading = ''] = /^(#{1,2})\s+(.+)$/.exec(line) ?? [];
    if (marks === undefined) {
      begun.push(line);
      continue;
    }
    finish();
    if (marks === '#') {
      put(lesson, 'title', heading, 'title');
      continue;
    }
    const name = heading.toLowerCase();
    if (!Object.hasOwn(sections, name))
      throw new Error(
        `there is no section ${JSON.stringify(heading.slice(0, 60))}: use ${Object.keys(sections).join(', ')}.`,
      );
    section = name as Section;
  }
  finish();
}

/** Lines between empty lines, joined. */
function paragraphsOf(lines: readonly string[]): string[] {
  return lines
    .join('\n')
    .split(/\n{2,}/)
    .map((paragraph) => paragraph.trim().replaceAll('\n', ' '))
    .filter((paragraph) => paragraph !== '');
}
