// The class server: the built page with its headers, and the calls of students and teacher, over http or https.
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import sirv from 'sirv';
import { classMark, classPath } from '../../classroom/protocol.ts';
import { maximumResultBytes } from '../../classroom/result.ts';
import { type ClassAnswer, createAnswers, type OpenClass } from './answers.ts';
import type { Certificate } from './certificate.ts';

/** Milliseconds that a call may take to arrive. */
const patience = 30_000;
/** Sockets at once: thirty pages, six each, and room. */
const mostSockets = 512;

/** A server that runs. */
export interface ClassServer {
  readonly port: number;
  close(): Promise<void>;
}

/** Where and how to serve. */
export interface ServerOptions {
  /** The built page. */
  readonly folder: string;
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly certificate?: Certificate | undefined;
}

/** Starts it. @throws Error of the system, such as EADDRINUSE */
export async function startClassServer(open: OpenClass, options: ServerOptions): Promise<ClassServer> {
  const { folder, host, port, certificate } = options;
  const answer = createAnswers(open);
  const page = markedPage(folder, open.title);
  const files = sirv(folder, { etag: true });
  const listener: RequestListener = (request, response) => {
    for (const [name, value] of Object.entries(page.headers)) response.setHeader(name, value);
    const path = (request.url ?? '/').replace(/[?#].*$/s, ''); // not by URL, which throws for such as `//`
    if (path.startsWith(`/${classPath}`))
      return void reply(request, response, answer).catch(() => response.destroy()); // the caller has gone
    const isPage = path === '/' || path === '/index.html';
    if (isPage) return send(response, 200, page.html, 'text/html; charset=utf-8');
    return files(request, response, () => send(response, 404, 'Not here.\n', 'text/plain; charset=utf-8'));
  };
  const server =
    certificate === undefined ? createServer(listener) : createSecureServer({ ...certificate }, listener);
  server.requestTimeout = patience;
  server.maxConnections = mostSockets;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** index.html with the mark by which the page knows that a class listens, and the headers of all answers. */
function markedPage(folder: string, title: string) {
  const source = readFileSync(join(folder, 'index.html'), 'utf8');
  const policy = /http-equiv="Content-Security-Policy"\s+content="([^"]+)"/.exec(source)?.[1];
  if (policy === undefined)
    throw new Error('class: index.html of the page states no Content-Security-Policy.');
  const content = title.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
  return {
    html: source.replace('</head>', `<meta name="${classMark}" content="${content}" /></head>`),
    headers: {
      'Content-Security-Policy': `${policy}; frame-ancestors 'none'`,
      // The two that isolate the page: threads of the processor may then share memory.
      'Cross-Origin-Opener-Policy': 'same-origin',
      'Cross-Origin-Embedder-Policy': 'require-corp',
      'Referrer-Policy': 'no-referrer',
      'X-Content-Type-Options': 'nosniff',
    },
  };
}

async function reply(
  request: IncomingMessage,
  response: ServerResponse,
  answer: ReturnType<typeof createAnswers>,
): Promise<void> {
  const { status, body, retryAfter } = await respond(request, answer);
  if (retryAfter !== undefined) response.setHeader('Retry-After', retryAfter);
  response.setHeader('Cache-Control', 'no-store');
  send(response, status, JSON.stringify(body), 'application/json');
}

const tooLong: ClassAnswer = {
  status: 413,
  body: {
    message: `A result has at most ${maximumResultBytes} bytes. Make the run again and send its result.`,
  },
};

/** A page of another site may send nothing here in a student's name: browsers say where a call comes from. */
async function respond(
  request: IncomingMessage,
  answer: ReturnType<typeof createAnswers>,
): Promise<ClassAnswer> {
  const { method = '', url = '', headers, socket } = request;
  const { origin, host } = headers;
  if (origin !== undefined && (!URL.canParse(origin) || new URL(origin).host !== host))
    return { status: 403, body: { message: 'Calls to a class come from its own page only.' } };
  try {
    const answered = answer({
      method,
      path: url.slice(1 + classPath.length),
      headers,
      address: socket.remoteAddress ?? '',
      now: performance.now() / 1000,
    });
    if (typeof answered !== 'function') return answered;
    const body = await readBody(request);
    return body === undefined ? tooLong : answered(body);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return {
      status: 500,
      body: { message: `The class server could not keep this: ${why}. Your page sends it again.` },
    };
  }
}

/** The body as text; undefined when it is longer than a result may be. Node throws away what is not read. */
async function readBody(request: IncomingMessage): Promise<string | undefined> {
  if (Number(request.headers['content-length'] ?? 0) > maximumResultBytes) return undefined;
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of request) {
    length += part.length;
    if (length <= maximumResultBytes) parts.push(part);
  }
  return length > maximumResultBytes ? undefined : Buffer.concat(parts).toString('utf8');
}

function send(response: ServerResponse, status: number, body: string, type: string): void {
  response.writeHead(status, { 'Content-Type': type });
  response.end(body);
}
