// `flopscope class` as a teacher starts and ends it.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { hostsOf } from '../../../src/cli/class/command.ts';
import { openClassStore } from '../../../src/cli/class/store.ts';
import { sampleResult } from '../../classroom/sample-result.ts';
import { createFolder } from '../../folders.ts';
import { runMain, spawnCommand } from '../run-command.ts';

const page =
  '<!doctype html><html><head><meta http-equiv="Content-Security-Policy" content="default-src \'none\'" /></head></html>';

describe('flopscope class', () => {
  it('prints where students and the teacher go, serves, and ends at Ctrl-C with all kept', async () => {
    const folder = createFolder();
    writeFileSync(join(folder, 'index.html'), page);
    const sendResult = async (address: string, joinCode: string): Promise<number[]> => {
      const headers = { 'x-class-code': joinCode };
      const join = await fetch(`${address}class/join`, { method: 'POST', headers });
      const body = JSON.stringify(sampleResult());
      const sent = await fetch(`${address}class/results`, { method: 'POST', headers, body });
      return [join.status, sent.status];
    };
    let asked: Promise<number[]> | undefined;
    const args = ['class', '--port', '0', '--host', '127.0.0.1', '--data', 'class.sqlite', '--page', '.'];
    const { code, stdout, stderr } = await spawnCommand(args, {
      folder,
      onStdout: (text, interrupt) => {
        const [, address, joinCode] = /(http:\S+?)#class\/join\/(\w{6})\b/.exec(text) ?? [];
        if (address === undefined || joinCode === undefined || !text.includes('Ctrl-C') || asked) return;
        asked = sendResult(address, joinCode);
        void asked.then(interrupt, interrupt);
      },
    });
    expect(await asked).toEqual([200, 200]);
    expect(stdout).toMatch(/The teacher's view.*\n {2}http:\S+#class\/teacher\/[\w-]{24}\n/);
    expect(stdout).toMatch(/Over http browsers hide the GPU/);
    expect(stderr).toMatch(/The class has ended with 1 result\. They are in class\.sqlite\./);
    expect(code).toBe(0);
    const store = openClassStore(join(folder, 'class.sqlite'));
    expect(store.changes(0).rows).toMatchObject([{ result: { name: 'Ana', title: 'Pico' } }]);
    store.close();
  });

  it('sends students to this machine and not to their own', () => {
    const interfaceAt = (address: string, internal = false) => ({
      ...{ address, internal, netmask: '255.0.0.0', mac: '', cidr: null, family: 'IPv4' as const },
    });
    const loopback = { lo: [interfaceAt('127.0.0.1', true)] };
    expect(hostsOf('0.0.0.0', { ...loopback, wifi: [interfaceAt('10.0.0.7')] })).toEqual(['10.0.0.7']);
    expect(hostsOf('0.0.0.0', loopback)).toEqual(['localhost']); // in no network
    expect(hostsOf('10.0.0.9', loopback)).toEqual(['10.0.0.9']);
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
