// Run records: what is written is read, and what is damaged, forged, too long or newer is refused in one sentence.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { settingChanges } from '../../../src/lab/records/compare.ts';
import { checkRunRecord, readRunRecord, writeRunRecord } from '../../../src/lab/records/run-record.ts';
import { parseExperiment } from '../../../src/model/config.ts';
import { presets } from '../../../src/model/presets/catalogue.ts';
import { bitsPerByte } from '../../../src/theory/bits-per-byte.ts';
import { exampleRecord } from './example-record.ts';

const record = exampleRecord();
const text = new TextDecoder().decode(writeRunRecord(record));
const bytesOf = (content: string): Uint8Array => new TextEncoder().encode(content);
const read = (content: string) => () => readRunRecord(bytesOf(content), 'a.json');
/** The record's JSON with one part replaced as text, so that what JSON.parse would mend can be written too. */
const forged = (from: string, to: string): string => {
  expect(text).toContain(from);
  return text.replace(from, to);
};

describe('a run record', () => {
  it('is read as it was written', () => {
    expect(readRunRecord(writeRunRecord(record))).toEqual(record);
  });

  it('may lack all that is optional', () => {
    const least = exampleRecord();
    const optional = [
      'note',
      'dataSha256',
      'calibration',
      'prediction',
      'allocatedBytes',
      'floors',
      'timing',
    ];
    for (const key of [...optional, 'kernelTable']) delete (least as unknown as Record<string, unknown>)[key];
    expect(checkRunRecord(JSON.parse(JSON.stringify(least)))).toEqual(least);
  });

  it('keeps only what is known of it', () => {
    const extra = { ...record, extra: 1, steps: record.steps.map((step) => ({ ...step, isFinite: true })) };
    expect(checkRunRecord(JSON.parse(JSON.stringify(extra)))).toEqual(record);
  });

  it('keeps text as it is: showing it as text is up to who shows it', () => {
    const hostile = '<script>alert(1)</script>\u0000\u202e';
    const samples = [{ step: 1, text: hostile }];
    expect(checkRunRecord(JSON.parse(JSON.stringify({ ...record, samples }))).samples).toEqual(samples);
  });

  it('that ships with the page is one', () => {
    const shipped = readRunRecord(new Uint8Array(readFileSync('public/recorded-run.json')));
    expect(shipped.presetId).toBe('nano');
    // It is the run that a press on Train begins; the vocabulary is the text's.
    const { experiment = {} } = presets.find(({ id }) => id === 'nano') ?? {};
    const parsed = parseExperiment(experiment);
    const isOfText = (path: string) => path === 'model.vocabulary';
    expect(parsed.kind === 'ok' && settingChanges(parsed.experiment, shipped.experiment, isOfText)).toEqual(
      [],
    );
    expect(shipped.steps.at(-1)?.step).toBe(shipped.totalSteps);
    expect(shipped.kernelTable?.rows.length).toBeGreaterThan(0);
    // It keeps the promise of its preset: readable sentences, which a loss above this does not give.
    const { loss = Number.NaN } = shipped.evaluations.at(-1) ?? {};
    expect(bitsPerByte(loss, shipped.bytesPerToken?.validation ?? 1)).toBeLessThan(0.5);
    const steps = shipped.samples.map(({ step }) => step);
    expect(steps).toEqual(expect.arrayContaining([0, 10, 30, 100, shipped.totalSteps]));
  });
});

describe('reading a run record', () => {
  it('refuses a newer version with both versions, whatever else is in it', () => {
    const newer = JSON.stringify({ format: 'flopscope-run', version: 2, steps: 'elsewhere' });
    expect(read(newer)).toThrow(/^a\.json: its version 2 is newer than 1, .* left as it is; use a newer/);
    const config = forged('"configVersion":1', '"configVersion":7');
    expect(read(config)).toThrow(/configuration version 7 is newer than 1/);
  });

  it.each([
    ['cut short', text.slice(0, text.length / 2), /not JSON.*damaged/],
    ['empty', '', /not JSON/],
    ['of another kind', '{"version":1}', /no run record/],
    ['a list', '[]', /no run record/],
    ['null', 'null', /no run record/],
    [
      'a number that JSON lets grow to infinity',
      forged('"gradientNorm":0.5', '"gradientNorm":1e999'),
      /gradientNorm/,
    ],
    [
      'a text in place of a number',
      forged('"gradientNorm":0.5', '"gradientNorm":"2.5"'),
      /gradientNorm should be number, found "2.5"/,
    ],
    ['null in place of a number', forged('"gradientNorm":0.5', '"gradientNorm":null'), /found null/],
    ['a negative time', forged('"stepSeconds":0.01', '"stepSeconds":-1'), /stepSeconds/],
    ['half a step', forged('"step":2,', '"step":2.5,'), /step/],
    ['steps out of order', forged('"step":2,', '"step":1,'), /steps\[1\]: out of order/],
    [
      'a forged prototype',
      forged('"title":', '"__proto__":{"isAdmin":true},"title":'),
      /a key is "__proto__"/,
    ],
    ['a forged constructor', forged('"width":16', '"constructor":{},"width":16'), /a key is "constructor"/],
    ['a key twice', forged('"title":', '"id":"again","title":'), /a key occurs twice/],
    ['a hash that is none', forged('ababab', 'xyz'), /dataSha256/],
    ['a date that is none', forged('2026-11-22T', 'last week, '), /startedAt/],
    ['an unknown state', forged('"state":"finished"', '"state":"idle"'), /state/],
    ['an impossible configuration', forged('"width":16', '"width":-16'), /experiment: model\.width/],
    [
      'a configuration that is none',
      forged('"data":{', '"data":[],"rest":{'),
      /experiment.data: should be an object/,
    ],
    ['an absurdly long title', forged('An example', 'x'.repeat(5000)), /title/],
    [
      'absurdly many samples',
      forged('"samples":[', `"samples":[${'{"step":1,"text":""},'.repeat(3000)}`),
      /samples/,
    ],
    ['nested too deeply', forged('"samples":[', `"samples":[${'['.repeat(50)}`), /nested too deeply/],
  ])('refuses what is %s', (_, content, reason) => {
    expect(read(content)).toThrow(/^a\.json: /);
    expect(read(content)).toThrow(reason);
  });

  it('leaves the prototypes of this program alone', () => {
    expect(read(forged('"title":', '"__proto__":{"polluted":1},"title":'))).toThrow();
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });

  it('refuses bytes that are no text, and more than any record has', () => {
    expect(() => readRunRecord(new Uint8Array([0xff, 0xfe, 0x00]))).toThrow(/not UTF-8/);
    expect(() => readRunRecord(new Uint8Array(33 * 1024 * 1024))).toThrow(/too large/);
  });
});
