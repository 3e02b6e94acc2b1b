// The guided lessons, in the order in which they are read.

import { LabError } from '../plans/problem.ts';
import { attentionOrMlpLesson } from './attention-or-mlp.ts';
import { batchesLesson } from './batches.ts';
import { cachesLesson } from './caches.ts';
import { causalLesson } from './causal.ts';
import { conversationLesson } from './conversation.ts';
import { decodeLesson } from './decode.ts';
import { deepSeekLesson } from './deepseek.ts';
import { draftsLesson } from './drafts.ts';
import { firstWordsLesson } from './first-words.ts';
import { fourBitsLesson } from './four-bits.ts';
import { gradientsLesson } from './gradients.ts';
import { headsLesson } from './heads.ts';
import { howManyExpertsLesson } from './how-many-experts.ts';
import { lawBreaksLesson } from './law-breaks.ts';
import type { Lesson } from './lesson.ts';
import { middleLesson } from './middle.ts';
import { normsLesson } from './norms.ts';
import { positionsLesson } from './positions.ts';
import { routerLesson } from './router.ts';
import { sharedExpertLesson } from './shared-expert.ts';
import { targetsLesson } from './targets.ts';
import { tooMuchModelLesson } from './too-much-model.ts';
import { whichNLesson } from './which-n.ts';

/**
 * All lessons: what the words mean, what Press asks to be checked by experiment (arXiv 2511.11572), then what
 * surveys of architectures, serving and scaling teach.
 */
export const allLessons: readonly Lesson[] = [
  firstWordsLesson,
  causalLesson,
  decodeLesson,
  positionsLesson,
  targetsLesson,
  headsLesson,
  gradientsLesson,
  deepSeekLesson,
  normsLesson,
  routerLesson,
  sharedExpertLesson,
  cachesLesson,
  batchesLesson,
  fourBitsLesson,
  draftsLesson,
  conversationLesson,
  tooMuchModelLesson,
  howManyExpertsLesson,
  middleLesson,
  attentionOrMlpLesson,
  whichNLesson,
  lawBreaksLesson,
];

/** A lesson by its id. @throws LabError that names those there are */
export function lessonNamed(id: string): Lesson {
  const lesson = allLessons.find(({ info }) => info.id === id);
  if (lesson) return lesson;
  const known = allLessons.map(({ info }) => info.id).join(', ');
  throw new LabError({ kind: 'invalidConfig', message: `lesson: there is no "${id}". Use one of ${known}.` });
}
