// The built page and a hub on one loopback address, under the page's own content policy: a mirror as a school may have one.

import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import sirv from 'sirv';
import { pageFolder } from '../browser.ts';
import { closeServer, createHubListener, type Faults, type LocalHub } from '../lab/hub/local-hub.ts';

/** Serves the page at the root and a folder's model at `/hub`. */
export async function startPageWithHub(folder: string, faults: Faults): Promise<LocalHub> {
  const { listener, requests } = createHubListener(folder, faults);
  const page = readFileSync(join(pageFolder(), 'index.html'), 'utf8');
  const policy = /http-equiv="Content-Security-Policy"\s+content="([^"]+)"/.exec(page)?.[1] ?? '';
  const files = sirv(pageFolder(), {
    setHeaders: (response) => response.setHeader('Content-Security-Policy', policy),
  });
  const server = createServer((request, response) => {
    const { url = '' } = request;
    if (!url.startsWith('/hub/')) return files(request, response);
    request.url = url.slice('/hub'.length);
    return listener(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { endpoint: `http://127.0.0.1:${port}`, requests, close: () => closeServer(server) };
}
