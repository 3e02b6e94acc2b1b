// Runs the guided lessons for the page: one at a time, on runtimes of their own, and none while a run is training.

import type {
  AttentionRequest,
  LessonEvent,
  LessonFigure,
  LessonInfo,
  LessonOutcome,
  LessonRequest,
} from '../contract/lessons.ts';
import { computeAttentionMap } from '../lab/inside/attention-map.ts';
import { allLessons, lessonNamed } from '../lab/lessons/catalogue.ts';
import { runLesson } from '../lab/lessons/lesson.ts';
import { tokenNames } from '../lab/plans/corpus.ts';
import type { Engine } from '../lab/plans/engine.ts';
import { stage } from '../lab/plans/problem.ts';
import { type Run, weightsOf } from '../lab/training/run.ts';
import type { Exclusive } from './exclusive.ts';

/** What lessons need to know of their surroundings. */
export interface LessonsServiceOptions {
  readonly engine: () => Promise<Engine>;
  readonly exclusive: Exclusive;
  /** Does something with the open run between its steps. @throws LabError when there is none */
  readonly withRun: <T>(task: (run: Run, engine: Engine) => Promise<T>) => Promise<T>;
}

/** The lessons of one worker. */
export class LessonsService {
  readonly #options: LessonsServiceOptions;
  #running: AbortController | undefined;

  constructor(options: LessonsServiceOptions) {
    this.#options = options;
  }

  /** Texts and questions, in order. */
  list(): readonly LessonInfo[] {
    return allLessons.map(({ info }) => info);
  }

  /** Runs one. @throws LabError when something else has the device, or it is cancelled */
  async run(request: LessonRequest, onEvent: (event: LessonEvent) => void): Promise<LessonOutcome> {
    const lesson = lessonNamed(request.id);
    const cancel = () => this.cancel('Training was started, so the lesson was cancelled.');
    const activity = { what: 'A lesson', way: 'cancel it or wait', cancel };
    return this.#options.exclusive.during(activity, async () => {
      const abort = new AbortController();
      this.#running = abort;
      try {
        const engine = await this.#options.engine();
        return await runLesson(engine, lesson, request, atMostTenASecond(onEvent), abort.signal);
      } finally {
        this.#running = undefined;
      }
    });
  }

  /** One head's attention over a text, by the weights of the open run. @throws LabError when text or head do not fit */
  attentionMap({ text, layer, head }: AttentionRequest): Promise<LessonFigure> {
    return this.#options.withRun(async (run, engine) => {
      const tokens = await stage('invalidData', () => [...run.corpus.tokenizer.encode(text)]);
      const model = { model: run.experiment.model, weights: await weightsOf(run) };
      const { time, probabilities } = await computeAttentionMap(engine, model, { tokens, layer, head });
      const names = tokenNames(run.corpus, tokens);
      return {
        kind: 'matrix',
        title: `Attention of layer ${layer + 1}, head ${head + 1} at step ${run.trainer.progress.step}`,
        rowLabel: 'position',
        columnLabel: 'looks at',
        rows: names,
        columns: names,
        values: names.map((_, row) => [...probabilities.subarray(row * time, (row + 1) * time)]),
      };
    });
  }

  /** Stops the lesson that runs, if one does; `why` is what its caller is told. */
  cancel(why = 'The lesson was cancelled.'): void {
    this.#running?.abort(why);
  }
}

/** Passes all on but progress that says nothing new within a tenth of a second: a GPU takes hundreds of steps in one. */
function atMostTenASecond(onEvent: (event: LessonEvent) => void): (event: LessonEvent) => void {
  let last = { what: '', at: Number.NEGATIVE_INFINITY };
  return (event) => {
    if (event.kind === 'progress') {
      const at = performance.now();
      if (event.what === last.what && at < last.at + 100) return;
      last = { what: event.what, at };
    }
    onEvent(event);
  };
}
