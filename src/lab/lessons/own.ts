// A teacher's own lesson: a JSON or Markdown file with text, question, experiment, what to measure and the range that is expected.
import * as v from 'valibot';
import type { LessonInfo, LessonQuestion, LessonSize } from '../../contract/lessons.ts';
import { countParameters } from '../../model/parameters.ts';
import { fnv1a } from '../../text/checksum.ts';
import { formatCount, formatFigure, formatShortLoss, formatSi } from '../../text/numbers.ts';
import { LabError } from '../plans/problem.ts';
import { check, type Lesson, type LessonTools, within } from './lesson.ts';
import { isMarkdownLesson, readMarkdownLesson } from './own-markdown.ts';
import { lessonExperiment, lossByPosition, mean, startLessonRun, trainSteps } from './training.ts';

/** Version of the format; a reader refuses a newer one. */
const version = 1;
/** Characters of the longest file. */
export const longestLesson = 100_000;
/** Steps of the longest experiment: a lesson has an end within the hour. */
const mostSteps = 5000;
/** Last steps whose mean is the training loss, and batches of held-out text. */
const lastSteps = 10;
const heldOutBatches = 4;

const words = (characters: number) => v.pipe(v.string(), v.trim(), v.minLength(1), v.maxLength(characters));
const paragraphs = v.pipe(v.array(words(4000)), v.minLength(1), v.maxLength(40));
const finite = v.pipe(v.number(), v.finite());
const settings = v.record(v.string(), v.unknown());

/** What can be measured, with its unit and how it is written. */
const quantities = {
  loss: { unit: 'nats per token', label: 'training loss', format: formatShortLoss },
  validationLoss: { unit: 'nats per token', label: 'loss on held-out text', format: formatShortLoss },
  parameters: { unit: 'parameters', label: 'parameters', format: (value: number) => formatCount(value) },
  tokensPerSecond: {
    unit: 'tokens per second',
    label: 'tokens per second',
    format: (value: number) => formatSi(value),
  },
} as const;

const lessonSchema = v.object({
  format: v.literal('flopscope-lesson'),
  version: v.literal(version),
  title: words(120),
  summary: v.optional(words(300), 'A lesson of your teacher.'),
  text: paragraphs,
  question: words(1000),
  /** As the command line reads it; what is not said has the lessons' defaults. */
  experiment: v.object({
    model: v.optional(settings, {}),
    train: v.optional(settings, {}),
    data: v.optional(settings, {}),
  }),
  /** Training steps of the small form; without it both are the same. */
  smallSteps: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(mostSteps))),
  measure: v.picklist(['loss', 'validationLoss', 'parameters', 'tokensPerSecond']),
  expected: v.pipe(
    v.object({ from: finite, to: finite }),
    v.check(({ from, to }) => from <= to, 'from is above to'),
  ),
  /** Why that range is expected: shown after the guess. */
  reasons: v.optional(paragraphs, ['Your teacher expects this range.']),
  /** What it means, read at the end. */
  meaning: v.optional(paragraphs, ['Talk about it in class.']),
  source: v.optional(words(300), 'A lesson of your teacher.'),
});

type OwnLesson = v.InferOutput<typeof lessonSchema>;

/** Reads a lesson file. Nothing in it is run or drawn as HTML. @throws LabError that says what is wrong */
export async function readOwnLesson(text: string): Promise<Lesson> {
  const refuse = (why: string): never => {
    throw new LabError({ kind: 'invalidFile', message: `lesson file: ${why}` });
  };
  if (text.length > longestLesson)
    return refuse(`${text.length} characters, and at most ${longestLesson} are read.`);
  const json = readFile(text, refuse);
  const said = typeof json === 'object' && json !== null && 'version' in json ? json.version : undefined;
  if (typeof said === 'number' && said > version)
    return refuse(`it is of version ${said}, and this page reads ${version}. Reload for the newest.`);
  const read = v.safeParse(lessonSchema, json);
  if (!read.success) {
    const [issue] = read.issues;
    return refuse(`${v.getDotPath(issue) ?? 'it'}: ${issue.message}.`);
  }
  const lesson = read.output;
  const steps = Number(lesson.experiment.train.steps ?? 100);
  if (!Number.isInteger(steps) || steps < 1 || steps > mostSteps)
    return refuse(`experiment.train.steps is ${steps}: use a whole number from 1 to ${mostSteps}.`);
  if (lesson.experiment.data.source === 'file')
    return refuse('experiment.data.source is "file": name a generated corpus, such as "stories".');
  // A setting that there is not is told now, and not when thirty students have guessed.
  await experimentOf(lesson, 'normal').catch((error: unknown) =>
    refuse(error instanceof Error ? error.message.replace(/^lesson: /, 'experiment: ') : String(error)),
  );
  // The same file is the same lesson on every machine.
  return ownLesson(lesson, `own-${fnv1a(new TextEncoder().encode(text)).toString(36)}`);
}

