// Parts of the page that are no rooms and whose code comes when they are asked for: what is said where it does not come.
import type { Problem } from '../../contract/values.ts';

/** Fetches each of them. A second time it is there. */
export const pageParts = {
  tour: () => import('./tour.ts'),
  shareDialog: () => import('./share-dialog.ts'),
  teachersLink: () => import('../../classroom/link.ts'),
} as const;

/** The code of a part; undefined where it did not come, which was shown. @param name as a person knows it */
export async function loadPart<T>(
  name: string,
  load: () => Promise<T>,
  show: (problem: Problem) => void,
): Promise<T | undefined> {
  try {
    return await load();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    show({ kind: 'notLoaded', message: `${name}: ${reason}` });
    return undefined;
  }
}
