// flopscope report: one file that needs nothing else, text as text, and one line for a record that is bad.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readRunRecord } from '../../src/lab/records/run-record.ts';
import { createFolder } from '../folders.ts';
import { exampleRecord } from '../lab/records/example-record.ts';
import { jsonLines, runMain, tinyExperiment, writeJson } from './run-command.ts';

const hostile =
  '</pre></title><script>alert("1")</script><img src=x onerror=alert(1)>\u202egnp.exe\u001b[2J\'"&';

function setUp() {
  const folder = createFolder();
  return {
    folder,
    report: (...args: string[]) => runMain(['report', ...args], folder),
    page: (name = 'report.html') => readFileSync(join(folder, name), 'utf8'),
  };
}

describe('flopscope report', () => {
  it('writes the runs of files and of directories as one page, and says what it wrote', async () => {
    const { folder, report, page } = setUp();
    writeJson(folder, 'tiny.json', tinyExperiment);
    await runMain(['train', 'tiny.json', '--runtime', 'cpu', '--json', '--out', 'out'], folder);
    writeJson(folder, 'other.json', exampleRecord());
    const result = await report('out', 'other.json', '--json');
    expect([result.code, result.stderr]).toEqual([0, '']);
    expect(jsonLines(result)).toEqual([
      {
        out: join(folder, 'report.html'),
        bytes: Buffer.byteLength(page()),
        runs: [
          expect.objectContaining({ state: 'finished', steps: 8 }),
          expect.objectContaining({ id: 'example', steps: 20 }),
        ],
      },
    ]);
    const { title, steps } = readRunRecord(new Uint8Array(readFileSync(join(folder, 'out/record.json'))));
    expect(page()).toContain(title);
    expect(page()).toContain(steps.at(-1)?.loss.toFixed(4));
    expect(page()).toContain('layers 1→2');
    expect(page()).toContain('Once upon a time');
    expect(page()).toContain('layer 0 / attention / qkv');
  });

  it('names one run in words, and the file', async () => {
    const { folder, report } = setUp();
    writeJson(folder, 'record.json', exampleRecord());
    const { stdout } = await report('.', '--out', 'mine.html');
    expect(stdout).toBe(`wrote ${join(folder, 'mine.html')} on one run\n`);
  });

  it('needs no network and no script', async () => {
    const { folder, report, page } = setUp();
    writeJson(folder, 'a.json', exampleRecord());
    await report('a.json');
    expect(page()).toContain("default-src 'none'");
    expect(page()).not.toMatch(/<script|javascript:|https?:|\burl\(|@import|<link|<iframe|\son\w+=/i);
  });

  it('draws every run by step, tokens, flops and seconds, linear and logarithmic', async () => {
    const { folder, report, page } = setUp();
    const path = writeJson(folder, 'a.json', exampleRecord());
    await report(path, path, path);
    const drawings = page().match(/<svg .*?<\/svg>/gs) ?? [];
    expect(drawings).toHaveLength(8);
    for (const drawing of drawings) {
      expect(drawing.match(/class="training" d="M[\d. ML-]+"/g)).toHaveLength(3);
      expect(drawing).not.toMatch(/NaN|Infinity/);
    }
  });

  it('draws what can be drawn of runs of one step, of none, and of losses below zero', async () => {
    const { folder, report, page } = setUp();
    const [step] = exampleRecord().steps;
    writeJson(folder, 'one.json', exampleRecord({ steps: [step], evaluations: [] }));
    writeJson(folder, 'none.json', exampleRecord({ steps: [], evaluations: [], samples: [] }));
    writeJson(folder, 'low.json', exampleRecord({ steps: [{ ...step, loss: -1, seconds: 0 }] }));
    for (const runs of [['one.json'], ['none.json'], ['one.json', 'none.json', 'low.json']]) {
      expect((await report(...runs)).code).toBe(0);
      expect(page()).not.toMatch(/NaN|Infinity/);
    }
  });

  it('shows text of a stranger as text', async () => {
    const { folder, report, page } = setUp();
    const { kernelTable } = exampleRecord();
    const [row] = kernelTable?.rows ?? [];
    const record = exampleRecord({
      ...{ title: hostile, note: hostile, message: hostile, id: hostile, timingMethod: hostile },
      device: { runtime: 'gpu', name: hostile, isSoftware: false, host: hostile },
      samples: [{ step: 1, text: hostile }],
      kernelTable: { rows: [{ ...row, label: hostile, kernel: hostile, shape: hostile }], method: hostile },
    });
    writeJson(folder, 'a.json', record);
    expect((await report('a.json')).code).toBe(0);
    for (const bad of ['<script', '<img', '\u202e', '\u001b']) expect(page()).not.toContain(bad);
    expect(page().match(/&#60;img src=x onerror=alert\(1\)&#62;/g)?.length).toBeGreaterThan(8);
    expect(page().match(/<\/title>/g)).toHaveLength(1);
  });

  it.each([
    ['no such file', 'none.json', undefined, /none\.json: [^\n]*no such file/],
    ['a record cut short', 'a.json', JSON.stringify(exampleRecord()).slice(0, 900), /a\.json: not JSON/],
    ['a newer record', 'a.json', '{"format":"flopscope-run","version":3}', /version 3 is newer than 1/],
    ['another JSON', 'a.json', '{}', /a\.json: this is no run record/],
    ['a directory without a record', '.', undefined, /record\.json: [^\n]*no such file/],
  ])('refuses %s in one line, and writes nothing', async (_, name, content, reason) => {
    const { folder, report } = setUp();
    if (content !== undefined) writeFileSync(join(folder, name), content);
    const { code, stdout, stderr } = await report(name, '--json');
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/^flopscope: [^\n]+\n$/);
    expect(stderr).toMatch(reason);
    expect(existsSync(join(folder, 'report.html'))).toBe(false);
  });

  it('does not write over a record', async () => {
    const { folder, report } = setUp();
    const path = writeJson(folder, 'a.json', exampleRecord());
    const before = readFileSync(path);
    expect((await report('a.json', '--out', 'a.json')).code).toBe(1);
    expect(readFileSync(path)).toEqual(before);
  });
});
