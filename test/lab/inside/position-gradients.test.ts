// Gradients by position: each is there, and only what a position may see can change them.
import { expect, it } from 'vitest';
import { gradientsByPosition } from '../../../src/lab/inside/position-gradients.ts';
import { cpuEngine } from '../../../src/lab/plans/engine.ts';
import { freshWeights } from '../../../src/lab/plans/open-model.ts';
import { tinyExperiment } from '../training/tiny-runs.ts';

const { model } = tinyExperiment({ model: { vocabulary: 11 } });
const weights = freshWeights(model, 1);
const batch = 2;
const tokens = Uint32Array.from({ length: batch * (model.context + 1) }, (_, i) => (i * i + 3) % 11);

it('every position sends one', async () => {
  const norms = await gradientsByPosition(cpuEngine(), model, weights, tokens);
  expect(norms).toHaveLength(model.context);
  for (const norm of norms) expect(norm).toBeGreaterThan(0.01);
});

it('a token changes the gradients of the position that it is the target of, and of later ones, never of earlier ones', async () => {
  const changed = tokens.slice();
  const at = 3;
  for (let row = 0; row < batch; row++) {
    const index = row * (model.context + 1) + at;
    changed[index] = ((changed[index] ?? 0) + 1) % 11;
  }
  const before = await gradientsByPosition(cpuEngine(), model, weights, tokens);
  const after = await gradientsByPosition(cpuEngine(), model, weights, changed);
  before.forEach((norm, position) => {
    if (position < at - 1) expect(after[position]).toBe(norm);
    else expect(after[position]).not.toBe(norm);
  });
});
