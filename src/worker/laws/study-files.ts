// Studies of which this browser has rows: the study as JSON and its rows as CSV, two files a study.
import * as v from 'valibot';
import type { KeptStudy, StudyJson } from '../../contract/laws.ts';
import { readResults, resultsHeader } from '../../lab/studies/results.ts';
import type { OriginFolder } from '../run/origin-folder.ts';

/** What is kept of a study besides its rows. */
export type StudyHead = Pick<KeptStudy, 'id' | 'name' | 'study' | 'runs'>;

const headSchema = v.object({
  version: v.literal(1),
  id: v.pipe(v.string(), v.regex(/^[0-9a-f]{10}$/)),
  name: v.string(),
  study: v.custom<StudyJson>((value) => typeof value === 'object' && value !== null),
  runs: v.number(),
  savedAt: v.string(),
});

/** Keeps studies in a folder; without one, for as long as the worker lives. */
export class StudyFiles {
  readonly #folder: Pick<OriginFolder, 'write' | 'read' | 'remove' | 'list'> | undefined;
  /** Rows of studies that are in no file, or not yet. */
  readonly #unsaved = new Map<string, string>();

  constructor(folder: Pick<OriginFolder, 'write' | 'read' | 'remove' | 'list'> | undefined) {
    this.#folder = folder;
  }

  /** The table of a study: a header where there is nothing yet. A last line that was cut off is dropped. */
  async table(id: string): Promise<string> {
    const kept = (await (await this.#folder?.read(`${id}.csv`))?.text()) ?? '';
    return (readResults(kept).whole || resultsHeader()) + (this.#unsaved.get(id) ?? '');
  }

  /**
   * Adds a row to what is there, which another tab may have made longer, with the rows that were not saved before it.
   * @returns whether this browser keeps it; the worker does in any case
   */
  async append(head: StudyHead, line: string): Promise<boolean> {
    const { id } = head;
    this.#unsaved.set(id, (this.#unsaved.get(id) ?? '') + line);
    if (!this.#folder) return false;
    try {
      const table = await this.table(id);
      const savedAt = new Date().toISOString();
      await this.#folder.write(`${id}.json`, JSON.stringify({ version: 1, ...head, savedAt }));
      await this.#folder.write(`${id}.csv`, table);
      this.#unsaved.delete(id);
      return true;
    } catch {
      return false;
    }
  }

  /** Newest first. */
  async list(): Promise<KeptStudy[]> {
    const names = (await this.#folder?.list().catch(() => [])) ?? [];
    const found = await Promise.all(
      names.filter((name) => name.endsWith('.json')).map((name) => this.#read(name)),
    );
    return found.flat().sort((a, b) => (a.savedAt < b.savedAt ? 1 : -1));
  }

  async remove(id: string): Promise<void> {
    this.#unsaved.delete(id);
    await this.#folder?.remove(`${id}.json`);
    await this.#folder?.remove(`${id}.csv`);
  }

  /** None of a file that is no head: another version's, damaged, or not to be read. */
  async #read(name: string): Promise<KeptStudy[]> {
    try {
      const text = (await (await this.#folder?.read(name))?.text()) ?? '';
      const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), headSchema), text);
      if (!parsed.success) return [];
      const { version: _, ...head } = parsed.output;
      return [{ ...head, done: readResults(await this.table(head.id)).done.size }];
    } catch {
      return []; // what cannot be read is not offered
    }
  }
}
