// Tests of a search that runs, on the reference loops: measured speeds without a calibration, training, and an early end.
import { describe, expect, test } from 'vitest';
import { loadCorpus } from '../../../src/lab/plans/corpus.ts';
import { cpuEngine } from '../../../src/lab/plans/engine.ts';
import { expandStudy } from '../../../src/lab/studies/expand.ts';
import { readyStudies } from '../../../src/lab/studies/ready.ts';
import { runSearch, type SearchOptions } from '../../../src/lab/studies/run-search.ts';
import type { SearchResult } from '../../../src/lab/studies/search.ts';
import { parseStudy } from '../../../src/lab/studies/study.ts';
import { exampleLaw } from './example-study.ts';

const engine = cpuEngine();
const { base, ...rest } = readyStudies.shapes as { base: { data: object } };
const study = parseStudy(
  {
    ...rest,
    base: { ...base, data: { ...base.data, characters: 20_000, validationFraction: 0.1 } },
    validationTokens: 64,
    search: {
      ...{ parameters: 3000, tokens: 2048, ratio: [0.14, 0.2], mlpToAttention: 2, lossSlack: 0.5 },
      ...{ prompt: 2, output: 4 },
    },
  },
  'x',
);

async function search(options: Partial<SearchOptions>): Promise<SearchResult> {
  const corpus = await loadCorpus(expandStudy(study, 1).runs[0].experiment.data);
  const rest = { train: 0, isMeasured: true, ...options };
  return runSearch(study, exampleLaw, { engine, corpus, planning: engine, ...rest });
}

describe('a search that runs', () => {
  test('measures every shape where nothing is known of the device, and refuses to predict there', async () => {
    const { candidates, baseline, surefire, gain } = await search({});
    for (const one of [baseline, ...candidates]) {
      expect(one.measuredTokensPerSecond).toBeGreaterThan(0);
      expect(one.predictedTokensPerSecond).toBeUndefined();
      expect(one.loss).toBeUndefined();
    }
    expect(surefire.measuredTokensPerSecond).toBeGreaterThanOrEqual(baseline.measuredTokensPerSecond ?? NaN);
    expect(gain).toBeGreaterThanOrEqual(0);
    await expect(search({ isMeasured: false })).rejects.toThrow(/needs a calibrated device/);
  });

  test('keeps what it found when it is ended while it trains', async () => {
    const abort = new AbortController();
    const seen: number[] = [];
    const found = await search({
      train: 2,
      signal: abort.signal,
      onFound: ({ trained }) => {
        seen.push(trained);
        if (trained === 1) abort.abort();
      },
    });
    expect(found.trained).toBe(1);
    expect(found.panda.loss).toBeGreaterThan(0.5);
    expect(found.spearman).toBeUndefined();
    expect(seen.length).toBeGreaterThan(2); // each speed was told as it came
  });
});
