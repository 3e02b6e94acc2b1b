// Runs the guided lessons for the page: one at a time, on runtimes of their own, and none while a run is training.
import type { Engine } from '../lab/engine.ts';
import { runLesson } from '../lab/lesson.ts';
import { allLessons, lessonNamed } from '../lab/lessons.ts';
import { LabError } from '../lab/problem.ts';
import type { LessonEvent, LessonInfo, LessonOutcome, LessonRequest } from './api-lessons.ts';

/** What lessons need to know of their surroundings. */
export interface LessonsServiceOptions {
  readonly engine: () => Promise<Engine>;
  /** Whether a run of the page is using the GPU. */
  readonly isTraining: () => boolean;
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

  /** Runs one. @throws LabError when a run is training, another lesson runs, or it is cancelled */
  async run(request: LessonRequest, onEvent: (event: LessonEvent) => void): Promise<LessonOutcome> {
    const lesson = lessonNamed(request.id);
    if (this.#running) throw busy('Another lesson is running. Wait for it, or cancel it.');
    if (this.#options.isTraining()) {
      throw busy(
        'A run is training, and both would disturb each other’s times. Pause it, then run the lesson.',
      );
    }
    const abort = new AbortController();
    this.#running = abort;
    try {
      const engine = await this.#options.engine();
      return await runLesson(engine, lesson, request, onEvent, abort.signal);
    } finally {
      this.#running = undefined;
    }
  }

  /** Stops the lesson that runs, if one does; `why` is what its caller is told. */
  cancel(why = 'The lesson was cancelled.'): void {
    this.#running?.abort(why);
  }
}

function busy(message: string): LabError {
  return new LabError({ kind: 'busy', message });
}
