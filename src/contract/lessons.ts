// The contract of the guided lessons: what a lesson asks, what it runs, and what came out. Types only, plain JSON.
import type { Result } from './values.ts';

/** How much a lesson runs: what a laptop's GPU does in minutes, or a software GPU in seconds. */
export type LessonSize = 'normal' | 'small';

/** A number, or the id of a choice. */
export type LessonGuess = number | string;

/** What the reader is asked before anything runs. */
export type LessonQuestion =
  | {
      readonly kind: 'number';
      readonly text: string;
      readonly unit: string;
      readonly minimum: number;
      readonly maximum: number;
      /** The factor within which a guess is right; 1 for counts, which are right when they are equal. */
      readonly rightFactor: number;
      /** The same in a sentence, said before anybody guesses. */
      readonly judged: string;
    }
  | {
      readonly kind: 'choice';
      readonly text: string;
      readonly choices: readonly { readonly id: string; readonly label: string }[];
    };

/** The class plans: what a model learns, what writing with it costs, and how large it should be. */
export type ClassPlanId = 'learning' | 'serving' | 'scaling';

/** What a lesson is to a teacher. */
export interface LessonTeaching {
  /** The plan that has it; there it stands in the order of all lessons. */
  readonly plan: ClassPlanId;
  /** Minutes in class, with guess and talk; absent for one that is for the quick, or for home. */
  readonly minutes?: number;
  /** What to ask aloud, each with the answer to expect. */
  readonly questions: readonly { readonly ask: string; readonly expect: string }[];
}

/** A lesson as it stands before it is run. */
export interface LessonInfo {
  readonly id: string;
  readonly title: string;
  /** One line for the list. */
  readonly summary: string;
  /** Paragraphs to read first. */
  readonly text: readonly string[];
  /** The question, which may name sizes that differ between the two forms. */
  readonly question: Readonly<Record<LessonSize, LessonQuestion>>;
  /** What each form runs, in a sentence. */
  readonly runs: Readonly<Record<LessonSize, string>>;
  /** Where the claim comes from. */
  readonly source: string;
  /** Its place in the class plans; a teacher's own lesson has none. */
  readonly teaching?: LessonTeaching;
  /** What of the reader's own run can be looked at beside the lesson. */
  readonly ownRun?: 'attention';
}

/** One line of a chart; `role` decides how it is drawn. */
export interface LessonSeries {
  readonly name: string;
  readonly role: 'measured' | 'theory' | 'other';
  /** Drawn broken: a state before, or a fit. Theory always is. */
  readonly isDashed?: boolean;
  /** [x, y], by rising x. */
  readonly points: readonly (readonly [number, number])[];
}

/** An axis of a chart. */
export interface LessonAxis {
  readonly label: string;
  readonly isLog?: boolean;
}

/** Something to look at. */
export type LessonFigure =
  | {
      readonly kind: 'lines';
      readonly title: string;
      readonly x: LessonAxis;
      readonly y: LessonAxis;
      readonly series: readonly LessonSeries[];
    }
  | {
      /** Numbers from 0 up, stronger for more; exact zeros are drawn as nothing. */
      readonly kind: 'matrix';
      readonly title: string;
      readonly rowLabel: string;
      readonly columnLabel: string;
      readonly rows: readonly string[];
      readonly columns: readonly string[];
      readonly values: readonly (readonly number[])[];
    }
  | {
      readonly kind: 'table';
      readonly title: string;
      readonly columns: readonly string[];
      readonly rows: readonly (readonly (string | number)[])[];
    };

/** An answer to the lesson's question: in its unit, or the id of a choice. */
export interface LessonAnswer {
  readonly value: LessonGuess;
  /** With unit, as it is read. */
  readonly text: string;
}

/** What theory says, known before the measurement. */
export interface LessonPrediction {
  readonly answer: LessonAnswer;
  /** Where it comes from, sentence by sentence. */
  readonly reasons: readonly string[];
  readonly figures: readonly LessonFigure[];
}

/** One statement of theory held against the measurement. */
export interface LessonCheck {
  readonly what: string;
  readonly expected: string;
  readonly found: string;
  readonly holds: boolean;
}

/** What a run of a lesson found. */
export interface LessonOutcome {
  readonly lesson: string;
  readonly size: LessonSize;
  readonly guess?: LessonGuess;
  /** How near the guess came to the measurement; absent without a guess. */
  readonly guessVerdict?: 'right' | 'close' | 'off';
  readonly prediction: LessonPrediction;
  readonly measured: LessonAnswer;
  readonly checks: readonly LessonCheck[];
  readonly figures: readonly LessonFigure[];
  /** What it means, in paragraphs. */
  readonly meaning: readonly string[];
  readonly seconds: number;
}

/** What is said while a lesson runs. */
export type LessonEvent =
  | { readonly kind: 'progress'; readonly fraction: number; readonly what: string }
  | { readonly kind: 'prediction'; readonly prediction: LessonPrediction };

/** Which lesson, how large, and what the reader expects. */
export interface LessonRequest {
  readonly id: string;
  readonly size: LessonSize;
  readonly guess?: LessonGuess;
}

/** Calls of the lessons: one at a time, and none while a run is training. */
export interface LessonsApi {
  /** All lessons in their order, a teacher's own behind them: needs no GPU. */
  lessons(): Promise<readonly LessonInfo[]>;
  /** Reads a lesson file and puts the lesson behind the others, for as long as the worker lives; the same one once. */
  addLesson(text: string): Promise<Result<LessonInfo>>;
  /** Runs one on runtimes of its own. The prediction is told before the first measurement. */
  runLesson(request: LessonRequest, onEvent: (event: LessonEvent) => void): Promise<Result<LessonOutcome>>;
  /** Stops the lesson that runs: its call then answers with a problem. */
  cancelLesson(): Promise<void>;
}
