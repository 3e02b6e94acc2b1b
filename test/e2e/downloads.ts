// What a press makes the browser save, read from the file that it is about and no other.
import { readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import type { BrowserContext } from 'puppeteer';

/** A file that was saved. */
export interface Download {
  /** What the page calls it. */
  readonly name: string;
  readonly path: string;
  readonly bytes: Buffer;
  readonly text: string;
}

/** Presses, and gives what is downloaded then. @param folder keeps the file, in place of one of the same name */
export async function downloadOf(
  profile: BrowserContext,
  folder: string,
  press: () => Promise<void>,
): Promise<Download> {
  const session = await profile.browser().target().createCDPSession();
  const names = new Map<string, string>();
  const done = new Promise<{ readonly guid: string }>((resolve, reject) => {
    session.on('Browser.downloadWillBegin', ({ guid, suggestedFilename }) => {
      names.set(guid, suggestedFilename);
    });
    session.on('Browser.downloadProgress', ({ guid, state }) => {
      if (state === 'completed') resolve({ guid });
      if (state === 'canceled') reject(new Error(`download: ${names.get(guid)} was cancelled.`));
    });
  });
  done.catch(() => undefined); // while it is pressed, nobody waits yet
  await session.send('Browser.setDownloadBehavior', {
    behavior: 'allowAndName',
    ...(profile.id === undefined ? {} : { browserContextId: profile.id }),
    downloadPath: folder,
    eventsEnabled: true,
  });
  await press();
  const { guid } = await done;
  await session.detach();
  const name = names.get(guid) ?? guid;
  const path = join(folder, name);
  renameSync(join(folder, guid), path);
  const bytes = readFileSync(path);
  return { name, path, bytes, text: bytes.toString('utf8') };
}
