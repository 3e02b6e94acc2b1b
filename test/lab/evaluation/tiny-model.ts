// A tiny model with fresh weights and a tokenizer, as it comes from a directory.
import type { Tokenizer } from '../../../src/data/tokenizer.ts';
import { freshWeights } from '../../../src/lab/plans/open-model.ts';
import { type ModelFiles, readModelFiles, writeModelFiles } from '../../../src/lab/training/model-files.ts';
import { inMemory } from '../../../src/lab/training/weight-files.ts';
import { tinyExperiment } from '../training/tiny-runs.ts';

/** Its context is 8 tokens. */
export function tinyModel(tokenizer: Tokenizer): Promise<ModelFiles> {
  const { model } = tinyExperiment({ model: { vocabulary: tokenizer.vocabularySize } });
  const files = writeModelFiles(model, freshWeights(model, 7), tokenizer);
  return readModelFiles(async (name) => {
    const file = files.find((candidate) => candidate.name === name);
    return file && inMemory(file.bytes);
  });
}
