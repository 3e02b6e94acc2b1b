// Lessons in Markdown: they say what JSON ones say, stay text, and are refused in words.
import { expect, it } from 'vitest';
import { readOwnLesson } from '../../../src/lab/lessons/own.ts';
import { isMarkdownLesson, readMarkdownLesson } from '../../../src/lab/lessons/own-markdown.ts';
import { ownLessonFile } from './own-lesson-file.ts';

const front = [
  'format: flopscope-lesson',
  'version: 1',
  '# a remark',
  'experiment.model: {"layers": 1, "width": 8, "heads": 2, "context": 8}',
  'experiment.train.steps: 8',
  'experiment.train.batch: 2',
  'experiment.data.source: arithmetic',
  'experiment.data.characters: 3000',
  'smallSteps: 4',
  'measure: validationLoss',
  'expected: {"from": 1, "to": 5}',
];
const body = [
  '# How low?',
  '',
  'Read this. <script>alert(1)</script>',
  '',
  '## Question',
  'How low is the loss',
  'after four steps?',
  '',
  '## Meaning',
  'Talk.',
];
const markdown = (settings: readonly string[] = front, texts: readonly string[] = body) =>
  ['---', ...settings, '---', ...texts].join('\n');

it('says what the same lesson says in JSON, whatever ends its lines', () => {
  expect(JSON.parse(JSON.stringify(readMarkdownLesson(markdown())))).toEqual(ownLessonFile);
  const windows = `\uFEFF${markdown().replaceAll('\n', '\r\n')}`;
  expect(isMarkdownLesson(windows)).toBe(true);
  expect(JSON.parse(JSON.stringify(readMarkdownLesson(windows)))).toEqual(ownLessonFile);
  expect(isMarkdownLesson(JSON.stringify(ownLessonFile))).toBe(false);
});

it('is read as a lesson, whose paragraphs stay apart and stay text', async () => {
  const texts = [...body, '', 'Then *talk* again,', 'of <b>this</b>.'];
  const { info, measure } = await readOwnLesson(markdown(front, texts));
  expect(info).toMatchObject({ title: 'How low?', text: ['Read this. <script>alert(1)</script>'] });
  expect(info.question.small.text).toBe('How low is the loss after four steps?');
  expect(measure).toBeTypeOf('function');
  expect(readMarkdownLesson(markdown(front, texts))).toMatchObject({
    meaning: ['Talk.', 'Then *talk* again, of <b>this</b>.'],
  });
});

it.each([
  [['---', ...front].join('\n'), /lesson file: its front matter has no end/],
  [markdown([...front, '  layers: 2']), /the line " {2}layers: 2": write name: value/],
  [markdown([...front, 'version: 1']), /version is said twice/],
  [markdown([...front, 'version.part: 1']), /version has a value of its own already/],
  [markdown([...front, 'a.b.c.d.e: 1']), /a\.b\.c\.d\.e is no name/],
  [markdown(front, [...body, '## Answer', '5']), /no section "Answer": use question, reasons, meaning/],
  [markdown(front, [...body, '# Twice']), /title is said twice/],
  [markdown(front, body.slice(0, 3)), /lesson file: question/],
  [markdown(front.map((line) => line.replace('version: 1', 'version: 2'))), /of version 2/],
])('is refused where it is wrong: %#', async (text, message) => {
  await expect(readOwnLesson(text)).rejects.toThrow(message);
});

it('takes __proto__ for a name like any other', () => {
  const lesson = readMarkdownLesson(markdown([...front, '__proto__.polluted: 1', 'measured.__proto__: 1']));
  expect(Object.keys(lesson as object)).toContain('__proto__');
  expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false);
});
