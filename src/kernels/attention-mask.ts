// Which keys a query of attention sees, and which probabilities dropout keeps: WGSL and its twins.
import source from '../../shaders/attention-mask.wgsl?raw';
import { capSource } from './attention-cap.ts';
import { prologue, randomUniform } from './prologue.ts';

/** What stands before the shaders of attention over whole sequences. */
export const attentionPrologue = prologue + source + capSource;

/** (query, key) pairs of one sequence and head when each query sees `window` tokens: itself and those before it. */
export function visiblePairs(time: number, window: number): number {
  // The first `seen` queries see 1, 2, …, seen keys, all others `seen`: seen·time − (0 + 1 + … + seen − 1).
  const seen = Math.min(window, time);
  return seen * time - (seen * (seen - 1)) / 2;
}

/** The first key that a query sees. */
export function firstVisible(query: number, window: number): number {
  return Math.max(0, query - window + 1);
}

/** Twin of WGSL's keepFactor: 0 for a dropped probability, 1 / (1 − dropout) for a kept one. */
export function keepFactor(
  { time, dropout, operation }: Readonly<Record<'time' | 'dropout' | 'operation', number>>,
  scalars: Readonly<Record<string, number>>,
  sample: number,
  head: number,
  query: number,
  key: number,
): number {
  if (dropout === 0) return 1;
  // Wraps at 2³² as the shader's u32 does: large shapes must draw the same numbers in both.
  const element = Math.imul(head * time + query, time) + key;
  const { dropoutSeed = 0, step = 0, sampleOffset = 0 } = scalars;
  const uniform = randomUniform(dropoutSeed, step, sampleOffset + sample, operation, element);
  // Compared in single precision, as in WGSL: a uniform between the two roundings would be kept by one of them only.
  return uniform >= Math.fround(dropout) ? 1 / (1 - dropout) : 0;
}
