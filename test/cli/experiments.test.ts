// CONFIG.json: every problem of a configuration in one line, and the text that goes with it.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { experimentFrom, readExperiment, withText } from '../../src/cli/experiments.ts';
import { createFolder } from '../folders.ts';
import { tinyExperiment, writeJson } from './run-command.ts';

const experiment = experimentFrom('config', tinyExperiment);

describe('readExperiment', () => {
  it('fills in defaults', async () => {
    const read = await readExperiment(writeJson(createFolder(), 'c.json', tinyExperiment));
    expect(read.model.hidden).toBe(64);
  });

  it('names the file and every field that is wrong', () => {
    const wrong = {
      ...tinyExperiment,
      model: { ...tinyExperiment.model, heads: 3, layers: 0, colour: 'red' },
    };
    expect(() => experimentFrom('c.json', wrong)).toThrow(/^c\.json: .*model\.colour.*model\.layers: 0/);
    const indivisible = { ...tinyExperiment, model: { ...tinyExperiment.model, heads: 3 } };
    expect(() => experimentFrom('c.json', indivisible)).toThrow(
      /model\.heads: 3 does not divide model\.width 16/,
    );
  });
});

describe('withText', () => {
  it('takes a file instead of the source', async () => {
    const path = join(createFolder(), 'text.txt');
    writeFileSync(path, 'some text');
    const found = await withText(experiment, path);
    expect(found.experiment.data.source).toBe('file');
    expect(await found.text?.text()).toBe('some text');
  });

  it('asks for a file when the source is one', async () => {
    const wanting = { ...experiment, data: { ...experiment.data, source: 'file' as const } };
    await expect(withText(wanting, undefined)).rejects.toThrow(/Pass --data FILE/);
  });
});
