// Which page a visitor gets: the server's, or the one that was kept.

/** Milliseconds that the server may take before the kept page is shown. */
const patience = 2000;

/** Answers of a server that has too much to do. */
const busy = [408, 429];

/** Text of a page by which it is told from those of other programs at the same address, such as localhost. */
const mark = '<lab-page';

/**
 * The page to show. The server's comes first, for a class server writes the class into it, unless it is of another build:
 * that one would ask for files that were not kept, and waits until the visitor takes it.
 * @param kept undefined where nothing was kept @param ask asks the server
 * @throws what `ask` throws, where nothing was kept
 */
export async function choosePage(
  kept: Response | undefined,
  ask: () => Promise<Response>,
): Promise<Response> {
  if (kept === undefined) return ask();
  const fresh = await within(
    patience,
    ask().catch(() => undefined),
  );
  if (fresh === undefined || fresh.status >= 500 || busy.includes(fresh.status)) return kept;
  if (!fresh.ok) return fresh; // a redirection, or a refusal, of what is served there now
  const [text, keptText] = await Promise.all([fresh.clone().text(), kept.clone().text()]);
  return !text.includes(mark) || buildOf(text) === buildOf(keptText) ? fresh : kept;
}

/** What a build is told by: the names of its first files carry hashes of their contents. */
function buildOf(page: string): string {
  return [...page.matchAll(/(?:src|href)="([^"]*\/assets\/[^"]+)"/g)].map(([, path]) => path).join(' ');
}

/** undefined when it takes longer. */
function within<T>(milliseconds: number, awaited: Promise<T>): Promise<T | undefined> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), milliseconds);
  });
  return Promise.race([awaited, late]).finally(() => clearTimeout(timer));
}

/**
 * The same answer with the two headers by which a page is isolated from other sites, so that its threads may share
 * memory: for hosts that send no headers of ours.
 */
export function isolated(response: Response): Response {
  if (response.status === 0) return response; // a redirection, which nobody may write again
  const headers = new Headers(response.headers);
  headers.set('Cross-Origin-Opener-Policy', 'same-origin');
  headers.set('Cross-Origin-Embedder-Policy', 'require-corp');
  return new Response(response.body, { status: response.status, statusText: response.statusText, headers });
}
