// The golden models of attention with heads, as make-attention.py writes them.
import { readFileSync } from 'node:fs';
import type { GoldenLatent } from './run-latent.ts';

/** All of them; only some were trained. */
export const goldenAttention = JSON.parse(
  readFileSync(new URL('../fixtures/attention.json', import.meta.url), 'utf8'),
) as readonly GoldenLatent[];
