// Acceptance of drafts: a text is distributed as its own model says, whoever drafts, and draws by seed and counter.
import { describe, expect, it } from 'vitest';
import {
  type Drawing,
  expectedTokens,
  judgeDraft,
  probabilitiesOf,
} from '../../../src/lab/sampling/acceptance.ts';

const plain: Drawing = { temperature: 1, topK: 0, topP: 1, seed: 0, drawable: 0 };
const target = Float32Array.of(1, 0.2, -0.5, 2, -3, 0.7);
const draft = Float32Array.of(-0.4, 1.5, 0.6, 0.9, 0, -2);

/** Χ² of counts against masses, over cells that are expected. */
function chiSquared(counts: Float64Array, masses: Float64Array): number {
  const all = counts.reduce((sum, count) => sum + count, 0);
  return masses.reduce(
    (sum, mass, id) => sum + (mass > 0 ? (counts[id] - all * mass) ** 2 / (all * mass) : 0),
    0,
  );
}

/** A token that somebody draws from logits by a number in [0, 1). */
function drawOf(logits: Float32Array, drawing: Drawing, u: number): number {
  let left = u;
  return probabilitiesOf(logits, drawing).findIndex((mass) => {
    left -= mass;
    return left < 0;
  });
}

describe('acceptance of a draft', () => {
  const settings: readonly (readonly [string, Partial<Drawing>])[] = [
    ['all tokens', {}],
    ['a temperature', { temperature: 0.6 }],
    ['the most likely ones', { topK: 3, topP: 0.9 }],
    ['known tokens only', { drawable: 4 }],
  ];

  it.each(settings)('leaves the distribution of %s', (_, changes) => {
    const [first, second] = [new Float64Array(6), new Float64Array(6)];
    let accepted = 0;
    const rounds = 10_000;
    for (let seed = 0; seed < rounds; seed++) {
      const drawing = { ...plain, ...changes, seed };
      const proposed = drawOf(draft, drawing, (seed * 0.618033988749895) % 1);
      const verdict = judgeDraft({ tokens: [proposed], logits: [draft] }, [target, draft], drawing, 5);
      accepted += verdict.accepted;
      first[verdict.tokens[0] ?? 0]++;
      if (verdict.accepted === 1) second[verdict.tokens[1] ?? 0]++;
    }
    const drawing = { ...plain, ...changes };
    const [p, q] = [probabilitiesOf(target, drawing), probabilitiesOf(draft, drawing)];
    // 5 degrees of freedom: 25.7 is passed once in ten thousand, and the seeds are always the same.
    expect(chiSquared(first, p)).toBeLessThan(25.7);
    expect(chiSquared(second, q)).toBeLessThan(25.7);
    const overlap = p.reduce((sum, mass, id) => sum + Math.min(mass, q[id]), 0);
    expect(accepted / rounds).toBeCloseTo(overlap, 1);
  });

  it('leaves it where the drafter is certain of a token', () => {
    const counts = new Float64Array(6);
    for (let seed = 0; seed < 6000; seed++)
      counts[judgeDraft({ tokens: [seed % 6] }, [target, draft], { ...plain, seed }, 0).tokens[0] ?? 0]++;
    expect(chiSquared(counts, probabilitiesOf(target, plain))).toBeLessThan(25.7);
  });

  it('leaves it where a drafter drew what is beyond the cut here', () => {
    const cut = { ...plain, topK: 3 };
    const [wide, p] = [{ ...plain, topK: 5 }, probabilitiesOf(target, cut)];
    const counts = new Float64Array(6);
    const rounds = 10_000;
    for (let seed = 0; seed < rounds; seed++) {
      const proposed = drawOf(draft, wide, (seed * 0.618033988749895) % 1);
      const { tokens } = judgeDraft(
        { tokens: [proposed], logits: [draft] },
        [target, draft],
        { ...cut, seed },
        5,
      );
      counts[tokens[0] ?? 0]++;
    }
    expect(chiSquared(counts, p)).toBeLessThan(25.7);
    // A model that is its own draft has nothing left where both are the same, and draws from all it has.
    const { tokens } = judgeDraft({ tokens: [4], logits: [target] }, [target, draft], { ...cut, topK: 1 }, 5);
    expect(tokens).toEqual([3]);
  });

  it('takes at temperature 0 what the model finds most likely, and one more', () => {
    const greedy = { ...plain, temperature: 0 };
    const rows = [target, draft, target];
    expect(judgeDraft({ tokens: [3, 1] }, rows, greedy, 0)).toMatchObject({
      tokens: [3, 1, 3],
      accepted: 2,
      examined: 2,
    });
    expect(judgeDraft({ tokens: [3, 5] }, rows, greedy, 0)).toMatchObject({
      tokens: [3, 1],
      accepted: 1,
      examined: 2,
    });
    expect(judgeDraft({ tokens: [0, 1] }, rows, greedy, 0)).toMatchObject({
      tokens: [3],
      accepted: 0,
      examined: 1,
    });
  });

  it('ends before logits that are not finite', () => {
    const broken = Float32Array.of(0, 0, Number.NaN, 0, 0, 0);
    const verdict = judgeDraft({ tokens: [3, 1] }, [target, broken, target], { ...plain, temperature: 0 }, 0);
    expect(verdict).toEqual({ tokens: [3], accepted: 1, examined: 1, isBroken: true });
  });

  it('gives 1 + α + … + αᵏ tokens a check', () => {
    expect(expectedTokens(0, 4)).toBe(1);
    expect(expectedTokens(1, 4)).toBe(5);
    expect(expectedTokens(0.5, 2)).toBeCloseTo(1.75, 12);
  });
});
