// Every expected failure has a cause, says what was kept, and offers one action.
import { describe, expect, it } from 'vitest';
import type { Problem } from '../../../src/contract/values.ts';
import { describeProblem } from '../../../src/ui/page/problem-text.ts';

const kinds: readonly Problem['kind'][] = [
  'noWebGpu',
  'insecureOrigin',
  'noAdapter',
  'deviceLost',
  'threadLost',
  'outOfMemory',
  'tooLarge',
  'invalidConfig',
  'invalidData',
  'invalidRequest',
  'invalidFile',
  'diverged',
  'storageFull',
  'newerStorage',
  'busy',
  'openElsewhere',
  'locked',
  'notLoaded',
  'internal',
];

describe('problem text', () => {
  it.each(kinds)('has a title, a hint and a button for %s', (kind) => {
    const text = describeProblem({ kind, message: 'x' }, { hasRun: false });
    expect(text.title.length).toBeGreaterThan(5);
    expect(text.hint.length).toBeGreaterThan(10);
    expect(text.actionLabel.length).toBeGreaterThan(3);
  });

  it('gives no two kinds the same title', () => {
    const titles = kinds.map((kind) => describeProblem({ kind, message: 'x' }, { hasRun: false }).title);
    expect(new Set(titles).size).toBe(kinds.length);
  });

  it('lists the browsers with WebGPU where another one may help, and nowhere else', () => {
    const listing = kinds.filter(
      (kind) => describeProblem({ kind, message: 'x' }, { hasRun: false }).listsBrowsers,
    );
    expect(listing).toEqual(['noWebGpu', 'noAdapter']);
  });

  it('says of a run that diverged only what was kept', () => {
    const problem: Problem = { kind: 'diverged', message: 'The loss is 60.' };
    const { hint, title } = describeProblem(problem, { hasRun: true });
    expect(hint + title).not.toMatch(/weights|no longer a number/);
    expect(describeProblem(problem, { hasRun: true }).kept).toMatch(/Nothing/);
    expect(describeProblem(problem, { hasRun: true, savedStep: 3 }).kept).toMatch(/up to step 3/);
  });

  it('says what was kept when the GPU is lost, and offers to go on from there', () => {
    const problem: Problem = { kind: 'deviceLost', message: 'unknown' };
    expect(describeProblem(problem, { hasRun: true, savedStep: 120 })).toMatchObject({
      kept: 'The run is saved in this browser up to step 120.',
      action: 'continueSaved',
    });
    expect(describeProblem(problem, { hasRun: true })).toMatchObject({ action: 'retryDevice' });
    expect(describeProblem(problem, { hasRun: true }).kept).toMatch(/Nothing/);
  });
});
