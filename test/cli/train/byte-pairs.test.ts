// Training on byte pairs from the command line: learned before the run, kept with it, and gone on with bit for bit.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createFolder } from '../../folders.ts';
import { jsonLines, runMain, tinyExperiment, writeJson } from '../run-command.ts';

it('a run on byte pairs is resumed exactly, and its model writes on from a text', async () => {
  const folder = createFolder();
  const data = { source: 'stories', characters: 20_000, tokenizer: 'bpe', tokenizerVocabulary: 320 };
  const config = writeJson(folder, 'bpe.json', { ...tinyExperiment, data });
  const [whole, part] = [join(folder, 'whole'), join(folder, 'part')];
  const train = (...args: string[]) => runMain(['train', config, '--runtime', 'cpu', '--json', ...args]);
  const straight = await train('--out', whole);
  expect([straight.code, straight.stderr]).toEqual([0, '']);
  await train('--out', part, '--steps', '4');
  await train('--out', part, '--resume', part);
  const weightsOf = (path: string) => readFileSync(join(path, 'model.safetensors'));
  expect(weightsOf(part).equals(weightsOf(whole))).toBe(true);

  const [first] = jsonLines(straight);
  const bits = Number(first.loss) / Math.LN2;
  // Words of stories are learned soon: a token stands for two bytes or more.
  expect(bits / Number(first.bitsPerByte)).toBeGreaterThan(1.5);
  const experiment = JSON.parse(readFileSync(join(whole, 'experiment.json'), 'utf8'));
  expect(experiment.model.vocabulary).toBe(320);
  const published = JSON.parse(readFileSync(join(whole, 'tokenizer.json'), 'utf8'));
  expect(Object.keys(published.model.vocab)).toHaveLength(320);

  const sample = ['sample', whole, '--prompt', 'Once upon', '--max-new', '8', '--runtime', 'cpu', '--json'];
  expect(jsonLines(await runMain(sample))[0].tokens).toHaveLength(8);
});
