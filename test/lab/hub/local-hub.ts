// A hub on a loopback address that serves the files of a folder, with the faults that networks have.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

/** What goes wrong, by the name of a file; each once unless it says otherwise. */
export interface Faults {
  /** Sends this part of the file and drops the connection. */
  readonly cut?: Readonly<Record<string, number>>;
  /** Whether a connection that is to be cut may be now: what was sent has arrived. */
  readonly mayCut?: () => boolean;
  /** Answers 429 with this Retry-After first. */
  readonly busy?: Readonly<Record<string, string>>;
  /** Sends other bytes than it lists, always. */
  readonly wrong?: readonly string[];
  /** Sends files from another path, to which it redirects. */
  readonly redirects?: boolean;
  /** Knows no ranges. */
  readonly wholeOnly?: boolean;
}

/** A running hub. */
export interface LocalHub {
  readonly endpoint: string;
  /** Requests for files: name, range, authorization. */
  readonly requests: { readonly name: string; readonly range?: string; readonly token?: string }[];
  close(): Promise<void>;
}

export const commit = '0123456789abcdef0123456789abcdef01234567';

/** Starts a hub of its own. */
export async function startHub(folder: string, faults: Faults = {}): Promise<LocalHub> {
  const { listener, requests } = createHubListener(folder, faults);
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { endpoint: `http://127.0.0.1:${port}`, requests, close: () => closeServer(server) };
}

/** Ends a server at once, whatever it is sending. */
export function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.closeAllConnections();
    server.close(() => resolve());
  });
}

/** Serves a folder as `tiny/model`; files of 1 KiB and more are kept as Git LFS keeps them. */
export function createHubListener(folder: string, faults: Faults = {}) {
  const requests: LocalHub['requests'] = [];
  const left = { cut: { ...faults.cut }, busy: { ...faults.busy } };
  const listener = (request: IncomingMessage, response: ServerResponse) => {
    const path = decodeURIComponent(new URL(request.url ?? '/', 'http://hub').pathname);
    const json = (value: unknown) => {
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify(value));
    };
    if (['main', 'v1', commit].some((revision) => path === `/api/models/tiny/model/revision/${revision}`))
      return json({
        _id: '1',
        id: 'tiny/model',
        sha: commit,
        private: false,
        gated: false,
        likes: 0,
        downloads: 0,
      });
    if (path === `/api/models/tiny/model/tree/${commit}`)
      return json(readdirSync(folder).map((name) => entry(folder, name)));
    const [, kind, name = ''] =
      /^\/(?:tiny\/model\/(resolve)\/[0-9a-f]+|(?:store))\/([^/]+)$/.exec(path) ?? [];
    if (!readdirSync(folder).includes(name)) {
      response.statusCode = 404;
      return json({ error: 'Repository not found' });
    }
    if (kind === 'resolve' && faults.redirects) {
      response.writeHead(302, { location: `/store/${name}` });
      return response.end();
    }
    const { range, authorization: token } = request.headers;
    requests.push({ name, ...(range ? { range } : {}), ...(token ? { token } : {}) });
    const wait = left.busy[name];
    if (wait !== undefined) {
      delete left.busy[name];
      response.writeHead(429, { 'retry-after': wait });
      return response.end();
    }
    return send(request, response, bytesOf(folder, name, faults), left.cut, { ...faults, name });
  };
  return { listener, requests };
}

function send(
  { headers }: IncomingMessage,
  response: ServerResponse,
  bytes: Buffer,
  cuts: Record<string, number>,
  { name, wholeOnly, mayCut = () => true }: Faults & { readonly name: string },
): void {
  const begin = wholeOnly ? 0 : Number(/^bytes=(\d+)-/.exec(headers.range ?? '')?.[1] ?? 0);
  const rest = bytes.subarray(begin);
  response.statusCode = begin > 0 ? 206 : 200;
  if (begin > 0) response.setHeader('content-range', `bytes ${begin}-${bytes.length - 1}/${bytes.length}`);
  response.setHeader('content-length', rest.length);
  const part = cuts[name];
  if (part === undefined) {
    response.end(rest);
    return;
  }
  delete cuts[name];
  response.write(rest.subarray(0, Math.floor(part * rest.length)));
  const drop = () => {
    if (mayCut()) response.destroy();
    else if (!response.destroyed) setTimeout(drop, 5); // until who asked has gone
  };
  drop();
}

function bytesOf(folder: string, name: string, { wrong = [] }: Faults): Buffer {
  const bytes = readFileSync(join(folder, name));
  if (wrong.includes(name)) bytes[bytes.length - 1] ^= 1;
  return bytes;
}

function entry(folder: string, name: string) {
  const bytes = readFileSync(join(folder, name));
  const gitId = createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex');
  const oid = createHash('sha256').update(bytes).digest('hex');
  const lfs = bytes.length < 1024 ? {} : { lfs: { oid, size: bytes.length, pointerSize: 130 } };
  return { type: 'file', path: name, size: bytes.length, oid: gitId, ...lfs };
}
