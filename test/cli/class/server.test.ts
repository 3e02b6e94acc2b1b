// The class server on a socket: headers, the marked page, thirty students at once, and those who send too much.
import { mkdirSync, writeFileSync } from 'node:fs';
import { request as requestPlain } from 'node:http';
import { request } from 'node:https';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ClassChanges, classMark } from '../../../src/classroom/protocol.ts';
import { selfSigned } from '../../../src/cli/class/certificate.ts';
import { type ClassServer, startClassServer } from '../../../src/cli/class/server.ts';
import { openClassStore } from '../../../src/cli/class/store.ts';
import { sampleResult } from '../../classroom/sample-result.ts';
import { createFolder } from '../../folders.ts';

const code = 'BCD234';
const key = 'teacher-key-0123456789';
const policy = "default-src 'none'; script-src 'self'";

describe('the class server', () => {
  const store = openClassStore(join(createFolder(), 'class.sqlite'));
  const open = { title: 'Physics <11b>', code, key, store };
  const outside = createFolder();
  const folder = join(outside, 'page');
  let server: ClassServer;
  let address: string;

  beforeAll(async () => {
    mkdirSync(join(folder, 'assets'), { recursive: true });
    writeFileSync(join(outside, 'secret.txt'), 'not for students');
    const meta = `<meta http-equiv="Content-Security-Policy" content="${policy}" />`;
    writeFileSync(
      join(folder, 'index.html'),
      `<!doctype html><html><head>${meta}</head><body></body></html>`,
    );
    writeFileSync(join(folder, 'assets/lab.js'), 'export {};\n');
    server = await startClassServer(open, { folder, host: '127.0.0.1', port: 0 });
    address = `http://127.0.0.1:${server.port}/`;
  });
  afterAll(async () => {
    await server.close();
    store.close();
  });

  const send = (body: string, headers: Record<string, string> = {}) =>
    fetch(`${address}class/results`, { method: 'POST', body, headers: { 'x-class-code': code, ...headers } });

  it('serves the page isolated, under its policy, marked as that of a class', async () => {
    for (const path of ['', 'index.html', 'assets/lab.js', 'absent']) {
      const { headers, status } = await fetch(address + path);
      expect(status).toBe(path === 'absent' ? 404 : 200);
      expect(headers.get('cross-origin-opener-policy')).toBe('same-origin');
      expect(headers.get('cross-origin-embedder-policy')).toBe('require-corp');
      expect(headers.get('content-security-policy')).toBe(`${policy}; frame-ancestors 'none'`);
    }
    const page = await (await fetch(address)).text();
    expect(page).toContain(`<meta name="${classMark}" content="Physics &#60;11b&#62;" /></head>`);
  });

  it('gives nothing beside the page, and lives on after paths that are none', async () => {
    // As it stands: fetch would tidy the path.
    const statusOf = (path: string) =>
      new Promise<number | undefined>((resolve, reject) => {
        requestPlain({ host: '127.0.0.1', port: server.port, path }, (response) => {
          response.resume();
          resolve(response.statusCode);
        })
          .on('error', reject)
          .end();
      });
    for (const path of ['/..%2fsecret.txt', '/../secret.txt', '//secret.txt', '//', '///?'])
      expect(await statusOf(path), path).not.toBe(200);
    expect((await fetch(`${address}assets/lab.js`)).status).toBe(200);
  });

  it('loses none of thirty students of one name who send at once, some twice', async () => {
    const students = Array.from({ length: 30 }, (_, index) => `student-${1000 + index}`);
    const answers = await Promise.all(
      [...students, ...students.slice(0, 10)].map((student) =>
        send(JSON.stringify(sampleResult({ student, name: 'Kim' }))),
      ),
    );
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
    const seen = await fetch(`${address}class/results?since=0`, { headers: { 'x-class-key': key } });
    const { rows } = (await seen.json()) as ClassChanges;
    expect(rows).toHaveLength(30);
    expect(new Set(rows.map(({ person }) => person)).size).toBe(30);
    expect(rows.every(({ result }) => result?.name === 'Kim')).toBe(true);
  });

  it('refuses what is too long, and pages of other sites', async () => {
    expect((await send('x'.repeat(70_000))).status).toBe(413);
    expect((await send(JSON.stringify(sampleResult()), { origin: 'https://example.org' })).status).toBe(403);
    expect((await send(JSON.stringify(sampleResult()), { origin: 'null' })).status).toBe(403);
    expect((await send(JSON.stringify(sampleResult()), { origin: address.slice(0, -1) })).status).toBe(200);
  });

  it('speaks https with a certificate of its own, which it uses again', async () => {
    const names = ['127.0.0.1', 'teacher-laptop.test'];
    const certificate = await selfSigned(names, store);
    expect(await selfSigned(['127.0.0.1'], store)).toEqual(certificate);
    expect(await selfSigned([...names, '10.0.0.7'], store)).not.toEqual(certificate);
    const secure = await startClassServer(open, { folder, host: '127.0.0.1', port: 0, certificate });
    const status = await new Promise((resolve, reject) => {
      // The certificate is its own authority: the client trusts it, and checks the name.
      const call = request({ host: '127.0.0.1', port: secure.port, ca: certificate.cert }, (answer) => {
        answer.resume();
        resolve(answer.statusCode);
      });
      call.on('error', reject);
      call.end();
    });
    expect(status).toBe(200);
    await secure.close();
  });
});
