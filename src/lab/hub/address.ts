// Which hubs a page may ask: that of its build, which its content policy names, and its own host.
import { LabError } from '../plans/problem.ts';

/**
 * The address of a hub without a slash at its end. @param text as typed; relative to the page's origin
 * @throws LabError of one that the page's content policy forbids
 */
export function hubOf(text: string, { hub, page }: { readonly hub: string; readonly page: string }): string {
  const address = URL.canParse(text.trim(), `${page}/`) ? new URL(text.trim(), `${page}/`) : undefined;
  if (address && [hub, page].some((one) => URL.canParse(one) && new URL(one).origin === address.origin))
    return address.href.replace(/\/+$/, '');
  throw new LabError({
    kind: 'invalidRequest',
    message:
      `pull: this page may ask ${hub === '' ? 'no hub but' : `${hub} and`} its own host, and not ${JSON.stringify(text)}: its content policy says so. ` +
      'Whoever builds it names another hub in VITE_HUB; flopscope pull --endpoint asks any.',
  });
}
