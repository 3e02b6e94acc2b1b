// Which page a visitor gets, with and without a server.
import { afterEach, describe, expect, it, vi } from 'vitest';
import { choosePage, isolated } from '../../src/offline/page-choice.ts';

const page = (build: string, more = '', status = 200): Response =>
  new Response(
    `<head>${more}<script src="./assets/index-${build}.js"></script></head><lab-page></lab-page>`,
    {
      status,
      headers: { 'Content-Type': 'text/html', 'X-Content-Type-Options': 'nosniff' },
    },
  );

async function chosen(kept: Response | undefined, ask: () => Promise<Response>): Promise<string> {
  return (await choosePage(kept, ask)).text();
}

describe('choosePage', () => {
  afterEach(() => void vi.useRealTimers());

  it('takes the page of the server, which may say more than the kept one', async () => {
    const marked = page('a1', '<meta name="flopscope-class" content="9b">');
    expect(await chosen(page('a1'), async () => marked)).toContain('9b');
  });

  it('keeps to its build while a newer one waits', async () => {
    expect(await chosen(page('a1'), async () => page('b2'))).toContain('index-a1');
  });

  it('takes the kept one without a network, and where the server fails', async () => {
    const offline = () => Promise.reject(new TypeError('Failed to fetch'));
    expect(await chosen(page('a1'), offline)).toContain('index-a1');
    expect(await chosen(page('a1'), async () => page('a1', 'broken', 502))).not.toContain('broken');
  });

  it('takes the kept one where the server does not answer', async () => {
    vi.useFakeTimers();
    const choice = chosen(page('a1'), () => new Promise(() => {}));
    await vi.advanceTimersByTimeAsync(60_000);
    expect(await choice).toContain('index-a1');
  });

  it('shows what a redirection or a refusal of another program leads to', async () => {
    const moved = Response.redirect('http://localhost:4173/tree');
    expect((await choosePage(page('a1'), async () => moved)).status).toBe(302);
    expect((await choosePage(page('a1'), async () => page('', '', 404))).status).toBe(404);
    expect(await chosen(page('a1'), async () => page('b2', '', 429))).toContain('index-a1');
  });

  it('leaves another program at the same address alone', async () => {
    const other = new Response('<h1>Another project on port 4173</h1>');
    expect(await chosen(page('a1'), async () => other)).toContain('Another project');
  });

  it('asks the server where nothing was kept, and fails as it does', async () => {
    expect(await chosen(undefined, async () => page('b2'))).toContain('index-b2');
    await expect(choosePage(undefined, () => Promise.reject(new TypeError('no network')))).rejects.toThrow(
      'no network',
    );
  });
});

describe('isolated', () => {
  it('adds the two headers and leaves the rest', async () => {
    const answer = isolated(page('a1'));
    expect(Object.fromEntries(answer.headers)).toEqual({
      'content-type': 'text/html',
      'cross-origin-embedder-policy': 'require-corp',
      'cross-origin-opener-policy': 'same-origin',
      'x-content-type-options': 'nosniff',
    });
    expect(await answer.text()).toContain('index-a1');
  });
});
