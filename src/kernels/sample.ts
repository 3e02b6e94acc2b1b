// Draws the next token on the GPU and advances the decoding state, so that many tokens fit in one submission.
import source from '../../shaders/sample.wgsl?raw';
import { defineKernel, type NumberArray, type Scalars } from '../plan/kernel.ts';
import type { Tape } from '../plan/tape.ts';
import { describeTensor, elementCount, type Tensor } from '../plan/tensor.ts';
import { prologue, randomWords } from './prologue.ts';

/** Vocabularies up to this size get 64 invocations, larger ones 256. */
const smallVocabulary = 1024;

/**
 * Ids that may be drawn: the topK largest logits (0: all), of those the most likely whose mass reaches topP
 * of theirs. Logits equal to the last one that is kept are kept too.
 */
function keptTokens(logits: NumberArray, columns: number, { temperature, topK, topP }: Scalars): number[] {
  const order = Array.from({ length: columns }, (_, id) => id).sort((a, b) => logits[b] - logits[a] || a - b);
  const untilTied = (count: number) => {
    const last = logits[order[count - 1] ?? 0];
    return order.filter((id) => logits[id] >= last);
  };
  const first = topK > 0 && topK < columns ? untilTied(topK) : order;
  if (topP >= 1) return first;
  const largest = logits[order[0] ?? 0];
  const massOf = (id: number) => Math.exp((logits[id] - largest) / temperature);
  const wanted = topP * first.reduce((sum, id) => sum + massOf(id), 0);
  let mass = 0;
  const count = first.findIndex((id) => {
    mass += massOf(id);
    return mass >= wanted;
  });
  return count < 0 ? first : untilTied(count + 1);
}

/** −log(−log of a uniform) from 32 random bits. */
function gumbel(word: number): number {
  const u = (Math.fround(word) + 0.5) / 2 ** 32;
  return -Math.log(-Math.log1p(-Math.min(u, 1 - 1e-10)));
}

/** Passes over the logits: largest, cuts by bisection, draw. */
function passes({ temperature, topK, topP }: Scalars): number {
  if (temperature === 0) return 1;
  return 2 + (topK > 0 ? 20 : 0) + (topP < 1 ? 31 : 0);
}

/**
 * state [position, token, counter, produced] → token drawn, the others one further; output[produced] = token.
 */
export const sampleKernel = defineKernel({
  name: 'sample',
  role: 'sampling',
  arithmetic: 'sampling',
  source: prologue + source,
  entryPoint: 'main',
  dims: ['columns', 'capacity'],
  reads: ['logits'],
  writes: ['state', 'output'],
  constants: ({ columns }) => ({ threadLevels: columns <= smallVocabulary ? 6 : 8 }),
  tensors: ({ columns, capacity }) => ({
    logits: { shape: [columns] },
    state: { shape: [4], elementType: 'u32', fill: (_, index) => (index === 3 ? capacity - 1 : 7 + index) },
    output: { shape: [capacity], elementType: 'u32', fill: () => 0 },
  }),
  selfTest: [
    { columns: 65, capacity: 3 },
    { columns: 1500, capacity: 1 },
  ],
  calibration: [65, 1024, 50_257].map((columns) => ({ columns, capacity: 16 })),
  workgroups: () => 1,
  usefulFlops: ({ columns }) => 4 * columns, // scale, noise, sum, compare
  launchedFlops: ({ columns }, scalars) => 4 * columns * passes(scalars),
  bytes: ({ columns }, scalars) => 4 * columns * passes(scalars),
  reference({ logits, state, output }, { columns, capacity }, scalars) {
    const { temperature, samplingSeed, drawable } = scalars;
    const ids = drawable > 0 ? Math.min(drawable, columns) : columns;
    let token = 0;
    for (let id = 1; id < ids; id++) if (logits[id] > logits[token]) token = id;
    if (temperature > 0) {
      let best = Number.NEGATIVE_INFINITY;
      for (const id of keptTokens(logits, ids, scalars).sort((a, b) => a - b)) {
        const value = logits[id] / temperature + gumbel(randomWords(samplingSeed, state[2], id, 0)[0]);
        if (value > best) [best, token] = [value, id];
      }
    }
    if (state[3] < capacity) output[state[3]] = token;
    state.set([state[0] + 1, token, state[2] + 1, state[3] + 1]);
  },
});

/**
 * Records one draw. Temperature (0: the most likely token), topK (0: all), topP (1: all), seed and the number of
 * drawable ids (0: all) are step scalars.
 * @param logits [1, V] of the token at the state's position
 * @param state u32 [position, token, counter, produced]; afterwards position and token are those of the drawn
 * token
 * @param output u32: the token goes to element `produced`, unless that lies past the end
 */
export function sample(tape: Tape, logits: Tensor, state: Tensor, output: Tensor): void {
  const columns = logits.shape.at(-1) ?? 0;
  if (elementCount(logits.shape) !== columns) {
    throw new Error(`sample: ${describeTensor(logits)} has several rows. Pass one.`);
  }
  tape.dispatch(sampleKernel, { columns, capacity: elementCount(output.shape) }, { logits, state, output });
}
