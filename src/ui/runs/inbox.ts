// Record files on their way to the room of runs: dropped anywhere on the page, they wait until it is open.
import { atom } from 'nanostores';

/** Files that nobody has opened yet. */
export const recordInbox = atom<readonly File[]>([]);

/** Whether a file's name says that it is a run record: `record.json`, `my-run.record.json`. */
export function isRecordFile(name: string): boolean {
  return /(^|[./\\-])record[\w ().-]*\.json$/i.test(name);
}

/** The name of a record as a file. */
export function recordFileNameOf(title: string): string {
  const words = title
    .normalize('NFKD')
    .replace(/[^A-Za-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 60);
  return `${words.toLowerCase() || 'run'}.record.json`;
}