/** What a file says, in either form. */
function readFile(text: string, refuse: (why: string) => never): unknown {
  const why = (error: unknown) => (error instanceof Error ? error.message : String(error));
  if (isMarkdownLesson(text)) {
    try {
      return readMarkdownLesson(text);
    } catch (error) {
      return refuse(why(error));
    }
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    return refuse(`it is not JSON: ${why(error)}. A lesson in Markdown begins with a line of three dashes.`);
  }
}

const stepsOf = ({ experiment, smallSteps }: OwnLesson, size: LessonSize): number =>
  (size === 'small' ? smallSteps : undefined) ?? Number(experiment.train.steps ?? 100);

const experimentOf = (lesson: OwnLesson, size: LessonSize) => {
  const { model, train, data } = lesson.experiment;
  return lessonExperiment({ model, train: { batch: 8, ...train, steps: stepsOf(lesson, size) }, data });
};

function ownLesson(lesson: OwnLesson, id: string): Lesson {
  const { title, summary, text, question, measure, expected, reasons, meaning, source } = lesson;
  const { unit, label, format } = quantities[measure];
  const { from, to } = expected;
  const range = from === to ? format(from) : `${format(from)} to ${format(to)}`;
  const asked: LessonQuestion = {
    kind: 'number',
    text: question,
    unit,
    minimum: 0,
    maximum: 1e15,
    ...within(1.25),
  };
  const runs = (size: LessonSize) =>
    `Trains ${formatCount(stepsOf(lesson, size))} steps and measures: ${label}.`;
  const info: LessonInfo = {
    id,
    title,
    summary,
    text,
    source,
    question: { normal: asked, small: asked },
    runs: { normal: runs('normal'), small: runs('small') },
  };
  return {
    info,
    predict: async () => ({
      answer: { value: (from + to) / 2, text: `${range} ${unit}` },
      reasons,
      figures: [],
    }),
    measure: async (tools) => {
      const { value, losses } = await measureOwn(lesson, tools);
      const found = `${format(value)} ${unit}`;
      return {
        measured: { value, text: found },
        checks: [check(`The ${label}`, `${range} ${unit}`, found, value >= from && value <= to)],
        figures: [
          {
            kind: 'lines',
            title: 'Loss while it trained',
            x: { label: 'step' },
            y: { label: 'loss, nats per token' },
            series: [
              { name: 'training', role: 'measured', points: losses.map((loss, index) => [index + 1, loss]) },
            ],
          },
        ],
        meaning,
      };
    },
  };
}

/** Trains the lesson's model and reads what it asks for. */
async function measureOwn(
  lesson: OwnLesson,
  { engine, size, report }: LessonTools,
): Promise<{ readonly value: number; readonly losses: readonly number[] }> {
  const prepared = await experimentOf(lesson, size);
  const { model } = prepared.experiment;
  const steps = stepsOf(lesson, size);
  const run = await startLessonRun(engine, prepared);
  try {
    const start = performance.now();
    const losses = await trainSteps(run, steps, (done, loss) =>
      report((0.95 * done) / steps, `Step ${done} of ${steps}, loss ${formatFigure(loss)}`),
    );
    const seconds = (performance.now() - start) / 1000;
    const value = {
      loss: () => mean(losses.slice(-lastSteps)),
      validationLoss: async () => mean(await lossByPosition(run, heldOutBatches)),
      parameters: () => countParameters(model),
      tokensPerSecond: () => run.trainer.progress.tokens / seconds,
    }[lesson.measure];
    return { value: await value(), losses };
  } finally {
    run.runtime.dispose();
  }
}
