// `flopscope class` as a teacher starts and ends it.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createFolder } from '../../folders.ts';
import { runMain, spawnCommand } from '../run-command.ts';

const page =
  '<!doctype html><html><head><meta http-equiv="Content-Security-Policy" content="default-src \'none\'" /></head></html>';

describe('flopscope class', () => {
  it('prints where students and the teacher go, serves, and ends at Ctrl-C with all kept', async () => {
    const folder = createFolder();
    writeFileSync(join(folder, 'index.html'), page);
    let asked: Promise<Response> | undefined;
    const args = ['class', '--port', '0', '--host', '127.0.0.1', '--data', 'class.sqlite', '--page', '.'];
    const { code, stdout, stderr } = await spawnCommand(args, {
      folder,
      onStdout: (text, interrupt) => {
        const [, address, joinCode] = /(http:\S+?)#class\/join\/(\w{6})\b/.exec(text) ?? [];
        if (address === undefined || joinCode === undefined || !text.includes('Ctrl-C') || asked) return;
        asked = fetch(`${address}class/join`, { method: 'POST', headers: { 'x-class-code': joinCode } });
        void asked.then(interrupt, interrupt);
      },
    });
    expect((await asked)?.status).toBe(200);
    expect(stdout).toMatch(/The teacher's view.*\n {2}http:\S+#class\/teacher\/[\w-]{24}\n/);
    expect(stdout).toMatch(/Over http browsers hide the GPU/);
    expect(stderr).toMatch(/The class has ended with 0 results\. They are in class\.sqlite\./);
    expect(code).toBe(0);
  });

  it.each([
    [['--certificate', 'a.pem'], /--certificate and --key belong together/],
    [['--certificate', 'a.pem', '--key', 'b.pem'], /a\.pem cannot be read/],
    [['--page', 'absent'], /absent has no index\.html/],
    [['--port', '70000'], /Use a whole number from 0 to 65535/],
  ])('refuses %j in one line', async (args, message) => {
    const { code, stderr } = await runMain(['class', ...args], createFolder());
    expect(code).toBe(1);
    expect(stderr).toMatch(message);
  });
});
