// A run that writes with drafts, on the reference loops: by n-grams, by another run, and what is refused.
import { describe, expect, it } from 'vitest';
import { cpuEngine } from '../../../src/lab/plans/engine.ts';
import { storedArrays } from '../../../src/lab/plans/parameter-io.ts';
import { draftRun } from '../../../src/lab/serving/draft-run.ts';
import { weightsOf } from '../../../src/lab/training/run.ts';
import type { DraftModel } from '../../../src/lab/training/sampling-needs.ts';
import { takeSteps, tinyRun } from '../training/tiny-runs.ts';

const request = { draftTokens: 3, texts: 2, prompt: 6, output: 16 };

describe('a run with drafts', () => {
  const trained = async (model: object = {}) => {
    const run = await tinyRun({ model: { context: 24, ...model } });
    await takeSteps(run, 4);
    return run;
  };
  const modelOf = async (run: Awaited<ReturnType<typeof trained>>): Promise<DraftModel> => ({
    model: run.experiment.model,
    weights: storedArrays(await weightsOf(run)),
    tokenizer: run.corpus.tokenizer,
  });

  it('writes what it writes without, by n-grams and by another run', async () => {
    const run = await trained();
    const never = new AbortController().signal;
    for (const source of ['ngram', await modelOf(await trained({ layers: 1 }))] as const) {
      const { measured, predicted, weightBytes, draftBytes } = await draftRun(
        cpuEngine(),
        run,
        source,
        request,
        never,
      );
      expect(measured?.isSame).toBe(true);
      expect(measured?.speedUp).toBeGreaterThan(0);
      expect(predicted).toEqual([]);
      expect(weightBytes).toBeGreaterThan(0);
      expect(draftBytes > 0).toBe(source !== 'ngram');
    }
  });

  it('refuses another vocabulary and prompts that its text does not have, and ends when told to', async () => {
    const run = await trained();
    const draft = (
      source: 'ngram' | DraftModel,
      changes: object = {},
      signal = new AbortController().signal,
    ) => draftRun(cpuEngine(), run, source, { ...request, ...changes }, signal);
    const other = await tinyRun({ data: { tokenizer: 'bytes' } });
    await expect(modelOf(other).then(draft)).rejects.toThrow('draft: its vocabulary has 256 tokens');
    await expect(draft('ngram', { prompt: 8000 })).rejects.toThrow(/fewer than a prompt of 8000/);
    await expect(draft('ngram', { output: 30 })).rejects.toThrow(/are 36, more than the context of 24/);
    const cancelled = AbortSignal.abort();
    await expect(draft('ngram', {}, cancelled)).rejects.toThrow('a text was cancelled');
  });
});
