// The command line as a whole: help, usage errors, exit codes.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { appVersion } from '../../src/text/app-version.ts';
import { jsonLines, runMain, spawnCommand } from './run-command.ts';

describe('main', () => {
  it('shows help on stdout when asked', async () => {
    const { code, stdout, stderr } = await runMain(['--help']);
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /device[\s\S]*calibrate[\s\S]*predict[\s\S]*train[\s\S]*inspect[\s\S]*sample[\s\S]*presets/,
    );
    expect(stderr).toBe('');
  });

  it('says its version', async () => {
    expect(await runMain(['--version'])).toMatchObject({ code: 0, stdout: `${appVersion}\n` });
  });

  it('leaves this process its environment', async () => {
    const { env } = process;
    const names = Object.keys(env).sort();
    await runMain(['--version']);
    expect(process.env).toBe(env); // a plain object would reach no native code, nor the zone of dates
    expect(Object.keys(process.env).sort()).toEqual(names);
  });

  it('keeps stdout free of help when JSON was asked for', async () => {
    const { code, stdout, stderr } = await runMain(['train', '--json', '--help']);
    expect([code, stdout]).toEqual([0, '']);
    expect(stderr).toContain('--batches');
  });

  it.each([
    [['fly'], /unknown command 'fly'/],
    [['train'], /missing required argument 'config'/],
    [['train', 'a.json', '--speed', '3'], /unknown option '--speed'/],
    [['train', 'a.json', '--steps', '0'], /'0' is invalid\. Use a whole number from 1/],
    [['train', 'a.json', '--runtime', 'tpu'], /'tpu' is invalid\. Allowed choices are gpu, wasm, cpu/],
    [['presets', 'nano', 'extra'], /too many arguments/],
    [['inspect', 'dir'], /dir: there is no such directory or file\. Give a model directory/],
  ])('refuses %j in one line with exit code 1', async (args, message) => {
    const { code, stdout, stderr } = await runMain(args);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/^flopscope: [^\n]+\n$/);
    expect(stderr).toMatch(message);
  });

  it('takes --json before the command too', async () => {
    expect(jsonLines(await runMain(['--json', 'presets', 'nano']))).toHaveLength(1);
  });

  it('runs from bin/flopscope.js and passes the exit code on', async () => {
    const { code, stdout, stderr } = await spawnCommand(['presets', 'absent', '--json']);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/^flopscope: presets: there is none named "absent"[^\n]*\n$/);
  });

  it.skipIf(!existsSync('/dev/full'))('says so where the disk behind stdout is full', async () => {
    const command = `exec '${process.execPath}' bin/flopscope.js theory models > /dev/full`;
    const child = spawn('sh', ['-c', command], { stdio: ['ignore', 'ignore', 'pipe'] });
    const [stderr, [code]] = await Promise.all([text(child.stderr), once(child, 'close')]);
    expect([code, stderr]).toEqual([
      1,
      'flopscope: stdout: cannot write to it: the disk is full (ENOSPC). What it has is cut.\n',
    ]);
  });

  it('has exit code 2 and says what to install where there is no GPU', async () => {
    const environment = { VK_DRIVER_FILES: '/nonexistent/driver.json' };
    const { code, stdout, stderr } = await spawnCommand(['device', '--json'], { environment });
    if (process.platform !== 'linux') return;
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/^flopscope: device: [^\n]*Install a Vulkan driver[^\n]*\n$/);
  });
});
