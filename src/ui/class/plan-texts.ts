// The three class plans of 45 minutes: what frames the lessons, which themselves say which plan has them.
import type { ClassPlanId, LessonInfo } from '../../contract/lessons.ts';

/** What stands before and behind the lessons of a plan. */
export interface ClassPlan {
  readonly id: ClassPlanId;
  readonly title: string;
  /** What students can say at the end. */
  readonly aim: string;
  /** The first minutes, and the last. */
  readonly opening: string;
  readonly closing: string;
}

/** Minutes of a class, and of its opening and its closing. */
export const classMinutes = 45;
export const frameMinutes = 5;

/** The plans, in the order in which a course takes them; each stands for itself. */
export const classPlans: readonly ClassPlan[] = [
  {
    id: 'learning',
    title: 'What a model learns',
    aim: 'Students can say what a token, a loss and a gradient are, and why one pass over a text asks a question at every position.',
    opening:
      'Show the page on the projector. Press “Train” on the smallest preset, or let the recorded run play, and ask what changes between the samples of step 0 and of the end. Everybody guesses how many steps it takes until the first whole sentence.',
    closing:
      'Everybody writes one sentence: what is lower once a model has learned, and how would one notice? Read three of them aloud.',
  },
  {
    id: 'serving',
    title: 'What a token costs',
    aim: 'Students can tell arithmetic from memory traffic, and explain why services keep caches, batch their users and store weights in four bits.',
    opening:
      'Let everybody sample a text and read the tokens per second off the page. Write the least and the greatest on the board: the same program on thirty machines. Why do they differ, and not as the prices of the machines do?',
    closing:
      'Ask who would pay for what: a longer conversation, more users at a time, a larger model. Which of them needs memory, and which arithmetic?',
  },
  {
    id: 'scaling',
    title: 'How large, and how long',
    aim: 'Students can count the flops of a training run, read a scaling law with its doubts, and say why a larger model is not always the better one.',
    opening:
      'Open the room Costs on the projector and choose a published model. Everybody guesses how long this very machine would need to train it; then read the answer aloud, in years.',
    closing:
      'A budget of one night on the machines in this room: which model would the class train, and what would it want to measure first? The room Laws can plan it.',
  },
];

/** The lessons of a plan in their order: those of the class, and those for the quick or for home. */
export function lessonsOfPlan(
  lessons: readonly LessonInfo[],
  plan: ClassPlanId,
): { readonly core: readonly LessonInfo[]; readonly more: readonly LessonInfo[] } {
  const all = lessons.filter(({ teaching }) => teaching?.plan === plan);
  return {
    core: all.filter(({ teaching }) => teaching?.minutes !== undefined),
    more: all.filter(({ teaching }) => teaching?.minutes === undefined),
  };
}
